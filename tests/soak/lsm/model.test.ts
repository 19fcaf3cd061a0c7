/**
 * The LSM engine against a sorted map at length: 10 million operations, or `PLINTH_LSM_OPS`, from
 * `PLINTH_LSM_SEED` on.
 */
import { test } from 'node:test';
import { runModelOnSim } from '../../../src/core/store/lsm/model-run.ts';

const operations = Number(process.env.PLINTH_LSM_OPS ?? 10_000_000);
const first = Number(process.env.PLINTH_LSM_SEED ?? Date.now() % 1_000_000);
const OPERATIONS_EACH = 50_000;

test(`does what a sorted map does, ${operations} times from seed ${first} on`, async (t) => {
  const startMs = performance.now();
  let done = 0;
  for (let seed = first; done < operations; seed++) {
    await runModelOnSim(seed, OPERATIONS_EACH);
    done += OPERATIONS_EACH;
  }
  const seconds = (performance.now() - startMs) / 1000;
  t.diagnostic(`${done} operations, ${Math.round(done / seconds)} a second`);
});
