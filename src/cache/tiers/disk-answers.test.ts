import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { DEFAULT_COMPRESSION } from '../compression/index.ts';
import type { RuleSettings } from '../config/config.ts';
import { SMALL_BODY_BYTES } from '../objects/stored-response.ts';
import { TestCache } from '../testing/test-cache.ts';

const FRESH = ['Cache-Control: max-age=600'];
const MEBIBYTE = 1024 * 1024;

/** A process with an empty memory behind one that has left these on the disk: target, lines, body. */
async function behind(
  responses: readonly (readonly [target: string, lines: readonly string[], body: string])[],
  rule: Partial<RuleSettings> = {},
  memoryBytes = 64 * MEBIBYTE,
): Promise<TestCache> {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(9));
  disk.mkdirSync('/data');
  const first = new TestCache({}, 64 * MEBIBYTE, clock);
  await first.openDisk(disk);
  for (const [target, lines, body] of responses) first.fill(target, [...FRESH, ...lines], body);
  await clock.settle(first.shelf!.keepAll());
  const second = new TestCache(rule, memoryBytes, clock);
  second.nowMs = first.nowMs + 60_000;
  await second.openDisk(disk);
  return second;
}

test('a plain request is answered in the same turn, and what is asked for again soon from memory then', async () => {
  const cache = await behind([['/a', ['ETag: "x"', 'X-A: b'], 'one']]);
  for (const [objects, diskHits] of [
    [0, 1],
    [1, 2],
    [1, 2],
  ]) {
    const { ending, body, heads, ...exchange } = cache.ask('/a');
    assert.deepEqual([ending, body], ['whole', 'one']);
    assert.equal(exchange.status, 200);
    assert.match(heads[0]!, /\r\nETag: "x"\r\nX-A: b\r\nContent-Length: 3\r\n/);
    assert.match(heads[0]!, /\r\nAge: 60\r\nCache-Status: plinth; hit; ttl=540\r\n/);
    assert.equal(cache.objects.stats.objects, objects);
    assert.equal(cache.counts.diskHits, diskHits);
  }
  assert.deepEqual([cache.counts.hits, cache.counts.misses, cache.asked.length], [3, 0, 0]);
  assert.equal(cache.shelf!.counts.loaded, 1);
});

test('what memory took from the disk is as if it had been fetched: fields by name, tags, validation', async () => {
  const cache = await behind([['/a', ['ETag: "x"', 'Surrogate-Key: k1 k2'], 'one']]);
  cache.ask('/a');
  cache.ask('/a');
  const known = cache.ask('/a', ['If-None-Match: "x"']);
  assert.equal(known.statusLine, 'HTTP/1.1 304 Not Modified');
  assert.equal(cache.ask('/a', ['Range: bytes=1-1']).body, 'n');
  assert.equal(cache.ledger.usesOfTag('k2'), 1);
  cache.ledger.purge({ kind: 'tag', value: 'k2', soft: false });
  assert.equal(cache.ask('/a').ending, 'none');
});

test('as many as may be come and leave, and every answer is the right one', async () => {
  const count = 3000;
  const body = (i: number): string => `${i},`.repeat(1 + ((i * 37) % 700));
  const cache = await behind(
    Array.from({ length: count }, (_, i) => [`/${i}`, [`ETag: "${i}"`, `X-${i}: y`], body(i)]),
    {},
    8 * MEBIBYTE,
  );
  const random = createSimRandom(4);
  for (let nth = 0; nth < 2 * count; nth++) {
    // Some are asked for much more often.
    const i = random.below(random.chance(0.5) ? 50 : count);
    const exchange = cache.ask(`/${i}`);
    if (exchange.ending === 'none') await cache.clock.runUntil(() => exchange.ending !== 'none');
    assert.deepEqual(
      [exchange.field('etag'), exchange.field(`x-${i}`), exchange.body],
      [`"${i}"`, 'y', body(i)],
    );
  }
  const { objects } = cache.objects.stats;
  const { diskHits, hits } = cache.counts;
  assert.ok(objects > 50 && diskHits < hits, `${objects} in memory, ${diskHits} of ${hits}`);
  assert.ok(cache.shelf!.counts.loaded < diskHits);
});

test('what is asked for once by many keys takes no place in memory', async () => {
  const cache = await behind(Array.from({ length: 500 }, (_, i) => [`/${i}`, [], 'x']));
  for (let i = 0; i < 500; i++) assert.equal(cache.ask(`/${i}`).ending, 'whole');
  assert.equal(cache.objects.stats.objects, 0);
});

test('what a purge names is not given, whatever it names and whenever it came', async () => {
  const purges = [
    { kind: 'url', value: 'http://example.com/a' },
    { kind: 'prefix', value: 'http://example.com/' },
    { kind: 'host', value: 'example.com' },
    { kind: 'tag', value: 'k2' },
    { kind: 'all', value: '' },
  ] as const;
  for (const purge of purges) {
    for (const soft of [false, true]) {
      const cache = await behind([['/a', ['Surrogate-Key: k1 k2'], 'one']]);
      assert.equal(cache.ask('/a').ending, 'whole');
      cache.ledger.purge({ ...purge, soft });
      const exchange = cache.ask('/a');
      assert.equal(exchange.ending, 'none', purge.kind);
      await cache.clock.runUntil(() => cache.asked.length > 0);
      cache.answer(FRESH, 'two');
      assert.equal(exchange.body, 'two');
      assert.equal(cache.ask('/a').body, 'two');
    }
  }
});

