import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ewma, PeakEwma } from './ewma.ts';

const samples = fc.array(
  fc.record({ value: fc.double({ min: 0, max: 1e6, noNaN: true }), afterMs: fc.nat(20_000) }),
  { minLength: 1, maxLength: 50, size: 'max' },
);

test('without samples there is no average', () => {
  assert.ok(Number.isNaN(new Ewma(1000).value));
  assert.ok(Number.isNaN(new PeakEwma(1000).fadedValue(5)));
});

test('after one time constant an old average keeps 1/e of its weight', () => {
  const average = new Ewma(1000);
  average.add(100, 0);
  average.add(0, 1000);
  assert.ok(Math.abs(average.value - 100 / Math.E) < 1e-9);
});

test('the average equals the sum of its samples by their weights', () => {
  fc.assert(
    fc.property(samples, (list) => {
      const average = new Ewma(5000);
      let nowMs = 0;
      let slow = list[0]!.value;
      list.forEach(({ value, afterMs }, i) => {
        nowMs += afterMs;
        average.add(value, nowMs);
        if (i > 0)
          slow = slow * Math.exp(-afterMs / 5000) + value * (1 - Math.exp(-afterMs / 5000));
      });
      assert.ok(Math.abs(average.value - slow) <= 1e-6 * Math.max(1, slow));
    }),
  );
});

test('an average lies among its samples, and the peak average is never below the plain one', () => {
  fc.assert(
    fc.property(samples, (list) => {
      const plain = new Ewma(5000);
      const peak = new PeakEwma(5000);
      const values = list.map(({ value }) => value);
      let nowMs = 0;
      for (const { value, afterMs } of list) {
        nowMs += afterMs;
        plain.add(value, nowMs);
        peak.add(value, nowMs);
        const slack = 1e-9 * Math.max(...values);
        assert.ok(peak.value >= plain.value - slack);
        assert.ok(peak.value >= value - slack);
      }
      assert.ok(plain.value >= Math.min(...values) - 1e-6);
      assert.ok(peak.value <= Math.max(...values) + 1e-6);
    }),
  );
});

test('a peak is taken at once and fades when nothing more comes', () => {
  const peak = new PeakEwma(1000);
  peak.add(1, 0);
  peak.add(500, 1);
  assert.equal(peak.value, 500);
  assert.ok(peak.fadedValue(10_001) < 0.05);
  assert.equal(peak.value, 500);
});
