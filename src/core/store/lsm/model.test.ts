import { test } from 'node:test';
import { runModelOnSim } from './model-run.ts';

/** More of it in tests/soak/lsm. */
const first = Number(process.env.PLINTH_LSM_SEED ?? 1);

for (let seed = first; seed < first + 12; seed++) {
  test(`does what a sorted map does, seed ${seed}`, () => runModelOnSim(seed, 8000));
}
