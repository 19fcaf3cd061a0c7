/**
 * Test support: the model against the engine on a simulated disk, in as many shapes as there are seeds.
 */
import { createSimRandom } from '../../runtime/sim/index.ts';
import { LsmStore } from './lsm-store.ts';
import { LsmWorld } from './lsm-world.ts';
import { runModel } from './sorted-model.ts';

/** @throws Error naming the seed and the step. */
export async function runModelOnSim(seed: number, operations: number): Promise<void> {
  const random = createSimRandom(seed);
  const one = <T>(...values: readonly T[]): T => values[random.below(values.length)]!;
  const world = new LsmWorld(seed, {
    memtableBytes: one(4, 16, 16, 64) * 1024,
    cacheBytes: one(32, 64, 1024) * 1024,
    blockBytes: one(256, 512, 4096),
    tableBytes: one(2, 4, 16) * 1024,
    levelBytes: one(4, 8, 32) * 1024,
    log: one('own', 'own', 'owner'),
  });
  // With an owner's log what is in memory is the owner's to write again.
  const logged = world.options.log === 'own';
  world.slowness = one(0, 0.002, 0.02);
  const store = await LsmStore.open(world);
  const wall = {
    nowMs: () => world.wallMs,
    advance: (byMs: number) => {
      world.wallMs += byMs;
    },
  };
  await runModel({ store, seed, operations, wall, logged });
  await store.close();
}
