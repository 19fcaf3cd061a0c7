import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskFile } from '../../core/runtime/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { firstReadBytes } from './limits.ts';
import { LoopReads } from './loop-reads.ts';

/** Reads through a clock that we move, by a file that takes as long as we say. */
function world(): {
  loop: LoopReads;
  state: { nowMs: number; tookMs: number; isWriting: boolean };
  read(): void;
} {
  const state = { nowMs: 1000, tookMs: 0, isWriting: false };
  const clock = { ...createSimClock(), monotonicMs: () => state.nowMs };
  const loop = new LoopReads(clock, () => state.isWriting);
  const readSync = (_into: Buffer, _at: number, length: number): number => {
    state.nowMs += state.tookMs;
    // A disk may give less than it was asked for.
    return Math.min(length, 3);
  };
  const file = { readSync } as unknown as DiskFile;
  return { loop, state, read: () => assert.equal(loop.read(file, Buffer.alloc(8), 0), 8) };
}

test('lookups read on the loop while reads are quick, nothing is written and they are small', () => {
  const { loop, state, read } = world();
  assert.equal(loop.allows(firstReadBytes), true);
  assert.equal(loop.allows(firstReadBytes + 1), false);
  state.isWriting = true;
  assert.equal(loop.allows(1), false);
  state.isWriting = false;
  for (let nth = 0; nth < 1000; nth++) read();
  assert.equal(loop.allows(1), true);
});

test('a slow read sends lookups to threads, the longer the more follow, until many were quick', () => {
  const { loop, state, read } = world();
  const awayMs = (): number => {
    state.tookMs = 1;
    read();
    state.tookMs = 0;
    const since = state.nowMs;
    while (!loop.allows(1)) state.nowMs++;
    return state.nowMs - since;
  };
  const times = [awayMs(), awayMs(), awayMs()];
  assert.equal(times[1], times[0]! * 2);
  assert.equal(times[2], times[0]! * 4);
  for (let nth = 0; nth < 20; nth++) awayMs();
  const longest = awayMs();
  assert.equal(awayMs(), longest);
  for (let nth = 0; nth < 1000; nth++) read();
  assert.equal(awayMs(), times[0]);
});
