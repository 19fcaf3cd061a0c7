/**
 * Entries of packed lists and of the chunks of large ones: each can be walked over from either side.
 *
 *   entry = head payload tail
 *   short (payload below 254 bytes): head = tail = length, one byte
 *   long: head = 254 length:u32, tail = length:u32 254
 */
import { copyBytes } from '../../memory/index.ts';

const LONG = 254;
const LONG_BYTES = 5;

/** Bytes before, and as many behind, a payload of this length. */
export function sideBytes(length: number): number {
  return length < LONG ? 1 : LONG_BYTES;
}

/** Bytes of a whole entry. */
export function entryBytes(length: number): number {
  return length < LONG ? length + 2 : length + 2 * LONG_BYTES;
}

/** Payload length of the entry that begins at `at`. */
export function lengthAt(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  return first < LONG ? first : bytes.readUInt32LE(at + 1);
}

/** Payload length of the entry that ends before `end`. */
export function lengthBefore(bytes: Buffer, end: number): number {
  const last = bytes[end - 1] as number;
  return last < LONG ? last : bytes.readUInt32LE(end - LONG_BYTES);
}

/** Writes an entry at `at`; returns the offset behind it. */
export function writeEntry(
  bytes: Buffer,
  at: number,
  from: Buffer,
  start: number,
  length: number,
): number {
  if (length < LONG) {
    bytes[at] = length;
    copyBytes(from, start, bytes, at + 1, length);
    bytes[at + 1 + length] = length;
    return at + 2 + length;
  }
  bytes[at] = LONG;
  bytes.writeUInt32LE(length, at + 1);
  copyBytes(from, start, bytes, at + LONG_BYTES, length);
  const tail = at + LONG_BYTES + length;
  bytes.writeUInt32LE(length, tail);
  bytes[tail + LONG_BYTES - 1] = LONG;
  return tail + LONG_BYTES;
}

/** Offset of the `count`-th entry after the one at `at`. */
export function skipForward(bytes: Buffer, at: number, count: number): number {
  let offset = at;
  for (let i = 0; i < count; i++) offset += entryBytes(lengthAt(bytes, offset));
  return offset;
}

/** Offset of the entry that is `count` entries before `end`. */
export function skipBackward(bytes: Buffer, end: number, count: number): number {
  let offset = end;
  for (let i = 0; i < count; i++) offset -= entryBytes(lengthBefore(bytes, offset));
  return offset;
}

/** Number of entries in a range. */
export function countEntries(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += entryBytes(lengthAt(bytes, at))) count++;
  return count;
}
