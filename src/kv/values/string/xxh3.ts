/**
 * XXH3, 64 bits, seed 0 and the default secret: the digest of DIGEST, IFDEQ and IFDNE
 * (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md).
 *
 * Up to 240 bytes are reckoned with bigints, which is short enough; longer ones in stripes of 64 bytes
 * with halves of 32 bits, which takes some milliseconds a megabyte.
 */
import {
  ACC_WORDS,
  accumulate,
  STRIPE_BYTES,
  scramble,
  startAccumulators,
} from './xxh3-stripes.ts';

const SECRET = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f' +
    'cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c' +
    '3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8' +
    'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364' +
    'eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e' +
    '2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
);
const STRIPES_PER_BLOCK = (SECRET.length - STRIPE_BYTES) / 8;
const BLOCK_BYTES = STRIPES_PER_BLOCK * STRIPE_BYTES;

const MASK = 2n ** 64n - 1n;
const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_MX1 = 0x165667919e3779f9n;
const PRIME_MX2 = 0x9fb21c651e98df25n;

/** The hash of `length` bytes from `start` on. */
export function xxh3(bytes: Buffer, start: number, length: number): bigint {
  if (length === 0) return avalanche64(secret(56) ^ secret(64));
  if (length <= 3) return upTo3(bytes, start, length);
  if (length <= 8) return upTo8(bytes, start, length);
  if (length <= 16) return upTo16(bytes, start, length);
  if (length <= 128) return upTo128(bytes, start, length);
  if (length <= 240) return upTo240(bytes, start, length);
  return long(bytes, start, length);
}

function upTo3(bytes: Buffer, start: number, length: number): bigint {
  const first = bytes[start]!;
  const middle = bytes[start + (length >> 1)]!;
  const last = bytes[start + length - 1]!;
  const combined = ((first << 16) | (middle << 24) | last | (length << 8)) >>> 0;
  const flip = (SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) >>> 0;
  return avalanche64(BigInt((combined ^ flip) >>> 0));
}

function upTo8(bytes: Buffer, start: number, length: number): bigint {
  const high = BigInt(bytes.readUInt32LE(start)) << 32n;
  const low = BigInt(bytes.readUInt32LE(start + length - 4));
  let h = (low + high) ^ secret(8) ^ secret(16);
  h ^= rotated(h, 49n) ^ rotated(h, 24n);
  h = (h * PRIME_MX2) & MASK;
  h ^= (h >> 35n) + BigInt(length);
  h = (h * PRIME_MX2) & MASK;
  return h ^ (h >> 28n);
}

function upTo16(bytes: Buffer, start: number, length: number): bigint {
  const low = bytes.readBigUInt64LE(start) ^ secret(24) ^ secret(32);
  const high = bytes.readBigUInt64LE(start + length - 8) ^ secret(40) ^ secret(48);
  const swapped = Buffer.alloc(8);
  swapped.writeBigUInt64LE(low);
  return avalanche(BigInt(length) + swapped.readBigUInt64BE(0) + high + folded(low, high));
}

function upTo128(bytes: Buffer, start: number, length: number): bigint {
  let h = BigInt(length) * PRIME_1;
  const end = start + length;
  for (let i = (length - 1) >> 5; i >= 0; i--) {
    h += mixed(bytes, start + 16 * i, 32 * i) + mixed(bytes, end - 16 * (i + 1), 32 * i + 16);
  }
  return avalanche(h);
}

function upTo240(bytes: Buffer, start: number, length: number): bigint {
  let h = BigInt(length) * PRIME_1;
  for (let i = 0; i < 8; i++) h += mixed(bytes, start + 16 * i, 16 * i);
  h = avalanche(h);
  for (let i = 8; i < length >> 4; i++) h += mixed(bytes, start + 16 * i, 16 * (i - 8) + 3);
  return avalanche(h + mixed(bytes, start + length - 16, 119));
}

function long(bytes: Buffer, start: number, length: number): bigint {
  const acc = startAccumulators();
  const blocks = Math.floor((length - 1) / BLOCK_BYTES);
  let at = start;
  for (let block = 0; block < blocks; block++) {
    for (let n = 0; n < STRIPES_PER_BLOCK; n++, at += STRIPE_BYTES) {
      accumulate(acc, bytes, at, SECRET, n * 8);
    }
    scramble(acc, SECRET, SECRET.length - STRIPE_BYTES);
  }
  const rest = Math.floor((length - 1 - blocks * BLOCK_BYTES) / STRIPE_BYTES);
  for (let n = 0; n < rest; n++, at += STRIPE_BYTES) accumulate(acc, bytes, at, SECRET, n * 8);
  const lastStripe = start + length - STRIPE_BYTES;
  accumulate(acc, bytes, lastStripe, SECRET, SECRET.length - STRIPE_BYTES - 7);
  let h = BigInt(length) * PRIME_1;
  for (let i = 0; i < ACC_WORDS; i += 4) {
    const a = (BigInt(acc[i + 1]!) << 32n) | BigInt(acc[i]!);
    const b = (BigInt(acc[i + 3]!) << 32n) | BigInt(acc[i + 2]!);
    h += folded(a ^ secret(11 + i * 4), b ^ secret(19 + i * 4));
  }
  return avalanche(h);
}

function secret(offset: number): bigint {
  return SECRET.readBigUInt64LE(offset);
}

function mixed(bytes: Buffer, at: number, key: number): bigint {
  return folded(
    bytes.readBigUInt64LE(at) ^ secret(key),
    bytes.readBigUInt64LE(at + 8) ^ secret(key + 8),
  );
}

/** The two halves of the 128-bit product, combined. */
function folded(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product & MASK) ^ (product >> 64n);
}

function rotated(h: bigint, by: bigint): bigint {
  return ((h << by) | (h >> (64n - by))) & MASK;
}

function avalanche(sum: bigint): bigint {
  let h = sum & MASK;
  h ^= h >> 37n;
  h = (h * PRIME_MX1) & MASK;
  return h ^ (h >> 32n);
}

function avalanche64(start: bigint): bigint {
  let h = start ^ (start >> 33n);
  h = (h * PRIME_2) & MASK;
  h ^= h >> 29n;
  h = (h * PRIME_3) & MASK;
  return h ^ (h >> 32n);
}
