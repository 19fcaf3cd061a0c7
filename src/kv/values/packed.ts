/**
 * A packed list of byte strings, the form of small hashes and sets inside their record.
 *
 *   packed = count *item          count: items, 32 bits little endian
 *   item   = length bytes         length: one byte below 254; 254 and 16 bits; 255 and 32 bits
 *
 * Everything here works on offsets into a buffer and allocates nothing. Changing the size of the
 * space that a list stands in is the business of its owner (`gap.ts` for records).
 *
 * Benchmark: bench/kv (HSET, SADD).
 */
import { copyBytes, equalBytes } from '../memory/index.ts';

/** Bytes before the first item. */
export const PACKED_HEAD_BYTES = 4;
/** A list never grows beyond this; its value becomes a large one instead. */
export const PACKED_BYTES_MAX = 2 ** 30;

const MARK_16 = 254;
const MARK_32 = 255;
const ONE_BYTE_MAX = 253;

/** Number of items of the list at `start`. */
export function packedCount(buf: Buffer, start: number): number {
  return (
    (buf[start]! | (buf[start + 1]! << 8) | (buf[start + 2]! << 16) | (buf[start + 3]! << 24)) >>> 0
  );
}

export function setPackedCount(buf: Buffer, start: number, count: number): void {
  buf[start] = count;
  buf[start + 1] = count >>> 8;
  buf[start + 2] = count >>> 16;
  buf[start + 3] = count >>> 24;
}

/** Bytes that an item of `length` bytes takes, its length included. */
export function itemBytes(length: number): number {
  return length + (length <= ONE_BYTE_MAX ? 1 : length <= 0xffff ? 3 : 5);
}

/** Length of the item at `at`. */
export function itemLength(buf: Buffer, at: number): number {
  const first = buf[at]!;
  if (first <= ONE_BYTE_MAX) return first;
  const low = buf[at + 1]! | (buf[at + 2]! << 8);
  return first === MARK_16 ? low : (low | (buf[at + 3]! << 16) | (buf[at + 4]! << 24)) >>> 0;
}

/** Offset of the first byte of the item at `at`. */
export function itemStart(buf: Buffer, at: number): number {
  const first = buf[at]!;
  return at + (first <= ONE_BYTE_MAX ? 1 : first === MARK_16 ? 3 : 5);
}

/** Offset of the item behind the one at `at`. */
export function nextItem(buf: Buffer, at: number): number {
  const first = buf[at]!;
  if (first <= ONE_BYTE_MAX) return at + 1 + first;
  return itemStart(buf, at) + itemLength(buf, at);
}

/** Offset of the item that is `skip` items behind the one at `at`. */
export function skipItems(buf: Buffer, at: number, skip: number): number {
  let offset = at;
  for (let i = 0; i < skip; i++) offset = nextItem(buf, offset);
  return offset;
}

/** Writes an item at `at`; returns the offset behind it. The room is there. */
export function writeItem(
  buf: Buffer,
  at: number,
  from: Buffer,
  start: number,
  length: number,
): number {
  let to = at;
  if (length <= ONE_BYTE_MAX) {
    buf[to++] = length;
  } else {
    const wide = length > 0xffff;
    buf[to++] = wide ? MARK_32 : MARK_16;
    buf[to++] = length;
    buf[to++] = length >>> 8;
    if (wide) {
      buf[to++] = length >>> 16;
      buf[to++] = length >>> 24;
    }
  }
  copyBytes(from, start, buf, to, length);
  return to + length;
}

/**
 * Offset of the item with these bytes in the list that stands from `start` to `end`, -1 when there is
 * none. Only every `stride`-th item is looked at, from the first on.
 */
export function findItem(
  buf: Buffer,
  start: number,
  end: number,
  stride: number,
  key: Buffer,
  keyStart: number,
  keyLength: number,
): number {
  // Most members of one list begin alike; the last byte tells them apart soonest.
  const lastByte = keyLength === 0 ? 0 : key[keyStart + keyLength - 1]!;
  let at = start + PACKED_HEAD_BYTES;
  while (at < end) {
    let length = buf[at]!;
    let data = at + 1;
    if (length > ONE_BYTE_MAX) {
      data = itemStart(buf, at);
      length = itemLength(buf, at);
    }
    if (
      length === keyLength &&
      (length === 0 ||
        (buf[data + length - 1] === lastByte && equalBytes(buf, data, key, keyStart, keyLength)))
    ) {
      return at;
    }
    at = data + length;
    for (let i = 1; i < stride; i++) {
      const next = buf[at]!;
      at = next <= ONE_BYTE_MAX ? at + 1 + next : nextItem(buf, at);
    }
  }
  return -1;
}
