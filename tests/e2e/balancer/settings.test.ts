/** Settings by settings, that each has its effect in the running program; what other tests of this folder show is left out. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import {
  type NamedOrigin,
  namedOrigin,
  type Operator,
  startOperated,
} from '../../support/balancer/operator.ts';
import { requirePeer } from '../../support/peers.ts';
import { temporaryFolder, waitUntil } from '../../support/process.ts';

let operator: Operator;
const folder = temporaryFolder('plinth-settings');
let origins: NamedOrigin[] = [];
const ports = new Map<string, number>();
/** Header fields that the last request had at its server. */
let seen: IncomingHttpHeaders = {};
let badFrom = '';
let held: (() => void)[] = [];
const closing: (() => unknown)[] = [];

interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly by: string;
}

async function ask(
  path: string,
  headers: Record<string, string> = {},
  listener = 'web',
  body?: string,
): Promise<Asked> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { port: ports.get(listener), host: '127.0.0.1', path, headers, agent: false };
    const method = body === undefined ? 'GET' : 'POST';
    httpRequest({ ...options, method } as object, resolve)
      .on('error', reject)
      .end(body);
  });
  const { statusCode = 0, headers: fields } = response;
  const all = await text(response);
  return { status: statusCode, headers: fields, body: all, by: String(fields['x-server'] ?? '') };
}

/** Which servers took so many requests. */
async function takers(path: string, count: number, headers?: Record<string, string>) {
  const by: string[] = [];
  for (let i = 0; i < count; i++) by.push((await ask(path, headers)).by);
  return by;
}

/** What comes back on a connection until its end. */
function raw(listener: string, bytes: string): Promise<string> {
  const socket = connect({ port: ports.get(listener) as number, host: '127.0.0.1' });
  socket.write(bytes);
  return text(socket).catch(() => 'reset');
}

const statusOf = (answer: string): string => /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? answer;

async function server(pool: string, name: string) {
  const { pools } = await operator.status();
  const found = pools.find((each) => each.name === pool);
  return found?.servers.find((each) => each.name === name);
}

async function setBalancer(patch: unknown): Promise<void> {
  const { status, body } = await operator.patch({ balancer: patch });
  assert.equal(status, 200, body);
}

const pools: Readonly<Record<string, string>> = {
  weighted: 'servers: [ A2, B ]',
  rr: 'policy: round-robin, servers: [ A2, B ]',
  source: 'policy: source-hash, servers: ALL',
  header: 'policy: ring, hash_on: header, hash_name: X-Key, servers: ALL',
  cookie: 'policy: maglev, hash_on: cookie, hash_name: K, servers: ALL',
  path: 'policy: ring, hash_on: path, servers: ALL',
  query: 'policy: ring, hash_on: query, hash_name: k, servers: ALL',
  priority: 'servers: [ { name: a, address: AA, priority: 1 }, { name: b, address: BB } ]',
  eject:
    'outliers: { consecutive: 2, eject: 10m, eject_max: 20m }, retries: { attempts: 1 }, servers: ALL',
  calm: 'outliers: { enabled: false }, retries: { attempts: 1 }, servers: ALL',
  capped: 'outliers: { consecutive: 2, share_max: 0 }, retries: { attempts: 1 }, servers: ALL',
  breaker:
    'outliers: { enabled: false }, breaker: { enabled: true, failures: 2, open: 10m }, retries: { attempts: 1 }, servers: ALL',
  retry: 'outliers: { enabled: false }, retries: { statuses: [503] }, servers: ALL',
  queue:
    'servers: [ { name: a, address: AA, requests_max: 1 } ], upstream: { queue_max: 1, queue: 100ms }',
  conns:
    'breaker: { enabled: true, failures: 2 }, servers: [ A2 ], upstream: { connections_max: 1, queue_max: 1, queue: 100ms }',
  noqueue: 'servers: [ { name: a, address: AA, requests_max: 1 } ], upstream: { queue_max: 0 }',
  head: 'servers: [ { name: a, address: AA } ], upstream: { head: 100ms }, retries: { attempts: 1 }',
  refused: 'servers: [ { name: x, address: "127.0.0.1:1" } ], retries: { attempts: 1 }',
  sticky: 'persistence: { by: cookie, name: SID }, servers: ALL',
  signed:
    'persistence: { by: cookie, signed: true, key: 0123456789abcdef, max_age: 1h }, servers: ALL',
  appcookie: 'persistence: { by: app-cookie, name: APP }, servers: ALL',
  bysource: 'persistence: { by: source }, servers: ALL',
  byheader: 'persistence: { by: header, name: X-User }, servers: ALL',
  check:
    'health: { check: http, path: /health, method: HEAD, host: check.test, statuses: 204, interval: 50ms, rise: 1, fall: 1 }, servers: [ A2, B ]',
  body: 'health: { check: http, path: /health, statuses: 200-299, body: nowhere, interval: 50ms, fall: 1 }, servers: [ A2 ]',
  port: 'health: { check: tcp, port: 1, interval: 50ms, fall: 1 }, servers: [ A2, B ]',
};

