/**
 * Purges of the built program: by the method PURGE and by `plinth cache`, and what it explains and says of itself.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CacheServer, startPlinthCache } from '../../support/origin/cache-servers.ts';
import { startChild, waitUntil } from '../../support/process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const HOST = 'shop.example';

let origin: Server;
let cache: CacheServer | undefined;
let admin = '';
/** What the origin has under each path now. */
let version = 1;
/** Answers that the test holds back. */
let held: { readonly path: string; readonly response: ServerResponse; readonly version: number }[];
let holds = false;

beforeEach(async () => {
  version = 1;
  held = [];
  holds = false;
  origin = createServer(({ url = '' }, response) => {
    if (holds) held.push({ path: url, response, version });
    else send(response, version, url);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  cache = await startPlinthCache((origin.address() as AddressInfo).port, {
    admin: true,
    cache: `  purge: { token: right-token, burst: 1000 }
  rules:
    - { name: default, explain: true, key: { query_ignore: [utm_*], headers: [x-tenant] } }`,
  });
  await waitUntil('the line of what listens', () => {
    admin = adminOf((cache as CacheServer).child.output());
    return admin !== '';
  });
});

afterEach(async () => {
  await cache?.stop();
  origin.closeAllConnections();
  origin.close();
});

/** The admin door in the line that `up --json` prints. */
function adminOf(output: string): string {
  const found = /"system":"admin","protocol":"HTTP","host":"([^"]+)","port":(\d+)/.exec(output);
  return found === null ? '' : `${found[1]}:${found[2]}`;
}

function send(response: ServerResponse, of: number, path: string): void {
  response.setHeader('Cache-Control', 'max-age=600, stale-while-revalidate=600');
  response.setHeader('Surrogate-Key', `all path-${path.split(/[/?]/)[1] ?? ''}`);
  response.setHeader('Vary', 'Accept');
  response.end(`version ${of}`);
}

function portOf(): number {
  return (cache as CacheServer).port;
}