test('what no purge names is given behind purges', async () => {
  const cache = await behind([['/a', ['Surrogate-Key: k1'], 'one']]);
  cache.ledger.purge({ kind: 'tag', value: 'k2', soft: false });
  cache.ledger.purge({ kind: 'url', value: 'http://example.com/b', soft: false });
  for (let i = 0; i < 3; i++) assert.equal(cache.ask('/a').body, 'one');
  assert.equal(cache.asked.length, 0);
});

test('what is stale, or soon was, is not given as fresh', async () => {
  const cache = await behind([['/a', [], 'one']]);
  cache.nowMs += 540_000 - 1;
  assert.equal(cache.ask('/a').ending, 'whole');
  cache.nowMs += 1;
  assert.equal(cache.ask('/a').ending, 'none');
});

test('what varies is given to those alone who ask for that variant', async () => {
  const cache = await behind([['/a', ['Vary: X-Kind'], 'plain']]);
  assert.equal(cache.ask('/a').body, 'plain');
  const other = cache.ask('/a', ['X-Kind: other']);
  assert.equal(other.ending, 'none');
  await cache.clock.runUntil(() => cache.asked.length > 0);
});

test('of several variants on the disk each is given to those who ask for it, and comes to memory alone', async () => {
  const lines = ['Vary: X-Kind', 'X-Which: '];
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(9));
  disk.mkdirSync('/data');
  const first = new TestCache({}, 64 * MEBIBYTE, clock);
  await first.openDisk(disk);
  for (const kind of ['a', 'b', 'c']) {
    first.ask('/a', [`X-Kind: ${kind}`]);
    first.answer([...FRESH, ...lines], `body ${kind}`);
  }
  await clock.settle(first.shelf!.keepAll());
  const second = new TestCache({}, 64 * MEBIBYTE, clock);
  second.nowMs = first.nowMs;
  await second.openDisk(disk);
  for (const [kind, objects] of [
    ['a', 0],
    ['c', 0],
    ['c', 1],
    ['b', 1],
    ['a', 2],
    ['c', 2],
  ] as const) {
    const exchange = second.ask('/a', [`X-Kind: ${kind}`]);
    assert.deepEqual([exchange.ending, exchange.body], ['whole', `body ${kind}`]);
    assert.equal(second.objects.stats.objects, objects);
  }
  assert.equal(second.asked.length, 0);
});

test('requests that want something else, and rules that do, are answered as usual', async () => {
  const cases: readonly [readonly string[], string, Partial<RuleSettings>, RegExp][] = [
    [['If-None-Match: "x"'], 'GET', {}, /^HTTP\/1.1 304 /],
    [['Range: bytes=1-1'], 'GET', {}, /^HTTP\/1.1 206 /],
    [[], 'HEAD', {}, /^HTTP\/1.1 200 /],
    [['Cache-Control: max-age=100'], 'GET', {}, /^HTTP\/1.1 200 /],
    [[], 'GET', { compression: { ...DEFAULT_COMPRESSION, enabled: true } }, /^HTTP\/1.1 200 /],
  ];
  for (const [lines, method, rule, statusLine] of cases) {
    const cache = await behind([['/a', ['ETag: "x"'], 'one']], rule);
    const exchange = cache.ask('/a', lines, method);
    assert.equal(exchange.ending, 'none', `${method} ${lines}`);
    await cache.clock.runUntil(() => exchange.ending !== 'none');
    assert.match(exchange.statusLine, statusLine);
    assert.equal(cache.asked.length, 0);
  }
});

test('bodies that are empty or long, and heads with an Age of their own, come as usual and right', async () => {
  const long = 'l'.repeat(SMALL_BODY_BYTES + 1);
  const most = 'm'.repeat(SMALL_BODY_BYTES);
  const cache = await behind([
    ['/empty', [], ''],
    ['/long', [], long],
    ['/most', [], most],
    ['/age', ['Age: 7'], 'aged'],
    ['/told', ['Cache-Status: other; hit'], 'told'],
  ]);
  for (const [target, body, age] of [
    ['/empty', '', '60'],
    ['/long', long, '60'],
    ['/most', most, '60'],
    ['/age', 'aged', '67'],
    ['/told', 'told', '60'],
  ] as const) {
    for (let round = 0; round < 3; round++) {
      const exchange = cache.ask(target);
      if (exchange.ending === 'none') await cache.clock.runUntil(() => exchange.ending !== 'none');
      assert.deepEqual([exchange.body, exchange.field('age')], [body, age], target);
    }
  }
  assert.match(cache.ask('/told').field('cache-status')!, /^other; hit, plinth; hit/);
  assert.equal(cache.asked.length, 0);
});
