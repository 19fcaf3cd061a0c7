import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEAD_BYTES } from '../blocks/format.ts';
import { FsckWorld } from './fsck-world.ts';

/** Three files, the first block of each damaged. */
async function damaged(): Promise<FsckWorld> {
  const world = new FsckWorld(4);
  await world.begin();
  for (const key of ['gone', 'again', 'well']) await world.put(key, 1_048_577);
  flip(world);
  const { problems } = await world.check();
  assert.equal(problems.length, 3);
  assert.equal(world.files.damaged.size, 3);
  return world;
}

function flip(world: FsckWorld): void {
  for (const path of world.blockFiles('.blk')) world.disk.flipBit(path, HEAD_BYTES + 5, 0);
}

test('a damaged block is one no more when it was deleted, or its file written anew', async () => {
  const world = await damaged();
  await world.remove('gone');
  await world.settle(world.files.idle());
  assert.equal(world.files.damaged.size, 2);
  await world.put('again', 2000);
  await world.settle(world.files.idle());
  assert.equal(world.files.damaged.size, 1);
  const { problems } = await world.check();
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['/b/well'],
  );
  assert.equal(world.files.damaged.size, 1);
});

test('a damaged block is one no more when a check has read it whole', async () => {
  const world = await damaged();
  flip(world);
  await world.check('/b/gone');
  assert.equal(world.files.damaged.size, 2);
  // Whoever leaves in the middle has not read all.
  await world.check('/b/again', 1);
  assert.equal(world.files.damaged.size, 2);
  await world.check();
  assert.equal(world.files.damaged.size, 0);
});

test('a damaged block is one no more when the scrub has read it whole', async () => {
  const world = await damaged();
  await world.settle(world.files.scrub.round(Number.POSITIVE_INFINITY));
  assert.equal(world.files.damaged.size, 3);
  flip(world);
  await world.settle(world.files.scrub.round(Number.POSITIVE_INFINITY));
  assert.equal(world.files.damaged.size, 0);
});
