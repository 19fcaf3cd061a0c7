/**
 * Thousands of requests of which half go wrong, on either side: what is open and what memory is held return to
 * what they were. `PLINTH_LEAK_REQUESTS` sets how many.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { answering, type Bed, ok, type Peer, withBed } from '../../../tests/support/http-bed.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const REQUESTS = Number(process.env.PLINTH_LEAK_REQUESTS ?? 2_500);
const AT_ONCE = 40;
/** Compiled code and the like, and what one exchange for each request is more than. */
const GROWTH_MAX = 1_500_000 + REQUESTS * 500;

const long = 'x'.repeat(70_000);
const servers: Readonly<Record<string, (peer: Peer) => string>> = {
  well: () => ok('well'),
  long: () => ok(long),
  chunks: () =>
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n${long}\r\n0\r\nA: b\r\n\r\n`,
  reset: (peer) => {
    peer.socket.resetAndDestroy();
    return '';
  },
  short: (peer) => {
    peer.socket.end(ok(long).slice(0, 40_000));
    return '';
  },
  nonsense: () => 'HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n',
  twice: () => ok('one') + ok('two'),
  busy: () => 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n',
  never: () => '',
};

type Client = (path: string) => readonly [bytes: string, then: 'wait' | 'end' | 'reset'];
const clients: readonly Client[] = [
  (path) => [`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, 'wait'],
  (path) => [`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, 'wait'],
  (path) => [
    `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\nGET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`,
    'wait',
  ],
  (path) => [`GET ${path} HTTP/1.0\r\nHost: x\r\n\r\n`, 'wait'],
  (path) => [`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n${long}`, 'wait'],
  (path) => [`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n${long}`, 'reset'],
  (path) => [
    `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab`,
    'end',
  ],
  (path) => [
    `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    'wait',
  ],
  (path) => [`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, 'reset'],
  (path) => [`GET ${path} HTTP/1.1\r\nHo`, 'end'],
];

test('nothing is left of thousands of requests of which many go wrong', async (context) => {
  const answers = answering((request, peer) => {
    const path = /^\w+ \/(\w+)/.exec(request)?.[1] ?? 'well';
    return (servers[path] as (typeof servers)['well'])(peer);
  });
  const script = (peer: Peer): void => {
    answers(peer);
    peer.socket.on('end', () => peer.socket.end());
  };
  await withBed(script, { attempts: 2, replayBytes: 100_000 }, async (bed) => {
    await run(bed, REQUESTS / 5);
    const before = held();
    await run(bed, (REQUESTS / 5) * 4);
    const grown = held() - before;
    context.diagnostic(`${grown} bytes more are held behind ${REQUESTS} requests`);
    assert.ok(grown < GROWTH_MAX, `${grown} bytes more are held`);
    const met = new Set(bed.outcomes);
    for (const outcome of ['well', 'abandoned', 'reset', 'truncated', 'bad-response']) {
      assert.ok(met.has(outcome), outcome);
    }
    assert.equal(bed.http.listener.connections, 0);
    assert.ok(bed.origin.kept <= bed.origin.limits.idleMax);
  });
});

async function run(bed: Bed, requests: number): Promise<void> {
  const paths = Object.keys(servers);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < requests; i = next++) {
      const path = `/${paths[i % paths.length] as string}`;
      const [bytes, then] = (clients[Math.floor(i / paths.length) % clients.length] as Client)(
        path,
      );
      const client = await bed.connect(false);
      client.send(bytes);
      if (then === 'end') client.socket.end();
      const patience = then === 'reset' || path === '/never' ? 1 : 20;
      for (let turns = 0; turns < patience && client.receivedBytes === 0; turns++) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      client.socket.resetAndDestroy();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await bed.untilEmpty();
  // What the test itself keeps.
  bed.clients.length = 0;
  bed.accepted.length = 0;
  bed.endings.length = 0;
  bed.refused.length = 0;
}

function held(): number {
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
