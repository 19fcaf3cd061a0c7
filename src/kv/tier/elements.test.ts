/** Large collections on the disk by element: what a flush writes of them, and what comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TierStore } from '../testing/tier-store.ts';
import { digestDatabases } from '../values/index.ts';

const MANY = 2000;
/** A flush of one element, with the head of its key and what the store says of itself. */
const FEW_BYTES = 2000;

/** A command that adds an element to a collection, and one that changes or takes one away. */
const TYPES: Record<string, { add: (i: number) => string[]; change: string[]; remove: string[] }> =
  {
    hash: {
      add: (i) => ['HSET', 'big', `field ${i}`, `value ${i}`],
      change: ['HSET', 'big', 'field 77', 'changed'],
      remove: ['HDEL', 'big', 'field 78'],
    },
    set: {
      add: (i) => ['SADD', 'big', `member ${i}`],
      change: ['SADD', 'big', 'another'],
      remove: ['SREM', 'big', 'member 78'],
    },
    zset: {
      add: (i) => ['ZADD', 'big', String(i % 77), `member ${i}`],
      change: ['ZADD', 'big', '1000', 'member 77'],
      remove: ['ZREM', 'big', 'member 78'],
    },
  };

for (const [type, { add, change, remove }] of Object.entries(TYPES)) {
  test(`a flush writes of a large ${type} what has changed`, async () => {
    const store = await TierStore.open();
    const { flusher } = store.persistence;
    for (let i = 0; i < MANY; i++) store.run(...add(i));
    await store.flush();
    assert.ok(flusher.lastBytes > MANY * 9, `${flusher.lastBytes} bytes for all`);
    for (const words of [change, remove]) {
      store.run(...words);
      await store.flush();
      assert.ok(flusher.lastBytes < FEW_BYTES, `${flusher.lastBytes} bytes for one`);
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
    assert.ok(flusher.lastBytes < FEW_BYTES, `${flusher.lastBytes} bytes behind a load`);
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
    const names = { hash: 'HDEL', set: 'SREM', zset: 'ZREM' };
    const word = type === 'hash' ? 'field' : 'member';
    for (let i = 10; i < MANY; i++) {
      store.run(names[type as keyof typeof names], 'big', `${word} ${i}`);
    }
    await store.flush();
    for (let i = 0; i < MANY; i++) store.run(...add(i));
    await store.flush();
    const digest = digestDatabases(store.engine.keyspace.databases);
    await store.crash();
    assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
    await store.close();
  });
}
