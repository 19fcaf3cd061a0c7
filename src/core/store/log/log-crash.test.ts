import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SimFault } from '../../runtime/sim/index.ts';
import { LogWorld } from './log-world.ts';
import type { SyncPolicy } from './types.ts';

const policies = ['always', 'everysec', 'never'] as const;

type Step =
  | { readonly kind: 'append'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'settle' | 'kill' | 'power' | 'close' | 'check' }
  | { readonly kind: 'truncate'; readonly keep: number }
  | { readonly kind: 'policy'; readonly policy: SyncPolicy }
  | { readonly kind: 'power-at'; readonly operations: number }
  | { readonly kind: 'fault'; readonly operations: number; readonly fault: SimFault }
  | { readonly kind: 'full'; readonly freeBytes: number }
  | { readonly kind: 'heal' | 'resume' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 30 }),
      bytes: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 500, max: 9000 })),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(0.3, 1, 5, 50, 1100, 3000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'settle' as const,
        'kill' as const,
        'power' as const,
        'close' as const,
        'check' as const,
        'heal' as const,
        'resume' as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.constant(400),
      bytes: fc.constant(7000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      operations: fc.integer({ min: 1, max: 20 }),
      fault: fc.constantFrom('ENOSPC' as const, 'EIO' as const, 'short' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('full' as const),
      freeBytes: fc.nat({ max: 200_000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('truncate' as const), keep: fc.nat({ max: 60 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('policy' as const),
      policy: fc.constantFrom(...policies),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('power-at' as const),
      operations: fc.integer({ min: 1, max: 12 }),
    }),
  },
);

async function run(world: LogWorld, one: Step): Promise<void> {
  switch (one.kind) {
    case 'append':
      return world.append(one.count, one.bytes);
    case 'wait':
      return world.clock.advance(one.ms);
    case 'settle':
      return world.settle();
    case 'kill':
      return world.kill();
    case 'power':
      return world.losePower();
    case 'check':
      return world.check();
    case 'fault':
      return world.disk.failAt(world.disk.operations + one.operations, one.fault);
    case 'full':
      world.disk.capacityBytes = world.usedBytes() + one.freeBytes;
      return;
    case 'heal':
      return world.heal();
    case 'resume':
      await world.clock.settle(world.opened().tryResume());
      return;
    case 'close':
      await world.close();
      return world.restart(world.history.length);
    case 'truncate':
      return world.truncateBefore(Math.max(1, world.opened().lastIndex - one.keep));
    case 'policy':
      world.policy = one.policy;
      return world.opened().setPolicy(one.policy);
    case 'power-at':
      // Comes true while the appends and the wait below are under way.
      world.disk.losePowerAt(world.disk.operations + one.operations);
      world.append(20, 300);
      await world.clock.advance(5);
      world.append(40, 2000);
      await world.clock.advance(2500);
      return world.losePower();
  }
}

test('after any mix of crashes and disk errors every entry promised durable is there, in order, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.constantFrom(...policies),
      fc.array(step, { minLength: 3, maxLength: 30 }),
      async (seed, policy, steps) => {
        const world = new LogWorld({ seed, policy });
        await world.open();
        for (const one of steps) await run(world, one);
        await world.losePower();
      },
    ),
    { numRuns: Number(process.env.PLINTH_LOG_RUNS ?? 100) },
  );
});

for (const policy of policies) {
  test(`a power loss at any single operation loses nothing promised under ${policy}`, async () => {
    // The same run, cut at its first operation, then at its second, and so on to its last.
    const seeds = [1, 2, 3, 4, 5, 6];
    let cut = 0;
    for (let finished = 0; finished < seeds.length; ) {
      cut++;
      finished = 0;
      for (const seed of seeds) if (await cutAt(seed * 1000 + cut, policy, cut)) finished++;
    }
    assert.ok(cut > 25, 'the run has operations to cut');
  });
}

/** @returns true when the run ended before it could be cut. */
async function cutAt(seed: number, policy: SyncPolicy, operation: number): Promise<boolean> {
  const world = new LogWorld({ seed, policy });
  world.disk.losePowerAt(operation);
  try {
    await shortLife(world);
  } catch (error) {
    if (!world.disk.dead) throw error;
  }
  const finished = !world.disk.dead;
  await world.losePower();
  const before = world.opened().lastIndex;
  world.append(3, 100);
  await world.settle();
  await world.losePower();
  assert.equal(world.opened().lastIndex, before + 3);
  return finished;
}

/** Rotation, truncation, recycling, a witness and a close. @throws when the power goes off. */
async function shortLife(world: LogWorld): Promise<void> {
  await world.open();
  for (let round = 0; round < 4; round++) {
    world.append(12, 2500);
    await world.clock.advance(20);
    world.append(4, 20);
    await world.clock.advance(1100);
    await world.truncateBefore(Math.max(1, world.promised - 5));
  }
  await world.clock.advance(2500);
  await world.close();
}
