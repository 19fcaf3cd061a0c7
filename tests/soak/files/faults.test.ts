/**
 * Faults at random moments for 30 minutes, or `PLINTH_SOAK_MINUTES`. The choices are replayed by `PLINTH_SOAK_SEED`;
 * what the clock and the kernel do is not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRandomFaults } from '../../fault/files/random-faults.ts';

const minutes = Number(process.env.PLINTH_SOAK_MINUTES ?? 30);
const seed = Number(process.env.PLINTH_SOAK_SEED ?? Date.now() % 1_000_000);

test(`NameNode and DataNodes with faults for ${minutes} minutes: nothing wrong, nothing lost, nothing left`, {
  timeout: minutes * 60_000 + 900_000,
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  const endMs = performance.now() + minutes * 60_000;
  const report = await runRandomFaults({ seed, goesOn: () => performance.now() < endMs });
  context.diagnostic(JSON.stringify(report));
  assert.ok(report.rounds > 0 && report.written > 0);
});
