/** Keys that are on the disk only go when their time has come, as those in memory do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../errors.ts';
import { TierStore } from '../testing/tier-store.ts';
import { contentRange, Space } from './keys.ts';

const NAMES = 600;

/** Lets the background work for some ticks, as a server does. */
async function work(store: TierStore, ticks = 2): Promise<void> {
  const { engine, clock } = store;
  let scheduled = false;
  const slice = (): void => {
    scheduled = false;
    if (engine.background.slice()) schedule();
    store.persistence.log.flush();
  };
  const schedule = (): void => {
    if (!scheduled) clock.nextTurn(slice);
    scheduled = true;
  };
  engine.onBackgroundWork = schedule;
  for (let i = 0; i < ticks; i++) {
    if (engine.background.tick()) schedule();
    await clock.advance(100);
  }
}

/** Keys of which every third expires in a second, every third in a hundred, on the disk only. */
async function frozen(): Promise<TierStore> {
  const store = await TierStore.open();
  for (let i = 0; i < NAMES; i++) {
    store.run('SET', `key${i}`, 'v'.repeat(i % 50));
    if (i % 3 === 0) store.run('PEXPIRE', `key${i}`, 1000 + (i % 7));
    if (i % 3 === 1) store.run('PEXPIRE', `key${i}`, 100_000 + i);
  }
  await store.freeze();
  assert.equal(store.database().hot, 0);
  return store;
}

/** Entries of a space of the first database. */
function entries(store: TierStore, space: number): string[] {
  const scan = store.persistence.store.scan(contentRange(space, store.database().content));
  const found: string[] = [];
  while (scan.fillNow()) {
    for (let nth = 0; nth < scan.count; nth++) found.push(scan.key(nth).toString('latin1', 13));
  }
  scan.close();
  return found;
}

function expires(store: TierStore): number {
  const found = /db0:keys=\d+,expires=(\d+)/.exec(String(store.run('INFO', 'keyspace')));
  return Number(found?.[1] ?? 0);
}

test('keys that are due go without being loaded, the others stay, and listeners are told', async () => {
  const store = await frozen();
  const listener = store.connect();
  store.run('CONFIG', 'SET', 'notify-keyspace-events', 'Ex');
  store.runAs(listener, 'SUBSCRIBE', '__keyevent@0__:expired');
  await work(store);
  assert.equal(store.run('DBSIZE'), NAMES);
  assert.equal(expires(store), (NAMES * 2) / 3);
  await store.clock.advance(1000);
  const { loads } = store.engine.cold!;
  await work(store);
  assert.equal(store.run('DBSIZE'), (NAMES * 2) / 3);
  assert.equal(expires(store), NAMES / 3);
  assert.equal(store.engine.cold!.loads, loads);
  assert.equal(store.engine.stats.expiredKeys, NAMES / 3);
  const told = store.taken(listener).map((message) => (message as string[])[2]);
  const due = Array.from({ length: NAMES / 3 }, (_, i) => `key${i * 3}`);
  assert.deepEqual(told.toSorted(), due.toSorted());
  for (const name of ['key0', 'key3', 'key597']) assert.equal(store.run('EXISTS', name), 0);
  assert.equal((store.run('KEYS', '*') as string[]).length, (NAMES * 2) / 3);
  assert.equal(store.run('EXISTS', 'key1', 'key2'), 2);
});

test('what has expired stays away behind a crash and behind a flush, which cleans the disk', async () => {
  const store = await frozen();
  await store.clock.advance(1000);
  await work(store);
  await store.settle();
  await store.crash(true);
  assert.equal(store.run('DBSIZE'), (NAMES * 2) / 3);
  assert.equal(expires(store), NAMES / 3);
  await store.freeze();
  assert.equal(entries(store, Space.key).length, (NAMES * 2) / 3);
  assert.equal(entries(store, Space.time).length, NAMES / 3);
  await store.crash(true);
  assert.equal(store.run('DBSIZE'), (NAMES * 2) / 3);
  assert.equal(expires(store), NAMES / 3);
  await store.clock.advance(200_000);
  await work(store);
  assert.equal(store.run('DBSIZE'), NAMES / 3);
  assert.equal(expires(store), 0);
});

