/**
 * 10,000 WebSockets, or `PLINTH_SOAK_SOCKETS`, through 100 live changes, or `PLINTH_SOAK_CHANGES`, under load.
 * A run is replayed by `PLINTH_SOAK_SEED`. Some come by HTTP/2. Where `ulimit -Hn` is below what they take there are fewer.
 */
import { test } from 'node:test';
import {
  assertWell,
  reportLine,
  runWebSockets,
  socketsPossible,
} from '../../support/balancer/web-socket-run.ts';
import { requirePeer } from '../../support/peers.ts';

const wanted = Number(process.env.PLINTH_SOAK_SOCKETS ?? 10_000);
const sockets = socketsPossible(wanted);
const changes = Number(process.env.PLINTH_SOAK_CHANGES ?? 100);
const seed = Number(process.env.PLINTH_SOAK_SEED ?? Date.now() % 1_000_000);

test(`${sockets} WebSockets stay open and count on through ${changes} live changes under load`, {
  ...requirePeer('openssl'),
  timeout: 900_000,
}, async (context) => {
  context.diagnostic(`seed ${seed}`);
  if (sockets < wanted) {
    context.diagnostic(`${wanted} were wanted; the limit of open files allows ${sockets}`);
  }
  const report = await runWebSockets({ sockets, changes, seed, pauseMs: 300 });
  context.diagnostic(reportLine(report));
  assertWell(report);
});
