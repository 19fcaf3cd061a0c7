import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunkBytes } from '../limits.ts';
import type { BlockFinding } from './block-verifier.ts';
import { BlockWorld, DISKS } from './block-world.ts';
import { HEAD_BYTES, RECORD_HEAD_BYTES, STORED_CHUNK_BYTES } from './format.ts';

const LARGE = 700_000;
const SMALL = 200_000;

/** Block 1 with a file of its own, block 2 in a container. */
async function opened(): Promise<BlockWorld> {
  const world = new BlockWorld(5);
  await world.start();
  await world.settle(world.putLarge(LARGE));
  await world.settle(world.putSmall(SMALL));
  return world;
}

function verify(
  world: BlockWorld,
  block: number,
  { stamp = 1, length = block === 1 ? LARGE : SMALL } = {},
): Promise<BlockFinding | undefined> {
  const verifier = world.store.verifier();
  let seen = 0;
  const work = verifier.verify({ block, stamp }, length, (bytes) => {
    seen += bytes;
    return seen <= length;
  });
  return world.settle(work).finally(() => verifier.close());
}

/** Where a block lies. */
function pathOf(world: BlockWorld, block: 1 | 2): string {
  for (const disk of DISKS) {
    const folders = [
      `${disk}/packs`,
      ...world.disk.listSync(`${disk}/blocks`).map((inner) => `${disk}/blocks/${inner}`),
    ];
    for (const folder of folders) {
      const ending = block === 1 ? '.blk' : '.pack';
      const name = world.disk.listSync(folder).find((each) => each.endsWith(ending));
      if (name !== undefined) return `${folder}/${name}`;
    }
  }
  return assert.fail('it is nowhere');
}

function truncate(world: BlockWorld, path: string, bytes: number): void {
  const file = world.disk.openSync(path, { mode: 'write' });
  file.truncateSync(bytes);
  file.closeSync();
}

test('blocks that are as they were written: nothing is found', async () => {
  const world = await opened();
  assert.equal(await verify(world, 1), undefined);
  assert.equal(await verify(world, 2), undefined);
});

test('flipped bits: the first chunk that does not hold and how many bytes do not', async () => {
  const world = await opened();
  for (const chunk of [1, 9]) {
    world.disk.flipBit(pathOf(world, 1), HEAD_BYTES + chunk * STORED_CHUNK_BYTES + 5, 3);
  }
  const large = await verify(world, 1);
  assert.deepEqual([large?.fault, large?.offset, large?.bytes], ['damaged', chunkBytes, 131_072]);
  const last = HEAD_BYTES + RECORD_HEAD_BYTES + 3 * STORED_CHUNK_BYTES;
  world.disk.flipBit(pathOf(world, 2), last, 0);
  const small = await verify(world, 2);
  const tail = SMALL - 3 * chunkBytes;
  assert.deepEqual([small?.fault, small?.offset, small?.bytes], ['damaged', 3 * chunkBytes, tail]);
});

test('a head that does not hold is damage, though all data are well', async () => {
  const world = await opened();
  world.disk.flipBit(pathOf(world, 1), 20, 1);
  world.disk.flipBit(pathOf(world, 2), HEAD_BYTES + 9, 1);
  assert.equal((await verify(world, 1))?.fault, 'damaged');
  assert.equal((await verify(world, 2))?.fault, 'damaged');
});

test('files that were cut short: from the first chunk that is not whole on', async () => {
  const world = await opened();
  truncate(world, pathOf(world, 1), HEAD_BYTES + 2 * STORED_CHUNK_BYTES + 7);
  const large = await verify(world, 1);
  const rest = LARGE - 2 * chunkBytes;
  assert.deepEqual([large?.fault, large?.offset, large?.bytes], ['damaged', 131_072, rest]);
  truncate(world, pathOf(world, 2), HEAD_BYTES + 10);
  const small = await verify(world, 2);
  assert.deepEqual([small?.fault, small?.offset, small?.bytes], ['damaged', 0, SMALL]);
});

test('a file that is gone is missed, though readers have it open', async () => {
  const world = await opened();
  await world.settle(world.read(1, 0, 10));
  world.disk.unlinkSync(pathOf(world, 1));
  const found = await verify(world, 1);
  assert.deepEqual([found?.fault, found?.offset, found?.bytes], ['missing', 0, LARGE]);
});

test('another generation, another length, a block that nobody wrote', async () => {
  const world = await opened();
  assert.equal((await verify(world, 1, { stamp: 2 }))?.fault, 'stale');
  assert.equal((await verify(world, 2, { length: SMALL + 1 }))?.fault, 'length');
  assert.equal((await verify(world, 99, { length: 1 }))?.fault, 'missing');
});

test('whoever has enough ends it', async () => {
  const world = await opened();
  world.disk.flipBit(pathOf(world, 1), HEAD_BYTES + 9 * STORED_CHUNK_BYTES, 0);
  const verifier = world.store.verifier();
  const found = await world.settle(verifier.verify({ block: 1, stamp: 1 }, LARGE, () => false));
  assert.equal(found, undefined, 'what lies behind was not looked at');
  verifier.close();
});

test('damage is remembered, whoever met it and whatever happens, until the block is read whole', async () => {
  const world = await opened();
  const isDamaged = async (block: number): Promise<boolean> =>
    (await world.settle(world.store.find(block)))?.isDamaged === true;
  const places = [
    { block: 1, at: HEAD_BYTES + 9 },
    { block: 2, at: HEAD_BYTES + RECORD_HEAD_BYTES + 9 },
  ] as const;
  for (const { block, at } of places) {
    const length = block === 1 ? LARGE : SMALL;
    world.disk.flipBit(pathOf(world, block), at, 0);
    await assert.rejects(world.settle(world.read(block, 0, 10)), { code: 'corrupt' });
    assert.ok(await isDamaged(block));
    await world.crash('power');
    assert.ok(await isDamaged(block));
    world.disk.flipBit(pathOf(world, block), at, 0);
    await world.settle(world.read(block, 0, 10));
    assert.ok(await isDamaged(block), 'not all of it was read');
    const healed: unknown[] = [];
    world.store.onHealed = (whole) => healed.push(whole);
    for (let times = 0; times < 2; times++) await world.settle(world.read(block, 0, length));
    assert.ok(!(await isDamaged(block)));
    assert.deepEqual(healed, [{ block, stamp: 1, length }], 'it is told once');

    world.disk.flipBit(pathOf(world, block), at, 0);
    assert.equal((await verify(world, block))?.fault, 'damaged');
    assert.ok(await isDamaged(block));
    world.disk.flipBit(pathOf(world, block), at, 0);
    assert.equal(await verify(world, block), undefined);
    assert.ok(!(await isDamaged(block)));
  }
  world.disk.flipBit(pathOf(world, 1), HEAD_BYTES + 9, 0);
  assert.equal((await verify(world, 1))?.fault, 'damaged');
  await world.settle(world.store.delete([{ block: 1, stamp: 1 }]));
  assert.equal(await world.settle(world.store.find(1)), null);
});
