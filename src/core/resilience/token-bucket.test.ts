import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from './token-bucket.ts';

test('a full bucket gives its capacity at once, then what the rate brings', () => {
  const bucket = new TokenBucket({ capacity: 3, perSecond: 2, nowMs: 0 });
  assert.deepEqual(
    [1, 1, 1, 1].map((count) => bucket.take(count, 0)),
    [true, true, true, false],
  );
  assert.equal(bucket.waitMs(1, 0), 500);
  assert.equal(bucket.take(1, 499), false);
  assert.equal(bucket.take(1, 500), true);
});

test('a bucket never fills above its capacity, and waiting for more than that is for ever', () => {
  const bucket = new TokenBucket({ capacity: 5, perSecond: 100, nowMs: 0 });
  assert.equal(bucket.available(1e9), 5);
  assert.equal(bucket.waitMs(6, 1e9), Number.POSITIVE_INFINITY);
  const dry = new TokenBucket({ capacity: 1, perSecond: 0, nowMs: 0 });
  assert.equal(dry.take(1, 0), true);
  assert.equal(dry.waitMs(1, 0), Number.POSITIVE_INFINITY);
});

test('in every span of time the tokens given are at most capacity and rate x span', () => {
  const takes = fc.array(
    fc.record({ count: fc.integer({ min: 1, max: 4 }), afterMs: fc.nat(500) }),
    {
      maxLength: 80,
      size: 'max',
    },
  );
  fc.assert(
    fc.property(takes, fc.integer({ min: 1, max: 8 }), fc.nat(20), (list, capacity, perSecond) => {
      const bucket = new TokenBucket({ capacity, perSecond, nowMs: 0 });
      const given: { atMs: number; count: number }[] = [];
      let nowMs = 0;
      for (const { count, afterMs } of list) {
        nowMs += afterMs;
        if (bucket.take(count, nowMs)) given.push({ atMs: nowMs, count });
      }
      given.forEach((from, first) => {
        let sum = 0;
        for (const { atMs, count } of given.slice(first)) {
          sum += count;
          assert.ok(sum <= capacity + ((atMs - from.atMs) * perSecond) / 1000 + 1e-6);
        }
      });
    }),
  );
});

test('after the wait that was told the tokens are there', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 1, max: 50 }),
      (count, perSecond) => {
        const bucket = new TokenBucket({ capacity: 10, perSecond, nowMs: 0 });
        bucket.take(10, 0);
        // A thousandth of a millisecond for rounding.
        assert.equal(bucket.take(count, bucket.waitMs(count, 0) + 1e-3), true);
      },
    ),
  );
});
