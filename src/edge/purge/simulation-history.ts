/** One history of a simulated network: faults and users at random, then calm, in which everything has to be in order. */
import { LEASE_MS } from './simulation-pop.ts';
import type { World } from './simulation-world.ts';

const TURNS = 220;
const TURN_MS = 25;

/** What may happen in a turn, and how often of a thousand. */
const events: readonly (readonly [number, (world: World) => void])[] = [
  [200, (world) => world.change()],
  [60, (world) => world.askAgain()],
  [12, (world) => world.any().crash()],
  [120, (world) => world.any().start()],
  [10, restart],
  [15, cut],
  [8, cutInTurn],
  [15, (world) => world.breakLink(world.any())],
  [15, (world) => world.any().stall(world.random.below(3 * LEASE_MS))],
  [12, (world) => world.crashCoordinator(world.random.chance(0.15))],
  [120, (world) => world.startCoordinator()],
];

/** What a process has sent may come when the next one is there. */
function restart(world: World): void {
  const pop = world.any();
  pop.crash();
  pop.start();
}

/** A PoP is cut off for a while; its links may seem to stand. */
function cut(world: World): void {
  const pop = world.any();
  pop.isCut = true;
  if (world.random.chance(0.5)) world.breakLink(pop);
  world.in(world.random.below(6 * LEASE_MS), () => {
    pop.isCut = false;
  });
}

/** A shield is cut off, and an edge while that comes back: purges are passed by shields and not by edges for long. */
function cutInTurn(world: World): void {
  const { pops, random } = world;
  const shields = pops.filter(({ shield }) => shield);
  const edges = pops.filter(({ shield }) => !shield);
  const shield = shields[random.below(Math.max(1, shields.length))];
  const edge = edges[random.below(edges.length)];
  if (shield === undefined || edge === undefined) return;
  shield.isCut = true;
  world.in(LEASE_MS, () => {
    edge.isCut = true;
  });
  world.in((1.2 + 0.3 * random.float()) * LEASE_MS, () => {
    shield.isCut = false;
  });
  world.in(2.2 * LEASE_MS, () => {
    edge.isCut = false;
  });
}

/** @throws AssertionError when a rule is broken. */
export function history(world: World): void {
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [often, happens] of events) {
      if (world.random.chance(often / 1000)) happens(world);
    }
    users(world);
  }
  world.calm();
  world.run(8 * LEASE_MS);
  world.askAll();
  for (let turn = 0; turn < 100; turn++) users(world);
  world.checkCalm();
}

function users(world: World): void {
  for (let user = 0; user < 4; user++) world.in(world.random.float() * TURN_MS, () => world.user());
  world.run(TURN_MS);
}
