/**
 * The inner loops of XXH3 on long input: eight 64-bit accumulators, kept as pairs of 32-bit words, low
 * first, since bigints would take twenty times as long.
 */

/** Words of the accumulators. */
export const ACC_WORDS = 16;
export const STRIPE_BYTES = 64;

const PRIME32_1 = 0x9e3779b1;

export function startAccumulators(): Uint32Array {
  return Uint32Array.of(
    ...[0xc2b2ae3d, 0, 0x85ebca87, 0x9e3779b1, 0x27d4eb4f, 0xc2b2ae3d, 0x9e3779f9, 0x165667b1],
    ...[0xc2b2ae63, 0x85ebca77, 0x85ebca77, 0, 0x165667c5, 0x27d4eb2f, 0x9e3779b1, 0],
  );
}

/** Takes in one stripe, with the secret from offset `key` on. */
export function accumulate(
  acc: Uint32Array,
  bytes: Buffer,
  at: number,
  secret: Buffer,
  key: number,
): void {
  for (let lane = 0; lane < ACC_WORDS; lane += 2) {
    const low = word(bytes, at + lane * 4);
    const high = word(bytes, at + lane * 4 + 4);
    const other = lane ^ 2;
    const sum = acc[other]! + (low >>> 0);
    acc[other] = sum;
    acc[other + 1] = acc[other + 1]! + (high >>> 0) + (sum > 0xffffffff ? 1 : 0);
    addProduct(
      acc,
      lane,
      low ^ word(secret, key + lane * 4),
      high ^ word(secret, key + lane * 4 + 4),
    );
  }
}

/** Adds the 64-bit product of two 32-bit words to an accumulator. */
function addProduct(acc: Uint32Array, lane: number, a: number, b: number): void {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const t = aHigh * bLow + ((aLow * bLow) >>> 16);
  const u = aLow * bHigh + (t & 0xffff);
  const sum = acc[lane]! + (Math.imul(a, b) >>> 0);
  acc[lane] = sum;
  acc[lane + 1] =
    acc[lane + 1]! + aHigh * bHigh + (t >>> 16) + (u >>> 16) + (sum > 0xffffffff ? 1 : 0);
}

/** Stirs the accumulators at the end of a block. */
export function scramble(acc: Uint32Array, secret: Buffer, key: number): void {
  for (let lane = 0; lane < ACC_WORDS; lane += 2) {
    const low = acc[lane]! ^ (acc[lane + 1]! >>> 15) ^ word(secret, key + lane * 4);
    const high = acc[lane + 1]! ^ word(secret, key + lane * 4 + 4);
    acc[lane] = 0;
    acc[lane + 1] = Math.imul(high, PRIME32_1);
    addProduct(acc, lane, low, PRIME32_1);
  }
}

function word(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
