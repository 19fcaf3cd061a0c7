/**
 * Bits of byte ranges. Bit 0 is the most significant one of the first byte, as in Redis' bitmaps.
 *
 * Long ranges are counted in 32-bit words, over a view that begins at the first aligned byte.
 *
 * Benchmark: bench/kv (BITCOUNT, BITPOS).
 */

/** Ranges below this are not worth a view. */
const VIEW_BYTES_MIN = 64;
/** Bytes compared at once when those that are all alike are passed over. */
const BLOCK_BYTES = 512;
const ZEROS = Buffer.alloc(BLOCK_BYTES);
const ONE_BITS = Buffer.alloc(BLOCK_BYTES, 0xff);
const EVERY_OTHER = 0x55555555;
const PAIRS = 0x33333333;
const NIBBLES = 0x0f0f0f0f;
const ONES = 0x01010101;

function popcount(word: number): number {
  let n = word - ((word >>> 1) & EVERY_OTHER);
  n = (n & PAIRS) + ((n >>> 2) & PAIRS);
  return Math.imul((n + (n >>> 4)) & NIBBLES, ONES) >>> 24;
}

/** Bytes of `[start, end)` before the first one that a 32-bit view may begin at. */
function unalignedBytes(bytes: Buffer, start: number): number {
  return -(bytes.byteOffset + start) & 3;
}

function wordsOf(bytes: Buffer, start: number, end: number): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >>> 2);
}

/** Number of one bits in the bytes `[start, end)`. */
export function countBits(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  if (end - start >= VIEW_BYTES_MIN) {
    const aligned = start + unalignedBytes(bytes, start);
    for (; at < aligned; at++) count += popcount(bytes[at]!);
    const words = wordsOf(bytes, at, end);
    count += countWords(words);
    at += words.length * 4;
  }
  for (; at < end; at++) count += popcount(bytes[at]!);
  return count;
}

/**
 * Eight words at a time, added up bit by bit with carries to the ones, twos, fours and eights of each
 * place (Harley and Seal), so that only every eighth word is counted in full.
 */
function countWords(words: Int32Array): number {
  let eightfold = 0;
  let ones = 0;
  let twos = 0;
  let fours = 0;
  let i = 0;
  for (const last = words.length - 7; i < last; i += 8) {
    let half = ones ^ words[i]!;
    const twosA = (ones & words[i]!) | (half & words[i + 1]!);
    ones = half ^ words[i + 1]!;
    half = ones ^ words[i + 2]!;
    const twosB = (ones & words[i + 2]!) | (half & words[i + 3]!);
    ones = half ^ words[i + 3]!;
    half = twos ^ twosA;
    const foursA = (twos & twosA) | (half & twosB);
    twos = half ^ twosB;
    half = ones ^ words[i + 4]!;
    const twosC = (ones & words[i + 4]!) | (half & words[i + 5]!);
    ones = half ^ words[i + 5]!;
    half = ones ^ words[i + 6]!;
    const twosD = (ones & words[i + 6]!) | (half & words[i + 7]!);
    ones = half ^ words[i + 7]!;
    half = twos ^ twosC;
    const foursB = (twos & twosC) | (half & twosD);
    twos = half ^ twosD;
    half = fours ^ foursA;
    eightfold += popcount((fours & foursA) | (half & foursB));
    fours = half ^ foursB;
  }
  let count = eightfold * 8 + popcount(fours) * 4 + popcount(twos) * 2 + popcount(ones);
  for (; i < words.length; i++) count += popcount(words[i]!);
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
  while (
    last - at >= BLOCK_BYTES &&
    bytes.compare(block, 0, BLOCK_BYTES, at, at + BLOCK_BYTES) === 0
  ) {
    at += BLOCK_BYTES;
  }
  while (at < last && bytes[at] === plain) at++;
  return at;
}
