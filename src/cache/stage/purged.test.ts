import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldId } from '../../core/wire/index.ts';
import { DEFAULT_KEY_RULE } from '../key/index.ts';
import type { Purge } from '../purge/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import { DEFAULT_RULE } from './rule.ts';

const URL_A: Purge = { kind: 'url', value: 'http://a.test/a', soft: false };
const SOFT_A: Purge = { ...URL_A, soft: true };
const STALE_ALLOWED = ['Cache-Control: max-age=60, stale-while-revalidate=30', 'Surrogate-Key: t'];

/** The URL that a cache has under `/a`, whatever host its test asks for. */
function purgeA(cache: TestCache, purge: Purge): void {
  const key = [...cache.objects.responses()]
    .map((stored) => stored.key)
    .find((each) => /\/a(\n|$)/.test(each));
  assert.ok(key !== undefined);
  cache.ledger.purge({ ...purge, value: key.split('\n')[0] as string });
}

test('what is purged is fetched anew, and takes no memory any more', () => {
  const cache = new TestCache();
  cache.fill('/a', STALE_ALLOWED, 'one');
  cache.fill('/b', STALE_ALLOWED, 'other');
  purgeA(cache, URL_A);
  const exchange = cache.ask('/a');
  assert.equal(cache.objects.stats.objects, 1);
  cache.answer(STALE_ALLOWED, 'two');
  assert.equal(exchange.body, 'two');
  assert.equal(cache.ask('/b').body, 'other');
});

test('what is softly purged is stale: served meanwhile where it allows that, also when the clock steps back', () => {
  for (const steppedMs of [0, 5000, -5000]) {
    const cache = new TestCache();
    cache.fill('/a', STALE_ALLOWED, 'one');
    cache.nowMs += 10_000;
    purgeA(cache, SOFT_A);
    const first = cache.ask('/a');
    assert.deepEqual([first.body, first.field('age')], ['one', '60']);
    cache.nowMs += steppedMs;
    assert.equal(cache.ask('/a').body, 'one');
    assert.equal(cache.asked.length, 1, 'it is fetched behind the client, once');
    cache.answer(STALE_ALLOWED, 'two');
    assert.equal(cache.ask('/a').body, 'two');
  }
});

test('what is softly purged is stale to a cache that gets it from here too, whatever chance has taken off', () => {
  for (const jitter of [0, 0.5]) {
    const lifetimes = { ...DEFAULT_RULE.lifetimes, jitter };
    const shield = new TestCache({ lifetimes });
    const edge = new TestCache();
    shield.fill('/a', STALE_ALLOWED, 'one');
    edge.fill('/a', STALE_ALLOWED, 'one');
    for (const cache of [shield, edge]) purgeA(cache, SOFT_A);
    assert.equal(edge.ask('/a').body, 'one');
    const fetched = shield.ask('/a');
    edge.answer([...STALE_ALLOWED, `Age: ${fetched.field('age')}`], fetched.body);
    shield.answer(STALE_ALLOWED, 'two');
    assert.equal(edge.ask('/a').body, 'one');
    assert.equal(edge.asked.length, 1, 'it is fetched anew until it is fresh');
    edge.answer([...STALE_ALLOWED, 'Age: 0'], shield.ask('/a').body);
    assert.equal(edge.ask('/a').body, 'two');
  }
});

test('what is softly purged is validated first when it does not allow to be served stale', () => {
  const cache = new TestCache();
  cache.fill('/a', ['Cache-Control: max-age=60, must-revalidate', 'ETag: "x"'], 'one');
  purgeA(cache, SOFT_A);
  const exchange = cache.ask('/a');
  assert.equal(exchange.ending, 'none');
  assert.equal(cache.asked[0]?.request.fields.get(FieldId.ifNoneMatch), '"x"');
  cache.answer(['Cache-Control: max-age=60', 'ETag: "x"'], '', '304 Not Modified');
  assert.equal(exchange.body, 'one');
  assert.match(cache.ask('/a').field('cache-status') ?? '', /hit/);
});

