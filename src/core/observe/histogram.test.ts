import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHistogram } from './histogram.ts';

test('a value on a bound belongs to that bucket, one above the last bound to the open one', () => {
  const histogram = createHistogram([1, 2, 4]);
  for (const value of [0, 1, 1.5, 2, 4, 4.01, 1000]) histogram.record(value);
  assert.deepEqual([...histogram.counts], [2, 2, 1, 2]);
  assert.equal(histogram.count, 7);
  assert.equal(histogram.max, 1000);
});

test('counts are those of a slow search for every list of values', () => {
  const bounds = [1, 5, 10, 50];
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (values) => {
      const histogram = createHistogram(bounds);
      for (const value of values) histogram.record(value);
      const expected = [0, 0, 0, 0, 0];
      for (const value of values) {
        const at = bounds.findIndex((bound) => value <= bound);
        expected[at === -1 ? bounds.length : at]!++;
      }
      assert.deepEqual([...histogram.counts], expected);
    }),
  );
});

test('a quantile lies in the bucket of the true quantile and never above the maximum', () => {
  const bounds = [1, 5, 10, 50];
  const bucketOf = (value: number): number => bounds.findIndex((bound) => value <= bound);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, q) => {
        const histogram = createHistogram(bounds);
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(q * sorted.length) - 1]!;
        const estimate = histogram.quantile(q);
        assert.ok(estimate <= histogram.max);
        assert.equal(bucketOf(estimate), bucketOf(exact));
      },
    ),
  );
});

test('an empty or reset histogram has quantile 0 and no counts', () => {
  const histogram = createHistogram([1]);
  assert.equal(histogram.quantile(0.99), 0);
  histogram.record(3);
  histogram.reset();
  assert.deepEqual([...histogram.counts], [0, 0]);
  assert.equal(histogram.quantile(0.99), 0);
});

test('bounds that do not ascend are refused', () => {
  assert.throws(() => createHistogram([1, 1]), /ascend/);
  assert.throws(() => createHistogram([]), /at least one/);
  assert.throws(() => createHistogram([1, Number.POSITIVE_INFINITY]), /finite/);
});
