import { test } from 'node:test';
import { LsmStore } from './lsm-store.ts';
import { LsmWorld } from './lsm-world.ts';
import { runModel } from './sorted-model.ts';

const seed = Number(process.env.PLINTH_LSM_SEED ?? 1);
const operations = 12_000;

for (let nth = 0; nth < 8; nth++) {
  test(`does what a sorted map does, seed ${seed + nth}`, async () => {
    const world = new LsmWorld(seed + nth);
    world.slowness = [0, 0.002][nth % 2]!;
    const store = await LsmStore.open(world);
    await runModel({ store, seed: seed + nth, operations, wall: wallOf(world) });
    await store.close();
  });
}

function wallOf(world: LsmWorld): { nowMs(): number; advance(byMs: number): void } {
  return {
    nowMs: () => world.wallMs,
    advance: (byMs) => {
      world.wallMs += byMs;
    },
  };
}
