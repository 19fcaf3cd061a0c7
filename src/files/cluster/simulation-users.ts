/**
 * What users of the simulated file system do: they write blocks, name them, read them and let them go.
 */
import assert from 'node:assert/strict';
import { checkRacks, LENGTH_MAX } from './simulation-checks.ts';
import type { World } from './simulation-world.ts';

export function beginWrite(world: World): void {
  const { random, state } = world;
  const block = world.nextBlock++;
  const replication = 1 + random.below(4);
  const length = random.below(LENGTH_MAX);
  const writer = world.any().id;
  const targets = state.targets({ replication, bytes: LENGTH_MAX, writer: { node: writer } });
  if (!targets.found) return;
  assert.equal(new Set(targets.nodes).size, targets.nodes.length, 'a node stands there twice');
  checkRacks(
    world,
    targets.nodes.map((id) => world.node(id)),
    replication,
  );
  const reached = targets.nodes.map((id) => world.node(id)).filter(({ isUp }) => isUp);
  // One dies in mid-block: the others end it under a higher stamp.
  const failed = reached.length > 1 && random.chance(0.2) ? reached.pop() : undefined;
  const stamp = failed === undefined ? 1 : 2;
  if (failed !== undefined) {
    const half = { stamp: 1, length: length >> 1 };
    failed.disk.set(block, { ...half, isRotten: false, isKnown: false, isFound: false });
  }
  for (const node of reached) world.store(node, { block, stamp, length });
  const wanted = { block, stamp, length, replication };
  world.writing.set(block, { wanted, nodes: reached });
}

export function endWrite(world: World): void {
  const { random, state, writing } = world;
  for (const [block, { wanted, nodes }] of writing) {
    if (!random.chance(0.5) && !world.isCalm) continue;
    writing.delete(block);
    const durable = nodes.filter(({ disk }) => disk.get(block)?.stamp === wanted.stamp);
    if (durable.length > 0 && random.chance(0.9)) {
      world.names.set(block, wanted);
      state.expect(
        wanted,
        durable.map(({ id }) => id),
      );
    } else {
      assert.deepEqual(state.forget(block), []);
      for (const node of nodes) world.tell(node, { kind: 'drop', block, stamp: wanted.stamp });
    }
  }
}

export function remove(world: World): void {
  const block = anyBlock(world);
  if (block === undefined) return;
  world.names.delete(block);
  for (const { node, stamp } of world.state.forget(block)) {
    world.tell(world.node(node), { kind: 'drop', block, stamp });
  }
}

export function setReplication(world: World): void {
  const block = anyBlock(world);
  if (block === undefined) return;
  const wanted = { ...world.names.get(block)!, replication: 1 + world.random.below(5) };
  world.names.set(block, wanted);
  world.state.expect(wanted);
}

export function read(world: World): void {
  const block = anyBlock(world);
  if (block === undefined) return;
  const { stamp, length } = world.names.get(block)!;
  assert.deepEqual(world.state.replicas(block, stamp + 1), []);
  const given = world.state.replicas(block, stamp, { node: world.any().id });
  assert.equal(new Set(given).size, given.length, 'a reader is given a node twice');
  for (const id of given) {
    const node = world.node(id);
    const stored = node.disk.get(block);
    if (node.isReported && stored !== undefined) {
      assert.equal(stored.stamp, stamp, `a reader of ${block} is given a stale replica on ${id}`);
      assert.equal(stored.length, length);
    }
    if (!node.isUp || world.random.chance(0.5)) continue;
    if (stored === undefined) world.state.removed(id, block, stamp);
    else if (stored.isRotten) {
      stored.isKnown = true;
      stored.isFound = true;
      world.state.corrupt(id, block, stamp);
    } else return;
  }
}

/** The NameNode walks through the namespace, so that blocks that nobody has are known. */
export function walk({ names, state }: World): void {
  for (const wanted of names.values()) state.expect(wanted);
}

function anyBlock({ names, random }: World): number | undefined {
  return [...names.keys()][random.below(names.size)];
}
