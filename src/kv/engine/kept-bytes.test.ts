/** What the store keeps at a client's wish holds its own bytes, and not the block of memory it was made in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import { hotKeysMax } from '../limits.ts';
import { createTestStore, type TestClient, type TestStore } from '../testing/harness.ts';

const TIMES = 200;
/** A sixteenth of the blocks that would be held. */
const HELD_BYTES_MAX = (TIMES * Buffer.poolSize) / 16;

let slow: TestClient | undefined;

const cases: Record<string, (store: TestStore, i: number) => TestClient | undefined> = {
  'keys and arguments of clients that wait': (store, i) => {
    const client = store.connect();
    client.run('BLPOP', `key ${i}`, '0');
    assert.ok(client.session.blocked !== undefined);
    return client;
  },
  'commands queued by MULTI': (store, i) => {
    const client = store.connect();
    client.run('MULTI');
    assert.equal(client.run('SET', `key ${i}`, 'x'.repeat(100)), 'QUEUED');
    return client;
  },
  'patterns of subscribers': (store, i) => {
    store.run('PSUBSCRIBE', `news ${i} *`);
    assert.equal(store.engine.pubsub.patternCount, i + 1);
    return undefined;
  },
  'arguments of slow commands': (store, i) => {
    store.run('SET', 'key', `value ${i}`.padEnd(i * 2));
    assert.equal(store.engine.slowlog.entries.length, i + 1);
    return undefined;
  },
  'keys used often': (store, i) => {
    store.engine.hotKeys.countdown = 1;
    store.run('GET', `key ${i}`);
    assert.equal(store.engine.hotKeys.top(1000).length, Math.min(i + 1, hotKeysMax));
    return undefined;
  },
  'patterns of rights': (store, i) => {
    assert.equal(store.run('ACL', 'SETUSER', `user-${i}`, `~key-${i}-*`, `&news-${i}-*`), 'OK');
    return undefined;
  },
  'messages for a subscriber that does not read': (store, i) => {
    if (i === 0) {
      slow = store.connect();
      slow.run('SUBSCRIBE', 'news');
      (slow.session.connection as { bufferedBytes: number }).bufferedBytes = 1;
    }
    assert.equal(store.run('PUBLISH', 'news', `message ${i}`), 1);
    assert.equal(slow?.session.output?.chunks.length, i + 1);
    return slow;
  },
  scripts: (store, i) => {
    assert.equal((store.run('SCRIPT', 'LOAD', `return ${i}`) as string).length, 40);
    return undefined;
  },
};

for (const [what, keep] of Object.entries(cases)) {
  test(`${what}: no block of memory is held`, () => {
    const settings = { slowlogLogSlowerThan: 0, slowlogMaxLen: TIMES };
    const store = createTestStore({ settings });
    const kept: unknown[] = [];
    const pinned = pinnedBytes(TIMES, (i) => kept.push(keep(store, i)));
    assert.equal(kept.length, TIMES);
    assert.ok(pinned < HELD_BYTES_MAX, `${pinned} bytes are held`);
  });
}

test('largest keys: each lies in memory of its own', () => {
  const store = createTestStore();
  for (let i = 0; i < 10; i++) store.run('SET', `key ${i}`, 'x'.repeat(i * 100));
  const { bigKeys } = store.engine;
  assert.ok(bigKeys.start());
  while (bigKeys.slice());
  const keys = bigKeys.top(10).map(({ key }) => key);
  assert.equal(keys.length, 10);
  for (const key of keys) assert.equal(key.buffer.byteLength, key.length);
});
