/**
 * Which key a request asks for: numbers from 0 below `count` by a Zipf distribution, spread so that
 * popular numbers do not lie side by side. A seed gives the same sequence on every machine.
 */
import { Chance } from '../../tests/fuzz/kv/random.ts';

/**
 * A source of numbers with popularity 1 / rank ** theta (theta above 0, other than 1), exact for any
 * count: rejection-inversion (Hörmann, Derflinger, 1996, https://doi.org/10.1145/235025.235029).
 */
export function zipf(count: number, theta: number, seed: number): () => number {
  const chance = new Chance(seed);
  const rest = 1 - theta;
  const integral = (x: number): number => (x ** rest - 1) / rest;
  const inverse = (y: number): number => (1 + y * rest) ** (1 / rest);
  const density = (x: number): number => x ** -theta;
  const low = integral(1.5) - 1;
  const high = integral(count + 0.5);
  const sure = 2 - inverse(integral(2.5) - density(2));
  const place = spread(count);
  return () => {
    for (;;) {
      const y = high + chance.unit() * (low - high);
      const x = inverse(y);
      const rank = Math.min(Math.max(Math.round(x), 1), count);
      if (rank - x <= sure || y >= integral(rank + 0.5) - density(rank)) return place(rank - 1);
    }
  };
}

/** Numbers from 0 below `count`, all alike. */
export function uniform(count: number, seed: number): () => number {
  const chance = new Chance(seed);
  return () => Math.floor(chance.unit() * count);
}

/**
 * A permutation of the numbers from 0 below `count` (2 ** 31 at most): every step permutes the numbers of
 * as many bits, and what falls outside is permuted again until it falls inside.
 */
export function spread(count: number): (index: number) => number {
  const bits = Math.max(2, 32 - Math.clz32(count - 1));
  const mask = 2 ** bits - 1;
  const half = bits >> 1;
  return (index) => {
    let x = index;
    do {
      x ^= x >>> half;
      x = Math.imul(x, 0x9e3779b1) & mask;
      x ^= x >>> half;
      x = Math.imul(x, 0x85ebca6b) & mask;
      x ^= x >>> half;
    } while (x >= count);
    return x;
  };
}
