/**
 * Bits of byte ranges. Bit 0 is the most significant one of the first byte, as in Redis' bitmaps.
 *
 * Benchmark: bench/kv (BITCOUNT, BITPOS).
 */
import { bitKernel, PIECE_BYTES } from './bit-kernel.ts';

/** Ranges below this are counted byte by byte. */
const KERNEL_BYTES_MIN = 128;
/** Bytes compared at once when those that are all alike are passed over, from long to short. */
const BLOCK_BYTES = [65_536, 4096, 512] as const;
const ZEROS = Buffer.alloc(BLOCK_BYTES[0]);
const ONE_BITS = Buffer.alloc(BLOCK_BYTES[0], 0xff);
const EVERY_OTHER = 0x55555555;
const PAIRS = 0x33333333;
const NIBBLES = 0x0f0f0f0f;
const ONES = 0x01010101;

function popcount(word: number): number {
  let n = word - ((word >>> 1) & EVERY_OTHER);
  n = (n & PAIRS) + ((n >>> 2) & PAIRS);
  return Math.imul((n + (n >>> 4)) & NIBBLES, ONES) >>> 24;
}

/** Number of one bits in the bytes `[start, end)`. */
export function countBits(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  if (end - start < KERNEL_BYTES_MIN) {
    for (let at = start; at < end; at++) count += popcount(bytes[at]!);
    return count;
  }
  const kernel = bitKernel();
  const { operand } = kernel;
  for (let at = start; at < end; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, end - at);
    bytes.copy(operand, 0, at, at + length);
    if (length < PIECE_BYTES) operand.fill(0, length, (length + 15) & ~15);
    count += kernel.count(length);
  }
  return count;
}

/** Number of one bits among the bits `[start, end)` of the bytes from `base` on. */
export function countBitRange(bytes: Buffer, base: number, start: number, end: number): number {
  if (start >= end) return 0;
  const first = base + Math.floor(start / 8);
  const last = base + Math.floor((end - 1) / 8);
  const head = 0xff >>> (start % 8);
  const tail = (0xff << (7 - ((end - 1) % 8))) & 0xff;
  if (first === last) return popcount(bytes[first]! & head & tail);
  const between = countBits(bytes, first + 1, last);
  return popcount(bytes[first]! & head) + between + popcount(bytes[last]! & tail);
}

/** Index of the first bit of a value among the bits `[start, end)` of the bytes from `base` on; -1: none. */
export function findBit(
  bytes: Buffer,
  base: number,
  start: number,
  end: number,
  bit: 0 | 1,
): number {
  if (start >= end) return -1;
  const flip = bit === 1 ? 0 : 0xff;
  const first = base + Math.floor(start / 8);
  const last = base + Math.floor((end - 1) / 8);
  let at = first;
  let byte = (bytes[at]! ^ flip) & (0xff >>> (start % 8));
  if (byte === 0 && first < last) {
    at = skipBytes(bytes, first + 1, last, flip);
    byte = bytes[at]! ^ flip;
  }
  if (byte === 0) return -1;
  const found = (at - base) * 8 + Math.clz32(byte) - 24;
  return found < end ? found : -1;
}

/** Offset of the first byte of `[start, last)` that is not `plain`, `last` for none. */
function skipBytes(bytes: Buffer, start: number, last: number, plain: number): number {
  const block = plain === 0 ? ZEROS : ONE_BITS;
  let at = start;
  // Most searches end soon.
  const few = Math.min(last, start + 64);
  while (at < few && bytes[at] === plain) at++;
  if (at < few) return at;
  for (const length of BLOCK_BYTES) {
    while (last - at >= length && bytes.compare(block, 0, length, at, at + length) === 0) {
      at += length;
    }
  }
  while (at < last && bytes[at] === plain) at++;
  return at;
}
