/** Two PoPs and a shield: where requests go, what is kept where, and what happens when one of them dies. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request as ask, createServer } from 'node:http';
import { request as askByTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { type EdgeNetwork, startNetwork } from '../../support/edge/network.ts';
import { temporaryFolder } from '../../support/process.ts';

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Requests that the origin has had: method, target, and fields that matter here. */
const seen: { target: string; host: string; loop: string; hop: string; for: string }[] = [];
/** What the origin says changes with it. */
let turn = 1;
const origin = createServer((request, response) => {
  const { headers, url = '' } = request;
  seen.push({
    target: url,
    host: headers.host ?? '',
    loop: String(headers['cdn-loop'] ?? ''),
    hop: String(headers['plinth-hop'] ?? ''),
    for: String(headers['x-forwarded-for'] ?? ''),
  });
  response.setHeader('Cache-Control', url.includes('private') ? 'no-store' : 'max-age=600');
  response.end(url === '/scheme' ? `${headers['x-forwarded-proto']} ${turn}` : `body of ${url}`);
});

let network: EdgeNetwork;
const folder = temporaryFolder('plinth-edge-tiers');
const authority = new TestAuthority('the authority of the test');
const TOKEN = 'a-token-of-the-test-network';

before(async () => {
  const pathOf = (name: string): string => join(folder.path, name);
  const pairs = {
    www: authority.issue('www.test', 'DNS:www.test'),
    pop: authority.issue('pop', 'IP:127.0.0.1'),
  };
  for (const [name, { cert, key }] of Object.entries(pairs)) {
    writeFileSync(pathOf(`${name}.pem`), cert);
    writeFileSync(pathOf(`${name}.key`), key);
  }
  writeFileSync(pathOf('ca.pem'), authority.cert);
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const { port } = origin.address() as AddressInfo;
  network = await startNetwork({
    pops: [{ name: 'ams' }, { name: 'nyc' }, { name: 'fra', shield: true }],
    edge: `  tier_tls: { cert_file: "${pathOf('pop.pem')}", key_file: "${pathOf('pop.key')}", ca_file: "${pathOf('ca.pem')}" }
  sites:
    - name: www
      hosts: [www.test]
      cert_file: "${pathOf('www.pem')}"
      key_file: "${pathOf('www.key')}"
      origin: { host: origin.test, servers: [{ name: one, address: "127.0.0.1:${port}" }] }
      response_headers: ["+x-from: origin"]
      rules:
        - { name: old, prefix: /old, redirect: "https://{host}/new{path}" }
        - { name: moved, prefix: /moved, rewrite_prefix: /real }
        - { name: raw, prefix: /raw, cache: "" }
`,
    more: `admin: { token: ${TOKEN} }\n`,
  });
});

after(async () => {
  await network?.stop();
  origin.closeAllConnections();
  origin.close();
  authority.remove();
  folder.remove();
});

