import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../core/config/index.ts';
import { createLogger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import { DEFAULT_KEY_RULE, KeyMaker } from '../key/index.ts';
import type { Purge } from './purge.ts';
import { type PurgeSettings, purgeConflicts, purgeFields } from './purge-fields.ts';
import { FakeExchange } from './purge-fixture.ts';
import { purgeHandler } from './purge-handler.ts';
import { PurgeLedger } from './purge-ledger.ts';
import { type PurgeAsked, planPurge } from './purge-plan.ts';
import { ASKED_MAX, Purger } from './purger.ts';

const DEFAULTS: PurgeSettings = {
  method: true,
  token: undefined,
  networks: purgeFields.networks.default,
  perSecond: 100,
  burst: 1000,
};

/** A cache's side of purges, with a clock that stands still. */
function cacheOf(more: Partial<PurgeSettings> = {}, keep?: (purge: Purge) => Promise<void>) {
  const state = { nowMs: 0, settings: { ...DEFAULTS, ...more }, woken: 0 };
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    level: 'info',
    sink: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const ledger = new PurgeLedger();
  const clock: Clock = {
    monotonicMs: () => state.nowMs,
    nowMicros: () => state.nowMs * 1000,
    wallMs: () => state.nowMs,
    setTimer: () => assert.fail('no timers'),
    clearTimer: () => {},
    nextTurn: () => assert.fail('no turns'),
  };
  const makers = [
    new KeyMaker(DEFAULT_KEY_RULE),
    new KeyMaker({ ...DEFAULT_KEY_RULE, queryIgnore: ['*'] }),
  ];
  const purger = new Purger({
    ...{ ledger, clock, log },
    settings: () => state.settings,
    makers: () => makers,
    onPurged: () => {
      state.woken++;
    },
    ...(keep !== undefined && { keep }),
  });
  const handle = purgeHandler({ purger, clock, log, settings: () => state.settings });
  const ask = async (...asked: ConstructorParameters<typeof FakeExchange>) => {
    const exchange = new FakeExchange(...asked);
    assert.equal(handle(exchange), true);
    const body = await exchange.answered();
    assert.equal(exchange.heads, 1);
    assert.equal(exchange.said['cache-control'], 'no-store');
    return { status: exchange.status, said: exchange.said, body };
  };
  const { counts } = purger;
  return { state, lines, ledger, purger, counts, makers, handle, ask };
}

test('PURGE of a URL: all its variants by either scheme, in the form of every rule', async () => {
  const { ask, ledger, lines, state } = cacheOf();
  const { status, body } = await ask('/%61?b=1', { host: 'A.test' });
  assert.equal(status, 200);
  assert.deepEqual(body, { purged: true, names: 4, responses: null, seq: 4 });
  for (const url of ['http://a.test/a?b=1', 'https://a.test/a?b=1', 'https://a.test/a']) {
    assert.equal(ledger.verdictOn(url, [], 0), 'hard', url);
    assert.equal(ledger.verdictOn(`${url}\ndevice mobile`, [], 0), 'hard', url);
  }
  assert.equal(ledger.verdictOn('https://a.test/b', [], 0), undefined);
  assert.equal(state.woken, 1);
  const [line] = lines;
  assert.equal(line?.msg, 'purged');
  assert.deepEqual(
    [line.who, line.by, line.names, line.seq],
    ['127.0.0.1', 'PURGE, network', 4, 4],
  );
  assert.deepEqual(line.what, [{ kind: 'url', value: 'A.test/%61?b=1', soft: false }]);
});

test('PURGE by tags: those of the request, and how many responses had them', async () => {
  const { ask, ledger } = cacheOf();
  const ids = ledger.retainTags(['news', 'é']);
  const { body } = await ask('/', {
    lines: ['Surrogate-Key: news old', 'Cache-Tag: é', 'Soft-Purge: 1'],
  });
  assert.deepEqual(body, { purged: true, names: 3, responses: 2, seq: 3 });
  for (const id of ids) assert.equal(ledger.verdictOn('https://b.test/', [id], 0), 'soft');
  assert.equal(ledger.verdictOn('http://a.test/', [], 0), undefined);
});

test('requests that name nothing, or too much, purge nothing', async () => {
  const { ask, ledger } = cacheOf();
  const many = Array.from({ length: ASKED_MAX + 1 }, (_, i) => `t${i}`).join(' ');
  const requests: readonly ConstructorParameters<typeof FakeExchange>[] = [
    ['/', { lines: ['Surrogate-Key:'] }],
    ['/', { lines: ['Cache-Tag: , ,'] }],
    ['/', { lines: [`Surrogate-Key: ${many}`] }],
  ];
  for (const request of requests) {
    const { status, body } = await ask(...request);
    assert.equal(status, 400);
    assert.equal(body.problem, 'bad-purge');
  }
  assert.equal(ledger.seq, 0);
});

test('who may purge: the token, or the networks of the settings without proxies and pages between', async () => {
  const token = new Secret('right-token');
  const rows: readonly (readonly [number, string, string, Partial<PurgeSettings>])[] = [
    [200, '127.0.0.1', '', {}],
    [200, '::ffff:127.0.0.1', '', {}],
    [200, '::1', '', {}],
    [403, '192.0.2.1', '', {}],
    [403, '127.0.0.1', 'X-Forwarded-For: 192.0.2.1', {}],
    [403, '127.0.0.1', 'Forwarded: for=192.0.2.1', {}],
    [403, '127.0.0.1', 'Via: 1.1 other', {}],
    [403, '127.0.0.1', 'Origin: https://evil.test', {}],
    [403, '127.0.0.1', '', { networks: [] }],
    [200, '192.0.2.1', '', { networks: ['192.0.2.0/24'] }],
    [401, '192.0.2.1', '', { token }],
    [401, '192.0.2.1', 'Authorization: Bearer wrong', { token }],
    [401, '127.0.0.1', 'Authorization: Bearer wrong', { token }],
    [401, '127.0.0.1', 'Authorization: Basic cmlnaHQtdG9rZW4=', { token }],
    [401, '127.0.0.1', 'Authorization: Bearer right-token', {}],
    [200, '192.0.2.1', 'Authorization: Bearer right-token', { token }],
    [200, '192.0.2.1', 'authorization: bearer  right-token ', { token, networks: [] }],
    [200, '127.0.0.1', '', { token }],
  ];
  for (const [wanted, from, line, settings] of rows) {
    const { ask, ledger } = cacheOf(settings);
    const { status, said } = await ask('/', { from, lines: line === '' ? [] : [line] });
    assert.equal(status, wanted, `${from} ${line}`);
    assert.equal(ledger.seq > 0, wanted === 200);
    assert.equal('www-authenticate' in said, wanted === 401);
  }
});

test('the rate of purges is limited, and Retry-After says when there is room again', async () => {
  const { ask, state, ledger, counts } = cacheOf({ perSecond: 1, burst: 2 });
  assert.equal((await ask('/', { lines: ['Surrogate-Key: a b'] })).status, 200);
  const { status, said } = await ask('/', { lines: ['Surrogate-Key: a b'] });
  assert.deepEqual([status, said['retry-after']], [429, '2']);
  const never = await ask('/', { lines: ['Surrogate-Key: a b c'] });
  assert.deepEqual([never.status, never.said['retry-after']], [429, undefined]);
  assert.equal(ledger.seq, 2);
  state.nowMs = 1000;
  assert.equal((await ask('/')).status, 200);
  state.settings = { ...state.settings, burst: 5 };
  assert.equal((await ask('/', { lines: ['Surrogate-Key: a b c d e'] })).status, 200);
  assert.deepEqual([counts.purged, counts.refused.get('too-often')], [8, 2]);
});

test('refusals do not flood the log', async () => {
  const { ask, lines, counts } = cacheOf({ networks: [] });
  for (let i = 0; i < 50; i++) await ask('/');
  assert.equal(counts.refused.get('forbidden'), 50);
  assert.equal(lines.length, 10);
});

test('the answer waits for the log of the disk, and tells when that failed', async () => {
  const kept = Promise.withResolvers<void>();
  const { handle, ledger } = cacheOf({}, () => kept.promise);
  const exchange = new FakeExchange('/', { lines: ['Cache-Tag: a'] });
  handle(exchange);
  assert.equal(ledger.seq, 1);
  await Promise.resolve();
  assert.equal(exchange.heads, 0);
  kept.resolve();
  assert.equal((await exchange.answered()).purged, true);

  const failing = cacheOf({}, () => Promise.reject(new Error('no room')));
  const { status, body } = await failing.ask('/');
  assert.deepEqual([status, body.problem, body.detail], [507, 'not-durable', 'no room']);
  assert.equal(failing.ledger.verdictOn('http://a.test/', [], 0), 'hard');
});

test('a client that leaves meanwhile is sent nothing, and the purge holds', async () => {
  const kept = Promise.withResolvers<void>();
  const { handle, ledger } = cacheOf({}, () => kept.promise);
  const exchange = new FakeExchange('/', { lines: ['Cache-Tag: a'] });
  handle(exchange);
  exchange.flow?.onAbort();
  kept.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(exchange.heads, 0);
  assert.equal(ledger.seq, 1);
});

test('other methods, and PURGE when it is switched off, go their way', () => {
  assert.equal(cacheOf().handle(new FakeExchange('/', { method: 'GET' })), false);
  assert.equal(cacheOf({ method: false }).handle(new FakeExchange('/')), false);
});

test('what is asked for, and what is wrong with it', () => {
  const { makers } = cacheOf();
  const plan = (kind: PurgeAsked['kind'], value: string): readonly string[] | string => {
    const planned = planPurge({ kind, value, soft: false }, makers);
    return typeof planned === 'string' ? planned : planned.map((purge) => purge.value);
  };
  assert.deepEqual(plan('url', 'https://A.test:443/x?y'), [
    'https://a.test/x?y',
    'https://a.test/x',
  ]);
  assert.deepEqual(plan('url', 'a.test/x'), ['https://a.test/x', 'http://a.test/x']);
  assert.deepEqual(plan('prefix', 'http://a.test'), ['http://a.test/']);
  assert.deepEqual(plan('prefix', 'a.test:81/x'), ['https://a.test:81/x', 'http://a.test:81/x']);
  assert.deepEqual(plan('host', 'A.test'), ['a.test']);
  assert.deepEqual(plan('host', '[::1]'), ['[::1]']);
  assert.deepEqual(plan('tag', ' news '), ['news']);
  assert.deepEqual(plan('all', ''), ['']);
  const wrong: readonly (readonly [PurgeAsked['kind'], string, RegExp])[] = [
    ['url', '', /no absolute URL/],
    ['url', '/x', /no absolute URL/],
    ['url', 'ftp://a/', /no absolute URL/],
    ['prefix', 'a.test/x?y', /without a query/],
    ['url', `https://a.test/${'x'.repeat(5000)}`, /longer than any key/],
    ['host', '', /no host/],
    ['host', 'a.test:80', /without a port/],
    ['host', 'a.test:81', /without a port/],
    ['host', 'a.test/x', /no host/],
    ['host', 'u@a.test', /no host/],
    ['tag', ' ', /1 to 1024/],
    ['tag', 'x'.repeat(1025), /1 to 1024/],
  ];
  for (const [kind, value, says] of wrong) {
    const planned = plan(kind, value);
    assert.ok(typeof planned === 'string', `${kind} ${value}`);
    assert.match(planned, says);
  }
});

test('settings: what is no network is told', () => {
  const networks = ['10.0.0.0/8', '10.0.0.1/8', 'home'];
  assert.deepEqual(
    purgeConflicts({ ...DEFAULTS, networks }).map(({ says }) => says),
    [
      'has "10.0.0.1/8", which has bits set behind its prefix',
      'has "home", which is neither an IP address nor a network',
    ],
  );
});
