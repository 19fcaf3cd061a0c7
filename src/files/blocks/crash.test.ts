import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockWorld } from './block-world.ts';

const seed = Number(process.env.PLINTH_FILES_SEED ?? 1);
const STRIDE = Number(process.env.PLINTH_FILES_STRIDE ?? 7);

/** Blocks of all kinds come and go, several at once; containers are compacted. */
async function live(world: BlockWorld): Promise<void> {
  await world.start();
  for (let round = 0; round < 5; round++) {
    await world.settle(
      Promise.all([
        world.putSmall(1000 * round),
        world.putSmall(70_000),
        world.putLarge(140_000),
        world.putSmall(66_000),
      ]),
    );
    const [first] = [...world.promised.keys()];
    if (first !== undefined) await world.settle(world.delete(first).catch(() => {}));
    if (round === 3) await world.settle(world.store.compact());
  }
  // What failed is tried again by itself.
  await world.clock.advance(3000);
  await world.settle(world.store.close());
  await world.start();
  await world.settle(world.putSmall(10));
}

for (const [nth, how] of (['power', 'kill'] as const).entries()) {
  test(`${how}: cut anywhere, blocks that were answered are whole, seed ${seed}`, async () => {
    for (let cut = 1 + nth * 3; ; cut += STRIDE) {
      const world = new BlockWorld(seed * 10_000 + cut);
      world.disk.losePowerAt(cut);
      try {
        await live(world).catch((error: unknown) => {
          if (!world.disk.dead) throw error;
        });
        const finished = !world.disk.dead;
        await world.crash(how);
        await world.check();
        assert.equal(await world.settle(world.putSmall(5000)), undefined);
        await world.crash(how);
        await world.check();
        if (finished) break;
      } catch (error) {
        throw new Error(`seed ${seed}, ${how} at ${cut}`, { cause: error });
      }
    }
  });
}

for (const [nth, fault] of (['ENOSPC', 'EIO', 'short'] as const).entries()) {
  test(`${fault} anywhere loses no block that was answered, seed ${seed}`, async () => {
    for (let at = 1 + nth; ; at += STRIDE * 2) {
      const world = new BlockWorld(seed * 10_000 + at);
      world.disk.failAt(at, fault);
      try {
        await live(world).catch((error: unknown) => {
          const { code } = error as { readonly code?: string };
          assert.ok(['io', 'disk-full', 'ENOSPC', 'EIO'].includes(`${code}`), String(error));
        });
        const finished = world.disk.operations < at;
        world.disk.heal();
        await world.crash('power');
        await world.check();
        if (finished) break;
      } catch (error) {
        throw new Error(`seed ${seed}, ${fault} at ${at}`, { cause: error });
      }
    }
  });
}
