import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SLOTS, SlidingCounts } from './sliding-counts.ts';

const events = fc.array(
  fc.record({ first: fc.nat(5), second: fc.nat(5), afterMs: fc.oneof(fc.nat(30), fc.nat(3000)) }),
  { maxLength: 60, size: 'max' },
);

test('sums equal those of a list of all events whose slot is within the window', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 2000 }), (list, windowMs) => {
      const counts = new SlidingCounts(windowMs);
      const slotOf = (ms: number): number => Math.floor(ms / (windowMs / SLOTS));
      const seen: { slot: number; first: number; second: number }[] = [];
      let nowMs = 0;
      for (const { first, second, afterMs } of list) {
        nowMs += afterMs;
        counts.add(first, second, nowMs);
        seen.push({ slot: slotOf(nowMs), first, second });
        const inside = seen.filter(({ slot }) => slot > slotOf(nowMs) - SLOTS);
        assert.equal(
          counts.first(nowMs),
          inside.reduce((sum, each) => sum + each.first, 0),
        );
        assert.equal(
          counts.second(nowMs),
          inside.reduce((sum, each) => sum + each.second, 0),
        );
      }
    }),
  );
});

test('what is older than the window is forgotten, what is younger than nine tenths of it is not', () => {
  const counts = new SlidingCounts(1000);
  counts.add(3, 0, 99);
  assert.equal(counts.first(999), 3);
  assert.equal(counts.first(1000), 0);
});

test('time that goes back loses nothing', () => {
  const counts = new SlidingCounts(1000);
  counts.add(1, 0, 5000);
  counts.add(1, 0, 4000);
  assert.equal(counts.first(5000), 2);
});