before(async () => {
  const make = (name: string) =>
    namedOrigin(name, (request, response) => {
      response.setHeader('X-Server', name);
      if (request.url === '/health') {
        const isWell = request.method === 'HEAD' && request.headers.host === 'check.test';
        response.writeHead(isWell && name === 'a' ? 204 : 404).end();
        return true;
      }
      seen = request.headers;
      if (request.url?.startsWith('/held')) {
        held.push(() => response.end('held'));
        return true;
      }
      if (request.url?.startsWith('/app')) response.setHeader('Set-Cookie', `APP=of-${name}`);
      if (badFrom === name) response.statusCode = 503;
      return false;
    });
  origins = await Promise.all(['a', 'b', 'c'].map(make));
  const [a, b, c] = origins.map(({ address }) => `"${address}"`) as [string, string, string];
  const filled = (settings: string): string =>
    settings
      .replace('ALL', `[ A, B, { name: c, address: ${c} } ]`)
      .replace('A2', `{ name: a, address: ${a}, weight: 2 }`)
      .replace(/\bA\b/, `{ name: a, address: ${a} }`)
      .replace(/\bB\b/, `{ name: b, address: ${b} }`)
      .replace('AA', a)
      .replace('BB', b);
  const unchecked = (settings: string): string =>
    settings.includes('health:') ? settings : `health: { check: none }, ${settings}`;
  const listeners: Readonly<Record<string, string>> = {
    web: '',
    small: 'limits: { head: 1KiB, fields: 8, target: 64, body: 10 }, timeouts: { head: 100ms }',
    idle: 'timeouts: { idle: 100ms }',
    once: 'limits: { requests_per_connection: 1 }',
    few: 'limits: { connections: 1 }',
    total: 'timeouts: { request: 100ms }',
    stall: 'timeouts: { body: 100ms }',
    http1: 'http2_cleartext: false',
    secure: 'redirect_to_https: true',
    trusting: 'trusted: [ 127.0.0.0/8 ]',
    local: `socket: ${join(folder.path, 'listener.sock')}`,
  };
  operator = await startOperated(`  listeners:
${Object.entries(listeners)
  .map(([name, more]) => `    - { name: ${name}, port: 0, ${more} }\n`)
  .join('')}  pools:
${Object.entries(pools)
  .map(([name, settings]) => `    - { name: ${name}, ${unchecked(filled(settings))} }\n`)
  .join('')}  routes:
    - { name: all, pool: weighted }
    - { name: edited, prefix: /edited, pool: weighted, rewrite_prefix: /new, rewrite_host: other.test, request_headers: [ "X-Set: 1", "-X-Gone" ], response_headers: [ "X-Out: 2", "-X-Server" ] }
    - { name: redirected, prefix: /redirected, redirect: "https://{host}{path}?{query}", redirect_status: 302 }
    - { name: answered, prefix: /answered, respond: 410 }
    - { name: split, prefix: /split, split: [ { name: a, pool: priority, weight: 0 }, { name: b, pool: sticky, weight: 1 } ] }
    - { name: only, prefix: /only, pool: weighted, listeners: [ once ], respond: 0 }
${Object.keys(pools)
  .map((name) => `    - { name: ${name}, headers: [ "x-pool: ${name}" ], pool: ${name} }\n`)
  .join('')}`);
  for (const { name, address } of (await operator.status()).listeners) {
    ports.set(name, Number(address.split(':').at(-1)));
  }
});

