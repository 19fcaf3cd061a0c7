import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Thread } from '../index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  type SimClock,
  SimDisk,
} from './index.ts';

const fixture = new URL('../threads-fixture.ts', import.meta.url);

interface World {
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly thread: Thread;
  readonly events: unknown[];
}

function start(seed: number): World {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(seed));
  disk.mkdirSync('/d');
  const events: unknown[] = [];
  const threads = createSimThreads({ disk, clock, random: createSimRandom(seed) });
  const thread = threads.start(fixture, {
    onMessage: (message) => events.push(message),
    onEnd: (error) => events.push(error),
  });
  return { clock, disk, thread, events };
}

for (const death of ['killProcess', 'reboot'] as const) {
  test(`after ${death} nothing of an old thread acts any more`, async () => {
    for (let seed = 0; seed < 10; seed++) {
      const { clock, disk, thread, events } = start(seed);
      thread.post({ do: 'write', path: '/d/f', times: 1e6 });
      thread.post({ do: 'wait', delayMs: 30 });
      await clock.runUntil(() => events.length >= 2 + seed);
      thread.post({ do: 'throw' });
      const count = events.length;
      await disk[death]();
      const operations = disk.operations;
      void thread.stop();
      await clock.advance(60_000);
      assert.equal(disk.operations, operations);
      assert.equal(events.length, count);
    }
  });
}

test('when the power goes in an operation of a thread, its owner hears nothing of it', async () => {
  const { clock, disk, thread, events } = start(3);
  disk.losePowerAt(disk.operations + 6);
  thread.post({ do: 'write', path: '/d/f', times: 1e6 });
  await clock.runUntil(() => disk.dead);
  const count = events.length;
  await clock.advance(60_000);
  assert.equal(events.length, count);
  assert.ok(count < 4);
});

test('a thread started in the new life of the disk works', async () => {
  const { clock, disk } = start(4);
  await disk.reboot();
  const events: unknown[] = [];
  const threads = createSimThreads({ disk, clock, random: createSimRandom(4) });
  const thread = threads.start(fixture, {
    onMessage: (message) => events.push(message),
    onEnd: (error) => events.push(error),
  });
  thread.post({ do: 'write', path: '/d/f', times: 2 });
  await clock.runUntil(() => events.length === 2);
  await clock.settle(thread.stop());
  assert.deepEqual(events, [1, 2, null]);
});

test('one seed gives one run, and messages take their time', async () => {
  const run = async (seed: number): Promise<number[]> => {
    const { clock, thread, events } = start(seed);
    const times: number[] = [];
    for (let nth = 1; nth <= 20; nth++) {
      thread.post({ do: 'echo', what: nth });
      await clock.runUntil(() => events.length === nth);
      times.push(clock.monotonicMs());
    }
    return times;
  };
  const times = await run(1);
  assert.deepEqual(await run(1), times);
  assert.notDeepEqual(await run(2), times);
  assert.equal(new Set(times).size, 20);
});
