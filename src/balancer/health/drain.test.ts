import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deadlineAfter } from '../../core/resilience/index.ts';
import { Drain, drainTransitions } from './drain.ts';

test('a drain ends when the last session does, and says how many there were', () => {
  const drain = new Drain();
  drain.begin(3, deadlineAfter(100, 1000), 100);
  assert.equal(drain.look(1, 200), false);
  assert.equal(drain.look(0, 350), false);
  assert.deepEqual(drain.report(0, 9999), {
    state: 'drained',
    atStart: 3,
    left: 0,
    cut: 0,
    elapsedMs: 250,
  });
});

test('with nothing under way a drain is over at once', () => {
  const drain = new Drain();
  drain.begin(0, deadlineAfter(0, 1000), 0);
  assert.equal(drain.state, 'drained');
});

test('at the deadline what is left is cut, once, and reported', () => {
  const drain = new Drain();
  drain.begin(5, deadlineAfter(0, 1000), 0);
  assert.equal(drain.look(2, 999), false);
  assert.equal(drain.look(2, 1000), true);
  assert.equal(drain.look(2, 1001), false);
  assert.equal(drain.state, 'cutting');
  assert.equal(drain.may('resume'), false);
  drain.look(0, 1010);
  assert.deepEqual(drain.report(0, 2000), {
    state: 'drained',
    atStart: 5,
    left: 0,
    cut: 2,
    elapsedMs: 1010,
  });
});

test('while bound sessions may come a drain is over at its deadline, not before', () => {
  const drain = new Drain();
  drain.begin(0, deadlineAfter(0, 100), 0, true);
  assert.equal(drain.state, 'draining');
  assert.equal(drain.look(0, 99, true), false);
  assert.equal(drain.state, 'draining');
  assert.equal(drain.look(0, 100, true), false);
  assert.equal(drain.state, 'drained');
});

test('a drain can be taken back before it cuts, and begun again', () => {
  const drain = new Drain();
  drain.begin(1, deadlineAfter(0, 10), 0);
  drain.resume();
  assert.equal(drain.look(1, 50), false);
  assert.equal(drain.state, 'serving');
  drain.begin(1, deadlineAfter(60, 10), 60);
  assert.equal(drain.look(1, 70), true);
});

test('what cannot happen in a state is refused, and nothing else', () => {
  const drain = new Drain();
  assert.throws(() => drain.resume(), /does not happen/);
  drain.begin(1, deadlineAfter(0, 10), 0);
  assert.throws(() => drain.begin(1, deadlineAfter(0, 10), 0), /does not happen/);
});

test('however sessions end, a drain always ends after its deadline and never before the last session', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { maxLength: 20, size: 'max' }),
      fc.nat(200),
      (lengths, afterMs) => {
        const drain = new Drain();
        const left = (nowMs: number): number =>
          lengths.filter((endsMs) => endsMs * 10 > nowMs).length;
        drain.begin(left(0), deadlineAfter(0, afterMs), 0);
        for (let nowMs = 0; nowMs <= 210; nowMs++) {
          const cut = drain.look(left(nowMs), nowMs);
          if (cut) assert.ok(nowMs >= afterMs && left(nowMs) > 0);
          assert.equal(drain.state === 'drained', left(nowMs) === 0);
        }
      },
    ),
  );
  assert.equal(Object.keys(drainTransitions).length, 4);
});
