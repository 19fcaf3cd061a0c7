/** Large collections on the disk by element: what a flush writes of them, and what comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TierStore } from '../testing/tier-store.ts';
import { digestDatabases } from '../values/index.ts';

const MANY = 2000;
/** A flush of one element, with the head of its key and what the store says of itself. */
const FEW_BYTES = 2000;

interface Changes {
  /** Adds an element. */
  add(i: number): string[];
  change: string[];
  remove: string[];
  /** Leaves few. */
  shrink(i: number): string[];
  /** Bytes of an element and the head, at most. */
  fewBytes?: number;
}

const TYPES: Record<string, Changes> = {
  hash: {
    add: (i) => ['HSET', 'big', `field ${i}`, `value ${i}`],
    change: ['HSET', 'big', 'field 77', 'changed'],
    remove: ['HDEL', 'big', 'field 78'],
    shrink: (i) => ['HDEL', 'big', `field ${i}`],
  },
  set: {
    add: (i) => ['SADD', 'big', `member ${i}`],
    change: ['SADD', 'big', 'another'],
    remove: ['SREM', 'big', 'member 78'],
    shrink: (i) => ['SREM', 'big', `member ${i}`],
  },
  zset: {
    add: (i) => ['ZADD', 'big', String(i % 77), `member ${i}`],
    change: ['ZADD', 'big', '1000', 'member 77'],
    remove: ['ZREM', 'big', 'member 78'],
    shrink: (i) => ['ZREM', 'big', `member ${i}`],
  },
  list: {
    add: (i) => [i % 3 === 0 ? 'LPUSH' : 'RPUSH', 'big', `element ${i}${'x'.repeat(90)}`],
    change: ['LSET', 'big', '777', 'changed'],
    remove: ['LREM', 'big', '1', `element 78${'x'.repeat(90)}`],
    shrink: () => ['LPOP', 'big'],
    fewBytes: 20_000,
  },
  stream: {
    add: (i) => ['XADD', 'big', `${i + 1}-1`, 'field', `value ${i}`],
    change: ['XADD', 'big', '900000-*', 'field', 'another'],
    remove: ['XDEL', 'big', '78-1'],
    shrink: (i) => ['XDEL', 'big', `${i + 1}-1`],
    fewBytes: 10_000,
  },
};

for (const [type, { add, change, remove, shrink, fewBytes = FEW_BYTES }] of Object.entries(TYPES)) {
  test(`a flush writes of a large ${type} what has changed`, async () => {
    const store = await TierStore.open();
    const { flusher } = store.persistence;
    for (let i = 0; i < MANY; i++) store.run(...add(i));
    await store.flush();
    assert.ok(flusher.lastBytes > MANY * 9, `${flusher.lastBytes} bytes for all`);
    for (const words of [change, remove]) {
      store.run(...words);
      await store.flush();
      assert.ok(flusher.lastBytes < fewBytes, `${flusher.lastBytes} bytes for one`);
    }
    const { databases } = store.engine.keyspace;
    const digest = digestDatabases(databases);
    store.drop();
    assert.equal(store.database().cold, 1);
    assert.equal(digestDatabases(databases), digest);
    // The command waits for the load.
    while (store.run(...change) === undefined) await store.clock.advance(1);
    store.run(...add(MANY));
    assert.equal(store.database().cold, 0);
    await store.flush();
    assert.ok(flusher.lastBytes < fewBytes, `${flusher.lastBytes} bytes behind a load`);
    const last = digestDatabases(databases);
    await store.crash();
    assert.equal(digestDatabases(store.engine.keyspace.databases), last);
    await store.close();
  });

  test(`a large ${type} that moves while a flush writes it is stored there and here`, async () => {
    const store = await TierStore.open();
    for (let i = 0; i < MANY; i++) store.run(...add(i));
    await store.flush();
    for (let i = 0; i < MANY; i += 3) store.run(...add(MANY + i));
    await store.settle();
    store.persistence.startFlush();
    assert.equal(store.run('MOVE', 'big', '1'), 1);
    store.run('SELECT', '1');
    store.run(...change);
    await store.flush();
    const digest = digestDatabases(store.engine.keyspace.databases);
    await store.crash();
    assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
    await store.close();
  });

  test(`a large ${type} that becomes small is stored whole, and by element when it grows again`, async () => {
    const store = await TierStore.open();
    for (let i = 0; i < MANY; i++) store.run(...add(i));
    await store.flush();
    for (let i = 10; i < MANY; i++) store.run(...shrink(i));
    await store.flush();
    for (let i = 0; i < MANY; i++) store.run(...add(i));
    await store.flush();
    const digest = digestDatabases(store.engine.keyspace.databases);
    await store.crash();
    assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
    await store.close();
  });
}

test('a list that is packed while a flush writes its chunks is stored as it was before', async () => {
  const store = await TierStore.open({ settings: { listMaxListpackSize: 4 } });
  for (let i = 0; i < MANY; i++) store.run('RPUSH', 'big', `element ${i}`);
  await store.settle();
  store.persistence.startFlush();
  for (let left = MANY; left > 1; left--) store.run('RPOP', 'big');
  await store.clock.runUntil(() => !store.persistence.flusher.running);
  assert.equal(store.persistence.flusher.completed, 1);
  store.run('RPUSH', 'big', 'last');
  await store.settle();
  await store.crash();
  assert.deepEqual(store.run('LRANGE', 'big', 0, -1), ['element 0', 'last']);
  await store.close();
});
