import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import { LEDGER_LIMITS, Purger, purgeFields } from '../purge/index.ts';
import { DEFAULT_RULE, ruleOf } from '../stage/rule.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { Peeked } from '../tiers/disk-shelf.ts';
import { CacheAdmin } from './cache-admin.ts';

const ROUTE = 'test';
const FRESH = ['Cache-Control: max-age=60', 'Surrogate-Key: news', 'Vary: X-A'];

function adminOf(cache: TestCache, onDisk: Peeked | null = null, sliceBytes = 0): CacheAdmin {
  const { objects, ledger, counts, clock } = cache;
  const settings = {
    ...{ method: true, token: undefined, networks: purgeFields.networks.default },
    ...{ perSecond: 100, burst: 100 },
  };
  const rule = ruleOf({ ...DEFAULT_RULE, sliceBytes });
  return new CacheAdmin({
    ...{ objects, ledger, counts },
    purger: new Purger({
      ...{ ledger, clock, log: silentLogger() },
      settings: () => settings,
      makers: () => [rule.keys],
      onPurged: () => {},
    }),
    routes: new Map([[ROUTE, { current: rule }]]),
    memoryBytesMax: 1000,
    isSweeping: false,
    wallMs: () => cache.nowMs,
    disk: () => null,
    isOnDisk: () => onDisk !== null,
    peek: async (_route, _key, isWanted) =>
      onDisk !== null && isWanted(onDisk.meta.varyNames, onDisk.meta.variant) ? onDisk : null,
  });
}

/** What is explained of a request to the one route; TestCache asks example.com without TLS. */
async function explained(admin: CacheAdmin, path: string, headers: readonly string[] = []) {
  const url = `http://example.com${path}`;
  const found = await admin.explain({ method: 'GET', url, headers, route: undefined });
  assert.ok(typeof found !== 'string' && found.length === 1);
  return found[0] as (typeof found)[number];
}

test('what is stored is explained for the request that it was made for, and changes by nothing', async () => {
  const cache = new TestCache();
  cache.ask('/a', ['X-A: 1']);
  cache.answer(FRESH, 'one');
  cache.nowMs += 10_000;
  const admin = adminOf(cache);
  const hit = await explained(admin, '/a', ['X-A: 1']);
  assert.deepEqual([hit.verdict, hit.stored?.tier, hit.stored?.tags], ['hit', 'memory', ['news']]);
  assert.equal(hit.stored?.ttlSeconds, 50);
  const other = await explained(admin, '/a');
  assert.deepEqual([other.verdict, other.otherVariants, other.stored], ['miss', 1, null]);
  await admin.purge([{ kind: 'tag', value: 'news', soft: false }], { who: 'x', by: 'test' });
  const purged = await explained(admin, '/a', ['X-A: 1']);
  assert.match(purged.why, /a purge has named it|a purge has named what is stored/);
  assert.equal(cache.objects.stats.objects, 1);
  assert.equal((await explained(admin, '/b')).verdict, 'miss');
  assert.equal(cache.asked.length, 0);
});

test('a response that was not stored is explained by its reason', async () => {
  const cache = new TestCache();
  cache.ask('/a');
  cache.answer(['Cache-Control: private'], 'one');
  const { verdict, refused } = await explained(adminOf(cache), '/a');
  assert.equal(verdict, 'miss');
  assert.match(refused?.says ?? '', /RFC 9111 section 5\.2\.2\.7/);
});

test('what only the disk has is explained from there, for the variant that is asked for', async () => {
  const cache = new TestCache();
  const admin = adminOf(cache, {
    meta: {
      ...{ space: ROUTE, key: 'http://example.com/a', varyNames: ['x-a'], variant: 'x-a:1\n' },
      ...{ status: 200, invalidated: false, responseMs: cache.nowMs, initialAgeSeconds: 0 },
      ...{ lifetimeSeconds: 60, freshUntilMs: cache.nowMs + 60_000 },
    },
    fields: fieldsOf(...FRESH),
    bodyBytes: 3,
    sequence: 0,
  });
  const hit = await explained(admin, '/a', ['X-A: 1']);
  assert.deepEqual([hit.verdict, hit.stored?.tier], ['hit', 'disk']);
  const none = await explained(admin, '/a');
  assert.deepEqual([none.verdict, none.stored], ['miss', null]);
  assert.doesNotMatch(none.why, /disk/);
  cache.ledger.purge({ kind: 'tag', value: 'news', soft: true });
  const stale = await explained(admin, '/a', ['X-A: 1']);
  assert.deepEqual([stale.verdict, /soft purge/.test(stale.why)], ['validate', true]);
});

test('a request that is none, and a route without a cache', async () => {
  const admin = adminOf(new TestCache());
  const wrong = await admin.explain({ method: 'GET', url: 'a', headers: [], route: undefined });
  assert.match(String(wrong), /no absolute URL/);
  const url = 'http://example.com/';
  assert.deepEqual(await admin.explain({ method: 'GET', url, headers: [], route: 'other' }), []);
});

test('status: what was counted and what is there', async () => {
  const cache = new TestCache();
  cache.fill('/a', FRESH, 'one');
  cache.ask('/a');
  cache.ask('/b');
  cache.answer(['Cache-Control: no-store'], 'two');
  const admin = adminOf(cache);
  await admin.purge([{ kind: 'all', value: '', soft: true }], { who: 'x', by: 'test' });
  const { requests, notStored, memory, routes, purges, stored } = admin.status();
  assert.deepEqual([requests.hit, requests.miss, stored], [1, 2, 1]);
  assert.deepEqual(notStored, { 'no-store': 1 });
  assert.deepEqual([memory.objects, memory.bytesMax], [1, 1000]);
  assert.deepEqual(routes, [{ name: ROUTE, rule: 'default', resources: 2 }]);
  assert.equal(purges.seq, 1);
  assert.ok(purges.bytes < LEDGER_LIMITS.tagBytesMax);
});

test('under a rule with slices that in which the request begins is explained', async () => {
  const cache = new TestCache({ sliceBytes: 10 });
  cache.ask('/film', ['Range: bytes=12-13']);
  const lines = ['Cache-Control: max-age=60', 'ETag: "a"', 'Content-Range: bytes 10-19/95'];
  cache.answer(lines, '0123456789', '206 Partial Content');
  const admin = adminOf(cache, null, 10);
  const hit = await explained(admin, '/film', ['Range: bytes=15-']);
  assert.deepEqual([hit.verdict, hit.stored?.status, hit.stored?.bodyBytes], ['hit', 206, 10]);
  assert.deepEqual([hit.url, hit.keyLines], ['http://example.com/film', ['slice 10 1']]);
  assert.equal((await explained(admin, '/film')).verdict, 'miss');
  cache.fill('/none', ['Cache-Control: max-age=60'], 'all of it');
  const whole = await explained(admin, '/none', ['Range: bytes=50-']);
  assert.deepEqual([whole.verdict, whole.stored?.status, whole.keyLines], ['hit', 200, []]);
});
