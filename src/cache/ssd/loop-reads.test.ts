import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskFile } from '../../core/runtime/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { firstReadBytes } from './limits.ts';
import { LoopReads } from './loop-reads.ts';

const SEGMENT = {};

/** Reads through a clock that we move, by a file that takes as long as we say. */
function world() {
  const state = { nowMs: 1000, tookMs: 0, isWriting: false, open: null as object | null };
  const clock = { ...createSimClock(), monotonicMs: () => state.nowMs };
  const loop = new LoopReads(clock, () => state);
  const readSync = (_into: Buffer, _at: number, length: number): number => {
    state.nowMs += state.tookMs / 3;
    // A disk may give less than it was asked for.
    return Math.min(length, 3);
  };
  const file = { readSync } as unknown as DiskFile;
  const read = (tookMs: number): void => {
    state.tookMs = tookMs;
    assert.equal(loop.read(file, Buffer.alloc(8), 8, 0), 8);
  };
  const readMany = (count: number, tookMs: number): void => {
    for (let nth = 0; nth < count; nth++) read(tookMs);
  };
  /** How long reads go to threads from now on. */
  const awayMs = (): number => {
    const since = state.nowMs;
    while (!loop.allows(1, SEGMENT)) state.nowMs++;
    return state.nowMs - since;
  };
  return { loop, state, read, readMany, awayMs };
}

test('lookups read on the loop while reads are quick and small', () => {
  const { loop, readMany } = world();
  assert.equal(loop.allows(firstReadBytes, SEGMENT), true);
  assert.equal(loop.allows(firstReadBytes + 1, SEGMENT), false);
  readMany(1000, 0.003);
  assert.equal(loop.allows(1, SEGMENT), true);
});

test('while something is written they do so behind many quick reads, and not from what is written', () => {
  const { loop, state, read, readMany } = world();
  state.isWriting = true;
  assert.equal(loop.allows(1, SEGMENT), false);
  readMany(100, 0.003);
  assert.equal(loop.allows(1, SEGMENT), true);
  state.open = SEGMENT;
  assert.equal(loop.allows(1, SEGMENT), false);
  assert.equal(loop.allows(1, {}), true);
  // Not so slow that all would go to threads.
  read(0.4);
  assert.equal(loop.allows(1, {}), false);
  state.isWriting = false;
  assert.equal(loop.allows(1, SEGMENT), true);
});

test('a very slow read sends them to threads, the longer the more follow, until many were quick', () => {
  const { loop, state, read, readMany, awayMs } = world();
  const times = Array.from({ length: 3 }, () => {
    read(5);
    return awayMs();
  });
  assert.ok(times[0]! > 0);
  assert.equal(times[1], times[0]! * 2);
  assert.equal(times[2], times[0]! * 4);
  for (let nth = 0; nth < 20; nth++) {
    read(5);
    awayMs();
  }
  read(5);
  const longest = awayMs();
  read(5);
  assert.equal(awayMs(), longest);
  readMany(1000, 0.003);
  state.nowMs = Math.ceil(state.nowMs);
  read(5);
  assert.equal(awayMs(), times[0]);
  assert.equal(loop.allows(1, SEGMENT), true);
});

test('one that lost the processor for a moment among many quick ones sends none to threads', () => {
  const { loop, readMany, read } = world();
  for (let nth = 0; nth < 20; nth++) {
    readMany(200, 0.003);
    read(0.7);
    assert.equal(loop.allows(1, SEGMENT), true);
  }
});

test('reads that each take longer than a thread costs go to threads, though none is slow', () => {
  const { loop, read } = world();
  let count = 0;
  while (loop.allows(1, SEGMENT)) {
    read(0.1);
    assert.ok(++count < 20, `${count} reads`);
  }
});
