/**
 * Chance from a seed: the same seed gives the same run, on every machine.
 *
 * sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, passes the usual statistical tests.
 */
import type { Random } from '../random.ts';

export interface SimRandom extends Random {
  readonly seed: number;
  /** Uniform whole number in 0 .. bound - 1. */
  below(bound: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** An independent generator, so that drawing in one place does not shift another. */
  fork(): SimRandom;
}

export function createSimRandom(seed: number): SimRandom {
  let a = 0x9e3779b9 | 0;
  let b = 0x243f6a88 | 0;
  let c = seed | 0;
  let counter = 1;
  const u32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 15; round++) u32();
  const float = (): number => ((u32() >>> 5) * 0x4000000 + (u32() >>> 6)) / 0x20000000000000;
  return {
    seed,
    u32,
    float,
    bytes: (count) => Buffer.from(Uint8Array.from({ length: count }, () => u32() & 255)),
    below: (bound) => Math.floor(float() * bound),
    chance: (probability) => float() < probability,
    fork: () => createSimRandom(u32()),
  };
}
