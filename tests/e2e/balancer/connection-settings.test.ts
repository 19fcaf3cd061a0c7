/** Settings of how connections begin, how long they and requests last, and who is asked beside: each seen from outside. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, test } from 'node:test';
import { type BalancerProcess, startBalancer } from '../../support/balancer/balancer-process.ts';
import { freePort, waitUntil } from '../../support/process.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n';
const LAST = `${GET}Connection: close\r\n\r\n`;

/** A server that is told of each connection; what it has got stands in `got`, one text for a connection. */
async function origin(serve: (socket: Socket, index: number) => void): Promise<{
  readonly port: number;
  readonly got: string[];
}> {
  const got: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const index = got.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      got[index] += bytes.toString('latin1');
    });
    serve(socket, index);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, got };
}

/** Answers each request with `200` and its number among those of the connection. */
function answers(socket: Socket): void {
  let number = 0;
  socket.on('data', (bytes) => {
    if (bytes.includes('\r\n\r\n')) {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${++number % 10}`);
    }
  });
}

interface Parts {
  readonly listener?: string;
  readonly pool?: string;
  readonly route?: string;
}

/** The program with one listener, pool and route, each with these settings more. */
async function balancer(
  servers: readonly { readonly port: number }[],
  { listener = '', pool = '', route = '' }: Parts,
): Promise<BalancerProcess & { readonly port: number }> {
  const port = await freePort();
  const list = servers.map((each, i) => `{ name: s${i}, address: "127.0.0.1:${each.port}" }`);
  const process = await startBalancer(
    `  listeners:
    - { name: web, port: ${port}, ${listener} }
  pools:
    - { name: app, health: { check: none }, servers: [${list.join(', ')}], ${pool} }
  routes:
    - { name: all, pool: app, ${route} }
`,
  );
  undo.push(() => process.stop());
  return { ...process, port };
}

function dial(port: number, bytes: string): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  undo.push(() => socket.destroy());
  socket.write(bytes);
  return socket;
}

const ask = (port: number, bytes: string): Promise<string> => text(dial(port, bytes));
const statusOf = (answer: string): string => answer.slice(9, 12);

test('listener: proxy_protocol, believed from trusted addresses only', async () => {
  const server = await origin(answers);
  const { port, patch } = await balancer([server], {
    listener: 'proxy_protocol: true, trusted: ["127.0.0.1"]',
  });
  const header = 'PROXY TCP4 192.0.2.7 192.0.2.1 4000 80\r\n';
  assert.equal(statusOf(await ask(port, header + LAST)), '200');
  assert.match(server.got[0] as string, /^x-forwarded-for: 192\.0\.2\.7\r$/im);
  assert.equal(await ask(port, LAST), '', 'a connection without the header is closed');
  const off = { balancer: { listeners: { web: { proxy_protocol: false } } } };
  assert.equal((await patch(off)).status, 200);
  assert.equal(statusOf(await ask(port, LAST)), '200');
  assert.equal(statusOf(await ask(port, header + LAST)), '400');
});

test('listener: limits.connections_per_address', async () => {
  const server = await origin(answers);
  const { port } = await balancer([server], { listener: 'limits: { connections_per_address: 2 }' });
  const held = [dial(port, `${GET}\r\n`), dial(port, `${GET}\r\n`)];
  await Promise.all(held.map((socket) => once(socket, 'data')));
  assert.equal(statusOf(await ask(port, LAST)), '429');
  held[0]?.destroy();
  await waitUntil('room for another one', async () => statusOf(await ask(port, LAST)) === '200');
});

test('listener: allow_connect, and timeouts.tcp_idle of the tunnel', async () => {
  const server = await origin((socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nhello'));
  });
  const { port, patch } = await balancer([server], { listener: 'timeouts: { tcp_idle: 300ms }' });
  const request = 'CONNECT far.test:443 HTTP/1.1\r\nHost: far.test:443\r\n\r\n';
  assert.equal(statusOf(await ask(port, request)), '501');
  const on = { balancer: { listeners: { web: { allow_connect: true } } } };
  assert.equal((await patch(on)).status, 200);
  // It ends by itself: nothing goes either way.
  const answer = await ask(port, request);
  assert.equal(statusOf(answer), '200');
  assert.ok(answer.endsWith('hello'), answer);
});

test('pool: upstream.proxy_protocol, live', async () => {
  const server = await origin((socket) => {
    socket.on('data', (bytes) => {
      if (bytes.includes('\r\n\r\n')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    });
  });
  const { port, patch } = await balancer([server], { pool: 'upstream: { proxy_protocol: v1 }' });
  const twice = `${GET}\r\n${LAST}`;
  assert.equal((await ask(port, twice)).match(/200 OK/g)?.length, 2);
  assert.equal(server.got.length, 2, 'each request has a connection of its own');
  for (const got of server.got) assert.match(got, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ /);
  const v2 = { balancer: { pools: { app: { upstream: { proxy_protocol: 'v2' } } } } };
  assert.equal((await patch(v2)).status, 200);
  assert.equal(statusOf(await ask(port, LAST)), '200');
  assert.ok(server.got[2]?.startsWith('\r\n\r\n\0\r\nQUIT\n'), 'the signature of version 2');
  const no = { balancer: { pools: { app: { upstream: { proxy_protocol: 'no' } } } } };
  assert.equal((await patch(no)).status, 200);
  assert.equal(statusOf(await ask(port, LAST)), '200');
  assert.ok(server.got[3]?.startsWith('GET / '));
});

test('pool: retries.hedge', async () => {
  const slow = await origin(() => {});
  const quick = await origin(answers);
  const { port, status } = await balancer([slow, quick], {
    pool: 'retries: { hedge: 20ms, budget: 1 }',
  });
  // The policy takes turns: the slow one is asked first at least once.
  for (let i = 0; i < 4; i++) assert.equal(statusOf(await ask(port, LAST)), '200');
  assert.ok(slow.got.some((got) => got.startsWith('GET / ')));
  const [pool] = (await status()).pools;
  assert.ok((pool?.hedges ?? 0) >= 1);
  assert.equal(
    pool?.servers.reduce((sum, { failures }) => sum + failures, 0),
    0,
  );
});

test('route: request, in place of that of its listener', async () => {
  const silent = await origin(() => {});
  const { port, patch } = await balancer([silent], {
    listener: 'timeouts: { request: 1h }',
    route: 'request: 100ms',
  });
  assert.equal(statusOf(await ask(port, LAST)), '504');
  const other = {
    balancer: {
      listeners: { web: { timeouts: { request: '100ms' } } },
      routes: { all: { request: '0s' } },
    },
  };
  assert.equal((await patch(other)).status, 200);
  assert.equal(statusOf(await ask(port, LAST)), '504');
});
