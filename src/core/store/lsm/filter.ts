/**
 * Blocked Bloom filters: a key's bits lie in one line of 64 bytes, so a look costs one cache miss.
 * The bits are those of docs/formats/lsm.md. About 1 of 100 keys that are not there passes.
 *
 * Benchmark: bench/lsm.
 */
import { hashBytes } from '../../base/index.ts';

export const LINE_BYTES = 64;
const BITS_PER_KEY = 10;
const STEPS = 7;
const SEED = 0x504c5448;
const TWO_32 = 2 ** 32;

/** The hash that filters are built from and asked with. */
export function filterHash(key: Buffer, start: number, length: number): number {
  return hashBytes(key, start, length, SEED);
}

/** @param hashes of the keys, the first `count` of them. */
export function buildFilter(hashes: Uint32Array, count: number): Buffer {
  const lines = Math.ceil((count * BITS_PER_KEY) / (LINE_BYTES * 8));
  const filter = Buffer.alloc(lines * LINE_BYTES);
  for (let nth = 0; nth < count; nth++) {
    const hash = hashes[nth]!;
    const line = Math.floor((hash * lines) / TWO_32) * LINE_BYTES;
    let bits = Math.imul(hash, 0x9e3779b1);
    const step = Math.imul(hash, 0x85ebca6b) | 1;
    for (let i = 0; i < STEPS; i++) {
      const bit = bits >>> 23;
      filter[line + (bit >> 3)]! |= 1 << (bit & 7);
      bits = (bits + step) | 0;
    }
  }
  return filter;
}

/** False: the key is not there. */
export function mayHold(filter: Buffer, hash: number): boolean {
  const lines = filter.length / LINE_BYTES;
  if (lines === 0) return false;
  const line = Math.floor((hash * lines) / TWO_32) * LINE_BYTES;
  let bits = Math.imul(hash, 0x9e3779b1);
  const step = Math.imul(hash, 0x85ebca6b) | 1;
  for (let i = 0; i < STEPS; i++) {
    const bit = bits >>> 23;
    if ((filter[line + (bit >> 3)]! & (1 << (bit & 7))) === 0) return false;
    bits = (bits + step) | 0;
  }
  return true;
}
