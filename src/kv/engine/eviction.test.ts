import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type TestStore } from '../testing/harness.ts';
import { LFU_COUNTER_MAX, LFU_INITIAL, lfuBits, lfuCounter, lfuTouched } from './lfu.ts';

const OOM = { error: "OOM command not allowed when used memory > 'maxmemory'." };
const VALUE = 'x'.repeat(1000);

/** A store with 1,000 keys of 1,000 bytes; memory for about as many. */
function fullStore(policy: string, prepare?: (kv: TestStore, i: number) => void): TestStore {
  const kv = createTestStore({ settings: { maxmemoryPolicy: policy, maxmemorySamples: 10 } });
  for (let i = 0; i < 1000; i++) {
    kv.run('SET', `old${i}`, VALUE);
    prepare?.(kv, i);
  }
  kv.engine.settings.maxmemory = kv.engine.keyspace.usedBytes;
  kv.effects();
  return kv;
}

/** Writes new keys; returns how many were refused. */
function write(kv: TestStore, count: number): number {
  let refused = 0;
  for (let i = 0; i < count; i++) {
    const reply = kv.run('SET', `new${i}`, VALUE);
    if (reply !== 'OK') {
      assert.deepEqual(reply, OOM);
      refused++;
    }
  }
  return refused;
}

function survivors(kv: TestStore, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) count += kv.run('EXISTS', `old${i}`) as number;
  return count;
}

for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random']) {
  test(`${policy} keeps memory below its limit, one key out for one in`, () => {
    const kv = fullStore(policy);
    assert.equal(write(kv, 500), 0);
    const { keyspace, settings, stats } = kv.engine;
    assert.ok(keyspace.usedBytes <= settings.maxmemory + 3 * VALUE.length);
    assert.ok(stats.evictedKeys >= 490 && stats.evictedKeys <= 600, `${stats.evictedKeys} evicted`);
    assert.equal(kv.effects().filter((effect) => effect[0] === 'DEL').length, stats.evictedKeys);
  });
}

test('noeviction refuses writes, reads and deletions go on', () => {
  const kv = fullStore('noeviction');
  kv.engine.settings.maxmemory -= 1;
  assert.deepEqual(kv.run('SET', 'k', 'v'), OOM);
  assert.equal(kv.run('GET', 'old1'), VALUE);
  assert.equal(kv.run('DEL', 'old1', 'old2'), 2);
  assert.equal(kv.run('SET', 'k', 'v'), 'OK');
});

test('allkeys-lru evicts what was not used for longest', () => {
  const kv = fullStore('allkeys-lru');
  kv.advance(60_000);
  for (let i = 0; i < 500; i++) kv.run('GET', `old${i}`);
  kv.advance(60_000);
  write(kv, 300);
  assert.ok(survivors(kv, 0, 500) > 480);
  assert.ok(survivors(kv, 500, 1000) < 250);
});

test('allkeys-lfu evicts what is used least', () => {
  const kv = fullStore('allkeys-lfu', (store, i) => {
    if (i < 500) for (let n = 0; n < 20; n++) store.run('GET', `old${i}`);
  });
  assert.ok((kv.run('OBJECT', 'FREQ', 'old1') as number) > LFU_INITIAL);
  assert.deepEqual(Object.keys(kv.run('OBJECT', 'IDLETIME', 'old1') as object), ['error']);
  write(kv, 300);
  assert.ok(survivors(kv, 0, 500) > 450);
});

test('volatile policies leave alone what does not expire', () => {
  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
    const kv = fullStore(policy, (store, i) => {
      if (i < 200) store.run('EXPIRE', `old${i}`, 1000 + i);
    });
    assert.equal(write(kv, 100), 0, policy);
    assert.equal(survivors(kv, 200, 1000), 800, policy);
    if (policy === 'volatile-ttl') {
      assert.ok(survivors(kv, 0, 80) < survivors(kv, 120, 200), 'the first due go first');
    }
    assert.ok(write(kv, 300) > 0, `${policy}: nothing is left to evict`);
    assert.equal(survivors(kv, 200, 1000), 800, policy);
  }
});

test('memory of large values counts when it has been given back, not before', () => {
  const kv = createTestStore({ settings: { maxmemoryPolicy: 'allkeys-lru' } });
  const members = Array.from({ length: 5000 }, (_, i) => `member${i}`);
  for (let i = 0; i < 10; i++) kv.run('SADD', `s${i}`, ...members);
  const { keyspace, settings } = kv.engine;
  settings.maxmemory = keyspace.usedBytes - 1000;
  for (let i = 0; i < 100; i++) kv.run('SET', `k${i}`, 'v');
  while (kv.engine.background.slice());
  assert.ok(keyspace.usedBytes <= settings.maxmemory);
  assert.ok(kv.engine.stats.evictedKeys <= 2, `${kv.engine.stats.evictedKeys} evicted`);
});

test('lowering the limit is followed in the background', () => {
  const kv = fullStore('allkeys-random');
  kv.engine.settings.maxmemory = Math.floor(kv.engine.settings.maxmemory / 2);
  while (kv.engine.background.slice());
  assert.ok(kv.engine.keyspace.usedBytes <= kv.engine.settings.maxmemory);
  assert.ok(kv.engine.keyspace.keys > 300);
});

test('an LFU counter rises slowly, decays by minutes and stops at its ends', () => {
  const settings = { lfuLogFactor: 10, lfuDecayTime: 1 };
  const now = 1_000_000 * 60_000;
  const fresh = lfuBits(now, LFU_INITIAL);
  assert.equal(lfuCounter(lfuTouched(fresh, now, settings, 0.9), now, settings), LFU_INITIAL + 1);
  const six = lfuBits(now, LFU_INITIAL + 1);
  assert.equal(lfuCounter(lfuTouched(six, now, settings, 0.2), now, settings), LFU_INITIAL + 1);
  assert.equal(lfuCounter(lfuTouched(six, now, settings, 0.05), now, settings), LFU_INITIAL + 2);
  assert.equal(lfuCounter(six, now + 3 * 60_000, settings), LFU_INITIAL - 2);
  assert.equal(lfuCounter(six, now + 100 * 60_000, settings), 0);
  assert.equal(
    lfuCounter(six, now + 100 * 60_000, { ...settings, lfuDecayTime: 0 }),
    LFU_INITIAL + 1,
  );
  const top = lfuBits(now, LFU_COUNTER_MAX);
  assert.equal(lfuCounter(lfuTouched(top, now, settings, 0), now, settings), LFU_COUNTER_MAX);
});
