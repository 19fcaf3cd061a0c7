/** Keys that were overwritten or deleted behind the last flush, and what a start finds out of them later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TierStore } from '../testing/tier-store.ts';
import { digestDatabases } from '../values/index.ts';
import { contentRange, KEY_HEAD_BYTES, NUMBERED_HEAD_BYTES, Space } from './keys.ts';

const AT_MS = 4_000_000_000_000;
/** Keys of each kind of change. */
const MANY = 40;
const CHANGES = ['kept', 'set', 'timed', 'mset', 'del', 'unlink', 'back'] as const;
const LARGE = ['kept', 'set', 'mset', 'del', 'unlink', 'back'] as const;
const ELEMENTS = 700;
/** Behind the changes, in each database; those that expire were kept or are `timed`. */
const KEYS_LEFT = 5 * MANY + 4;
const EXPIRING_LEFT = 2 * MANY + 1;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Keys that expire and large values, in the database that is selected. */
function fill(store: TierStore): void {
  for (const what of CHANGES) {
    for (const i of numbers(MANY)) {
      store.run('SET', `${what} ${i}`, `old ${i}`, 'PXAT', AT_MS + i);
    }
  }
  for (const what of LARGE) {
    store.run('SADD', `large ${what}`, ...numbers(ELEMENTS).map((i) => `member ${i} of ${what}`));
    store.run('PEXPIREAT', `large ${what}`, AT_MS);
  }
}

/** Overwrites and deletes them. */
function change(store: TierStore): void {
  const names = (what: string): string[] => numbers(MANY).map((i) => `${what} ${i}`);
  for (const name of names('set')) store.run('SET', name, 'new');
  for (const name of names('timed')) store.run('SET', name, 'new', 'PXAT', AT_MS + 1000);
  // Values that are names of other keys.
  store.run('MSET', ...names('mset').flatMap((name, i) => [name, `kept ${i}`]));
  for (const name of names('del')) store.run('DEL', name);
  store.run('UNLINK', ...names('unlink'));
  store.run('DEL', ...names('back'));
  for (const name of names('back')) store.run('RPUSH', name, 'new');
  store.run('SET', 'large set', 'new');
  store.run('MSET', 'large mset', 'new');
  store.run('DEL', 'large del', 'large back');
  store.run('UNLINK', 'large unlink');
  store.run('SADD', 'large back', 'new');
}

/**
 * A store that has started behind a crash: in two of its databases much of what is stored is overwritten in
 * the log only. `digest` is of what it held.
 */
async function started(power = false): Promise<{ store: TierStore; digest: string }> {
  const store = await TierStore.open();
  inBoth(store, () => fill(store));
  await store.flush();
  inBoth(store, () => change(store));
  const digest = digestDatabases(store.engine.keyspace.databases);
  await store.settle();
  await store.crash(power);
  assert.ok(store.engine.overwritten!.pending, 'nothing is left to be looked up');
  return { store, digest };
}

/** Does the same in the first two databases; the first stays selected. */
function inBoth(store: TierStore, run: () => void): void {
  for (const index of [1, 0]) {
    store.run('SELECT', index);
    run();
  }
}

/** Keys, and those of them that expire, as INFO counts them. */
function counts(store: TierStore): string[] {
  const lines = String(store.run('INFO', 'keyspace')).split('\r\n');
  return lines.flatMap((line) => /^db\d:keys=\d+,expires=\d+/.exec(line)?.[0] ?? []);
}

/** Lets the background work up to its end, as a server does. */
function work(store: TierStore): void {
  const { background } = store.engine;
  for (let more = background.tick(), slices = 0; more; slices++) {
    assert.ok(slices < 1000, 'the background comes to no end');
    more = background.slice();
  }
}

/** The names in the entries of a space, of a content of the store. */
function entries(store: TierStore, space: number, content: number): string[] {
  const scan = store.persistence.store.scan(contentRange(space, content));
  const found: string[] = [];
  while (scan.fillNow()) {
    for (let nth = 0; nth < scan.count; nth++) {
      const head = space === Space.key ? KEY_HEAD_BYTES : NUMBERED_HEAD_BYTES;
      found.push(scan.key(nth).toString('latin1', head));
    }
  }
  scan.close();
  return found;
}

/** The engine has of a database what the store has of it, and nothing from before. */
function assertClean(store: TierStore, index: number): void {
  const { content } = store.database(index);
  assert.equal(entries(store, Space.key, content).length, KEYS_LEFT);
  const timed = ['kept', 'timed'].flatMap((what) => numbers(MANY).map((i) => `${what} ${i}`));
  const times = entries(store, Space.time, content);
  assert.deepEqual(times.toSorted(), [...timed, 'large kept'].toSorted());
  const elements = entries(store, Space.element, content);
  assert.equal(elements.length, ELEMENTS);
  for (const element of elements) assert.match(element, /of kept$/);
}

const BOTH = [
  `db0:keys=${KEYS_LEFT},expires=${EXPIRING_LEFT}`,
  `db1:keys=${KEYS_LEFT},expires=${EXPIRING_LEFT}`,
];

