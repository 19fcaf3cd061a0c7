/**
 * Servers and clients that misbehave for 30 minutes, or `PLINTH_SOAK_MINUTES`, in storms and calms with live changes.
 * The choices of a run are replayed by `PLINTH_SOAK_SEED`; what the clock and the kernel do is not.
 */
import { test } from 'node:test';
import { assertWell, reportLine, runFaults } from '../../support/balancer/fault-run.ts';
import { requirePeer } from '../../support/peers.ts';

const minutes = Number(process.env.PLINTH_SOAK_MINUTES ?? 30);
const seed = Number(process.env.PLINTH_SOAK_SEED ?? Date.now() % 1_000_000);

test(`servers and clients that misbehave for ${minutes} minutes: no wrong byte, nothing unexplained, nothing left`, {
  ...requirePeer('openssl'),
  timeout: minutes * 60_000 + 900_000,
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  const endMs = performance.now() + minutes * 60_000;
  const report = await runFaults({ seed, stormMs: 20_000, calmMs: 10_000, endMs });
  context.diagnostic(reportLine(report));
  assertWell(report);
});
