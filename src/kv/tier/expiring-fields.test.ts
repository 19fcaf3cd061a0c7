/** Hashes with fields that expire stay in memory, and come back into it behind a start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TierStore } from '../testing/tier-store.ts';

/** Fields that a hash is packed with, and that it is large with. */
const SIZES = [3, 700];

async function hashed(size: number): Promise<TierStore> {
  const store = await TierStore.open();
  const fields = Array.from({ length: size }, (_, i) => [`f${i}`, `v${i}`]).flat();
  for (const name of ['h', 'other']) store.run('HSET', name, ...fields);
  store.run('HPEXPIRE', 'h', 5000, 'FIELDS', 2, 'f0', 'f1');
  return store;
}

/** Runs a command, which may have to wait for what is on the disk only. */
async function answered(store: TierStore, ...words: (string | number)[]): Promise<void> {
  for (let tries = 0; store.run(...words) === undefined; tries++) {
    assert.ok(tries < 10, `${words.join(' ')} waits for ever`);
    await store.clock.advance(10);
  }
}

/** What a server does in some tenths of a second. */
async function work(store: TierStore, ticks = 3): Promise<void> {
  for (let i = 0; i < ticks; i++) {
    store.engine.background.tick();
    await store.clock.advance(100);
  }
}

/** Field f0 of the hash is there until it is due; then it goes though nobody asks. */
async function expires(store: TierStore, name: string, size: number, index = 0): Promise<void> {
  const db = store.database(index);
  const lengthOf = (): unknown => {
    store.run('SELECT', index);
    const length = store.run('HLEN', name);
    store.run('SELECT', 0);
    return length;
  };
  const key = Buffer.from(name);
  assert.notEqual(db.findHot(key, 0, key.length), 0, 'it is in memory');
  await work(store);
  assert.equal(lengthOf(), size);
  await store.clock.advance(5000);
  await work(store);
  assert.notEqual(db.findHot(key, 0, key.length), 0);
  assert.equal(lengthOf(), size - 2);
  assert.equal(db.fieldExpiries.size, 0);
}

test('fields expire behind a start, however it came to it', async () => {
  for (const size of SIZES) {
    for (const end of ['stored', 'logged', 'power']) {
      const store = await hashed(size);
      if (end !== 'logged') await store.freeze();
      await store.settle();
      await store.crash(end === 'power');
      await expires(store, 'h', size);
      await store.settle();
      await store.crash();
      assert.equal(store.run('HLEN', 'h'), size - 2);
    }
  }
});

test('fields expire behind DEBUG RELOAD', async () => {
  for (const size of SIZES) {
    const store = await hashed(size);
    store.engine.reload = () => store.persistence.reload();
    assert.equal(store.run('DEBUG', 'RELOAD'), 'OK');
    assert.equal(store.database().hot, 1);
    await expires(store, 'h', size);
  }
});

test('fields expire under the name that a hash was given, in the database it was moved to, and in a copy', async () => {
  for (const size of SIZES) {
    for (const crashes of [false, true]) {
      const changes: [string[], string, number][] = [
        [['RENAME', 'h', 'renamed'], 'renamed', 0],
        [['COPY', 'h', 'copied'], 'copied', 0],
        [['MOVE', 'h', '1'], 'h', 1],
        [['SWAPDB', '0', '1'], 'h', 1],
        [['RENAME', 'h', 'other'], 'other', 0],
      ];
      for (const [words, name, index] of changes) {
        const store = await hashed(size);
        await store.freeze();
        await answered(store, ...words);
        await store.freeze();
        if (crashes) await store.crash();
        await expires(store, name, size, index);
      }
    }
  }
});

test('fields of a restored hash expire, and stay in memory for it', async () => {
  for (const size of SIZES) {
    const store = await hashed(size);
    await store.freeze();
    const output = Buffer.from(String(store.run('DUMP', 'h')), 'latin1');
    store.run('DEL', 'h');
    store.run('RESTORE', 'back', 0, output);
    await store.freeze();
    await store.crash();
    await expires(store, 'back', size);
  }
});

function look(store: TierStore): unknown[] {
  return [store.run('TYPE', 'h'), store.run('DUMP', 'h'), store.run('DBSIZE')];
}

test('what is left of a hash whose fields expired says nothing of who has its name', async () => {
  const commands: (string | number)[][] = [
    ['DEL', 'h'],
    ['SET', 'h', 'a string'],
    ['HPERSIST', 'h', 'FIELDS', 2, 'f0', 'f1'],
    ['HDEL', 'h', 'f0', 'f1'],
    ['RENAME', 'other', 'h'],
    ['FLUSHDB'],
  ];
  for (const words of commands) {
    for (const again of [false, true]) {
      const store = await hashed(3);
      await store.freeze();
      await answered(store, ...words);
      if (again && words[0] !== 'SET') store.run('HSET', 'h', 'f0', 'new');
      const before = look(store);
      await store.freeze();
      for (let starts = 0; starts < 2; starts++) {
        await store.crash();
        await store.clock.advance(10_000);
        await work(store);
        const now = look(store);
        assert.deepEqual(now, before, `${words.join(' ')} ${again}`);
        await store.freeze();
      }
      assert.equal(store.database().fieldExpiries.size, 0);
    }
  }
});

test('a hash whose last field expires is gone, on the disk too', async () => {
  const store = await TierStore.open();
  store.run('HSET', 'h', 'f', 'v');
  store.run('HPEXPIRE', 'h', 5000, 'FIELDS', 1, 'f');
  await store.freeze();
  await store.crash();
  await store.clock.advance(5000);
  await work(store);
  assert.equal(store.run('DBSIZE'), 0);
  await store.freeze();
  await store.crash();
  assert.equal(store.run('DBSIZE'), 0);
  assert.equal(store.run('EXISTS', 'h'), 0);
});

test('a hash that expires as a whole and by its fields goes once', async () => {
  for (const [whole, fields] of [
    [1000, 5000],
    [5000, 1000],
  ]) {
    const store = await hashed(2);
    store.run('HPEXPIRE', 'h', fields!, 'FIELDS', 2, 'f0', 'f1');
    store.run('PEXPIRE', 'h', whole!);
    await store.freeze();
    await store.crash();
    assert.equal(store.database().expiring, 1);
    await store.clock.advance(1000);
    await work(store);
    assert.equal(store.run('DBSIZE'), 1);
    await store.clock.advance(5000);
    await work(store);
    assert.equal(store.run('DBSIZE'), 1);
    assert.equal(store.database().expiring, 0);
    assert.equal(store.database().fieldExpiries.size, 0);
  }
});