after(async () => {
  for (const letGo of held.splice(0)) letGo();
  // Absent when it did not start.
  await (operator as Operator | undefined)?.stop();
  for (const origin of origins) origin.close();
  for (const each of closing) await each();
  folder.remove();
});

const of = (pool: string, path = '/', headers: Record<string, string> = {}): Promise<Asked> =>
  ask(path, { ...headers, 'x-pool': pool });
const takersOf = (pool: string, count: number, path = '/', headers: Record<string, string> = {}) =>
  takers(path, count, { ...headers, 'x-pool': pool });
const counts = (by: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    ['a', 'b', 'c'].map((name) => [name, by.filter((each) => each === name).length]),
  );

describe('what servers are told', () => {
  test('via, x_forwarded, forwarded, request_id and traceparent, live', async () => {
    await ask('/', { host: 'site.test:81' });
    assert.equal(seen.via, '1.1 plinth');
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    assert.equal(seen['x-forwarded-host'], 'site.test:81');
    assert.ok(seen['x-request-id'] !== undefined && seen.traceparent !== undefined);
    assert.equal(seen.forwarded, undefined);
    await setBalancer({
      ...{ via: 'lb1', x_forwarded: false, forwarded: true, request_id: false, traceparent: false },
    });
    await ask('/');
    assert.equal(seen.via, '1.1 lb1');
    assert.match(seen.forwarded ?? '', /for="?127\.0\.0\.1/);
    for (const name of ['x-forwarded-for', 'x-request-id', 'traceparent']) {
      assert.equal(seen[name], undefined);
    }
    await setBalancer({
      ...{ via: '', x_forwarded: null, forwarded: null, request_id: null, traceparent: null },
    });
    await ask('/');
    assert.equal(seen.via, undefined);
    await setBalancer({ via: null });
  });

  test('trusted: who is believed', async () => {
    const said = { 'x-forwarded-for': '192.0.2.7' };
    await ask('/', said);
    assert.equal(seen['x-forwarded-for'], '127.0.0.1');
    await ask('/', said, 'trusting');
    assert.match(seen['x-forwarded-for'] ?? '', /^192\.0\.2\.7/);
  });

  test('socket: its clients have no address to tell', async () => {
    await setBalancer({ forwarded: true });
    const options = { socketPath: join(folder.path, 'listener.sock'), headers: { host: 'x' } };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest(options, resolve).on('error', reject).end();
    });
    await text(response);
    assert.equal(response.statusCode, 200);
    assert.equal(seen['x-forwarded-for'], undefined);
    assert.equal(seen['x-forwarded-proto'], 'http');
    assert.match(seen.forwarded ?? '', /^for=unknown;/);
    await setBalancer({ forwarded: null });
  });
});

describe('routes', () => {
  test('rewrite_prefix, rewrite_host, request_headers, response_headers', async () => {
    const { headers } = await ask('/edited/x', { 'x-gone': '1' });
    assert.deepEqual([seen.host, seen['x-set'], seen['x-gone']], ['other.test', '1', undefined]);
    assert.deepEqual([headers['x-out'], headers['x-server']], ['2', undefined]);
  });

  test('redirect, redirect_status, respond, split', async () => {
    const { status, headers } = await ask('/redirected/x?y=1', { host: 'site.test' });
    assert.deepEqual([status, headers.location], [302, 'https://site.test/redirected/x?y=1']);
    assert.equal((await ask('/answered')).status, 410);
    const { headers: split } = await ask('/split');
    assert.match(String(split['set-cookie']), /^SID=/);
  });

  test('a path that routes read in two ways is refused, and told why', async () => {
    const { status, body } = await ask('/edited%2fx');
    assert.equal(status, 400);
    assert.match(body, /more than one way/);
  });

  test('listeners: only there', async () => {
    const hosts = { host: 'x' };
    assert.equal((await ask('/only', hosts, 'once')).status, 200);
  });
});

