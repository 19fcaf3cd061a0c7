import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockWorld, DISKS } from './block-world.ts';
import { HEAD_BYTES } from './format.ts';
import { Scrub } from './scrub.ts';

test('a round looks at every block and tells the bad ones', async () => {
  const world = new BlockWorld(3);
  await world.start();
  for (let nth = 0; nth < 70; nth++) await world.settle(world.putSmall(1000));
  await world.settle(world.putLarge(300_000));
  const bad: number[] = [];
  const good: number[] = [];
  const scrub = new Scrub({
    store: world.store,
    clock: world.clock,
    bytesPerSecond: 0,
    pauseMs: 1000,
    onBad: ({ block }) => bad.push(block),
    onGood: (block) => good.push(block),
  });
  await world.settle(scrub.round(Number.POSITIVE_INFINITY));
  assert.deepEqual([bad, scrub.status.blocks, scrub.status.bytes], [[], 71, 370_000]);
  assert.equal(good.splice(0).length, 71);
  const folder = DISKS.map((disk) => `${disk}/blocks`)
    .flatMap((root) => world.disk.listSync(root).map((inner) => `${root}/${inner}`))
    .find((each) => world.disk.listSync(each).length > 0)!;
  const [name] = world.disk.listSync(folder);
  world.disk.flipBit(`${folder}/${name}`, HEAD_BYTES + 9, 0);
  await world.settle(scrub.round(Number.POSITIVE_INFINITY));
  assert.deepEqual([bad, scrub.status.bad], [[71], 1]);
  assert.ok(good.length === 70 && !good.includes(71));
  await scrub.stop();
});