test('keys that are due when the store starts go then', async () => {
  const store = await frozen();
  await store.clock.advance(1000);
  await store.crash();
  await work(store);
  assert.equal(store.run('DBSIZE'), (NAMES * 2) / 3);
});

test('the elements of a large value go with it', async () => {
  const store = await TierStore.open();
  for (const name of ['a', 'b']) {
    for (let i = 0; i < 2000; i++) store.run('RPUSH', name, `element ${i}`);
  }
  store.run('PEXPIRE', 'a', 1000);
  await store.freeze();
  const before = entries(store, Space.element).length;
  await store.clock.advance(1000);
  const { loads } = store.engine.cold!;
  await work(store);
  assert.equal(store.run('DBSIZE'), 1);
  assert.equal(store.engine.cold!.loads, loads);
  await store.freeze();
  assert.equal(entries(store, Space.element).length, before / 2);
  // It may have to be read first.
  store.run('LLEN', 'b');
  await store.clock.advance(100);
  assert.equal(store.run('LLEN', 'b'), 2000);
});

test('nothing goes in a pause, while writes are refused, in a replay and when it is switched off', async () => {
  const store = await frozen();
  await store.clock.advance(1000);
  const { engine } = store;
  const stays = async (): Promise<void> => {
    await work(store);
    assert.equal(store.run('DBSIZE'), NAMES);
  };
  store.run('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await stays();
  store.run('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
  engine.writesRefused = new ReplyError('MISCONF');
  await stays();
  engine.writesRefused = undefined;
  engine.keyspace.expiresOnLookup = false;
  await stays();
  engine.keyspace.expiresOnLookup = true;
  store.run('CLIENT', 'PAUSE', 100_000, 'WRITE');
  await stays();
  store.run('CLIENT', 'UNPAUSE');
  await work(store);
  assert.equal(store.run('DBSIZE'), (NAMES * 2) / 3);
});

test('a key whose time was changed since is not taken for due', async () => {
  const store = await frozen();
  assert.equal(store.run('PERSIST', 'key0'), 1);
  assert.equal(store.run('PEXPIRE', 'key3', 50_000), 1);
  assert.equal(store.run('PEXPIRE', 'key6', 500), 1);
  assert.equal(store.run('SET', 'key9', 'new'), 'OK');
  assert.equal(store.run('RENAME', 'key12', 'renamed'), 'OK');
  assert.equal(store.run('DEL', 'key15'), 1);
  assert.equal(store.run('PEXPIRE', 'key1', 1000), 1);
  const size = NAMES - 1;
  const due = NAMES / 3 - 4 + 1;
  for (const stored of [false, true]) {
    if (stored) await store.freeze();
    await store.clock.advance(510);
    await work(store, 1);
    assert.equal(store.run('DBSIZE'), stored ? size - due : size - 1);
  }
  assert.equal(store.run('EXISTS', 'key0', 'key3', 'key9'), 3);
  assert.equal(store.run('EXISTS', 'key1', 'key6', 'renamed'), 0);
  await store.freeze();
  assert.equal(entries(store, Space.time).length, expires(store));
  assert.equal(store.engine.coldExpiry!.stale, 0);
});

test('a key that leaves memory behind a walk, due already, is found by the next one', async () => {
  const store = await frozen();
  await store.clock.advance(500);
  await work(store);
  store.run('SET', 'late', 'v', 'PX', 10);
  await store.flush();
  store.run('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await store.clock.advance(20);
  store.drop();
  store.run('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
  await work(store, 1);
  assert.equal(store.run('DBSIZE'), NAMES);
});

test('databases that are exchanged, emptied or reloaded under a walk keep what is theirs', async () => {
  for (const change of [['SWAPDB', 0, 1], ['FLUSHDB'], ['DEBUG', 'RELOAD']]) {
    const store = await frozen();
    store.engine.reload = () => store.persistence.reload();
    await store.clock.advance(1000);
    store.engine.background.tick();
    // The walk waits for its first page.
    store.run(...change);
    await work(store, 12);
    const sizes = [0, 1].map((index) => store.database(index).size);
    const left = (NAMES * 2) / 3;
    if (change[0] === 'SWAPDB') assert.deepEqual(sizes, [0, left]);
    else assert.deepEqual(sizes, [change[0] === 'FLUSHDB' ? 0 : left, 0], change.join(' '));
    await store.settle();
    await store.crash();
    store.engine.overwritten!.resolveAll();
    assert.deepEqual(
      [0, 1].map((index) => store.database(index).size),
      sizes,
    );
  }
});

test('a disk that can not be read delays what is due, and no longer than it has to', async () => {
  const store = await frozen();
  await store.crash();
  await store.clock.advance(1000);
  store.disk.failAll('read', 'EIO');
  await work(store);
  assert.equal(store.run('DBSIZE'), NAMES);
  store.disk.heal();
  await work(store);
  assert.equal(store.run('DBSIZE'), NAMES);
  await store.clock.advance(60_000);
  await work(store);
  assert.equal(store.run('DBSIZE'), (NAMES * 2) / 3);
});

test('a slice ends when its time is over and goes on where it was', async () => {
  const store = await frozen();
  await store.clock.advance(1000);
  const { engine } = store;
  const expiry = engine.coldExpiry!;
  const keys: number[] = [];
  for (let more = true, slices = 0; slices < 1000 && (more || slices < 900); slices++) {
    engine.executor.beginBatch();
    let left = 10;
    more = !expiry.slice(() => --left < 0);
    engine.executor.commitBackground();
    keys.push(engine.keyspace.keys);
    await store.clock.advance(0);
    if (engine.keyspace.keys === (NAMES * 2) / 3) break;
  }
  assert.equal(engine.keyspace.keys, (NAMES * 2) / 3);
  assert.ok(keys.every((count, i) => i === 0 || keys[i - 1]! - count <= 10));
});

test('entries of times that a flush cut short has left behind are deleted', async () => {
  const store = await TierStore.open({ memtableBytes: 16 * 1024 });
  store.run('SET', 'known', 'v', 'PX', 5000);
  await store.flush();
  store.run('PEXPIRE', 'known', 1000);
  for (let i = 0; i < 2500; i++) store.run('SET', `new${i}`, 'v'.repeat(1000), 'PX', 1000);
  await store.settle();
  const { tables } = store.persistence.store.stats;
  store.persistence.startFlush();
  await store.clock.runUntil(() => store.persistence.store.stats.tables > tables + 2);
  assert.equal(store.persistence.flusher.state, 'writing', 'the flush was not cut short');
  store.persistence.flusher.close();
  // What it has written of times says nothing true then.
  store.run('PEXPIRE', 'known', 50_000);
  for (let i = 0; i < 2500; i++) store.run('PERSIST', `new${i}`);
  store.run('SET', 'new0', 'v', 'PX', 60_000);
  await store.settle();
  await store.crash();
  const left = entries(store, Space.time).length;
  assert.ok(left > 100, `${left} entries`);
  await store.freeze();
  await store.clock.advance(2000);
  await work(store, 20);
  assert.equal(store.run('DBSIZE'), 2501);
  await store.flush();
  assert.deepEqual(entries(store, Space.time), ['known', 'new0']);
  assert.ok(store.engine.coldExpiry!.stale > 100);
});

test('eviction takes what is in memory, and finds nothing when all is on the disk', async () => {
  for (const policy of ['allkeys-lru', 'allkeys-random', 'volatile-ttl', 'volatile-random']) {
    const store = await frozen();
    store.run('CONFIG', 'SET', 'maxmemory-policy', policy);
    store.run('CONFIG', 'SET', 'maxmemory', 1);
    assert.match(JSON.stringify(store.run('SET', 'new', 'v')), /OOM/, policy);
    assert.equal(store.run('DBSIZE'), NAMES, policy);
  }
});
