/** A crash in a flush of which part is in tables: behind it stands what the log says, and no more. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TierStore } from '../testing/tier-store.ts';
import { digestDatabases } from '../values/index.ts';
import { contentRange, Space } from './keys.ts';

const NEW = 6000;

/**
 * A store with keys on the disk in which a flush is cut short: much of it is in tables, its mark is not.
 * `within`: changes that are part of the flush, before all others of it.
 */
async function cutShort(
  before: (store: TierStore) => void = () => {},
  within: (store: TierStore) => void = () => {},
): Promise<TierStore> {
  const store = await TierStore.open({ memtableBytes: 16 * 1024 });
  for (let i = 0; i < 50; i++) store.run('SET', `old${i}`, 'v'.repeat(100));
  before(store);
  await store.flush();
  const { flusher, store: engine } = store.persistence;
  within(store);
  for (let i = 0; i < NEW; i++) store.run('SET', `new${i}`, 'v'.repeat(1000));
  await store.settle();
  const { tables } = engine.stats;
  assert.ok(store.persistence.startFlush());
  await store.clock.runUntil(() => engine.stats.tables > tables + 2);
  assert.equal(flusher.state, 'writing', 'the flush was not cut short');
  flusher.close();
  return store;
}

/** Entries of the index of times of the first database. */
function timesOf(store: TierStore): string[] {
  const scan = store.persistence.store.scan(contentRange(Space.time, store.database().content));
  const times: string[] = [];
  while (scan.fillNow()) {
    for (let nth = 0; nth < scan.count; nth++) {
      const key = scan.key(nth);
      const atMs = key.readUInt32BE(5) * 2 ** 32 + key.readUInt32BE(9);
      times.push(`${key.toString('latin1', 13)} ${atMs}`);
    }
  }
  scan.close();
  return times;
}

test('a key that a flush cut short has stored, and that was deleted behind it, stays away', async () => {
  const store = await cutShort();
  for (let i = 0; i < NEW; i++) assert.equal(store.run('DEL', `new${i}`), 1);
  await store.settle();
  await store.crash();
  assert.equal(store.run('DBSIZE'), 50);
  assert.equal((store.run('KEYS', '*') as string[]).length, 50);
  for (let i = 0; i < NEW; i++) assert.equal(store.run('EXISTS', `new${i}`), 0);
  assert.equal(store.run('DBSIZE'), 50);
  await store.freeze();
  assert.equal((store.run('KEYS', '*') as string[]).length, 50);
  await store.crash();
  assert.equal(store.run('GET', 'new7'), null);
  assert.equal(store.run('DBSIZE'), 50);
});

test('a key that is renamed, moved or flushed away behind a flush cut short stays away', async () => {
  const store = await cutShort();
  for (let i = 0; i < NEW; i += 3) {
    assert.equal(store.run('RENAME', `new${i}`, `other${i}`), 'OK');
    assert.equal(store.run('MOVE', `new${i + 1}`, 1), 1);
  }
  await store.settle();
  await store.crash(true);
  assert.equal(store.run('DBSIZE'), 50 + (NEW * 2) / 3);
  assert.equal((store.run('KEYS', 'new*') as string[]).length, NEW / 3);
  store.run('FLUSHDB');
  await store.settle();
  await store.crash(true);
  assert.deepEqual(store.run('KEYS', '*'), []);
});

test('an expiry that a flush cut short has changed, and that changed back, is in the index of times', async () => {
  const at = 4_000_000_000_000;
  const store = await cutShort(
    (early) => {
      for (let i = 0; i < 50; i++) early.run('PEXPIREAT', `old${i}`, at + i);
    },
    (later) => {
      for (let i = 0; i < 50; i++) later.run('PEXPIREAT', `old${i}`, at + 1000);
    },
  );
  for (let i = 0; i < 50; i++) store.run('PEXPIREAT', `old${i}`, at + i);
  await store.settle();
  await store.crash();
  await store.freeze();
  const times = timesOf(store);
  for (let i = 0; i < 50; i++) assert.ok(times.includes(`old${i} ${at + i}`), `old${i}`);
});

