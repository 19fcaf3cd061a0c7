/**
 * Accesses to keys 0 to `keys` - 1, made before they are played, with the time they span.
 *
 * A trace also says how popular the key of each access was at that moment, by rank: that is what a cache
 * that knows the future's odds, but not the future, would go by.
 */
import { Chance } from '../../tests/fuzz/kv/random.ts';

export interface Trace {
  readonly name: string;
  readonly keys: number;
  readonly accesses: Uint32Array;
  /** Rank of the key at the time of its access, 0 for the most popular; NO_RANK for scans. */
  readonly ranks: Uint32Array;
  /** Time between two accesses. */
  readonly stepMs: number;
}

export const NO_RANK = 0xffffffff;

interface Shape {
  readonly keys: number;
  readonly count: number;
  readonly seconds: number;
  readonly theta: number;
  /** Exchanges of the popularity of two keys, within the trace, for each key. */
  readonly drift?: number;
  /** Share of accesses that belong to scans over all keys. */
  readonly scans?: number;
  /** The most popular key is always the one that came last: so many come in the trace for each key. */
  readonly moves?: number;
}

/** The traces that policies are compared by. */
export function* traces(keys: number, count: number): Generator<Trace> {
  const slow = { keys, count, seconds: 1200 };
  for (const theta of [0.7, 0.9, 0.99, 1.1]) {
    yield make(`Zipf ${theta}`, { ...slow, theta });
  }
  yield make('0.99 in 20 s', { ...slow, theta: 0.99, seconds: 20 });
  yield make('0.99, drift', { ...slow, theta: 0.99, drift: 1 });
  yield make('0.99, drift, 20 s', { ...slow, theta: 0.99, drift: 1, seconds: 20 });
  yield make('0.99, scans', { ...slow, theta: 0.99, scans: 0.2 });
  yield make('0.9, moving', { ...slow, theta: 0.9, moves: 0.5 });
}

function make(name: string, shape: Shape): Trace {
  const { keys, count, seconds, theta, drift = 0, scans = 0, moves = 0 } = shape;
  // Consecutive ranks here; which key has a rank is what drift and moves change.
  const rankOf = ranksByZipf(keys, theta);
  const chance = new Chance(7);
  const keyOf = new Uint32Array(keys);
  for (let rank = 0; rank < keys; rank++) keyOf[rank] = rank;
  const accesses = new Uint32Array(count);
  const ranks = new Uint32Array(count);
  let scanned = 0;
  let scanning = 0;
  for (let i = 0; i < count; i++) {
    if (drift > 0 && chance.likely((drift * keys) / count)) {
      const a = chance.between(0, keys - 1);
      const b = chance.between(0, keys - 1);
      const key = keyOf[a] as number;
      keyOf[a] = keyOf[b] as number;
      keyOf[b] = key;
    }
    // Scans come in one piece with the rest between: one over all keys, then a while without.
    if (scans > 0 && scanning === 0 && i % Math.round(keys / scans) === 0) scanning = keys;
    if (scanning > 0 && chance.likely(0.5)) {
      scanning--;
      accesses[i] = scanned++ % keys;
      ranks[i] = NO_RANK;
      continue;
    }
    const rank = rankOf();
    const head = Math.floor((i / count) * moves * keys);
    accesses[i] = keyOf[(((head - rank) % keys) + keys) % keys] as number;
    ranks[i] = rank;
  }
  return { name, keys, accesses, ranks, stepMs: (seconds * 1000) / count };
}

/** Ranks from 0, drawn by Zipf. */
function ranksByZipf(keys: number, theta: number): () => number {
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) {
    sum += (rank + 1) ** -theta;
    sums[rank] = sum;
  }
  const chance = new Chance(11);
  return () => {
    const wanted = chance.unit() * sum;
    let low = 0;
    let high = keys - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
