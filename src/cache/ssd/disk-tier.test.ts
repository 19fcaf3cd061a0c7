import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf, hashOf, TierWorld } from './tier-world.ts';

test('what is on its way is there for who asks whether, is not found, and can be removed', async () => {
  const world = new TierWorld(1);
  await world.open();
  const { hashLow, hashHigh } = hashOf(1);
  const [first, second] = [0, 1].map((tag) => world.put(1, tag, contentOf('x', 10)));
  assert.equal(world.tier.has(hashLow, hashHigh), true);
  const finding = world.tier.find(hashLow, hashHigh, () => true);
  world.tier.remove(hashLow, hashHigh, 0);
  assert.equal(await finding, null);
  await world.flush();
  assert.deepEqual([first?.stored, second?.stored], [false, true]);
  assert.equal(await world.find(1, 0), null);
  world.tier.remove(hashLow, hashHigh);
  assert.equal(world.tier.has(hashLow, hashHigh), false);
  await world.reopen();
  assert.equal(await world.find(1), null);
});

test('what was put is found with meta, body, tag and sequence, also after it was closed and opened', async () => {
  const world = new TierWorld(1, { bytesMax: 8 << 20, segmentBytes: 1 << 20 });
  await world.open();
  const sizes = [0, 1, 7, 4096, 65_535, 65_536, 65_537, 131_072, 200_001];
  const results = sizes.map((size, key) => world.put(key, key * 3, contentOf(`${key}`, size, 5)));
  assert.equal(await world.find(sizes.length), null);
  await world.flush();
  for (const { answer, stored } of results) assert.deepEqual([answer, stored], ['queued', true]);
  for (let round = 0; round < 2; round++) {
    for (const [key, size] of sizes.entries()) {
      const { hashLow, hashHigh } = hashOf(key);
      assert.ok(world.tier.has(hashLow, hashHigh));
      assert.equal((await world.find(key))?.tag, key * 3);
      assert.deepEqual(await world.read(key), contentOf(`${key}`, size, 5));
    }
    assert.equal(await world.find(sizes.length), null);
    assert.equal(world.tier.sequenceMax, 5);
    await world.reopen();
  }
  assert.deepEqual(world.damage, []);
});
