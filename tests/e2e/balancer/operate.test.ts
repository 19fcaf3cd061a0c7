/** The balancer as its operators use it: the command line, curl, wrk and WebSockets against a real process. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WebSocket, WebSocketServer } from 'ws';
import type { BalancerStatus, DrainShown } from '../../../src/balancer/index.ts';
import { requirePeer } from '../../support/peers.ts';
import { type Child, startChild, temporaryFolder, waitUntil } from '../../support/process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0).toReversed()) each();
});

const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
);

interface Backend {
  readonly address: string;
  requests: number;
}

/** A server that says its name; `/slow` waits until it is let go, WebSockets are echoed. */
async function backend(name: string): Promise<Backend & { letGo(): void }> {
  const held: (() => void)[] = [];
  const server = createServer((request, response) => {
    self.requests++;
    if (request.url === '/slow') held.push(() => response.end(name));
    else response.end(name);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  const self = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: 0,
    letGo: () => {
      for (const each of held.splice(0)) each();
    },
  };
  return self;
}

interface Running {
  readonly cwd: string;
  readonly file: string;
  readonly child: Child;
  /** Where clients connect to, and the admin door. */
  readonly web: string;
  readonly admin: string;
  status(): Promise<BalancerStatus>;
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>;
  cli(...args: string[]): Promise<{ code: number | string; out: string }>;
}

/** Plinth with one listener and a pool `app` of these servers. */
async function running(
  servers: Readonly<Record<string, Backend>>,
  more = '',
  moreOfPool = '',
): Promise<Running> {
  const { path: cwd, remove } = temporaryFolder('plinth-balancer');
  undo.push(remove);
  const file = join(cwd, 'plinth.yaml');
  const listed = Object.entries(servers).map(
    ([name, { address }]) => `        - { name: ${name}, address: "${address}" }   # ours\n`,
  );
  const listedText = listed.length === 0 ? '' : `      servers:\n${listed.join('')}`;
  writeFileSync(
    file,
    `# Of this site.
admin: { port: 0 }
kv: { enabled: false }
files: { enabled: false }
balancer:
${more}  listeners:
    - { name: web, port: 0 }
  pools:
    - name: app
${moreOfPool}${listedText}  routes:
    - { name: all, pool: app }
`,
  );
  const child = startChild(process.execPath, [main, 'up', '--json'], { cwd, env });
  undo.push(() => void child.process.kill('SIGKILL'));
  const line = (): string | undefined => child.output().match(/^\{"version".*\}$/m)?.[0];
  await waitUntil('the announcement', () => line() !== undefined || child.hasExited());
  assert.ok(line() !== undefined, child.output());
  const { listening } = JSON.parse(line() as string) as {
    listening: { system: string; host: string; port: number }[];
  };
  const at = (name: string): string => {
    const { host, port } = listening.find(({ system }) => system === name) as (typeof listening)[0];
    return `${host}:${port}`;
  };
  const admin = at('admin');
  const token = readFileSync(join(cwd, 'plinth-data/admin-token'), 'utf8').trim();
  const ask: Running['ask'] = async (method, path, body) => {
    const answer = await fetch(`http://${admin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && {
          'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, json: await answer.json() };
  };
  const status = async (): Promise<BalancerStatus> =>
    (await ask('GET', '/systems/balancer/status')).json as BalancerStatus;
  await waitUntil('servers that are up', async () => {
    const [pool] = (await status()).pools;
    return pool?.servers.every(({ state }) => state === 'up') === true;
  });
  return {
    ...{ cwd, file, child, web: at('balancer'), admin, status, ask },
    async cli(...args) {
      const run = startChild(process.execPath, [main, ...args, '--admin', admin], { cwd, env });
      const code = await run.exited;
      return { code, out: run.output() };
    },
  };
}

function fetchOnce(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, headers }, resolve).on('error', reject);
  });
}

const said = async (url: string): Promise<string> => text(await fetchOnce(url));

async function server(plinth: Running, name: string) {
  const [pool] = (await plinth.status()).pools;
  return pool?.servers.find((each) => each.name === name);
}

test(
  'drain of a server under load: no request fails, it gets none, and it comes back',
  requirePeer('wrk'),
  async () => {
    const a = await backend('a');
    const b = await backend('b');
    const plinth = await running({ a, b });
    // Until it is told to end: how long the rest takes is the machine's affair.
    const load = startChild('wrk', ['-t1', '-c8', '-d120s', `http://${plinth.web}/`]);
    await waitUntil('load at a', () => a.requests > 100);
    const { code, out } = await plinth.cli('balancer', 'drain', 'app', 'a');
    assert.equal(code, 0, out);
    assert.match(out, /^Drained in /m);
    const { requests } = a;
    const before = b.requests;
    await waitUntil('load at b', () => b.requests > before + 100);
    assert.equal(a.requests, requests);
    const drained = await server(plinth, 'a');
    assert.equal(drained?.state, 'drained');
    assert.deepEqual(drained?.connections, { active: 0, idle: 0, connecting: 0 });
    assert.equal((await plinth.cli('balancer', 'resume', 'app', 'a')).code, 0);
    await waitUntil('load at a again', () => a.requests > requests + 100);
    load.process.kill('SIGINT');
    await load.exited;
    assert.doesNotMatch(load.output(), /Non-2xx|Socket errors/);
    assert.match(load.output(), /requests in/);
  },
);

test('drain with a WebSocket and a request that stay: who is there is told, 1001 and 503 at the deadline', async () => {
  const a = await backend('a');
  const plinth = await running({ a });
  const socket = new WebSocket(`ws://${plinth.web}/chat`);
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send('hello');
  await new Promise((resolve) => socket.once('message', resolve));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  const slow = fetchOnce(`http://${plinth.web}/slow`);
  await waitUntil('the slow request', async () => (await server(plinth, 'a'))?.active === 2);
  const path = '/systems/balancer/pools/app/servers/a/drain';
  const begun = await plinth.ask('POST', path, { deadlineMs: 600_000 });
  assert.equal(begun.status, 202);
  const report = begun.json as DrainShown;
  assert.equal(report.left, 2);
  assert.deepEqual(
    report.present.map(({ kind, what, listener }) => [kind, what, listener]).toSorted(),
    [
      ['request', 'GET /slow', 'web'],
      ['websocket', 'GET /chat', 'web'],
    ],
  );
  for (const { client } of report.present) assert.match(client, /^127\.0\.0\.1:\d+$/);
  // It goes on for those who are there.
  socket.send('still');
  await new Promise((resolve) => socket.once('message', resolve));
  const { code, out } = await plinth.cli('balancer', 'drain', 'app', 'a', '--deadline', '100ms');
  assert.equal(code, 2, out);
  assert.match(out, /2 had to be cut/);
  assert.equal(await closed, 1001);
  assert.equal((await slow).statusCode, 503);
  assert.equal((await plinth.ask('GET', path)).status, 200);
});

test('drain of a listener: what runs is finished with Connection: close, nobody is accepted until resume', async () => {
  const a = await backend('a');
  const plinth = await running({ a });
  const slow = fetchOnce(`http://${plinth.web}/slow`, { connection: 'keep-alive' });
  await waitUntil('the slow request', async () => (await server(plinth, 'a'))?.active === 1);
  const drained = plinth.cli('balancer', 'drain', '--listener', 'web', '--json');
  await waitUntil('the drain', async () => {
    const [listener] = (await plinth.status()).listeners;
    return listener?.drain?.state === 'draining';
  });
  await assert.rejects(said(`http://${plinth.web}/`), { code: 'ECONNREFUSED' });
  a.letGo();
  const answer = await slow;
  assert.equal(answer.headers.connection, 'close');
  assert.equal(await text(answer), 'a');
  const { code, out } = await drained;
  assert.equal(code, 0, out);
  assert.equal((JSON.parse(out) as DrainShown).state, 'drained');
  assert.equal((await plinth.cli('balancer', 'resume', '--listener', 'web')).code, 0);
  assert.equal(await said(`http://${plinth.web}/`), 'a');
});

test('drain with a TCP session: told by its client, gone at the deadline, the listener goes on', async () => {
  const a = await backend('a');
  const plinth = await running({ a });
  const patch = { balancer: { listeners: { raw: { protocol: 'tcp', port: 0, pool: 'app' } } } };
  const patched = await plinth.ask('PATCH', '/config', patch);
  assert.equal(patched.status, 200, JSON.stringify(patched.json));
  const raw = (await plinth.status()).listeners.find(({ name }) => name === 'raw');
  const [host, port] = (raw?.address ?? '').split(':') as [string, string];
  const socket = connect(Number(port), host).resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  const gone = new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
  await waitUntil('the session', async () => (await server(plinth, 'a'))?.active === 1);
  const path = '/systems/balancer/pools/app/servers/a/drain';
  const report = (await plinth.ask('POST', path, { deadlineMs: 600_000 })).json as DrainShown;
  const [only] = report.present;
  assert.equal(report.present.length, 1);
  assert.deepEqual([only?.kind, only?.listener, only?.pool], ['stream', 'raw', 'app']);
  assert.equal(only?.client, `127.0.0.1:${socket.localPort}`);
  const { code, out } = await plinth.cli(
    'balancer',
    'drain',
    'app',
    'a',
    '--deadline',
    '0s',
    '--json',
  );
  assert.equal(code, 2, out);
  assert.equal((JSON.parse(out) as DrainShown).cut, 1);
  await gone;
  assert.equal(
    (await plinth.ask('POST', '/systems/balancer/pools/app/servers/a/resume')).status,
    200,
  );
  assert.equal(await said(`http://${host}:${port}/`), 'a');
});

test('drain in a pool with sessions: bound clients stay until the deadline, new ones go elsewhere', async () => {
  const a = await backend('a');
  const b = await backend('b');
  const plinth = await running({ a, b }, '', '      persistence: { by: cookie }\n');
  const first = await fetchOnce(`http://${plinth.web}/`);
  const name = await text(first);
  const cookie = (first.headers['set-cookie']?.[0] ?? '').split(';')[0] as string;
  const other = name === 'a' ? 'b' : 'a';
  const path = `/systems/balancer/pools/app/servers/${name}/drain`;
  const begun = (await plinth.ask('POST', path, { deadlineMs: 600_000 })).json as DrainShown;
  assert.equal(begun.state, 'draining');
  assert.equal(begun.waitsForSessions, true);
  assert.equal(await text(await fetchOnce(`http://${plinth.web}/`, { cookie })), name);
  assert.equal(await said(`http://${plinth.web}/`), other);
  await plinth.ask('POST', path, { deadlineMs: 0 });
  await waitUntil('the end', async () => (await server(plinth, name))?.state === 'drained');
  assert.equal(await text(await fetchOnce(`http://${plinth.web}/`, { cookie })), other);
});

test('weight, add and remove: at work at once and in the file, whose comments stay', async () => {
  const a = await backend('a');
  const b = await backend('b');
  const plinth = await running({ a });
  const { cli, file } = plinth;
  assert.equal((await cli('balancer', 'add', 'app', 'b', b.address, '--weight', '2')).code, 0);
  assert.equal((await server(plinth, 'b'))?.weight, 2);
  assert.equal((await cli('balancer', 'weight', 'app', 'a', '5')).code, 0);
  assert.equal((await server(plinth, 'a'))?.weight, 5);
  const written = readFileSync(file, 'utf8');
  assert.match(written, /^# Of this site\./);
  assert.match(written, /weight: 5.*# ours/);
  assert.equal((await cli('balancer', 'remove', 'app', 'a')).code, 0);
  assert.equal(await server(plinth, 'a'), undefined);
  await waitUntil('b', async () => (await said(`http://${plinth.web}/`)) === 'b');
  for (const args of [
    ['weight', 'app', 'zz', '1'],
    ['weight', 'nothing', 'a', '1'],
    ['add', 'app', 'b', b.address],
    ['drain', 'app', 'zz'],
    ['resume', 'app', 'b'],
  ]) {
    const { code, out } = await cli('balancer', ...args);
    assert.equal(code, 1, out);
  }
  assert.equal((await cli('balancer', 'drain', 'app')).code, 64);
  const status = await cli('balancer', 'status');
  assert.equal(status.code, 0, status.out);
  assert.match(status.out, /^Pool app: weighted/m);
  assert.match(status.out, /^ {2}b +127\.0\.0\.1:\d+ +up/m);
});

test('server that registers itself: gets requests while its heart beats, and leaves when asked', async () => {
  const a = await backend('a');
  const plinth = await running({}, '', '      discovery: { registration: true }\n');
  const path = '/systems/balancer/pools/app/registrations/a';
  assert.equal((await fetchOnce(`http://${plinth.web}/`)).statusCode, 503);
  assert.equal((await plinth.ask('PUT', path, { address: 'nowhere' })).status, 400);
  const put = await plinth.ask('PUT', path, { address: a.address, ttlMs: 60_000 });
  assert.deepEqual(put, { status: 200, json: { ok: true, ttlMs: 60_000 } });
  await waitUntil('its first request', async () => {
    const answer = await fetchOnce(`http://${plinth.web}/`);
    return (await text(answer)) === 'a';
  });
  assert.equal((await server(plinth, 'a'))?.from, 'registration');
  assert.equal((await plinth.ask('POST', `${path}/heartbeat`)).status, 200);
  assert.equal((await plinth.ask('DELETE', path)).status, 200);
  assert.equal((await plinth.ask('POST', `${path}/heartbeat`)).status, 404);
  await waitUntil('its end', async () => (await server(plinth, 'a')) === undefined);
});

test('access log: a line a request without secrets, in a new file after SIGHUP, and the counters say the same', async () => {
  const a = await backend('a');
  const plinth = await running({ a }, '  access_log: access.log\n');
  const log = join(plinth.cwd, 'access.log');
  const lines = (path: string): Record<string, unknown>[] => {
    const all = readFileSync(path, 'utf8');
    return all
      .split('\n')
      .slice(0, -1)
      .map((each) => JSON.parse(each));
  };
  const secrets = { authorization: 'Bearer s3cret', cookie: 'id=s3cret', 'user-agent': 'a "test"' };
  const answer = await fetchOnce(`http://${plinth.web}/path?q=1`, secrets);
  assert.equal(await text(answer), 'a');
  await waitUntil('the line', () => lines(log).length === 1);
  const [line] = lines(log) as [Record<string, unknown>];
  const { listener, route, pool, server: by, method, target, status, userAgent, ending } = line;
  assert.deepEqual(
    { listener, route, pool, by, method, target, status, userAgent, ending },
    {
      ...{ listener: 'web', route: 'all', pool: 'app', by: 'a', method: 'GET' },
      ...{ target: '/path?q=1', status: 200, userAgent: 'a "test"', ending: 'complete' },
    },
  );
  assert.ok(!readFileSync(log, 'utf8').includes('s3cret'));
  renameSync(log, `${log}.1`);
  plinth.child.process.kill('SIGHUP');
  await waitUntil('the reload', () => plinth.child.output().includes('configuration reloaded'));
  assert.equal(await said(`http://${plinth.web}/again`), 'a');
  await waitUntil('the next line', () => lines(log).length === 1);
  assert.equal(lines(`${log}.1`).length, 1);
  const metrics = await (await fetch(`http://${plinth.admin}/metrics`)).text();
  assert.match(metrics, /^plinth_balancer_requests_total\{listener="web",class="2xx"\} 2$/m);
  assert.match(metrics, /^plinth_balancer_route_requests_total\{route="all",class="2xx"\} 2$/m);
  assert.match(
    metrics,
    /^plinth_balancer_server_attempts_total\{pool="app",server="a",result="success"\} 2$/m,
  );
  assert.match(metrics, /^plinth_balancer_latency_seconds_count\{pool="app",phase="total"\} 2$/m);
});

test('operations without the token: refused, nothing is drained', async () => {
  const a = await backend('a');
  const plinth = await running({ a });
  const path = '/systems/balancer/pools/app/servers/a/drain';
  const answer = await fetch(`http://${plinth.admin}${path}`, { method: 'POST' });
  assert.equal(answer.status, 401);
  assert.equal((await server(plinth, 'a'))?.state, 'up');
  const curl = spawnSync('curl', ['-s', `http://${plinth.admin}/systems`]);
  if (curl.status === 0) assert.match(curl.stdout.toString(), /servers\/:server\/drain/);
});
