import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SimOperation } from '../../runtime/sim/index.ts';
import { tried } from './crash-run.ts';
import { CrashWorld } from './crash-world.ts';
import type { LsmState } from './types.ts';

const seed = Number(process.env.PLINTH_LSM_SEED ?? 1);

const kinds: readonly SimOperation[] = ['open', 'read', 'write', 'datasync', 'syncDirectory'];

for (const kind of kinds) {
  test(`while every ${kind} fails nothing acknowledged is lost, and afterwards work goes on`, async () => {
    const states: LsmState[] = [];
    const world = new CrashWorld(seed, { onStateChange: (state) => states.push(state) });
    await world.start();
    for (let nth = 0; nth < 40; nth++) world.write(nth % 5 === 4);
    await world.clock.advance(2000);
    world.disk.failAll(kind, 'EIO');
    for (let nth = 0; nth < 60; nth++) {
      world.write(nth % 5 === 4);
      await world.clock.advance(20);
    }
    // The usual work reads on the loop; what is not in memory is refused, never missing.
    if (kind !== 'read') assert.ok(states.includes('failed'), 'trouble is told');
    world.disk.heal();
    await world.clock.advance(5000);
    assert.equal(world.lsm.state, 'open');
    if (states.length > 0) assert.equal(states.at(-1), 'open');
    await world.check();
    await world.goOn();
    await world.crash('power');
    await world.goOn();
  });
}

test('a full disk stops writes cleanly, reads go on, and room lets it go on', async () => {
  const states: LsmState[] = [];
  const world = new CrashWorld(seed, { onStateChange: (state) => states.push(state) });
  await world.start();
  for (let nth = 0; nth < 30; nth++) world.write(true);
  await world.flush();
  world.disk.capacityBytes = used(world) + 40_000;
  for (let nth = 0; nth < 600 && world.lsm.state === 'open'; nth++) {
    world.write(true);
    await world.clock.advance(20);
  }
  assert.equal(world.lsm.state, 'short');
  assert.equal(world.lsm.failure?.code, 'disk-full');
  for (let nth = 0; nth < 400; nth++) world.write(false);
  await world.clock.advance(3000);
  assert.ok(world.errors.length > 0, 'writes are refused');
  assert.deepEqual(new Set(world.errors), new Set(['disk-full']));
  await world.check();
  await tried(() => world.settle(world.lsm.flush()));
  world.disk.heal();
  await world.clock.advance(5000);
  assert.equal(world.lsm.state, 'open');
  assert.deepEqual([states[0], states.at(-1)], ['short', 'open']);
  await world.goOn();
  await world.crash('power');
});

test('an engine on a full disk closes, and opens again with all that was acknowledged', async () => {
  const world = new CrashWorld(seed);
  await world.start();
  for (let nth = 0; nth < 30; nth++) world.write(true);
  await world.clock.advance(3000);
  world.disk.capacityBytes = used(world);
  world.disk.failAll('write', 'ENOSPC');
  for (let nth = 0; nth < 100; nth++) world.write(true);
  await world.clock.advance(3000);
  await tried(() => world.close());
  world.disk.heal();
  await world.start();
  await world.check();
  await world.goOn();
});

function used(world: CrashWorld): number {
  const free = 2 ** 40;
  world.disk.capacityBytes = free;
  const bytes = free - world.disk.freeBytesSync('/');
  world.disk.capacityBytes = Number.POSITIVE_INFINITY;
  return bytes;
}
