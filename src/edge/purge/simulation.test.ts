import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Flaw, flaws } from './simulation-flaws.ts';
import { history } from './simulation-history.ts';
import { World } from './simulation-world.ts';

const seed = Number(process.env.PLINTH_PURGE_SEED ?? 1);
const runs = Number(process.env.PLINTH_PURGE_RUNS ?? 100);
/** Histories in which a rule that is broken has to be seen. */
const CANARY_RUNS = 3000;
/** The search for what is seen seldom begins near a history that shows it. */
const begins: Partial<Record<Flaw, number>> = { 'lease-by-receipt': 210, 'any-link': 100 };

test(`${runs} histories: nothing purged is served behind a receipt, and all comes in order, seed ${seed}`, () => {
  const sum = { receipts: 0, served: 0, hits: 0, resets: 0, cutOffs: 0 };
  for (let run = 0; run < runs; run++) {
    const number = seed * 1_000_000 + run;
    const world = new World(number);
    try {
      history(world);
    } catch (error) {
      throw new Error(`history ${number}`, { cause: error });
    }
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += world[key];
  }
  // That it happened at all.
  for (const [key, count] of Object.entries(sum)) assert.ok(count > runs, `${key}: ${count}`);
});

for (const flaw of Object.keys(flaws) as Flaw[]) {
  test(`canary: it is seen when ${flaws[flaw]}`, (t) => {
    const first = begins[flaw] ?? 0;
    for (let run = first; run < first + CANARY_RUNS; run++) {
      try {
        history(new World(run, flaw));
      } catch (error) {
        assert.ok(error instanceof assert.AssertionError, String(error));
        t.diagnostic(`in history ${run}: ${error.message.split('\n')[0]}`);
        return;
      }
    }
    assert.fail('it was not seen');
  });
}
