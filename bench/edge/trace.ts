/** A generated trace of what users of several places ask for: popularity by Zipf, which drifts. Seeded. */
import { Chance } from '../../tests/fuzz/kv/random.ts';
import { zipf } from '../kv-tier/zipf.ts';

export const TRACE = {
  objects: 3000,
  theta: 0.9,
  /** So often what is popular changes places with something of the rest, requests. */
  driftEvery: 20,
  bytesMin: 4 * 1024,
  bytesMax: 60 * 1024,
  seed: 1,
} as const;

export interface Visit {
  /** Which place, from 0. */
  readonly at: number;
  readonly object: number;
}

export function traceOf(visits: number, places: number): Visit[] {
  const { objects, theta, driftEvery, seed } = TRACE;
  const chance = new Chance(seed);
  const popular = zipf(objects, theta, seed);
  const object = Array.from({ length: objects }, (_, i) => i);
  return Array.from({ length: visits }, (_, i) => {
    if (i % driftEvery === 0) {
      const [one, other] = [popular(), chance.between(0, objects - 1)];
      const kept = object[one] as number;
      object[one] = object[other] as number;
      object[other] = kept;
    }
    return { at: chance.between(0, places - 1), object: object[popular()] as number };
  });
}

/** Bytes of an object. */
export function bytesOf(object: number): number {
  const { bytesMin, bytesMax, seed } = TRACE;
  return new Chance(seed + object).between(bytesMin, bytesMax);
}
