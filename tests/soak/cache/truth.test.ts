/**
 * An origin that misbehaves for 30 minutes, or `PLINTH_SOAK_MINUTES`: every byte that the cache serves is held against
 * the origin's truth. The choices of a run are replayed by `PLINTH_SOAK_SEED`; what the clock and the kernel do is not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CROWDED, runTruth, truthLine } from '../../support/origin/truth-run.ts';

const minutes = Number(process.env.PLINTH_SOAK_MINUTES ?? 30);
const seed = Number(process.env.PLINTH_SOAK_SEED ?? Date.now() % 1_000_000);

for (const [title, options] of [
  ['in memory', {}],
  ['with little memory and a disk', CROWDED],
] as const) {
  test(`an origin that is slow, cut, reset and wrong for ${minutes} minutes never poisons the store ${title}`, {
    timeout: minutes * 60_000 + 120_000,
  }, async (context) => {
    context.diagnostic(`seed ${seed}`);
    const endMs = performance.now() + minutes * 60_000;
    const answersMax = Number.POSITIVE_INFINITY;
    const report = await runTruth({ ...options, seed, clients: 48, endMs, answersMax });
    context.diagnostic(truthLine(report));
    assert.deepEqual(report.wrong, []);
  });
}
