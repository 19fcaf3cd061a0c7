/**
 * Hashing, comparing and copying of short byte ranges, the innermost loops of stores and tables.
 *
 * Measured on Node 26: a loop costs 1.5 ns a byte, `Buffer.copy` and `Buffer.compare` about 50 ns
 * whatever the length, so short ranges are looped and long ones handed to the native call.
 */
const COPY_LOOP_MAX = 28;
/**
 * `set` takes whole buffers only, and costs half of `copy`, 20 ns less: but out of memory that could be shared, as
 * that of stores is, it goes byte by byte, 240 ns for 1 KiB and 3,600 for 16 KiB where `copy` needs 56 and 330.
 */
const SET_LOOP_MAX = 20;
const SET_MAX = 100;
const EQUAL_LOOP_MAX = 40;

/**
 * 32-bit hash (murmur3's body and finish) of a byte range, unsigned. The seed is the process' own, so
 * that nobody outside can choose keys that collide.
 */
export function hashBytes(buf: Buffer, start: number, length: number, seed: number): number {
  let h = seed ^ length;
  let i = start;
  const wordsEnd = start + (length & ~3);
  for (; i < wordsEnd; i += 4) {
    let k = buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24) | 0;
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  const end = start + length;
  if (i < end) {
    let k = buf[i]!;
    if (i + 1 < end) k |= buf[i + 1]! << 8;
    if (i + 2 < end) k |= buf[i + 2]! << 16;
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Whether two ranges of `length` bytes are equal. */
export function equalBytes(
  a: Buffer,
  aStart: number,
  b: Buffer,
  bStart: number,
  length: number,
): boolean {
  if (length > EQUAL_LOOP_MAX) {
    return a.compare(b, bStart, bStart + length, aStart, aStart + length) === 0;
  }
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** Order of two byte ranges as memcmp, then by length: negative, zero or positive. */
export function compareBytes(
  a: Buffer,
  aStart: number,
  aLength: number,
  b: Buffer,
  bStart: number,
  bLength: number,
): number {
  const length = Math.min(aLength, bLength);
  let i = 0;
  const loop = Math.min(length, EQUAL_LOOP_MAX);
  for (; i < loop; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  if (i < length) {
    const order = a.compare(b, bStart + i, bStart + length, aStart + i, aStart + length);
    if (order !== 0) return order;
  }
  return aLength - bLength;
}

/** Copies `length` bytes between two buffers, or inside one when the ranges do not overlap. */
export function copyBytes(
  from: Buffer,
  fromStart: number,
  to: Buffer,
  toStart: number,
  length: number,
): void {
  if (length > SET_LOOP_MAX && length <= SET_MAX && length === from.length) {
    to.set(from, toStart);
    return;
  }
  if (length > COPY_LOOP_MAX) {
    from.copy(to, toStart, fromStart, fromStart + length);
    return;
  }
  for (let i = 0; i < length; i++) to[toStart + i] = from[fromStart + i]!;
}

/**
 * A text as bytes in memory of its own, for what is kept: `Buffer.from` cuts short ones out of a block of 64 KiB,
 * all of which lives for as long as any of them. Up to 64 bytes it costs no more than that, beyond it three times.
 */
export function ownBytes(text: string, encoding: BufferEncoding = 'utf8'): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text, encoding));
  bytes.write(text, encoding);
  return bytes;
}

/** A copy in memory of its own, for what is kept; costs as `ownBytes` does. */
export function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copyBytes(bytes, 0, copy, 0, bytes.length);
  return copy;
}

/** These bytes, or a copy of its own where they were cut from a larger block. */
export function inOwnMemory(bytes: Buffer): Buffer {
  return bytes.length < bytes.buffer.byteLength ? ownCopy(bytes) : bytes;
}