test('a validation that brings other tags has those purge what is stored, and the old ones not', () => {
  const stale = ['Cache-Control: max-age=0', 'ETag: "x"', 'Surrogate-Key: old'];
  const fresh = ['Cache-Control: max-age=60', 'ETag: "x"', 'Surrogate-Key: new'];
  const validate = (cache: TestCache, between: () => void) => {
    cache.fill('/a', stale, 'one');
    const exchange = cache.ask('/a');
    between();
    cache.answer(fresh, '', '304 Not Modified');
    return exchange;
  };
  const tag = (value: string): Purge => ({ kind: 'tag', value, soft: false });
  const cache = new TestCache();
  assert.equal(validate(cache, () => {}).body, 'one');
  cache.ledger.purge(tag('old'));
  assert.equal(cache.ask('/a').body, 'one');
  const before = cache.objects.memory.usedBytes;
  cache.ledger.purge(tag('new'));
  assert.equal(cache.ask('/a').ending, 'none');
  assert.ok(cache.objects.memory.usedBytes < before);
  assert.equal(cache.ledger.usesOfTag('old') + cache.ledger.usesOfTag('new'), 0);

  const raced = new TestCache();
  const waiting = validate(raced, () => raced.ledger.purge(tag('new')));
  assert.equal(waiting.ending, 'none');
  raced.answer(fresh, 'two');
  assert.equal(waiting.body, 'two');
});

test('section 4.4: an unsafe request makes all keys of its URL unusable, though they allow to be served stale', () => {
  const cache = new TestCache({ key: { ...DEFAULT_KEY_RULE, headers: ['x-tenant'] } });
  for (const tenant of ['1', '2']) {
    cache.ask('/a', [`X-Tenant: ${tenant}`]);
    cache.answer(STALE_ALLOWED, `of ${tenant}`);
    assert.equal(cache.ask('/a', [`X-Tenant: ${tenant}`]).body, `of ${tenant}`);
  }
  cache.ask('/a', [], 'POST');
  cache.answer([], 'done');
  for (const tenant of ['1', '2']) {
    const exchange = cache.ask('/a', [`X-Tenant: ${tenant}`]);
    assert.equal(exchange.ending, 'none');
    cache.answer(STALE_ALLOWED, 'new');
    assert.equal(exchange.body, 'new');
  }
});

test('parts that were put together are purged by the tags of each', () => {
  for (const tag of ['first', 'second']) {
    const cache = new TestCache();
    const part = (first: number, last: number, its: string): void => {
      cache.ask('/a', [`Range: bytes=${first}-${last}`]);
      const lines = ['Cache-Control: max-age=60', 'ETag: "x"', `Surrogate-Key: ${its}`];
      const range = `Content-Range: bytes ${first}-${last}/4`;
      cache.answer([...lines, range], 'abcd'.slice(first, last + 1), '206 Partial Content');
    };
    part(0, 1, 'first');
    part(2, 3, 'second');
    assert.equal(cache.ask('/a').body, 'abcd');
    cache.ledger.purge({ kind: 'tag', value: tag, soft: false });
    assert.equal(cache.ask('/a').ending, 'none', tag);
  }
});

test('a crowd still shares one fetch while purges name other things', () => {
  const cache = new TestCache();
  const first = cache.ask('/a');
  cache.ledger.purge({ kind: 'url', value: 'http://example.com/b', soft: false });
  const second = cache.ask('/a');
  assert.equal(cache.asked.length, 1);
  const exchange = cache.begin([...STALE_ALLOWED, 'Content-Length: 3']);
  cache.ledger.purge({ kind: 'tag', value: 'other', soft: false });
  const third = cache.ask('/a');
  exchange.sink.data(Buffer.from('one'), false);
  exchange.sink.end(null);
  assert.deepEqual([first.body, second.body, third.body], ['one', 'one', 'one']);
  assert.equal(cache.asked.length, 0);
});

test('nobody joins a fetch that a purge by tag may name, before its tags have come', () => {
  const cache = new TestCache();
  const before = cache.ask('/a');
  cache.ledger.purge({ kind: 'tag', value: 't', soft: false });
  const behind = cache.ask('/a');
  assert.equal(cache.asked.length, 2);
  cache.answer(STALE_ALLOWED, 'one');
  cache.answer(STALE_ALLOWED, 'two');
  assert.deepEqual([before.body, behind.body], ['one', 'two']);
});
