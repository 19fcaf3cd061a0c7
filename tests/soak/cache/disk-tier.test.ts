/**
 * The cache's disk tier cut and failing at each of its disk operations: 5 lives of each kind, or
 * `PLINTH_CACHE_LIVES`, from `PLINTH_CACHE_SEED` on.
 */
import { test } from 'node:test';
import { cutEverywhere, failEverywhere, shapes } from '../../../src/cache/ssd/crash-world.ts';

const lives = Number(process.env.PLINTH_CACHE_LIVES ?? 5);
const first = Number(process.env.PLINTH_CACHE_SEED ?? Date.now() % 1_000_000);

for (let seed = first; seed < first + lives; seed++) {
  for (const [name, shape] of Object.entries(shapes)) {
    const places = { seed, first: 1, stride: 1, shape };
    for (const how of ['power', 'kill'] as const) {
      test(`${how} at each operation, ${name} records, seed ${seed}`, async (t) => {
        t.diagnostic(`${await cutEverywhere(how, places)} operations`);
      });
    }
    for (const fault of ['ENOSPC', 'EIO', 'short'] as const) {
      test(`${fault} at each operation, ${name} records, seed ${seed}`, async (t) => {
        t.diagnostic(`${await failEverywhere(fault, places)} operations`);
      });
    }
  }
}
