import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import { TestCache } from '../testing/test-cache.ts';

const LONG = [
  'Cache-Control: max-age=600, stale-while-revalidate=600, stale-if-error=600',
  'ETag: "x"',
];
const PART = ['Cache-Control: max-age=600', 'ETag: "x"', 'Content-Range: bytes 0-2/10'];

function inDoubt(cache: TestCache): TestCache {
  cache.ledger.completeUntilMs = cache.nowMs;
  return cache;
}

/** A plain request, which sleeping responses answer too, and one that wakes them. */
const waysToAsk: readonly (readonly string[])[] = [[], ['Range: bytes=0-1'], ['Pragma: x']];

test('in doubt what is stored is validated for each request, and used as before when doubt ends', () => {
  for (const lines of waysToAsk) {
    const cache = new TestCache();
    cache.fill('/a', LONG, 'one');
    cache.ledger.completeUntilMs = cache.nowMs + 1;
    assert.ok(cache.ask('/a', lines).ending === 'whole', 'it is trusted up to the moment');
    inDoubt(cache);
    for (let nth = 0; nth < 2; nth++) {
      const exchange = cache.ask('/a', lines);
      assert.equal(exchange.ending, 'none');
      assert.equal(cache.asked[0]?.request.fields.get(FieldId.ifNoneMatch), '"x"');
      cache.answer(LONG, '', '304 Not Modified');
      assert.equal(exchange.ending, 'whole');
      assert.ok('one'.startsWith(exchange.body));
    }
    cache.ledger.completeUntilMs = Number.POSITIVE_INFINITY;
    assert.equal(cache.ask('/a', lines).ending, 'whole');
    assert.equal(cache.asked.length, 0);
  }
});

test('in doubt something else than what is stored takes its place', () => {
  const cache = new TestCache();
  cache.fill('/a', LONG, 'one');
  inDoubt(cache);
  const exchange = cache.ask('/a');
  cache.answer(LONG, 'two');
  assert.equal(exchange.body, 'two');
});

test('in doubt nothing stale is served, neither meanwhile nor when the origin fails', () => {
  for (const status of ['500 Oh', '502 No', '503 No', '504 No']) {
    const cache = new TestCache();
    cache.fill('/a', LONG, 'one');
    cache.nowMs += 700_000;
    inDoubt(cache);
    const exchange = cache.ask('/a');
    assert.equal(exchange.ending, 'none');
    cache.answer([], 'broken', status);
    assert.deepEqual([exchange.status, exchange.body], [Number(status.slice(0, 3)), 'broken']);
  }
});

test('what becomes doubtful while the origin is asked is not served when that fails', () => {
  const cache = new TestCache();
  cache.fill('/a', LONG, 'one');
  cache.nowMs += 1_300_000;
  const exchange = cache.ask('/a');
  inDoubt(cache);
  cache.answer([], '', '503 No');
  assert.equal(exchange.status, 503);
});

test('in doubt nobody joins a fetch: it may have begun before a purge that is not known', () => {
  const cache = new TestCache();
  const first = cache.ask('/a');
  inDoubt(cache);
  const second = cache.ask('/a');
  assert.equal(cache.asked.length, 2);
  const third = cache.ask('/a');
  assert.equal(cache.asked.length, 3, 'nor one that began in doubt');
  for (const body of ['one', 'two', 'new']) cache.answer(LONG, body);
  assert.deepEqual([first.body, second.body, third.body], ['one', 'two', 'new']);
});

test('in doubt nobody reads along with what is being stored', () => {
  const cache = new TestCache();
  const first = cache.ask('/a');
  const origin = cache.begin([...LONG, 'Content-Length: 6']);
  origin.sink.data(Buffer.from('one'), false);
  inDoubt(cache);
  const second = cache.ask('/a');
  assert.equal(cache.asked.length, 1);
  origin.sink.data(Buffer.from('two'), false);
  origin.sink.end(null);
  cache.answer(LONG, 'anew');
  assert.deepEqual([first.body, second.body], ['onetwo', 'anew']);
});

test('in doubt parts of a representation are not used, and only-if-cached finds nothing', () => {
  const cache = new TestCache();
  cache.ask('/a', ['Range: bytes=0-2']);
  cache.answer(PART, 'abc', '206 Partial Content');
  assert.equal(cache.ask('/a', ['Range: bytes=0-2']).body, 'abc');
  cache.fill('/b', LONG, 'one');
  inDoubt(cache);
  assert.equal(cache.ask('/b', ['Cache-Control: only-if-cached']).status, 504);
  assert.equal(cache.ask('/a', ['Range: bytes=0-2']).ending, 'none');
  assert.equal(cache.asked.length, 1);
});

test('in doubt a HEAD goes to the origin', () => {
  const cache = new TestCache();
  cache.fill('/a', LONG, 'one');
  inDoubt(cache);
  assert.equal(cache.ask('/a', [], 'HEAD').ending, 'none');
  assert.equal(cache.asked.length, 1);
});

test('in doubt what comes back from the disk is validated', async () => {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(5));
  const before = new TestCache({}, undefined, clock);
  await before.openDisk(disk);
  before.fill('/a', LONG, 'one');
  await clock.settle(before.shelf!.keepAll());
  await clock.settle(before.shelf!.close());
  const cache = new TestCache({}, undefined, clock);
  await cache.openDisk(disk);
  inDoubt(cache);
  const exchange = cache.ask('/a');
  await clock.runUntil(() => cache.asked.length > 0);
  assert.equal(exchange.ending, 'none');
  assert.equal(cache.asked[0]?.request.fields.get(FieldId.ifNoneMatch), '"x"');
  cache.answer(LONG, '', '304 Not Modified');
  assert.equal(exchange.body, 'one');
  await clock.settle(cache.shelf!.close());
});

test('a fetch that began in doubt does not outlive a purge that is learnt when doubt ends', () => {
  const cache = new TestCache();
  inDoubt(cache);
  const exchange = cache.ask('/a');
  const origin = cache.begin([...LONG, 'Content-Length: 3']);
  cache.ledger.purge({ kind: 'all', value: '', soft: false });
  cache.ledger.completeUntilMs = Number.POSITIVE_INFINITY;
  origin.sink.data(Buffer.from('old'), false);
  origin.sink.end(null);
  assert.equal(exchange.body, 'old');
  assert.equal(cache.ask('/a').ending, 'none');
});
