/**
 * One history of a simulated cluster: faults and users at random, then calm, in which everything has to be repaired.
 */
import { checkCalm } from './simulation-checks.ts';
import { beginWrite, endWrite, read, remove, setReplication, walk } from './simulation-users.ts';
import type { World } from './simulation-world.ts';

const TURNS = 200;

/** What may happen in a turn, and how often of a thousand. */
const events: readonly (readonly [number, (world: World) => void])[] = [
  [250, beginWrite],
  [400, endWrite],
  [60, remove],
  [60, setReplication],
  [200, read],
  [30, (world) => world.crash(world.any())],
  [150, (world) => world.restart(world.any(), world.random.chance(0.3) ? world.random.float() : 0)],
  [5, loseRack],
  [10, (world) => world.cut(world.any())],
  [20, stall],
  [40, (world) => world.rot()],
  [60, (world) => world.scrub(world.any())],
  [20, heal],
  [20, fill],
  [50, (world) => world.report(world.any())],
  [15, administrate],
  [10, walk],
  [6, (world) => world.startNameNode()],
];

function heal(world: World): void {
  world.heal(world.any());
}

function loseRack(world: World): void {
  const { rack } = world.any();
  for (const node of world.nodes) if (node.rack === rack) world.crash(node);
}

function stall(world: World): void {
  world.any().stalledUntilMs = world.nowMs + world.random.below(15_000);
}

function fill(world: World): void {
  const node = world.any();
  node.isFull = !node.isFull;
}

function administrate(world: World): void {
  const wishes = ['in-service', 'in-service', 'decommission', 'maintenance'] as const;
  world.setAdmin(world.any(), wishes[world.random.below(wishes.length)]!);
}

/** Faults stop; a node or two never come back. */
function calm(world: World): void {
  for (const node of world.nodes) {
    if (node.isUp || world.random.chance(0.8)) world.restart(node, 0);
    node.isFull = false;
    node.stalledUntilMs = 0;
  }
  world.isCalm = true;
  walk(world);
  for (let turn = 0; turn < 300; turn++) {
    world.turn(500);
    endWrite(world);
    if (turn === 100) for (const node of world.nodes) world.report(node);
    if (turn < 150) for (const node of world.nodes) world.scrub(node);
  }
}

/**
 * @param heals false: what is damaged stays so, as in the histories that were found before it could heal.
 * @throws AssertionError when a rule is broken.
 */
export function history(world: World, heals = true): void {
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [often, happens] of events) {
      if (happens === heal && !heals) continue;
      if (world.random.chance(often / 1000)) happens(world);
    }
    world.turn(world.random.below(1000));
  }
  calm(world);
  checkCalm(world);
}
