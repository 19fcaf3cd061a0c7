import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, test } from 'node:test';
import type { Operation, System, SystemState } from '../core/base/index.ts';
import { createMetrics, silentLogger } from '../core/observe/index.ts';
import type { ConfigDoor } from './config-door.ts';
import { CONNECTIONS_MAX, HEADER_BYTES_MAX } from './limits.ts';
import { createConsole } from './server.ts';

const open: System[] = [];
afterEach(async () => {
  for (const system of open.splice(0)) await system.stop();
});

function fake(state: SystemState): System {
  return {
    name: 'kv',
    start: async () => {},
    drain: async () => {},
    stop: async () => {},
    status: () => ({
      state,
      listening: [{ protocol: 'RESP', host: '127.0.0.1', port: 6379 }],
      facts: { keys: 3 },
    }),
  };
}

/** A configuration that nobody asks for. */
const config: ConfigDoor = {
  etag: () => '"1"',
  document: () => ({}),
  settings: () => ({ settings: [], needRestart: [] }),
  patch: async () => assert.fail('nothing is to be changed'),
};

async function started(
  systems: () => readonly System[],
  address = '127.0.0.1',
): Promise<{ door: System; url: string }> {
  const metrics = createMetrics();
  metrics.add([{ name: 'plinth_up', help: 'Is 1.', type: 'gauge', collect: (emit) => emit(1) }]);
  const door = createConsole({
    version: '1.2.3',
    settings: { enabled: true, host: address, port: 0, token: undefined },
    log: silentLogger(),
    metrics,
    systems,
    config,
    token: () => undefined,
  });
  await door.start();
  open.push(door);
  const { port } = door.status().listening[0]!;
  return { door, url: `http://127.0.0.1:${port}` };
}

test('/metrics answers in the Prometheus text format', async () => {
  const { url } = await started(() => []);
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^plinth_up 1$/m);
});

test('/ready says 503 and whom it waits for until every system is ready; /live says 200 all along', async () => {
  let state: SystemState = 'starting';
  const { url } = await started(() => [fake(state)]);
  const waiting = await fetch(`${url}/ready`);
  assert.equal(waiting.status, 503);
  assert.deepEqual(await waiting.json(), {
    ready: false,
    waitingFor: [{ name: 'kv', state: 'starting' }],
  });
  assert.equal((await fetch(`${url}/live`)).status, 200);
  state = 'ready';
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  state = 'draining';
  assert.equal((await fetch(`${url}/ready`)).status, 503);
});

test('a draining door is not ready and goes on answering', async () => {
  const door: System[] = [];
  const { door: own, url } = await started(() => door);
  door.push(own);
  assert.equal((await fetch(`${url}/ready?verbose`)).status, 200);
  await own.drain(1000);
  assert.equal((await fetch(`${url}/ready`)).status, 503);
  assert.equal((await fetch(`${url}/metrics`)).status, 200);
});

test('/status shows each system with state, addresses and figures', async () => {
  const { url } = await started(() => [fake('ready')]);
  const report = (await (await fetch(`${url}/status`)).json()) as Record<string, unknown>;
  assert.equal(report.version, '1.2.3');
  assert.equal(report.ready, true);
  assert.deepEqual(report.systems, [
    {
      name: 'kv',
      state: 'ready',
      listening: [{ protocol: 'RESP', host: '127.0.0.1', port: 6379 }],
      facts: { keys: 3 },
    },
  ]);
});

test('an unknown page names the known ones, another method is refused, HEAD has no body', async () => {
  const { url } = await started(() => []);
  const unknown = await fetch(`${url}/`);
  assert.equal(unknown.status, 404);
  assert.match(await unknown.text(), /\/metrics.*\/status/);
  const post = await fetch(`${url}/live`, { method: 'POST', body: 'x' });
  assert.equal(post.status, 405);
  assert.equal(post.headers.get('allow'), 'GET, HEAD');
  const head = await fetch(`${url}/live`, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), '');
});

