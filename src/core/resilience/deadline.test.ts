import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadlineAfter, earliest, isOver, NO_DEADLINE, remainingMs } from './deadline.ts';

test('a deadline is over at its moment and has nothing left then', () => {
  const deadline = deadlineAfter(1000, 50);
  assert.equal(remainingMs(deadline, 1020), 30);
  assert.equal(isOver(deadline, 1049.9), false);
  assert.equal(isOver(deadline, 1050), true);
  assert.equal(remainingMs(deadline, 2000), 0);
});

test('a part never outlives the whole, and no deadline is never over', () => {
  const whole = deadlineAfter(0, 100);
  assert.equal(earliest(deadlineAfter(90, 50), whole), whole);
  assert.equal(earliest(deadlineAfter(0, 10), whole), 10);
  assert.equal(earliest(NO_DEADLINE, whole), whole);
  assert.equal(isOver(NO_DEADLINE, 1e300), false);
  assert.equal(deadlineAfter(5, Number.POSITIVE_INFINITY), NO_DEADLINE);
});
