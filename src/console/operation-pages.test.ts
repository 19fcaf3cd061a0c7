import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation, System } from '../core/base/index.ts';
import { operationPage, operationsPage } from './operation-pages.ts';
import type { DoorRequest, Page } from './page.ts';

const TOKEN = 'a-token-of-16-and-more';
const calls: unknown[] = [];

const operations: readonly Operation[] = [
  {
    method: 'GET',
    path: '/pools/:pool',
    about: 'A pool.',
    needsToken: false,
    run: ({ names }) => ({ ok: true, body: names }),
  },
  {
    method: 'POST',
    path: '/pools/:pool/drain',
    about: 'Drains it.',
    needsToken: true,
    run: (call) => {
      calls.push(call);
      return { ok: true, status: 202, body: { begun: true } };
    },
  },
  {
    method: 'DELETE',
    path: '/pools/:pool/drain',
    about: 'No.',
    needsToken: true,
    run: async () => ({
      ok: false,
      status: 409,
      problem: 'not-draining',
      title: 'Nothing drains.',
      detail: 'the pool is not drained',
    }),
  },
  {
    method: 'POST',
    path: '/count',
    about: 'Counts.',
    needsToken: false,
    run: () => ({
      ok: true,
      stream: async ({ write }) => {
        for (let nth = 1; await write({ nth }); nth++);
      },
    }),
  },
];

const systems: readonly System[] = [
  {
    name: 'balancer',
    start: async () => {},
    drain: async () => {},
    stop: async () => {},
    status: () => ({ state: 'ready', listening: [], facts: {} }),
    operations: () => operations,
  },
];

function asked(
  method: string,
  path: string,
  { body = '', headers = {} }: { body?: string; headers?: Record<string, string> } = {},
): Promise<Page> {
  const request: DoorRequest = {
    method,
    path,
    header: (name) => headers[name],
    body: async () => Buffer.from(body),
  };
  return operationPage(request, systems, TOKEN);
}

const bearer = { authorization: `Bearer ${TOKEN}` };
const json = { ...bearer, 'content-type': 'application/json' };

test('operation, names in its path: decoded and handed to it', async () => {
  const page = await asked('GET', '/systems/balancer/pools/a%2Fb');
  assert.equal(page.status, 200);
  assert.deepEqual(JSON.parse(page.body), { pool: 'a/b' });
});

test('operation with a token: refused without it, run with it, body parsed', async () => {
  assert.equal((await asked('POST', '/systems/balancer/pools/a/drain')).status, 401);
  const page = await asked('POST', '/systems/balancer/pools/a/drain', {
    headers: json,
    body: '{"deadlineMs":5}',
  });
  assert.equal(page.status, 202);
  assert.deepEqual(calls.splice(0), [{ names: { pool: 'a' }, body: { deadlineMs: 5 } }]);
  await asked('POST', '/systems/balancer/pools/a/drain', { headers: bearer });
  assert.deepEqual(calls.splice(0), [{ names: { pool: 'a' }, body: undefined }]);
});

test('operation that refuses: its problem as RFC 9457 has it', async () => {
  const page = await asked('DELETE', '/systems/balancer/pools/a/drain', { headers: bearer });
  assert.equal(page.status, 409);
  assert.equal(page.contentType, 'application/problem+json');
  assert.equal(JSON.parse(page.body).type, 'urn:plinth:problem:not-draining');
});

test('operation that streams: a line for each value, as long as somebody reads', async () => {
  const page = await asked('POST', '/systems/balancer/count');
  assert.equal(page.contentType, 'application/x-ndjson');
  const pieces: string[] = [];
  await page.stream?.(async (text) => pieces.push(text) < 3);
  assert.equal(pieces.join(''), '{"nth":1}\n{"nth":2}\n{"nth":3}\n');
});

test('request that no operation takes: 404, 405 with the methods there are, 400, 415', async () => {
  const status = async (...given: Parameters<typeof asked>) => (await asked(...given)).status;
  assert.equal(await status('GET', '/systems/kv/pools/a'), 404);
  assert.equal(await status('GET', '/systems/balancer/nothing'), 404);
  assert.equal(await status('GET', '/systems/balancer/pools/%ff'), 404);
  const wrong = await asked('PUT', '/systems/balancer/pools/a/drain');
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers?.allow, 'POST, DELETE');
  const path = '/systems/balancer/pools/a/drain';
  assert.equal(await status('POST', path, { headers: json, body: '{' }), 400);
  const form = { ...bearer, 'content-type': 'text/plain' };
  assert.equal(await status('POST', path, { headers: form, body: '{}' }), 415);
  assert.deepEqual(calls, []);
});

test('list of operations: each with its whole path', () => {
  const { operations: listed } = JSON.parse(operationsPage(systems).body);
  assert.deepEqual(
    listed.map(({ method, path }: Operation) => `${method} ${path}`),
    [
      'GET /systems/balancer/pools/:pool',
      'POST /systems/balancer/pools/:pool/drain',
      'DELETE /systems/balancer/pools/:pool/drain',
      'POST /systems/balancer/count',
    ],
  );
});