describe('listeners', () => {
  const get = (more = '', target = '/'): string =>
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}Connection: close\r\n\r\n`;
  const rows: readonly [string, string, string, string][] = [
    ['head_bytes', 'small', get(`X: ${'x'.repeat(2000)}\r\n`), '431'],
    ['fields', 'small', get('X: 1\r\n'.repeat(10)), '431'],
    ['target_bytes', 'small', get('', `/${'x'.repeat(100)}`), '414'],
    [
      'body_bytes',
      'small',
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 11\r\n\r\n12345678901',
      '413',
    ],
    ['head time', 'small', 'GET / HTTP/1.1\r\nHost:', '408'],
    ['body time', 'stall', 'POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1', '408'],
    ['request time', 'total', get('', '/held'), '504'],
    ['redirect_to_https', 'secure', get('', '/x?y'), '308'],
  ];
  for (const [name, listener, bytes, status] of rows) {
    test(`${name}: ${status}`, async () => {
      assert.equal(statusOf(await raw(listener, bytes)), status);
    });
  }

  test('requests_per_connection and idle time: the connection is closed', async () => {
    const keep = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    assert.match(await raw('once', keep), /\r\nConnection: close\r\n/i);
    assert.equal(statusOf(await raw('idle', keep)), '200');
  });

  test('connections: one more is turned away until there is room', async () => {
    const first = connect({ port: ports.get('few') as number, host: '127.0.0.1' });
    await new Promise((resolve) => first.once('connect', resolve));
    await waitUntil('the first', async () =>
      (await operator.status()).listeners.some(({ name, open }) => name === 'few' && open === 1),
    );
    assert.match(await raw('few', get()), /^(HTTP\/1\.1 503|reset|$)/);
    first.destroy();
    await waitUntil('room', async () => statusOf(await raw('few', get())) === '200');
  });

  test('http2_cleartext: off, the preface is no request', async () => {
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
    assert.match(await raw('http1', preface), /^HTTP\/1\.1 (400|505)/);
  });
});

describe('pools', () => {
  test('policy and weight', async () => {
    assert.deepEqual(counts(await takersOf('weighted', 9)), { a: 6, b: 3, c: 0 });
    assert.deepEqual(counts(await takersOf('rr', 8)), { a: 4, b: 4, c: 0 });
    assert.equal(new Set(await takersOf('source', 6)).size, 1);
  });

  const keyed: readonly [string, (key: number) => [string, Record<string, string>]][] = [
    ['header', (key) => ['/', { 'x-key': `k${key}` }]],
    ['cookie', (key) => ['/', { cookie: `x=1; K=k${key}` }]],
    ['path', (key) => [`/p${key}`, {}]],
    ['query', (key) => [`/?x=1&k=k${key}`, {}]],
  ];
  for (const [pool, requestOf] of keyed) {
    test(`hash_on ${pool}: one server for a key, several for several`, async () => {
      const by = new Set<string>();
      for (let key = 0; key < 20; key++) {
        const [path, headers] = requestOf(key);
        const same = new Set(await takersOf(pool, 2, path, headers));
        assert.equal(same.size, 1);
        for (const name of same) by.add(name);
      }
      assert.ok(by.size > 1);
    });
  }

  test('priority, and state: the next level when the first is out', async () => {
    assert.deepEqual(counts(await takersOf('priority', 3)), { a: 0, b: 3, c: 0 });
    await setBalancer({ pools: { priority: { servers: { b: { state: 'maintenance' } } } } });
    assert.deepEqual(counts(await takersOf('priority', 3)), { a: 3, b: 0, c: 0 });
    await setBalancer({ pools: { priority: { servers: { a: { state: 'draining' } } } } });
    const { status, headers } = await of('priority');
    assert.deepEqual([status, headers['retry-after']], [503, '1']);
  });

  test('outliers: consecutive, share_max, enabled; the breaker; retries.statuses', async () => {
    badFrom = 'b';
    for (const pool of ['eject', 'calm', 'capped', 'breaker']) await takersOf(pool, 12);
    const states = async (pool: string) => (await server(pool, 'b'))?.state;
    assert.equal(await states('eject'), 'ejected');
    assert.ok(((await server('eject', 'b'))?.ejection?.endsInMs ?? 0) > 60_000);
    assert.equal(await states('calm'), 'up');
    assert.equal(await states('capped'), 'up');
    assert.equal(await states('breaker'), 'tripped');
    assert.ok(((await server('breaker', 'b'))?.breaker?.probesInMs ?? 0) > 60_000);
    for (let i = 0; i < 6; i++) assert.equal((await of('retry')).status, 200);
    assert.ok(((await server('retry', 'b'))?.retries ?? 0) > 0);
    badFrom = '';
  });

  test('requests_max, queue_max and queue: 503 with Retry-After', async () => {
    const first = of('queue', '/held');
    await waitUntil('the first', () => held.length > 0);
    const { status, headers } = await of('queue');
    assert.deepEqual([status, headers['retry-after']], [503, '1']);
    for (const letGo of held.splice(0)) letGo();
    assert.equal((await first).status, 200);
    const other = of('noqueue', '/held');
    await waitUntil('the other', () => held.length > 0);
    assert.equal((await of('noqueue')).status, 503);
    for (const letGo of held.splice(0)) letGo();
    await other;
  });

  test('connections_max: who waits too long or in vain is refused, and it is no fault of the server', async () => {
    const first = of('conns', '/held');
    await waitUntil('the first', () => held.length > 0);
    const rest = await Promise.all([1, 2, 3, 4].map(() => of('conns')));
    assert.deepEqual(
      rest.map(({ status, headers }) => [status, headers['retry-after']]),
      rest.map(() => [503, '1']),
    );
    const after = await server('conns', 'a');
    assert.deepEqual(after?.reasons, { 'queue-full': 3, 'queue-timeout': 1 });
    assert.deepEqual([after?.state, after?.retries], ['up', 0]);
    for (const letGo of held.splice(0)) letGo();
    assert.equal((await first).status, 200);
  });

  test('upstream.head, and nobody there: 504 and 502', async () => {
    assert.equal((await of('head', '/held')).status, 504);
    assert.equal((await of('refused')).status, 502);
    held = [];
  });

  test('persistence by cookie, signed cookie, cookie of the application, source and header', async () => {
    for (const pool of ['sticky', 'signed']) {
      const first = await of(pool);
      const cookie = String(first.headers['set-cookie']).split(';')[0] as string;
      assert.match(cookie, pool === 'sticky' ? /^SID=/ : /^PLINTHID=[^.]+\.[^.]+\.[^.]+$/);
      assert.deepEqual(new Set(await takersOf(pool, 4, '/', { cookie })), new Set([first.by]));
    }
    const first = await of('appcookie', '/app');
    const cookie = String(first.headers['set-cookie']);
    assert.deepEqual(new Set(await takersOf('appcookie', 4, '/', { cookie })), new Set([first.by]));
    assert.equal(new Set(await takersOf('bysource', 4)).size, 1);
    assert.equal(new Set(await takersOf('byheader', 4, '/', { 'x-user': 'u' })).size, 1);
    assert.ok(new Set(await takersOf('byheader', 4)).size > 1);
  });

  test('health: path, method, host, statuses, body and port', async () => {
    await waitUntil('checks', async () => (await server('check', 'b'))?.state === 'down');
    assert.equal((await server('check', 'a'))?.state, 'up');
    assert.deepEqual(counts(await takersOf('check', 3)), { a: 3, b: 0, c: 0 });
    await waitUntil('bodies', async () => (await server('body', 'a'))?.state === 'down');
    await waitUntil('ports', async () => (await server('port', 'a'))?.state === 'down');
    // All are down: panic_share lets them be used, and with 0 nobody is.
    assert.equal((await of('port')).status, 200);
    await setBalancer({ pools: { port: { panic_share: 0 } } });
    assert.equal((await of('port')).status, 503);
  });
});

test(
  'tls of a listener: certificates by name, hsts, http2, min_version and clients, live; not on and off',
  requirePeer('openssl'),
  async () => {
    const authority = new TestAuthority('Plinth test');
    closing.push(() => authority.remove());
    const write = (name: string, content: string): string => {
      writeFileSync(join(folder.path, name), content);
      return join(folder.path, name);
    };
    const certificate = (name: string) => {
      const { cert, key } = authority.issue(name, `DNS:${name}`);
      return { cert: write(`${name}.crt`, cert), key: write(`${name}.key`, key) };
    };
    const tls = {
      certificates: { one: certificate('one.test'), two: certificate('two.test') },
      hsts_max_age: '1h',
    };
    await setBalancer({ listeners: { tls: { port: 0, tls } } });
    const port = await operator.port('tls');
    const ca = authority.cert;
    const handshake = (
      options: object,
    ): Promise<{ alpn: unknown; protocol: unknown; name: unknown }> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({
          port,
          host: '127.0.0.1',
          ca,
          servername: 'one.test',
          ...options,
        });
        socket.once('error', reject);
        socket.once('end', () => reject(new Error('ended')));
        socket.once('secureConnect', () => {
          const { alpnProtocol: alpn } = socket;
          const name = socket.getPeerCertificate().subject?.CN;
          resolve({ alpn, protocol: socket.getProtocol(), name });
          socket.destroy();
        });
      });
    const both = ['h2', 'http/1.1'];
    const two = { servername: 'two.test', ALPNProtocols: both };
    assert.deepEqual(await handshake(two), { alpn: 'h2', protocol: 'TLSv1.3', name: 'two.test' });
    const old = { maxVersion: 'TLSv1.2' };
    assert.equal((await handshake(old)).protocol, 'TLSv1.2');
    const hsts = await new Promise<IncomingMessage>((resolve, reject) => {
      const agent = new Agent({ ca, keepAlive: false });
      const options = { port, host: '127.0.0.1', servername: 'one.test', agent };
      httpsRequest(options, resolve).on('error', reject).end();
    });
    assert.equal(hsts.headers['strict-transport-security'], 'max-age=3600');
    hsts.resume();
    await setBalancer({ listeners: { tls: { tls: { http2: false, min_version: 'TLSv1.3' } } } });
    assert.equal((await handshake({ ALPNProtocols: both })).alpn, 'http/1.1');
    await assert.rejects(handshake(old));
    const clientCa = write('ca.crt', ca);
    await setBalancer({
      listeners: { tls: { tls: { clients: 'required', client_ca: clientCa, min_version: null } } },
    });
    // With TLS 1.2 the handshake itself fails; with 1.3 the client learns of it behind its own part.
    await assert.rejects(handshake(old));
    const { cert, key } = authority.issue('client');
    assert.equal((await handshake({ ...old, cert, key })).protocol, 'TLSv1.2');
    const off = await operator.patch({ balancer: { listeners: { tls: { tls: null } } } });
    assert.ok(off.status >= 400, off.body);
    assert.match(off.body, /has TLS and cannot be without while it listens/);
    const on = await operator.patch({
      balancer: { listeners: { web: { tls: { certificates: tls.certificates } } } },
    });
    assert.match(on.body, /has no TLS and cannot get it while it listens/);
  },
);
