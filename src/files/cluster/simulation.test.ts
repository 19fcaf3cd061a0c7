import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOrphans, checkWork } from './simulation-checks.ts';
import { history } from './simulation-history.ts';
import { World } from './simulation-world.ts';

const seed = Number(process.env.PLINTH_FILES_SEED ?? 1);
const runs = Number(process.env.PLINTH_FILES_RUNS ?? 120);

test(`${runs} histories: no work does harm, and all is repaired once faults have stopped, seed ${seed}`, () => {
  for (let run = 0; run < runs; run++) {
    const number = seed * 1_000_000 + run;
    try {
      history(new World(number));
    } catch (error) {
      throw new Error(`history ${number}`, { cause: error });
    }
  }
});

test('canary: work that does harm is seen', () => {
  const world = new World(1);
  const [one, two, three] = world.nodes;
  const name = { block: 1, stamp: 1, length: 10 };
  world.names.set(1, { ...name, replication: 2 });
  for (const node of [one!, two!]) world.store(node, name);
  const told = { id: 1, block: 1, stamp: 1, priority: 6, reason: 'excess' } as const;
  const deletion = { ...told, kind: 'delete', node: one!.id } as const;
  assert.throws(() => checkWork(world, deletion), /safe mode/);
  assert.throws(() => checkOrphans(world, [name]), /safe mode/);
  world.nowMs += 20_000;
  world.tickedMs = world.nowMs;
  for (const node of world.nodes) node.seenMs = world.nowMs;
  assert.throws(() => checkWork(world, deletion), /1 replicas of 1 would be left/);
  assert.throws(() => checkOrphans(world, [name]), /is named/);
  world.store(three!, name);
  checkWork(world, deletion);
  for (const node of world.nodes) node.seenMs = 0;
  assert.throws(() => checkWork(world, deletion), /the last replica of 1/);
  const copy = { ...told, kind: 'copy', length: 10, from: one!.id, to: two!.id } as const;
  assert.throws(() => checkWork(world, copy), /has it not/);
});