/** The status and body of one request with this Host header; fetch does not let it be set. */
async function getAs(url: string, headers: Record<string, string>): Promise<[number, string]> {
  const request = get(`${url}/status`, { headers, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return [response.statusCode ?? 0, await text(response)];
}

test('a door on loopback refuses a request for another host, whatever the page', async () => {
  const { url } = await started(() => []);
  const { port } = new URL(url);
  const [status, body] = await getAs(url, { host: `rebound.example:${port}` });
  assert.equal(status, 421);
  assert.match(JSON.parse(body).detail, /answers to localhost.*not to "rebound\.example:\d+"/);
  assert.doesNotMatch(body, /version/);
  for (const host of [`localhost:${port}`, '127.0.0.1', `[::1]:${port}`]) {
    assert.equal((await getAs(url, { host }))[0], 200);
  }
});

test('a door on every address answers to any name', async () => {
  const { url } = await started(() => [], '0.0.0.0');
  assert.equal((await getAs(url, { host: 'plinth.internal' }))[0], 200);
});

test('a head that is too large is answered with 431', async () => {
  const { url } = await started(() => []);
  const response = await fetch(`${url}/live`, {
    headers: { 'x-large': 'x'.repeat(HEADER_BYTES_MAX) },
  });
  assert.equal(response.status, 431);
});

test('connections above the limit are closed, and the door still answers once others left', async () => {
  const { url } = await started(() => []);
  const { hostname, port } = new URL(url);
  const sockets = Array.from({ length: CONNECTIONS_MAX }, () => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const extra = connect(Number(port), hostname).resume();
  await once(extra, 'close');
  for (const socket of sockets) socket.destroy();
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
  for (;;) {
    const answer = await fetch(`${url}/live`).catch(() => undefined);
    if (answer?.status === 200) break;
  }
});

test('a taken port rejects the start, and stop may be called in every state and twice', async () => {
  const { url, door } = await started(() => []);
  const second = createConsole({
    version: '',
    settings: {
      enabled: true,
      host: '127.0.0.1',
      port: Number(new URL(url).port),
      token: undefined,
    },
    log: silentLogger(),
    metrics: createMetrics(),
    systems: () => [],
    config,
    token: () => undefined,
  });
  await assert.rejects(second.start(), { code: 'EADDRINUSE' });
  assert.equal(second.status().state, 'failed');
  await second.stop();
  await door.stop();
  await door.stop();
  assert.deepEqual(door.status().listening, []);
});

/** A system whose one operation writes as long as somebody reads. */
function endless(): { system: System; ended: Promise<number>; line: string } {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  const line = 'x'.repeat(10_000);
  const operation: Operation = {
    method: 'GET',
    path: '/count',
    about: 'Counts.',
    needsToken: false,
    run: () => ({
      ok: true,
      stream: async ({ write }) => {
        let lines = 0;
        while (await write(line)) lines++;
        resolve(lines);
      },
    }),
  };
  return { system: { ...fake('ready'), operations: () => [operation] }, ended, line };
}

test('answer that streams: waits for a client that does not read, ends when it has left', async () => {
  const { system, ended, line } = endless();
  const { url } = await started(() => [system]);
  const asked = get(`${url}/systems/kv/count`);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  assert.equal(response.headers['content-type'], 'application/x-ndjson');
  let seen = '';
  for await (const piece of response.iterator({ destroyOnReturn: false })) {
    seen += String(piece);
    if (seen.length > 50_000) break;
  }
  assert.ok(seen.startsWith(`${JSON.stringify(line)}\n`));
  response.destroy();
  // What fits between here and there, by far not all that it would have written.
  assert.ok((await ended) * line.length < 64 * 1024 * 1024);
});

test('answer that streams: ends when the door stops', async () => {
  const { system, ended } = endless();
  const { door, url } = await started(() => [system]);
  const asked = get(`${url}/systems/kv/count`);
  asked.on('error', () => {});
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  await door.stop();
  assert.ok((await ended) > 0);
});
