import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashPrefix } from './prefixes.ts';
import { Sketch } from './sketch.ts';

test('an estimate is never less than the halved count of its key, however crowded the sketch is', () => {
  const step = fc.record({
    key: fc.nat(40),
    weight: fc.integer({ min: 1, max: 9 }),
    windows: fc.constantFrom(0, 0, 0, 1, 2, 25),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      // 16 counters a row for 41 keys.
      const sketch = new Sketch(256);
      const exact = new Map<number, { count: number; window: number }>();
      let window = 4090;
      for (const { key, weight, windows } of steps) {
        window += windows;
        const before = exact.get(key) ?? { count: 0, window };
        const age = Math.min(31, window - before.window);
        const count = (before.count >>> age) + weight;
        exact.set(key, { count, window });
        assert.ok(sketch.add(hashPrefix(key, 0, 1, 7), weight, window) >= count);
      }
    }),
  );
});

test('with room the estimate is exact, and halves with each window', () => {
  const sketch = new Sketch(1 << 16);
  const hash = hashPrefix(1, 2, 1, 7);
  for (let i = 1; i <= 100; i++) assert.equal(sketch.add(hash, 1, 5), i);
  assert.equal(sketch.add(hash, 1, 6), 51);
  assert.equal(sketch.add(hash, 1, 8), 13);
  assert.equal(sketch.add(hash, 1, 40), 1);
  assert.equal(sketch.add(hash, 2 ** 20, 40), 2 ** 20 - 1);
});

test('many quiet keys do not make each other look busy', () => {
  const sketch = new Sketch(1 << 20);
  let worst = 0;
  for (let key = 0; key < 50_000; key++) {
    worst = Math.max(worst, sketch.add(hashPrefix(key, 99, 1, 3), 1, 1));
  }
  assert.ok(worst <= 4, `one of 50,000 keys that came once is estimated at ${worst}`);
});
