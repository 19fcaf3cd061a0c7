import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type TestStore } from '../../testing/harness.ts';

function fill(kv: TestStore, keys: number): void {
  for (let i = 0; i < keys; i++) kv.run('SET', `k${i}`, 'v', 'EX', 1000);
  kv.run('SADD', 'large', ...Array.from({ length: 2000 }, (_, i) => `m${i}`));
}

test('FLUSHALL empties all databases at once and gives memory back in slices', () => {
  const kv = createTestStore();
  const before = kv.engine.keyspace.arena.usedBytes;
  let told = 0;
  kv.engine.onKeyspaceReplaced = () => told++;
  fill(kv, 3000);
  kv.run('SELECT', 1);
  kv.run('SET', 'k', 'v');
  kv.effects();
  assert.equal(kv.run('FLUSHALL', 'ASYNC'), 'OK');
  assert.equal(kv.engine.keyspace.keys, 0);
  assert.equal(kv.engine.database(0)!.expiries.size, 0);
  const { large } = kv.engine.keyspace;
  assert.ok(large.pending > 0);
  let slices = 0;
  while (large.reclaim(100)) slices++;
  assert.ok(slices > 20);
  assert.equal(kv.engine.keyspace.arena.usedBytes, before);
  assert.deepEqual(kv.effects(), [['db1', 'FLUSHALL', 'ASYNC']]);
  assert.equal(told, 1);
  assert.equal(kv.run('FLUSHALL'), 'OK');
  assert.deepEqual(kv.effects(), []);
  assert.deepEqual(kv.run('FLUSHALL', 'NOW'), { error: 'ERR syntax error' });
});

test('new keys come while the old ones are still being freed', () => {
  const kv = createTestStore();
  fill(kv, 1000);
  kv.run('FLUSHDB');
  fill(kv, 1000);
  while (kv.engine.keyspace.large.reclaim(50)) assert.equal(kv.run('GET', 'k7'), 'v');
  assert.equal(kv.run('DBSIZE'), 1001);
  assert.equal(kv.run('SCARD', 'large'), 2000);
});

test('FLUSHDB and SWAPDB make watchers of keys concerned fail', () => {
  const kv = createTestStore();
  const watcher = kv.connect();
  const outcome = (key: string, change: string[]) => {
    watcher.run('WATCH', key);
    kv.run(...change);
    watcher.run('MULTI');
    watcher.run('PING');
    return watcher.run('EXEC');
  };
  kv.run('SET', 'k', 'v');
  assert.deepEqual(outcome('nosuch', ['FLUSHDB']), ['PONG']);
  kv.run('SET', 'k', 'v');
  assert.equal(outcome('k', ['FLUSHDB']), null);
  kv.run('SET', 'k', 'v');
  assert.deepEqual(outcome('nosuch', ['SWAPDB', '0', '1']), ['PONG']);
  assert.equal(outcome('k', ['SWAPDB', '0', '1']), null);
});

test('SWAPDB exchanges what clients see and serves those who wait', () => {
  const kv = createTestStore();
  kv.run('SET', 'k', 'zero', 'EX', 100);
  kv.run('SELECT', 1);
  kv.run('RPUSH', 'list', 'item');
  const waiting = kv.connect();
  assert.equal(waiting.run('BLPOP', 'list', 0), undefined);
  kv.effects();
  assert.equal(kv.run('SWAPDB', 0, 1), 'OK');
  assert.deepEqual(waiting.pushed(), [['list', 'item']]);
  assert.equal(kv.run('GET', 'k'), 'zero');
  assert.equal(kv.run('TTL', 'k'), 100);
  assert.deepEqual(kv.effects()[0], ['db1', 'SWAPDB', '0', '1']);
  kv.advance(100_001);
  kv.engine.background.tick();
  assert.deepEqual(kv.effects().at(-1), ['db1', 'DEL', 'k']);
  assert.deepEqual(kv.run('SWAPDB', 'a', 1), { error: 'ERR invalid first DB index' });
  assert.deepEqual(kv.run('SWAPDB', 0, 'b'), { error: 'ERR invalid second DB index' });
  assert.deepEqual(kv.run('SWAPDB', 0, 99), { error: 'ERR DB index is out of range' });
});
