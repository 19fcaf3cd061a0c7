/**
 * SipHash-2-4 with 64 bits of result (Aumasson and Bernstein, 2012), as RFC 9018 has it for cookies.
 *
 * 64-bit words are two halves of 32 bits, since BigInt is some fifty times slower. Hot: once or twice a query
 * with a cookie.
 */

/** The four words, low half first. */
const v = new Int32Array(8);

/**
 * @param key 16 bytes.
 * @param bytes of which `length` count.
 * @param into gets 8 bytes at `at`.
 */
export function sipHash(
  key: Buffer,
  bytes: Uint8Array,
  length: number,
  into: Uint8Array,
  at: number,
): void {
  const k0 = key.readInt32LE(0);
  const k1 = key.readInt32LE(4);
  const k2 = key.readInt32LE(8);
  const k3 = key.readInt32LE(12);
  v[0] = k0 ^ 0x70736575;
  v[1] = k1 ^ 0x736f6d65;
  v[2] = k2 ^ 0x6e646f6d;
  v[3] = k3 ^ 0x646f7261;
  v[4] = k0 ^ 0x6e657261;
  v[5] = k1 ^ 0x6c796765;
  v[6] = k2 ^ 0x79746573;
  v[7] = k3 ^ 0x74656462;
  const whole = length & ~7;
  for (let from = 0; from < whole; from += 8) {
    absorb(word(bytes, from, length), word(bytes, from + 4, length));
  }
  absorb(word(bytes, whole, length), word(bytes, whole + 4, length) | ((length & 0xff) << 24));
  v[4]! ^= 0xff;
  for (let round = 0; round < 4; round++) sipRound();
  write(into, at, v[0]! ^ v[2]! ^ v[4]! ^ v[6]!);
  write(into, at + 4, v[1]! ^ v[3]! ^ v[5]! ^ v[7]!);
}

function absorb(low: number, high: number): void {
  v[6]! ^= low;
  v[7]! ^= high;
  sipRound();
  sipRound();
  v[0]! ^= low;
  v[1]! ^= high;
}

function sipRound(): void {
  let a0 = v[0]!;
  let a1 = v[1]!;
  let b0 = v[2]!;
  let b1 = v[3]!;
  let c0 = v[4]!;
  let c1 = v[5]!;
  let d0 = v[6]!;
  let d1 = v[7]!;
  let low = (a0 >>> 0) + (b0 >>> 0);
  a1 = (a1 + b1 + (low > 0xffffffff ? 1 : 0)) | 0;
  a0 = low | 0;
  let kept = (b0 << 13) | (b1 >>> 19);
  b1 = ((b1 << 13) | (b0 >>> 19)) ^ a1;
  b0 = kept ^ a0;
  kept = a0;
  a0 = a1;
  a1 = kept;
  low = (c0 >>> 0) + (d0 >>> 0);
  c1 = (c1 + d1 + (low > 0xffffffff ? 1 : 0)) | 0;
  c0 = low | 0;
  kept = (d0 << 16) | (d1 >>> 16);
  d1 = ((d1 << 16) | (d0 >>> 16)) ^ c1;
  d0 = kept ^ c0;
  low = (a0 >>> 0) + (d0 >>> 0);
  a1 = (a1 + d1 + (low > 0xffffffff ? 1 : 0)) | 0;
  a0 = low | 0;
  kept = (d0 << 21) | (d1 >>> 11);
  d1 = ((d1 << 21) | (d0 >>> 11)) ^ a1;
  d0 = kept ^ a0;
  low = (c0 >>> 0) + (b0 >>> 0);
  c1 = (c1 + b1 + (low > 0xffffffff ? 1 : 0)) | 0;
  c0 = low | 0;
  kept = (b0 << 17) | (b1 >>> 15);
  b1 = ((b1 << 17) | (b0 >>> 15)) ^ c1;
  b0 = kept ^ c0;
  kept = c0;
  c0 = c1;
  c1 = kept;
  v[0] = a0;
  v[1] = a1;
  v[2] = b0;
  v[3] = b1;
  v[4] = c0;
  v[5] = c1;
  v[6] = d0;
  v[7] = d1;
}

/** Four bytes, those beyond the end as zeros. */
function word(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    if (at + index < length) value |= bytes[at + index]! << (8 * index);
  }
  return value;
}

function write(into: Uint8Array, at: number, value: number): void {
  for (let index = 0; index < 4; index++) into[at + index] = (value >>> (8 * index)) & 0xff;
}