test('a start reads nothing of what was overwritten, and serves what it became', async () => {
  const { store } = await started();
  const { engine } = store;
  assert.equal(engine.cold!.loads, 0);
  for (const i of numbers(MANY)) {
    for (const what of ['set', 'timed']) assert.equal(store.run('GET', `${what} ${i}`), 'new');
    assert.equal(store.run('GET', `mset ${i}`), `kept ${i}`);
    for (const what of ['del', 'unlink']) assert.equal(store.run('EXISTS', `${what} ${i}`), 0);
    assert.deepEqual(store.run('LRANGE', `back ${i}`, 0, -1), ['new']);
    assert.equal(store.run('PEXPIRETIME', `set ${i}`), -1);
    assert.equal(store.run('PEXPIRETIME', `timed ${i}`), AT_MS + 1000);
  }
  for (const what of ['set', 'mset']) assert.equal(store.run('GET', `large ${what}`), 'new');
  for (const what of ['del', 'unlink']) assert.equal(store.run('EXISTS', `large ${what}`), 0);
  assert.deepEqual(store.run('SMEMBERS', 'large back'), ['new']);
  assert.equal(engine.cold!.loads, 0);
  assert.ok(engine.overwritten!.pending, 'it was looked up for readers of keys');
  assert.equal(await store.ask('GET', 'kept 7'), 'old 7');
  assert.equal(await store.ask('SCARD', 'large kept'), ELEMENTS);
  await store.close();
});

for (const power of [false, true]) {
  const of = power ? 'a power loss' : 'a crash';
  test(`keys are counted exactly behind ${of}`, async () => {
    const { store, digest } = await started(power);
    assert.equal(store.run('DBSIZE'), KEYS_LEFT);
    assert.equal(store.engine.overwritten!.pending, false);
    assert.deepEqual(counts(store), BOTH);
    assert.equal((store.run('KEYS', '*') as string[]).length, KEYS_LEFT);
    assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
    await store.close();
  });
}

test('the background looks up what is left, and a flush may begin then', async () => {
  const { store, digest } = await started();
  const { engine, persistence } = store;
  work(store);
  assert.equal(engine.overwritten!.pending, false);
  for (const index of [0, 1]) {
    const db = store.database(index);
    assert.equal(db.size, KEYS_LEFT);
    assert.equal(db.expiring, EXPIRING_LEFT);
    // What was kept, in its small and its large form.
    assert.equal(db.cold, MANY + 1);
  }
  assert.equal(engine.cold!.loads, 0);
  await store.flush();
  assert.equal(persistence.flusher.lastFailed, false);
  assertClean(store, 0);
  assertClean(store, 1);
  assert.equal(digestDatabases(engine.keyspace.databases), digest);
  await store.close();
});

test('a flush that begins before finds it out itself, and takes old times and elements away', async () => {
  const { store, digest } = await started();
  const { content } = store.database();
  // Until then they are there.
  assert.ok(entries(store, Space.time, content).length > EXPIRING_LEFT);
  assert.ok(entries(store, Space.element, content).length > ELEMENTS);
  await store.flush();
  assertClean(store, 0);
  assertClean(store, 1);
  await store.crash(true);
  assert.equal(store.engine.overwritten!.pending, false);
  assert.deepEqual(counts(store), BOTH);
  assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
  await store.close();
});

test('a second crash before anything was looked up changes nothing', async () => {
  const { store, digest } = await started();
  store.run('SET', 'del 3', 'again');
  store.run('DEL', 'del 3', 'set 5');
  store.run('SET', 'set 5', 'new');
  // The replay reads this one and counts it then, not when it is overwritten.
  await store.ask('APPEND', 'kept 3', 'more');
  store.run('DEL', 'kept 3');
  store.run('SET', 'kept 3', 'old 3', 'PXAT', AT_MS + 3);
  await store.settle();
  await store.crash(true);
  assert.ok(store.engine.overwritten!.pending);
  assert.deepEqual(counts(store), BOTH);
  assert.equal(digestDatabases(store.engine.keyspace.databases), digest);
  await store.flush();
  assertClean(store, 0);
  await store.close();
});

for (const [command, where] of [
  ['FLUSHDB', 'behind the start'],
  ['FLUSHDB', 'in the log'],
] as const) {
  test(`${command} ${where}, with keys to be looked up, takes all of that database and no more`, async () => {
    const { store } = await started();
    const { content } = store.database();
    assert.equal(store.run(command), 'OK');
    store.run('SET', 'set 1', 'newer');
    if (where === 'in the log') {
      await store.settle();
      await store.crash();
    }
    assert.ok(store.engine.overwritten!.pending);
    work(store);
    assert.equal(store.engine.overwritten!.pending, false);
    assert.deepEqual(counts(store), ['db0:keys=1,expires=0', BOTH[1]]);
    await store.flush();
    for (const space of Object.values(Space)) {
      if (space >= Space.key) assert.deepEqual(entries(store, space, content), []);
    }
    assert.deepEqual(entries(store, Space.key, store.database().content), ['set 1']);
    assertClean(store, 1);
    await store.crash();
    assert.equal(await store.ask('GET', 'set 1'), 'newer');
    assert.deepEqual(counts(store), ['db0:keys=1,expires=0', BOTH[1]]);
    await store.close();
  });
}

test('databases that are exchanged take along what is to be looked up', async () => {
  const { store } = await started();
  store.run('FLUSHDB');
  store.run('SWAPDB', 0, 2);
  store.run('SWAPDB', 0, 1);
  assert.ok(store.engine.overwritten!.pending);
  work(store);
  assert.deepEqual(counts(store), [BOTH[0]]);
  await store.flush();
  assertClean(store, 0);
  await store.close();
});
