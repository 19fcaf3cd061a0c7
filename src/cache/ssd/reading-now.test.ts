import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf, hashOf, TierWorld } from './tier-world.ts';

async function worldOf(slowness = 0): Promise<TierWorld> {
  const world = new TierWorld(5);
  world.slowness = slowness;
  await world.open();
  return world;
}

test('a small record is given at once, as it was put, and counts as used when it is', async () => {
  const world = await worldOf();
  for (const [key, bytes] of [0, 1, 700, 3000].entries()) {
    world.put(key, 7, contentOf(`key ${key}`, bytes, key + 1));
  }
  await world.flush();
  for (const [key, bytes] of [0, 1, 700, 3000].entries()) {
    const { meta, body } = contentOf(`key ${key}`, bytes);
    assert.deepEqual(world.readNow(key), { meta, body, sequence: key + 1, tag: 7 });
  }
  assert.equal(world.tier.stats().counts.found, 0);
  world.tier.usedNow();
  assert.equal(world.tier.stats().counts.found, 1);
});

test('nothing is given of what is not there, is not written yet, or is long', async () => {
  const world = new TierWorld(5, { bytesMax: 4 << 20, segmentBytes: 256 * 1024 });
  world.slowness = 0;
  await world.open();
  assert.equal(world.readNow(1), null);
  world.put(1, 0, contentOf('one', 100));
  assert.equal(world.readNow(1), null);
  await world.flush();
  assert.notEqual(world.readNow(1), null);
  // What takes its place waits to be written.
  world.put(1, 0, contentOf('one again', 100));
  assert.equal(world.readNow(1), null);
  await world.flush();
  assert.equal(world.readNow(1)?.meta.toString(), 'one again');
  world.put(2, 0, contentOf('long', 30_000));
  await world.flush();
  assert.equal(world.readNow(2), null);
  assert.equal((await world.find(2))?.bodyBytes, 30_000);
  const { hashLow, hashHigh } = hashOf(1);
  world.tier.remove(hashLow, hashHigh);
  assert.equal(world.readNow(1), null);
  await world.close();
});

test('of several under a hash the newest that is wanted is given, and none while one waits to be written', async () => {
  const world = await worldOf();
  for (let tag = 0; tag < 3; tag++) world.put(1, tag, contentOf(`tag ${tag}`, 100));
  world.put(1, 0, contentOf('tag 0 again', 100));
  await world.flush();
  assert.equal(world.readNow(1)?.meta.toString(), 'tag 0 again');
  assert.equal(world.readNow(1, 2)?.meta.toString(), 'tag 2');
  assert.equal(world.readNow(1, 1)?.meta.toString(), 'tag 1');
  assert.equal(world.readNow(1, 3), null);
  world.put(1, 5, contentOf('tag 5', 100));
  assert.equal(world.readNow(1, 1), null);
  await world.flush();
  // So many are read at most.
  world.put(1, 6, contentOf('tag 6', 100));
  await world.flush();
  assert.equal(world.readNow(1, 2)?.meta.toString(), 'tag 2');
  assert.equal(world.readNow(1, 1), null);
  assert.equal((await world.find(1, 1))?.meta.toString(), 'tag 1');
});

test('nothing is given while reads are slow, and then it is again', async () => {
  const world = await worldOf();
  world.put(1, 0, contentOf('one', 100));
  await world.flush();
  assert.notEqual(world.readNow(1), null);
  world.slowness = 1;
  // It took long to find out.
  assert.notEqual(world.readNow(1), null);
  world.slowness = 0;
  assert.equal(world.readNow(1), null);
  assert.notEqual(await world.find(1), null);
  await world.clock.advance(100);
  assert.notEqual(world.readNow(1), null);
});

test('a record that does not hold, or that the disk refuses, is not given and not found again', async () => {
  for (const how of ['damaged', 'EIO'] as const) {
    const world = await worldOf();
    world.put(1, 0, contentOf('one', 100));
    world.put(2, 0, contentOf('two', 100));
    await world.flush();
    const [path] = world.files('.seg');
    if (how === 'damaged') world.disk.flipBit(path!, 4096 + 80, 3);
    else world.disk.failAll('read', 'EIO');
    assert.equal(world.readNow(1), null);
    world.disk.failAll('read', null);
    assert.equal(await world.find(1), null);
    assert.notEqual(world.readNow(2), null);
    const { damaged, readErrors } = world.tier.stats().counts;
    assert.deepEqual([damaged, readErrors], how === 'damaged' ? [1, 0] : [0, 1]);
  }
});

test('nothing is given by a tier that is closed', async () => {
  const world = await worldOf();
  world.put(1, 0, contentOf('one', 100));
  await world.flush();
  const { tier } = world;
  await world.close();
  const { hashLow, hashHigh } = hashOf(1);
  assert.equal(
    tier.findNow(hashLow, hashHigh, () => true),
    null,
  );
});
