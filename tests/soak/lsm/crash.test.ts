/**
 * The LSM engine cut and failing at each of its disk operations: 5 lives of each kind, or
 * `PLINTH_LSM_LIVES`, from `PLINTH_LSM_SEED` on.
 */
import { test } from 'node:test';
import { cutEverywhere, failEverywhere } from '../../../src/core/store/lsm/crash-run.ts';
import { cutOwnerEverywhere } from '../../../src/core/store/lsm/mark-run.ts';

const lives = Number(process.env.PLINTH_LSM_LIVES ?? 5);
const first = Number(process.env.PLINTH_LSM_SEED ?? Date.now() % 1_000_000);

for (let seed = first; seed < first + lives; seed++) {
  const places = { seed, first: 1, stride: 1 };
  for (const how of ['power', 'kill'] as const) {
    test(`${how} at each operation, seed ${seed}`, async (t) => {
      t.diagnostic(`${await cutEverywhere(how, places)} operations`);
    });
    test(`${how} at each operation of an owner with a log of its own, seed ${seed}`, async (t) => {
      const { operations, partial } = await cutOwnerEverywhere(how, places);
      t.diagnostic(`${operations} operations, ${partial} times within a group`);
    });
  }
  for (const fault of ['ENOSPC', 'EIO', 'short'] as const) {
    test(`${fault} at each operation, seed ${seed}`, async (t) => {
      t.diagnostic(`${await failEverywhere(fault, places)} operations`);
    });
  }
}
