/** Servers and clients that misbehave, in short; tests/soak/balancer has the long form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWell, reportLine, runFaults } from '../../support/balancer/fault-run.ts';
import { requirePeer } from '../../support/peers.ts';

const seed = Number(
  process.env.PLINTH_SOAK_SEED ?? process.env.TEST_SEED ?? Date.now() % 1_000_000,
);

test('servers that die, lie, reset and stall: no wrong byte, nothing unexplained, nothing left', {
  ...requirePeer('openssl'),
  timeout: 170_000,
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  const report = await runFaults({ seed, stormMs: 2000, calmMs: 800, endMs: 0 });
  context.diagnostic(reportLine(report));
  assertWell(report);
  assert.ok(report.faults.size > 10);
});
