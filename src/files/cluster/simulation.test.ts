import { test } from 'node:test';
import { history } from './simulation-history.ts';
import { World } from './simulation-world.ts';

const seed = Number(process.env.PLINTH_FILES_SEED ?? 1);
const runs = Number(process.env.PLINTH_FILES_RUNS ?? 150);

test(`${runs} histories: no work does harm, and all is repaired once faults have stopped, seed ${seed}`, () => {
  for (let run = 0; run < runs; run++) {
    const number = seed * 1_000_000 + run;
    try {
      history(new World(number));
    } catch (error) {
      throw new Error(`history ${number}`, { cause: error });
    }
  }
});
