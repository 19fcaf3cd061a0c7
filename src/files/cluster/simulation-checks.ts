/**
 * What must hold of each piece of work, by what is true in the simulated world and not by what the state believes.
 *
 * What nobody can know is left out: rot that was not found, and what has happened to a node since its last heartbeat
 * that arrived, for as long as a node counts as live without one.
 */
import assert from 'node:assert/strict';
import type { Replica } from './facts.ts';
import type { SimNode, World } from './simulation-world.ts';
import type { CopyWork, DeleteWork, Work } from './work.ts';

/** Without a heartbeat for so long a node is stale. */
export const STALE_MS = 3000;
/** Bytes of a block. */
export const LENGTH_MAX = 100;
/** Room that a node has for certain, whatever is on its way to it. */
const AMPLE = 200 * LENGTH_MAX;

export function checkWork(world: World, work: Work): void {
  assert.ok(!world.isTooEarly, 'work in safe mode');
  if (work.kind === 'copy') checkCopy(world, work);
  else checkDelete(world, work);
}

function isSeen(world: World, node: SimNode): boolean {
  return world.tickedMs - node.seenMs < STALE_MS;
}

/** The node has the block whole, as far as anybody can know; what it was told by connections before apart. */
function mayHaveWhole(world: World, node: SimNode, block: number): boolean {
  const wanted = world.names.get(block);
  const stored = node.disk.get(block) ?? node.ghosts.get(block);
  if (wanted === undefined || stored === undefined || stored.stamp !== wanted.stamp) return false;
  if (stored.length !== wanted.length || stored.isFound) return false;
  return !isTold(node.inbox, block, stored.stamp);
}

/** It will have it when all that was told is done. */
function hasWhole(world: World, node: SimNode, block: number): boolean {
  const stamp = world.names.get(block)?.stamp ?? 0;
  return mayHaveWhole(world, node, block) && !isTold(node.late, block, stamp);
}

function isTold(commands: SimNode['inbox'], block: number, stamp: number): boolean {
  return commands.some((command) => {
    const told = command.kind === 'work' ? command.work : command;
    return (
      (told.kind === 'delete' || told.kind === 'drop') &&
      told.block === block &&
      told.stamp === stamp
    );
  });
}

/** Nodes that will have the block when all that was told is done. */
function survivors(world: World, block: number): SimNode[] {
  return world.nodes.filter((node) => isSeen(world, node) && hasWhole(world, node, block));
}

function racksOf(nodes: readonly SimNode[]): number {
  return new Set(nodes.map(({ rack }) => rack)).size;
}

function checkDelete(world: World, work: DeleteWork): void {
  const { block, stamp } = work;
  const wanted = world.names.get(block);
  assert.ok(wanted !== undefined, `block ${block} is not named, and is in the map`);
  const node = world.node(work.node);
  const isLeft = world.nodes.some(
    (other) => other !== node && isSeen(world, other) && mayHaveWhole(world, other, block),
  );
  assert.ok(isLeft, `the last replica of ${block} is to go`);
  const others = survivors(world, block).filter(
    (other) => other !== node && other.admin === 'in-service',
  );
  const isRotten = node.disk.get(block)?.isRotten === true;
  if (isRotten || stamp !== wanted.stamp || !hasWhole(world, node, block)) return;
  // It has come in the place of a damaged one or was read whole, and nobody has heard of it.
  const isNews = node.outbox.some(
    (each) => (each.kind === 'received' || each.kind === 'whole') && each.replica.block === block,
  );
  if (work.reason === 'corrupt' && isNews) return;
  assert.ok(
    others.length >= wanted.replication,
    `${work.reason}: ${others.length} replicas of ${block} would be left, ${wanted.replication} are wanted`,
  );
  const racks = Math.min(2, wanted.replication, racksOf([node, ...others]));
  assert.ok(
    racksOf(others) >= racks,
    `the replicas of ${block} would be on ${racksOf(others)} rack`,
  );
}

function checkCopy(world: World, work: CopyWork): void {
  const { block, stamp, length } = work;
  const wanted = world.names.get(block);
  assert.deepEqual({ stamp, length }, { stamp: wanted?.stamp, length: wanted?.length });
  const known = world.state.replicas(block, stamp);
  assert.ok(known.includes(work.from), `${work.from} is to send ${block} and has it not`);
  assert.ok(!known.includes(work.to), `a second replica of ${block} for ${work.to}`);
  const to = world.node(work.to);
  assert.ok(isSeen(world, to), `${work.to} is silent and shall take ${block}`);
  assert.equal(to.admin, 'in-service', `${work.to} is to go and shall take ${block}`);
  const { ledger } = world.state.status(world.nowMs, 10_000);
  const open = ledger.filter(
    (each) => each.state === 'open' && each.kind === 'copy' && each.block === block,
  );
  assert.equal(open.filter((each) => each.to === work.to).length, 1, 'the same copy twice');
  const holders = known.map((id) => world.node(id)).filter(({ admin }) => admin === 'in-service');
  const isMaintained = world.nodes.some(
    ({ admin, disk, lost }) => admin === 'maintenance' && (disk.has(block) || lost.has(block)),
  );
  const isMove = work.reason === 'racks' || work.reason === 'balance';
  if (isMove) assert.equal(open.length, 1, `${work.reason}: too many copies of ${block}`);
  else if (!isMaintained) {
    const count = holders.length + open.length;
    assert.ok(count <= wanted!.replication, `${work.reason}: too many copies of ${block}`);
  }
  const before = [
    ...holders,
    ...open.filter((each) => each.id !== work.id).map(({ to: id }) => world.node(id)),
  ];
  if (wanted!.replication < 2 || before.length === 0 || isMaintained) return;
  if (racksOf([...before, to]) > 1) return;
  // A node that may still delete what it had under this name takes nothing.
  const isOrdered = (id: string): boolean =>
    ledger.some((each) => each.kind === 'delete' && each.block === block && each.to === id);
  const better = world.nodes.filter(
    (node) =>
      !isOrdered(node.id) &&
      !node.outbox.some((each) => each.kind === 'removed' && each.block === block) &&
      node.rack !== to.rack &&
      mayTake(world, node) &&
      !node.disk.has(block) &&
      !node.ghosts.has(block) &&
      !node.lost.has(block),
  );
  assert.deepEqual(
    better.map(({ id }) => id),
    [],
    `${work.reason}: ${block} stays on one rack`,
  );
}

