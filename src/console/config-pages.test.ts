import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigDoor, PatchOutcome } from './config-door.ts';
import { BODY_BYTES_MAX } from './limits.ts';
import type { DoorRequest } from './page.ts';
import { problemTable } from './problems.ts';
import { pageFor } from './routes.ts';

const TOKEN = 'a-token-of-this-process';
const made: PatchOutcome = {
  ok: true,
  etag: '"1-2"',
  applied: [{ path: 'log.level', from: 'info', to: 'debug' }],
  needRestart: [],
  saved: true,
  file: 'plinth.yaml',
};

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly token?: string | undefined;
  readonly outcome?: PatchOutcome;
}

/** One request to the door, and the patches that reached the configuration. */
async function ask(asked: Asked) {
  const patches: unknown[] = [];
  const config: ConfigDoor = {
    etag: () => '"1-1"',
    document: () => ({ log: { level: 'info' } }),
    settings: () => ({ settings: [], needRestart: [] }),
    patch: async (patch, isMeant) => {
      if (!isMeant('"1-1"')) return refused('stale');
      patches.push(patch);
      return asked.outcome ?? made;
    },
  };
  const headers: Readonly<Record<string, string>> = {
    authorization: `Bearer ${TOKEN}`,
    'content-type': 'application/merge-patch+json',
    ...asked.headers,
  };
  const body = Buffer.from(asked.body ?? '{"log":{"level":"debug"}}');
  const request: DoorRequest = {
    method: asked.method ?? 'PATCH',
    path: asked.path ?? '/config',
    header: (name) => headers[name],
    body: async () => (body.length > BODY_BYTES_MAX ? undefined : body),
  };
  const page = await pageFor(request, {
    version: '1',
    metrics: { text: () => '' } as never,
    config,
    systems: () => [],
    token: () => ('token' in asked ? asked.token : TOKEN),
  });
  return { ...page, json: JSON.parse(page.body), patches };
}

function refused(reason: Extract<PatchOutcome, { ok: false }>['reason']): PatchOutcome {
  return {
    ok: false,
    reason,
    detail: 'why',
    problems: [
      { place: { source: 'x' }, text: 'lb.pools.a.weight is wrong', path: 'lb.pools.a.weight' },
    ],
    etag: '"1-1"',
  };
}

test('GET /config answers what is configured with its entity tag and the media type of patches', async () => {
  const page = await ask({ method: 'GET' });
  assert.deepEqual([page.status, page.json], [200, { log: { level: 'info' } }]);
  assert.deepEqual(page.headers, { etag: '"1-1"', 'accept-patch': 'application/merge-patch+json' });
  assert.equal((await ask({ method: 'GET', path: '/config/settings' })).status, 200);
});

test('a patch that is taken answers what was applied and where it is saved, with the new entity tag', async () => {
  const page = await ask({});
  assert.equal(page.status, 200);
  assert.equal(page.headers?.etag, '"1-2"');
  assert.deepEqual(page.json, {
    applied: [{ path: 'log.level', from: 'info', to: 'debug' }],
    needRestart: [],
    saved: true,
    file: 'plinth.yaml',
  });
  assert.deepEqual(page.patches, [{ log: { level: 'debug' } }]);
});

test('without the token nothing of the configuration is read or changed', async () => {
  for (const [headers, type] of [
    [{ authorization: '' }, 'no-token'],
    [{ authorization: 'Basic YTpi' }, 'no-token'],
    [{ authorization: 'Bearer' }, 'no-token'],
    [{ authorization: `Bearer ${TOKEN}x` }, 'wrong-token'],
    [{ authorization: 'Bearer x' }, 'wrong-token'],
  ] as const) {
    for (const method of ['GET', 'HEAD', 'PATCH']) {
      const page = await ask({ method, headers });
      assert.equal(page.status, 401);
      assert.equal(page.json.type, `urn:plinth:problem:${type}`);
      assert.match(page.headers?.['www-authenticate'] ?? '', /^Bearer realm="plinth"/);
      assert.deepEqual(page.patches, []);
      assert.doesNotMatch(page.body, /level/);
    }
  }
  assert.equal((await ask({ headers: { authorization: `bearer  ${TOKEN} ` } })).status, 200);
  const closed = await ask({ token: undefined });
  assert.equal(closed.status, 403);
  assert.match(closed.json.detail, /set admin\.token/);
});

test('If-Match decides on the strong entity tag; a weak one and an older one do not match', async () => {
  for (const [condition, status] of [
    ['"1-1"', 200],
    ['*', 200],
    ['"0-9", "1-1"', 200],
    ['"1-0"', 412],
    ['W/"1-1"', 412],
    ['', 412],
  ] as const) {
    const page = await ask({ headers: { 'if-match': condition } });
    assert.equal(page.status, status, condition);
    if (status === 412) assert.equal(page.headers?.etag, '"1-1"');
  }
});

test('a body of another form is refused with the status that says so', async () => {
  const type = (value: string) => ask({ headers: { 'content-type': value } });
  assert.equal((await type('application/merge-patch+json; charset=utf-8')).status, 200);
  for (const value of ['application/json', '', 'text/plain', 'application/json-patch+json']) {
    const page = await type(value);
    assert.equal(page.status, 415);
    assert.equal(page.headers?.['accept-patch'], 'application/merge-patch+json');
  }
  assert.equal((await ask({ headers: { 'content-encoding': 'gzip' } })).status, 415);
  for (const body of ['', '{', '{"a":1}x', Buffer.from([0x22, 0xff, 0x22]), '{"password": hush}']) {
    const page = await ask({ body });
    assert.equal(page.status, 400);
    assert.doesNotMatch(page.body, /hush/);
    assert.deepEqual(page.patches, []);
  }
  const large = await ask({ body: Buffer.alloc(BODY_BYTES_MAX + 1, ' ') });
  assert.deepEqual([large.status, large.headers?.connection], [413, 'close']);
});

test('every refusal is a problem with its status, and mistakes carry their JSON pointer', async () => {
  for (const [reason, status] of [
    ['wrong-settings', 422],
    ['overridden', 409],
    ['refused', 409],
    ['file-changed', 409],
    ['file-form', 409],
    ['unsaved', 507],
    ['not-open', 503],
  ] as const) {
    const page = await ask({ outcome: refused(reason) });
    assert.deepEqual([page.status, page.contentType], [status, 'application/problem+json']);
    assert.deepEqual(page.json, {
      type: `urn:plinth:problem:${reason}`,
      title: problemTable[reason].title,
      status,
      detail: 'why',
      problems: [{ pointer: '/lb/pools/a/weight', detail: 'lb.pools.a.weight is wrong' }],
    });
    assert.equal(page.headers?.['retry-after'], reason === 'not-open' ? '1' : undefined);
  }
});

test('other methods are refused with those that the page has', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'patch']) {
    const page = await ask({ method });
    assert.deepEqual([page.status, page.headers?.allow], [405, 'GET, HEAD, PATCH']);
  }
  assert.equal((await ask({ path: '/config/settings' })).headers?.allow, 'GET, HEAD');
  assert.equal((await ask({ path: '/config/' })).status, 404);
});
