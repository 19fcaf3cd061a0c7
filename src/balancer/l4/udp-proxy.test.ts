import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, test } from 'node:test';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeTransport,
} from '../../core/runtime/node/index.ts';
import { eventually } from '../../core/runtime/node/transport-fixture.ts';
import { TestBackends } from './l4-fixture.ts';
import { openUdpProxy, type UdpProxy, type UdpWorld } from './udp-proxy.ts';

const sockets: Socket[] = [];
const proxies: UdpProxy[] = [];
const clock = createNodeClock();
const network = createNodeNetwork(await createNodeTransport());

after(async () => {
  for (const proxy of proxies) await proxy.stop();
  for (const socket of sockets) socket.close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** Answers each datagram with `name`, what came, and from which port. */
async function server(name: string): Promise<{ socket: Socket; port: number; heard: string[] }> {
  const socket = await bound();
  const heard: string[] = [];
  socket.on('message', (bytes, from) => {
    heard.push(String(bytes));
    socket.send(`${name} ${bytes} ${from.port}`, from.port, from.address);
  });
  return { socket, port: socket.address().port, heard };
}

async function proxied(backends: TestBackends, more: Partial<UdpWorld> = {}, idleMs = 60_000) {
  const address = { host: '127.0.0.1', port: 0 };
  const proxy = await openUdpProxy({ network, clock, ...more }, address, backends, { idleMs });
  proxies.push(proxy);
  return proxy;
}

async function ask(socket: Socket, proxy: UdpProxy, text: string): Promise<string> {
  const answer = once(socket, 'message') as Promise<[Buffer, { port: number }]>;
  socket.send(text, proxy.port, '127.0.0.1');
  const [bytes, from] = await answer;
  assert.equal(from.port, proxy.port, 'the answer comes from the listener');
  return String(bytes);
}

test('each client has a session: one server, one port of ours, answers of its own', async () => {
  const [a, b] = [await server('a'), await server('b')];
  const backends = new TestBackends(a.port, b.port);
  const proxy = await proxied(backends);
  const [one, two] = [await bound(), await bound()];
  const first = await ask(one, proxy, 'hello');
  const second = await ask(two, proxy, 'hello');
  assert.deepEqual([first[0], second[0]].sort(), ['a', 'b']);
  for (let i = 0; i < 5; i++) {
    assert.equal(await ask(one, proxy, 'hello'), first, 'same server and port');
    assert.equal(await ask(two, proxy, 'hello'), second);
  }
  assert.equal(proxy.open, 2);
  assert.equal(backends.facts[0]!.clientPort, one.address().port);
  assert.equal(backends.facts[0]!.localPort, proxy.port);
  assert.equal(backends.targets[0]!.taken + backends.targets[1]!.taken, 2);
});

test('datagrams sent before the socket is there arrive in order; too many are dropped, counted', async () => {
  const { port, heard } = await server('a');
  const proxy = await proxied(new TestBackends(port));
  const client = await bound();
  // One turn of the loop brings them all: the session's socket is bound later.
  const wanted: string[] = [];
  for (let i = 0; i < 40; i++) {
    wanted.push(`${i}`);
    client.send(`${i}`, proxy.port, '127.0.0.1');
  }
  await eventually(() => heard.length + proxy.drops.of('session-queue') === 40);
  assert.deepEqual(heard, wanted.slice(0, heard.length));
  const big = Buffer.alloc(60_000);
  const other = await bound();
  let answers = 0;
  other.on('message', () => answers++);
  for (let i = 0; i < 20; i++) other.send(big, proxy.port, '127.0.0.1');
  await eventually(() => answers > 0);
});

test('a session ends when it was idle, and the next datagram begins another', async () => {
  const { port } = await server('a');
  const backends = new TestBackends(port);
  const proxy = await proxied(backends, {}, 100);
  const client = await bound();
  await ask(client, proxy, 'x');
  await eventually(() => proxy.open === 0);
  assert.equal(proxy.endings.of('idle-timeout'), 1);
  assert.deepEqual(backends.targets[0]!.results, ['success']);
  assert.match(await ask(client, proxy, 'y'), /^a y /);
  assert.equal(backends.targets[0]!.begun, 2);
  assert.deepEqual(proxy.stats(), { open: 1, bytesUp: 1, bytesDown: 'a x 12345'.length });
});

test('nobody listens at the server: ICMP ends the session, the next one goes elsewhere', async () => {
  const gone = await bound();
  const { port } = gone.address();
  gone.close();
  sockets.splice(sockets.indexOf(gone), 1);
  const alive = await server('alive');
  const backends = new TestBackends(port, alive.port);
  const proxy = await proxied(backends);
  const client = await bound();
  client.send('lost', proxy.port, '127.0.0.1');
  await eventually(() => proxy.endings.of('server-refused') === 1);
  assert.equal(proxy.open, 0);
  assert.deepEqual(backends.targets[0]!.results, ['failure']);
  assert.match(await ask(client, proxy, 'again'), /^alive again /);
});

test('a full table gives up the one idle for longest, but none that was busy a moment ago', async () => {
  const { port } = await server('a');
  const strict = await proxied(new TestBackends(port), { sessionsMax: 2, evictMs: 60_000 });
  const clients = [await bound(), await bound(), await bound()] as const;
  await ask(clients[0], strict, 'x');
  await ask(clients[1], strict, 'x');
  clients[2].send('x', strict.port, '127.0.0.1');
  await eventually(() => strict.drops.of('table-full') === 1);
  assert.equal(strict.open, 2);
  assert.equal(strict.endings.of('evicted'), 0);

  const backends = new TestBackends(port);
  const loose = await proxied(backends, { sessionsMax: 2, evictMs: 0 });
  const first = await ask(clients[0], loose, 'x');
  await ask(clients[1], loose, 'x');
  assert.equal(await ask(clients[0], loose, 'x'), first);
  await ask(clients[2], loose, 'x');
  assert.equal(loose.endings.of('evicted'), 1);
  assert.equal(await ask(clients[0], loose, 'x'), first, 'the one used since stayed');
  assert.equal(loose.open, 2);
});

test('no server: dropped and counted, nothing kept', async () => {
  const proxy = await proxied(new TestBackends());
  const client = await bound();
  client.send('x', proxy.port, '127.0.0.1');
  await eventually(() => proxy.drops.of('no-server') === 1);
  assert.equal(proxy.open, 0);
});

test('drain: no new session, old ones go on until the deadline; cut and stop end by name', async () => {
  const { port } = await server('a');
  const backends = new TestBackends(port);
  const proxy = await proxied(backends);
  const [one, two] = [await bound(), await bound()];
  await ask(one, proxy, 'x');
  const drained = proxy.drain(200);
  two.send('x', proxy.port, '127.0.0.1');
  await eventually(() => proxy.drops.of('draining') === 1);
  assert.match(await ask(one, proxy, 'y'), /^a y /);
  assert.equal(await drained, 1);
  assert.equal(proxy.endings.of('drained'), 1);
  assert.equal(backends.targets[0]!.open, 0);

  const other = await proxied(backends);
  await ask(one, other, 'x');
  assert.equal(other.sessionsAt(backends.targets[0]!), 1);
  assert.equal(other.cutAt(backends.targets[0]!), 1);
  assert.equal(other.endings.of('cut'), 1);
  await ask(one, other, 'x');
  await other.stop();
  assert.equal(other.endings.of('stopped'), 1);
  assert.equal(backends.targets[0]!.open, 0);
});
