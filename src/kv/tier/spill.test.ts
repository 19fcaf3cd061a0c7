import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Settings } from '../settings.ts';
import { TierStore } from '../testing/tier-store.ts';

const KEYS = 3000;
const HOT = 200;
const VALUE = 'v'.repeat(200);

/** A store with memory for a fifth of its keys, all of them stored. */
async function fullStore(settings: Partial<Settings> = {}): Promise<TierStore> {
  const store = await TierStore.open({ settings });
  for (let i = 0; i < KEYS; i++) store.run('SET', `k${i}`, VALUE);
  await store.flush();
  const { keyspace, settings: now } = store.engine;
  now.tierMemory = Math.round(keyspace.usedBytes / 5);
  spill(store);
  return store;
}

function spill(store: TierStore): void {
  while (store.engine.background.tick());
}

function inMemory(store: TierStore, name: string): boolean {
  const key = Buffer.from(name);
  return store.database().findHot(key, 0, key.length) !== 0;
}

for (const maxmemoryPolicy of ['noeviction', 'allkeys-lru', 'allkeys-lfu']) {
  test(`what is used often stays in memory while everything is read once (${maxmemoryPolicy})`, async () => {
    const store = await fullStore({ maxmemoryPolicy });
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < HOT; i++) store.run('GET', `k${i * 7}`);
    }
    for (let i = 0; i < KEYS; i++) assert.equal(store.run('GET', `k${i}`), VALUE);
    spill(store);
    const { keyspace, settings } = store.engine;
    assert.ok(keyspace.usedBytes <= settings.tierMemory);
    let kept = 0;
    for (let i = 0; i < HOT; i++) if (inMemory(store, `k${i * 7}`)) kept++;
    // Redis' counters tell twenty uses from two by chance only.
    const least = maxmemoryPolicy === 'allkeys-lfu' ? 0.6 : 0.95;
    assert.ok(kept >= HOT * least, `${kept} of ${HOT} in memory`);
    assert.equal(store.run('DBSIZE'), KEYS);
    await store.close();
  });
}

test('what is not used any more leaves for what is', async () => {
  const store = await fullStore();
  const use = async (from: number, rounds: number): Promise<void> => {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < HOT; i++) store.run('GET', `k${from + i}`);
      // Nothing is asked twice of these.
      for (let i = 0; i < HOT; i++) store.run('GET', `k${1000 + ((round * HOT + i) % 2000)}`);
      await store.clock.advance(10_000);
      spill(store);
    }
  };
  await use(0, 10);
  await use(500, 100);
  let before = 0;
  let now = 0;
  for (let i = 0; i < HOT; i++) {
    if (inMemory(store, `k${i}`)) before++;
    if (inMemory(store, `k${500 + i}`)) now++;
  }
  assert.ok(now >= HOT * 0.95, `${now} of ${HOT} in memory`);
  assert.ok(before <= HOT * 0.2, `${before} of ${HOT} in memory`);
  await store.close();
});

test('while uses are counted clients are told what Redis tells them', async () => {
  const store = await fullStore();
  const { clock } = store;
  store.run('GET', 'k1');
  assert.equal(store.run('OBJECT', 'IDLETIME', 'k1'), 0);
  await clock.advance(600_000);
  spill(store);
  const idle = Number(store.run('OBJECT', 'IDLETIME', 'k1'));
  assert.ok(idle > 590 && idle <= 600, `idle for ${idle} s`);
  store.run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  store.run('SET', 'fresh', 'v');
  assert.equal(store.run('OBJECT', 'FREQ', 'fresh'), 5);
  assert.ok('error' in (store.run('OBJECT', 'IDLETIME', 'fresh') as object));
  store.run('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  store.run('SET', 'fresh', 'w');
  assert.equal(store.run('OBJECT', 'IDLETIME', 'fresh'), 0);
  await store.close();
});
