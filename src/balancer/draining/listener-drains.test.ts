import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import type { Door } from '../listeners/door.ts';
import { GOODBYE_MS, LOOK_EVERY_MS } from './drain-report.ts';
import { ListenerDrains } from './listener-drains.ts';

/** A listener whose clients stay until they are made to go. */
function setUp(open: number) {
  const clock = createSimClock();
  const ended = Promise.withResolvers<number>();
  const asked: number[] = [];
  const door = {
    settings: { name: 'web' },
    open,
    async drain(deadlineMs: number): Promise<number> {
      asked.push(deadlineMs);
      if (deadlineMs === 0) door.leave();
      return ended.promise;
    },
    leave(): void {
      door.open = 0;
      ended.resolve(0);
    },
  };
  const drains = new ListenerDrains({ clock, log: silentLogger(), exchangesOf: () => [] });
  return { clock, asked, drains, door, asDoor: door as unknown as Door };
}

test('drain of a listener: over when the last has left by himself, nobody is broken off', async () => {
  const { clock, asked, drains, door, asDoor } = setUp(2);
  const ended = drains.begin(asDoor, 10_000);
  door.leave();
  await clock.advance(LOOK_EVERY_MS);
  assert.equal(await ended, 0);
  assert.equal(drains.report(asDoor)?.state, 'drained');
  assert.ok(!asked.includes(0));
});

test('drain of a listener at its deadline: who is left is broken off behind the time of a goodbye', async () => {
  const { clock, asked, drains, asDoor } = setUp(2);
  const ended = drains.begin(asDoor, 1_000);
  await clock.advance(1_000 + LOOK_EVERY_MS);
  assert.equal(drains.report(asDoor)?.state, 'cutting');
  assert.ok(!asked.includes(0));
  await clock.advance(GOODBYE_MS + LOOK_EVERY_MS);
  assert.equal(await ended, 2);
  const { state, cut, atStart } = drains.report(asDoor) ?? {};
  assert.deepEqual({ state, cut, atStart }, { state: 'drained', cut: 2, atStart: 2 });
});

test('drain of a listener that is begun again: has the new deadline, sooner or later', async () => {
  const { clock, drains, door, asDoor } = setUp(2);
  const ended = drains.begin(asDoor, 1_000);
  void drains.begin(asDoor, 600_000);
  await clock.advance(5_000);
  assert.equal(drains.report(asDoor)?.state, 'draining');
  door.open = 1;
  void drains.begin(asDoor, 0);
  assert.equal(drains.report(asDoor)?.state, 'cutting');
  await clock.advance(GOODBYE_MS + LOOK_EVERY_MS);
  assert.equal(await ended, 1);
  assert.equal(drains.report(asDoor)?.atStart, 2);
});
