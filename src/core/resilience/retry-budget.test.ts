import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

test('without traffic the minimum is allowed and no more', () => {
  const budget = new RetryBudget({ share: 0.2, minimumPerSecond: 1, windowMs: 10_000 });
  const taken = Array.from({ length: 20 }, () => budget.take(0)).filter(Boolean);
  assert.equal(taken.length, 10);
  assert.equal(budget.refused, 10);
});

test('a share of the requests is allowed on top, and the window forgets both', () => {
  const budget = new RetryBudget({ share: 0.2, minimumPerSecond: 0, windowMs: 10_000 });
  for (let i = 0; i < 100; i++) budget.request(0);
  assert.equal(Array.from({ length: 100 }, () => budget.take(500)).filter(Boolean).length, 20);
  assert.equal(budget.left(10_000), 0);
  for (let i = 0; i < 10; i++) budget.request(20_000);
  assert.equal(budget.left(20_000), 2);
});

test('however requests and retries come, retries in a window stay within the budget', () => {
  const step = fc.record({ retry: fc.boolean(), afterMs: fc.nat(400) });
  const options = fc.record({
    share: fc.constantFrom(0, 0.1, 0.5, 1),
    minimumPerSecond: fc.constantFrom(0, 1, 3),
    windowMs: fc.constantFrom(1000, 2000),
  });
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 200, size: 'max' }), (given, steps) => {
      const budget = new RetryBudget(given);
      const requests: number[] = [];
      const retries: number[] = [];
      let nowMs = 0;
      for (const { retry, afterMs } of steps) {
        nowMs += afterMs;
        if (!retry) {
          budget.request(nowMs);
          requests.push(nowMs);
        } else if (budget.take(nowMs)) {
          retries.push(nowMs);
          // Retries that the window has surely not forgotten, against all requests it may remember.
          const sure = retries.filter((at) => at > nowMs - given.windowMs * 0.9).length;
          const known = requests.filter((at) => at > nowMs - given.windowMs).length;
          const allowed = (given.minimumPerSecond * given.windowMs) / 1000 + given.share * known;
          assert.ok(sure <= allowed + 1e-9, `${sure} retries, ${allowed} allowed`);
        }
      }
    }),
  );
});
