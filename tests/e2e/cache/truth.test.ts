/** An origin that misbehaves, in short; tests/soak/cache has the long form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CROWDED, runTruth, truthLine } from '../../support/origin/truth-run.ts';

const seed = Number(
  process.env.PLINTH_SOAK_SEED ?? process.env.TEST_SEED ?? Date.now() % 1_000_000,
);

test('an origin that is slow, cut, reset and wrong never poisons the store', {
  timeout: 120_000,
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  const endMs = performance.now() + 60_000;
  const report = await runTruth({ seed, clients: 24, endMs, answersMax: 6000 });
  context.diagnostic(truthLine(report));
  assert.deepEqual(report.wrong, []);
  // It was no idle run: answers came from the store, faults were made, and parts and conditions were met.
  const { hits, faults, parts, notModified, purges } = report;
  const busy = hits > 100 && faults > 20 && parts > 10 && notModified > 10 && purges > 10;
  assert.ok(busy, truthLine(report));
});

test('nor with little memory, a disk behind it, and lifetimes that chance shortens', {
  timeout: 150_000,
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  const endMs = performance.now() + 60_000;
  const crowded = { ...CROWDED, seed, clients: 12, endMs, answersMax: 2500 };
  const report = await runTruth(crowded);
  context.diagnostic(truthLine(report));
  assert.deepEqual(report.wrong, []);
  assert.ok(report.hits > 50 && report.faults > 5, truthLine(report));
});
