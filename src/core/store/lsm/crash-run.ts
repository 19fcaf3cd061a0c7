/**
 * Test support: one life of an engine, again and again: cut at its first disk operation, then at its second, and so
 * on to its last; or failing there.
 */
import assert from 'node:assert/strict';
import type { SimFault } from '../../runtime/sim/index.ts';
import { CrashWorld } from './crash-world.ts';
import { LsmError } from './errors.ts';

const COPY = '/data/copy';

export interface Places {
  readonly seed: number;
  /** Only every so many operations, from `first` on. */
  readonly first: number;
  readonly stride: number;
}

/** Flushes, compactions, a checkpoint, log rotation, a close and an opening. @throws when the power goes off. */
async function shortLife(world: CrashWorld): Promise<void> {
  await world.start();
  for (let round = 0; round < 6; round++) {
    for (let nth = 0; nth < 14; nth++) world.write(nth % 5 === 4);
    await world.clock.advance(3);
    if (round === 2) await world.flush();
    if (round === 3) await world.checkpoint(COPY);
  }
  await world.settle(world.lsm.compact());
  await world.close();
  await world.start();
  world.write(true);
  await world.clock.advance(30);
}

/** @returns the operations of a whole life. */
export async function cutEverywhere(how: 'power' | 'kill', places: Places): Promise<number> {
  for (let cut = places.first; ; cut += places.stride) {
    const world = new CrashWorld(places.seed * 1000 + cut);
    world.disk.losePowerAt(cut);
    try {
      try {
        await shortLife(world);
      } catch (error) {
        if (!world.disk.dead) throw error;
      }
      const finished = !world.disk.dead;
      await world.crash(how);
      await world.goOn();
      await world.crash(how);
      await world.checkCopy(COPY);
      if (finished) return world.disk.operations;
    } catch (error) {
      throw new Error(`seed ${places.seed}, cut at ${cut}`, { cause: error });
    }
  }
}

/** What it is asked for may fail, with an error of ours. @returns whether it was done. */
export async function tried(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    assert.ok(error instanceof LsmError, String(error));
    assert.ok(error.code === 'disk-full' || error.code === 'io', error.message);
    return false;
  }
}

/** As `shortLife`, whatever fails. */
async function hardLife(world: CrashWorld): Promise<void> {
  while (!(await tried(() => world.start())));
  for (let round = 0; round < 6; round++) {
    for (let nth = 0; nth < 14; nth++) world.write(nth % 5 === 4);
    await world.clock.advance(3);
    if (round === 2) await tried(() => world.flush());
    if (round === 3) await tried(() => world.checkpoint(COPY));
  }
  await tried(() => world.settle(world.lsm.compact()));
  await world.clock.advance(50);
}

/** @returns the operations of a whole life. */
export async function failEverywhere(fault: SimFault, places: Places): Promise<number> {
  for (let at = places.first; ; at += places.stride) {
    const world = new CrashWorld(places.seed * 1000 + at);
    world.disk.failAt(at, fault);
    try {
      await hardLife(world);
      const finished = world.disk.operations < at;
      world.disk.heal();
      await world.clock.advance(5000);
      assert.equal(world.lsm.failure, null, 'what failed was tried again');
      assert.equal(world.lsm.state, 'open');
      await world.check();
      await world.goOn();
      await world.crash('power');
      await world.checkCopy(COPY);
      if (finished) return world.disk.operations;
    } catch (error) {
      throw new Error(`seed ${places.seed}, ${fault} at ${at}`, { cause: error });
    }
  }
}