/** By all that the NameNode was told it takes what is written to it. */
function mayTake(world: World, node: SimNode): boolean {
  const status = world.state.status(world.nowMs, 0).nodes.find(({ id }) => id === node.id);
  return (
    status?.state === 'live' &&
    node.admin === 'in-service' &&
    isSeen(world, node) &&
    node.seenFree > AMPLE
  );
}

/** Where a new block is written. */
export function checkRacks(world: World, targets: readonly SimNode[], replication: number): void {
  for (const node of targets)
    assert.ok(isSeen(world, node), `${node.id} is silent and shall be written to`);
  const usable = world.nodes.filter((node) => mayTake(world, node));
  assert.ok(targets.length >= Math.min(replication, usable.length), 'there are more nodes');
  if (targets.length < 2) return;
  assert.ok(racksOf(targets) >= Math.min(2, racksOf(usable)), 'a new block is on one rack');
}

export function checkOrphans(world: World, orphans: readonly Replica[]): void {
  if (orphans.length > 0) assert.ok(!world.isTooEarly, 'an orphan in safe mode');
  for (const { block } of orphans) {
    assert.ok(!world.names.has(block), `${block} is named and was called an orphan`);
    assert.ok(!world.writing.has(block), `${block} is being written and was called an orphan`);
  }
}

/** Right before a replica is deleted, whoever has asked for it. */
export function checkErase(world: World, block: number, stamp: number): void {
  const wanted = world.names.get(block);
  if (wanted?.stamp !== stamp) return;
  assert.ok(!world.writing.has(block), `${block} is being written`);
}

/** Faults have stopped and time has passed: everything is as it is wanted. */
export function checkCalm(world: World): void {
  const status = world.state.status(world.nowMs, 10_000);
  const open = status.ledger.filter(({ state }) => state === 'open');
  assert.deepEqual(open, [], 'work is left open');
  const serving = world.nodes.filter(({ isUp, admin }) => isUp && admin === 'in-service');
  const racks = racksOf(serving);
  let lost = 0;
  for (const [block, { replication, stamp }] of world.names) {
    const whole = world.nodes.filter(
      (node) => node.isUp && node.disk.get(block)?.stamp === stamp && hasWhole(world, node, block),
    );
    if (whole.length === 0) {
      lost++;
      assert.deepEqual(world.state.replicas(block, stamp), []);
      continue;
    }
    const there = whole.filter(({ admin }) => admin === 'in-service');
    // A node in maintenance may be switched off: its replicas come back.
    const away = world.nodes.filter(
      (node) =>
        node.admin === 'maintenance' && (hasWhole(world, node, block) || node.lost.has(block)),
    ).length;
    const wanted = Math.min(replication - away, serving.length);
    assert.ok(there.length >= wanted, `${block}: ${there.length} replicas, ${wanted} are wanted`);
    if (serving.length > 0) assert.ok(there.length > 0, `${block} is only where nothing stays`);
    assert.ok(there.length <= replication, `${block}: ${there.length} replicas are too many`);
    if (away === 0) {
      assert.ok(racksOf(there) >= Math.min(2, replication, racks), `${block} is on one rack`);
    }
    assert.deepEqual(
      [...world.state.replicas(block, stamp)].sort(),
      whole.map(({ id }) => id).sort(),
      `${block} is where it is known to be`,
    );
  }
  assert.equal(status.counts.missing, lost, 'blocks that are lost are counted');
  for (const node of world.nodes.filter(({ isUp }) => isUp)) {
    for (const [block, stored] of node.disk) {
      const wanted = world.names.get(block);
      assert.ok(wanted !== undefined, `${node.id} has ${block}, which nobody names`);
      const isAlone = world.state.replicas(block, wanted.stamp).length === 0;
      if (!isAlone) assert.equal(stored.stamp, wanted.stamp, `${node.id} has a stale ${block}`);
      if (!isAlone) assert.ok(!stored.isRotten, `${node.id} has a rotten ${block}`);
    }
  }
}
