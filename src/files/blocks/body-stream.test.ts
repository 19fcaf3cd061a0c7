import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf } from '../transfer/body.ts';
import { BlockWorld } from './block-world.ts';
import { dataBytes } from './format.ts';

const LENGTHS = [1, 65_536, 65_537, 524_288, 524_289, 1_200_000];

test('a body that is read as it is stored is the body that goes over the wire, large or packed', async () => {
  const world = new BlockWorld(3);
  await world.start();
  for (const length of LENGTHS) {
    const put = length > 600_000 ? world.putLarge(length) : world.putSmall(length);
    assert.equal(await world.settle(put), undefined);
  }
  for (const [block, bytes] of world.promised) {
    for (const from of [0, 65_536, 524_288]) {
      for (const to of [65_536, 131_072, 589_824, bytes.length]) {
        if (from > to || to > bytes.length) continue;
        const met: Buffer[] = [];
        const collect = async (): Promise<void> => {
          let at = from;
          for await (const piece of world.store.readStored({ block, stamp: 1 }, from, to)) {
            const length = dataBytes(piece.length)!;
            const data = bytes.subarray(at, at + length);
            assert.ok(piece.equals(Buffer.concat(bodyOf({ block, offset: at }, data))));
            at += length;
            met.push(data);
          }
        };
        await world.settle(collect());
        assert.ok(Buffer.concat(met).equals(bytes.subarray(from, to)), `${from} to ${to}`);
      }
    }
  }
});

test('readers that leave early and others at once see their own bytes', async () => {
  const world = new BlockWorld(4);
  await world.start();
  assert.equal(await world.settle(world.putLarge(2_500_000)), undefined);
  assert.equal(await world.settle(world.putLarge(2_400_000)), undefined);
  const leave = async (block: number): Promise<void> => {
    for await (const _ of world.store.read({ block, stamp: 1 }, 0, 2_000_000)) return;
  };
  for (let turn = 0; turn < 20; turn++) {
    const reads = [...world.promised].map(async ([block, bytes]) => {
      await leave(block);
      assert.ok((await world.read(block, turn, bytes.length)).equals(bytes.subarray(turn)));
    });
    await world.settle(Promise.all(reads));
  }
});