function get(
  pop: string,
  target: string,
  more: { port?: number; fields?: object; tls?: boolean } = {},
): Promise<Answer> {
  const { tls = false, fields = {} } = more;
  const { http, https } = network.pop(pop);
  const { port = tls ? https : http } = more;
  return new Promise((resolve, reject) => {
    const request = (tls ? askByTls : ask)(
      {
        host: '127.0.0.1',
        port,
        path: target,
        headers: { host: 'www.test', ...fields },
        agent: false,
        ...{ servername: 'www.test', rejectUnauthorized: false },
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          body += piece;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end();
  });
}

const asked = (target: string): number => seen.filter((each) => each.target === target).length;

test('misses of two PoPs meet at the shield: the origin is asked once', async () => {
  const first = await get('ams', '/a');
  assert.equal(first.body, 'body of /a');
  assert.equal(first.headers['x-from'], 'origin', 'edited once');
  assert.match(String(first.headers['cache-status']), /fwd=uri-miss/);
  const second = await get('nyc', '/a');
  assert.equal(second.body, 'body of /a');
  assert.equal(asked('/a'), 1);
  assert.match(String((await get('ams', '/a')).headers['cache-status']), /plinth; hit/);
  const users = await get('fra', '/a');
  assert.match(
    String(users.headers['cache-status']),
    /plinth; hit/,
    'users of the shield share it',
  );
  assert.equal(asked('/a'), 1);
});

test('the origin gets its own host, the client’s address, CDN-Loop, and no token', async () => {
  await get('ams', '/fields', {
    fields: { 'plinth-hop': 'made up', 'x-forwarded-for': '9.9.9.9' },
  });
  const [request] = seen.filter(({ target }) => target === '/fields');
  assert.deepEqual(request, {
    target: '/fields',
    host: 'origin.test',
    loop: 'plinth-fra',
    hop: '',
    for: '127.0.0.1, 127.0.0.1',
  });
});

test('rules: a redirect, another path at the origin, nothing stored', async () => {
  const { status, headers } = await get('ams', '/old/a');
  assert.equal(status, 308);
  assert.equal(headers.location, 'https://www.test/new/old/a');
  assert.equal((await get('ams', '/moved/a')).body, 'body of /real/a');
  assert.equal((await get('nyc', '/moved/a')).body, 'body of /real/a');
  assert.equal(asked('/real/a'), 1);
  await get('ams', '/raw/a');
  await get('ams', '/raw/a');
  assert.equal(asked('/raw/a'), 2);
});

test('the listener of PoPs answers nobody else, and requests that run in a circle are refused', async () => {
  const door = { port: network.pop('fra').tier, tls: true };
  assert.equal((await get('fra', '/a', door)).status, 403);
  const guess = { 'plinth-hop': 'f'.repeat(64) };
  assert.equal((await get('fra', '/a', { ...door, fields: guess })).status, 403);
  const loop = { 'cdn-loop': 'other, plinth-ams' };
  assert.equal((await get('ams', '/loop', { fields: loop })).status, 508);
  assert.equal(asked('/loop'), 0);
});

test('what users ask by https is another resource at every tier, and purged by its URL everywhere', async () => {
  const schemes = async (pop: string): Promise<string[]> => [
    (await get(pop, '/scheme', { tls: true })).body,
    (await get(pop, '/scheme')).body,
  ];
  for (const pop of ['ams', 'nyc', 'fra']) {
    assert.deepEqual(await schemes(pop), ['https 1', 'http 1'], pop);
  }
  turn = 2;
  const answer = await fetch(`http://127.0.0.1:${network.pop('ams').admin}/systems/edge/purge`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: ['https://www.test/scheme'] }),
  });
  assert.equal(answer.status, 200, await answer.text());
  for (const pop of ['ams', 'nyc', 'fra']) {
    assert.deepEqual(await schemes(pop), ['https 2', 'http 1'], pop);
  }
});

test('an unknown host is not served', async () => {
  assert.equal((await get('ams', '/a', { fields: { host: 'other.test' } })).status, 404);
});

test('without its shield a PoP asks the origin itself, and no request is lost meanwhile', async () => {
  const statuses: number[] = [];
  let done = false;
  const load = (async () => {
    for (let i = 0; !done; i++) statuses.push((await get('ams', `/load-${i}`)).status);
  })();
  while (statuses.length < 20) await new Promise((resolve) => setTimeout(resolve, 5));
  await network.pop('fra').kill9();
  const before = statuses.length;
  while (statuses.length < before + 200) await new Promise((resolve) => setTimeout(resolve, 5));
  done = true;
  await load;
  assert.deepEqual(
    statuses.filter((status) => status !== 200),
    [],
  );
  const last = await get('ams', '/self');
  assert.equal(last.body, 'body of /self');
  assert.equal(seen.at(-1)?.loop, 'plinth-ams');
  await network.pop('fra').restart();
});
