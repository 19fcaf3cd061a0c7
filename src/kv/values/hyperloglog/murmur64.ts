/**
 * Which register of a HyperLogLog an element falls into, and with what count, from MurmurHash64A with
 * Redis' seed, so that sketches are the same bytes as Redis'. 64-bit numbers are pairs of 32-bit words.
 *
 * Benchmark: bench/kv (PFADD).
 */

/** Bits of the hash that choose the register. */
const INDEX_BITS = 14;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
/** Bits of the hash that are left for the count. */
const COUNT_BITS = 64 - INDEX_BITS;
const LOW_COUNT_BITS = 32 - INDEX_BITS;

const SEED = 0xadc83b19;
const M_HIGH = 0xc6a4a793;
const M_LOW = 0x5bd1e995;
const M_LOW_HIGH = M_LOW >>> 16;
const M_LOW_LOW = M_LOW & 0xffff;

/** The high word of `a * M_LOW`. */
function highOfProduct(a: number): number {
  const high = a >>> 16;
  const low = a & 0xffff;
  const t = high * M_LOW_LOW + ((low * M_LOW_LOW) >>> 16);
  const u = low * M_LOW_HIGH + (t & 0xffff);
  return high * M_LOW_HIGH + (t >>> 16) + (u >>> 16);
}

/** The register of `length` bytes (14 bits) and, above it, the count: 1 to 51. */
export function patternOf(buf: Buffer, start: number, length: number): number {
  let high = highOfProduct(length) + Math.imul(length, M_HIGH);
  let low = SEED ^ Math.imul(length, M_LOW);
  let at = start;
  for (const end = start + (length & ~7); at < end; at += 8) {
    let kLow = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
    let kHigh = buf[at + 4]! | (buf[at + 5]! << 8) | (buf[at + 6]! << 16) | (buf[at + 7]! << 24);
    kHigh = (highOfProduct(kLow) + Math.imul(kHigh, M_LOW) + Math.imul(kLow, M_HIGH)) | 0;
    kLow = Math.imul(kLow, M_LOW);
    kLow ^= kHigh >>> 15;
    kHigh = (highOfProduct(kLow) + Math.imul(kHigh, M_LOW) + Math.imul(kLow, M_HIGH)) | 0;
    kLow = Math.imul(kLow, M_LOW);
    high ^= kHigh;
    low ^= kLow;
    high = (highOfProduct(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
    low = Math.imul(low, M_LOW);
  }
  const rest = length & 7;
  if (rest > 0) {
    for (let i = 0; i < rest; i++) {
      if (i < 4) low ^= buf[at + i]! << (8 * i);
      else high ^= buf[at + i]! << (8 * (i - 4));
    }
    high = (highOfProduct(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
    low = Math.imul(low, M_LOW);
  }
  low ^= high >>> 15;
  high = (highOfProduct(low) + Math.imul(high, M_LOW) + Math.imul(low, M_HIGH)) | 0;
  low = Math.imul(low, M_LOW);
  low ^= high >>> 15;
  return (low & INDEX_MASK) | (countOf(high, low) << INDEX_BITS);
}

/** One more than the number of zero bits that the rest of the hash ends with. */
function countOf(high: number, low: number): number {
  const rest = low >>> INDEX_BITS;
  if (rest !== 0) return trailingZeros(rest) + 1;
  return high === 0 ? COUNT_BITS + 1 : trailingZeros(high) + LOW_COUNT_BITS + 1;
}

function trailingZeros(n: number): number {
  return 31 - Math.clz32(n & -n);
}

/** The register of a pattern. */
export function registerOf(pattern: number): number {
  return pattern & INDEX_MASK;
}

/** The count of a pattern. */
export function countIn(pattern: number): number {
  return pattern >>> INDEX_BITS;
}