test('elements that a flush cut short has stored, and that went behind it, stay away', async () => {
  const of = (what: string, from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => `${what} ${from + n}`);
  const store = await cutShort(
    (early) => {
      early.run('SADD', 'set', ...of('member', 0, 1500));
      early.run('HSET', 'hash', ...of('field', 0, 1500).flatMap((name) => [name, 'v']));
      early.run('ZADD', 'sorted', ...of('member', 0, 1500).flatMap((name) => ['1', name]));
      early.run('RPUSH', 'list', ...of('item', 0, 3000));
    },
    (later) => {
      later.run('SADD', 'set', ...of('new', 0, 50));
      later.run('HSET', 'hash', ...of('new', 0, 50).flatMap((name) => [name, 'v']));
      later.run('HSET', 'hash', ...of('field', 0, 50).flatMap((name) => [name, 'other']));
      later.run('ZADD', 'sorted', ...of('new', 0, 50).flatMap((name) => ['2', name]));
      later.run('ZADD', 'sorted', ...of('member', 0, 50).flatMap((name) => ['7', name]));
      later.run('SREM', 'set', ...of('member', 100, 150));
      later.run('RPUSH', 'list', ...of('new', 0, 500));
      later.run('LSET', 'list', '5', 'other');
    },
  );
  store.run('SREM', 'set', ...of('new', 0, 50));
  store.run('SADD', 'set', ...of('member', 100, 150));
  store.run('HDEL', 'hash', ...of('new', 0, 50));
  store.run('HSET', 'hash', ...of('field', 0, 50).flatMap((name) => [name, 'v']));
  store.run('ZREM', 'sorted', ...of('new', 0, 50));
  store.run('ZADD', 'sorted', ...of('member', 0, 50).flatMap((name) => ['1', name]));
  store.run('LTRIM', 'list', '0', '2999');
  store.run('LSET', 'list', '5', 'item 5');
  await store.settle();
  await store.crash();
  const digests = () => store.ask('DEBUG', 'DIGEST-VALUE', 'set', 'hash', 'sorted', 'list');
  const right = await TierStore.open();
  right.run('SADD', 'set', ...of('member', 0, 1500));
  right.run('HSET', 'hash', ...of('field', 0, 1500).flatMap((name) => [name, 'v']));
  right.run('ZADD', 'sorted', ...of('member', 0, 1500).flatMap((name) => ['1', name]));
  right.run('RPUSH', 'list', ...of('item', 0, 3000));
  const expected = right.run('DEBUG', 'DIGEST-VALUE', 'set', 'hash', 'sorted', 'list');
  assert.deepEqual(await digests(), expected);
  await store.freeze();
  assert.deepEqual(await digests(), expected);
  await store.crash(true);
  assert.deepEqual(await digests(), expected);
});

test('of a large collection nothing stays that a flush cut short had stored and that went behind it', async () => {
  const count = 1000;
  const each = (from: number, to: number, visit: (i: number) => void): void => {
    for (let i = from; i < to; i++) visit(i);
  };
  const add = (store: TierStore, i: number): void => {
    store.run('HSET', 'hash', `field ${i}`, `value ${i}`);
    store.run('SADD', 'set', `member ${i}`);
    store.run('ZADD', 'zset', i, `member ${i}`);
    store.run('LPUSH', 'list', `element ${i}${'x'.repeat(90)}`);
    store.run('XADD', 'stream', `${i + 1}-0`, 'field', `value ${i}`);
  };
  const store = await cutShort(
    (before) => each(0, count, (i) => add(before, i)),
    (within) => {
      each(count, count + 300, (i) => add(within, i));
      within.run('SREM', 'set', 'member 5', 'member 6');
      within.run('HDEL', 'hash', 'field 5', 'field 6');
      within.run('XGROUP', 'CREATE', 'stream', 'group', '0');
    },
  );
  // The log goes on behind it: what was added goes, some of what went comes back.
  each(count, count + 300, (i) => {
    store.run('HDEL', 'hash', `field ${i}`);
    store.run('SREM', 'set', `member ${i}`);
    store.run('ZREM', 'zset', `member ${i}`);
    store.run('LPOP', 'list');
    store.run('XDEL', 'stream', `${i + 1}-0`);
  });
  store.run('SADD', 'set', 'member 5');
  store.run('HSET', 'hash', 'field 5', 'value 5');
  store.run('XGROUP', 'DESTROY', 'stream', 'group');
  await store.settle();
  const digest = digestDatabases(store.engine.keyspace.databases);
  await store.crash();
  assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
  await store.freeze();
  assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
  await store.crash();
  assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
  await store.close();
});
