/** A store without commands, for the tests of values. */

import type { Database } from '../keyspace/index.ts';
import { Keyspace } from '../keyspace/index.ts';

export interface BareStore {
  readonly keyspace: Keyspace;
  readonly db: Database;
  /** Gives back all memory that waits for it. */
  reclaim(): void;
}

export function bareStore(): BareStore {
  const keyspace = new Keyspace({
    databases: 1,
    hashSeed: 1234,
    hooks: { beforeChange: () => {}, onExpired: () => true },
  });
  return {
    keyspace,
    db: keyspace.databases[0]!,
    reclaim: () => {
      while (keyspace.large.reclaim(100));
    },
  };
}

/** A repeatable stream of numbers with the shape of Random. */
export function seededRandom(seed: number) {
  let state = seed >>> 0;
  const u32 = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  return { u32, float: () => u32() / 2 ** 32, bytes: (count: number) => Buffer.alloc(count) };
}
