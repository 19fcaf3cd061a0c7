/** Open WebSockets through live changes, in short; tests/soak/balancer has the long form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertWell, reportLine, runWebSockets } from '../../support/balancer/web-socket-run.ts';
import { requirePeer } from '../../support/peers.ts';

const seed = Number(
  process.env.PLINTH_SOAK_SEED ?? process.env.TEST_SEED ?? Date.now() % 1_000_000,
);

test('300 WebSockets stay open and count on through 20 live changes under load', {
  ...requirePeer('openssl'),
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  const report = await runWebSockets({ sockets: 300, changes: 20, seed, pauseMs: 20 });
  context.diagnostic(reportLine(report));
  assertWell(report);
  assert.equal(report.sockets, 300);
});