interface Got {
  readonly status: number;
  readonly body: string;
  readonly handled: string;
  readonly explained: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const options = { port: portOf(), host: '127.0.0.1', path, method, agent: false };
    const sent = request({ ...options, headers: { host: HOST, ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => {
        const handled = String(response.headers['cache-status'] ?? '');
        const explained = String(response.headers['plinth-explain'] ?? '');
        resolve({ status: response.statusCode ?? 0, body, handled, explained });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

const purge = (path: string, headers: Record<string, string> = {}): Promise<Got> =>
  ask(path, headers, 'PURGE');

/** `plinth cache ...` against the process. */
async function plinth(...args: readonly string[]) {
  const child = startChild(process.execPath, [
    main,
    'cache',
    ...args,
    ...['--config', join((cache as CacheServer).folder, 'plinth.yaml'), '--admin', admin],
  ]);
  const code = await child.exited;
  return { code, output: child.output() };
}

/** Fills the cache with a path, and makes the origin have something newer. */
async function filled(path: string, headers: Record<string, string> = {}): Promise<void> {
  await ask(path, headers);
  assert.match((await ask(path, headers)).handled, /; hit/);
}

test('PURGE forgets a URL with all its variants, and nothing else', async () => {
  const requests: readonly (readonly [string, Record<string, string>])[] = [
    ['/a?utm_id=1', {}],
    ['/a', { accept: 'text/html' }],
    ['/a', { 'x-tenant': 't' }],
  ];
  for (const [path, headers] of requests) await filled(path, headers);
  await filled('/b');
  version = 2;
  const done = await purge('/a?utm_id=7');
  assert.equal(done.status, 200);
  assert.equal((JSON.parse(done.body) as { purged: boolean }).purged, true);
  for (const [path, headers] of requests) {
    assert.equal((await ask(path, headers)).body, 'version 2', path);
  }
  assert.equal((await ask('/b')).body, 'version 1');
});

test('PURGE by tag forgets what bears it; soft, it is stale and served meanwhile', async () => {
  await filled('/a');
  await filled('/b');
  version = 2;
  const done = await purge('/', { 'surrogate-key': 'path-a nobody' });
  assert.equal((JSON.parse(done.body) as { responses: number }).responses, 1);
  assert.equal((await ask('/a')).body, 'version 2');
  assert.equal((await ask('/b')).body, 'version 1');
  await purge('/', { 'cache-tag': 'path-b', 'soft-purge': '1' });
  assert.equal((await ask('/b')).body, 'version 1');
  await waitUntil('the fetch behind it', async () => (await ask('/b')).body === 'version 2');
});

test('PURGE needs the right token where a request came through a proxy', async () => {
  await filled('/a');
  version = 2;
  const forwarded = { 'x-forwarded-for': '192.0.2.1' };
  assert.equal((await purge('/a', forwarded)).status, 401);
  assert.equal((await purge('/a', { ...forwarded, authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await ask('/a')).body, 'version 1');
  assert.equal(
    (await purge('/a', { ...forwarded, authorization: 'Bearer right-token' })).status,
    200,
  );
  assert.equal((await ask('/a')).body, 'version 2');
});

test('a fetch that began before a purge does not bring back what was purged', async () => {
  holds = true;
  const before = ask('/a');
  await waitUntil('the fetch', () => held.length === 1);
  version = 2;
  await purge('/', { 'surrogate-key': 'path-a' });
  const behind = ask('/a');
  await waitUntil('a fetch of its own', () => held.length === 2);
  for (const one of held) send(one.response, one.version, one.path);
  assert.equal((await before).body, 'version 1');
  assert.equal((await behind).body, 'version 2');
  holds = false;
  assert.equal((await ask('/a')).body, 'version 2');
});

test('plinth cache purges by URL, prefix, host, tag and all', async () => {
  const rows: readonly (readonly string[])[] = [
    ['--url', `http://${HOST}/a`],
    ['--prefix', `${HOST}/`],
    ['--host', HOST],
    ['--tag', 'nobody', 'all'],
    ['--all'],
    ['--all', '--soft'],
  ];
  for (const args of rows) {
    await filled('/a');
    version++;
    const { code, output } = await plinth('purge', ...args);
    assert.equal(code, 0, output);
    const wanted = `version ${version}`;
    const isSoft = args.includes('--soft');
    await waitUntil('the new one', async () => (await ask('/a')).body === wanted || !isSoft);
    assert.equal((await ask('/a')).body, wanted, args.join(' '));
  }
  assert.equal((await plinth('purge')).code, 64);
  const wrong = await plinth('purge', '--url', '/a');
  assert.deepEqual([wrong.code, wrong.output.includes('no absolute URL')], [64, true]);
});

test('plinth cache explain says why, as does each response, and status how much', async () => {
  assert.match((await ask('/a', { accept: 'text/html' })).explained, /verdict miss: .* section 4:/);
  const { explained } = await ask('/a', { accept: 'text/html' });
  assert.match(explained, /verdict hit: RFC 9111 section 4\.2: .* lifetime 600 s by max-age/);
  const url = `http://${HOST}/a`;
  const hit = await plinth('explain', url, '-H', 'Accept: text/html');
  assert.equal(hit.code, 0, hit.output);
  assert.match(hit.output, /verdict +hit: RFC 9111 section 4\.2/);
  assert.match(hit.output, /varies by +accept: text\/html/);
  assert.match(hit.output, /tags +all, path-a/);
  assert.match(hit.output, /lifetime +600 s by max-age \(RFC 9111 section 5\.2\.2\.1\)/);
  const other = await plinth('explain', url);
  assert.match(other.output, /verdict +miss: RFC 9111 section 4\.1/);
  await plinth('purge', '--tag', 'path-a');
  const gone = await plinth('explain', url, '--json', '-H', 'Accept: text/html');
  const { explanations } = JSON.parse(gone.output) as { explanations: { verdict: string }[] };
  assert.equal(explanations[0]?.verdict, 'miss');
  const status = await plinth('status');
  assert.equal(status.code, 0, status.output);
  assert.match(status.output, /REQUESTS +.*1 hit/);
  assert.match(status.output, /PURGES +1/);
  assert.match(status.output, /all +default/);
});
