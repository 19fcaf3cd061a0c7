import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Buckets } from './buckets.ts';

test('in any span a bucket gives at most burst + rate x span', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(400), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 20 }),
      (gaps, perSecond, burst) => {
        const buckets = new Buckets(8);
        const row = buckets.place(0, 1, 1, 1, 0);
        buckets.begin(row, burst, 0);
        let nowMs = 0;
        const given: number[] = [];
        for (const gap of gaps) {
          nowMs += gap;
          if (buckets.take(row, perSecond, burst, nowMs)) given.push(nowMs);
        }
        for (let from = 0; from < given.length; from++) {
          for (let to = from; to < given.length; to++) {
            const spanMs = given[to]! - given[from]!;
            assert.ok(to - from + 1 <= burst + (spanMs * perSecond) / 1000 + 1e-6);
          }
        }
      },
    ),
  );
});

test('Retry-After is when there is a token again, and a smaller burst holds at once', () => {
  const buckets = new Buckets(8);
  const row = buckets.place(0, 1, 1, 1, 0);
  buckets.begin(row, 100, 0);
  for (let i = 0; i < 3; i++) assert.ok(buckets.take(row, 2, 3, 0));
  assert.equal(buckets.take(row, 2, 3, 0), false);
  assert.equal(buckets.waitMs(row, 2), 500);
  assert.equal(buckets.take(row, 2, 3, 499), false);
  assert.ok(buckets.take(row, 2, 3, 500));
});

test('bytes are a debt that time pays', () => {
  const buckets = new Buckets(8);
  const row = buckets.place(0, 1, 1, 1, 0);
  const limit = { perSecond: 100, burst: 500 };
  buckets.chargeBytes(row, 700, limit, 0);
  assert.equal(buckets.mayGetBytes(row, 100, 500, 1000), false);
  assert.equal(buckets.bytesWaitMs(row, 100), 1000);
  assert.ok(buckets.mayGetBytes(row, 100, 500, 2000));
  assert.ok(buckets.mayGetBytes(row, 100, 500, 2_000_000));
  buckets.chargeBytes(row, 501, limit, 2_000_000);
  assert.equal(buckets.mayGetBytes(row, 100, 500, 2_000_000), false);
});

test('those under way are counted down once, and not for whom had the row before', () => {
  const buckets = new Buckets(8);
  const row = buckets.place(0, 1, 1, 1, 0);
  const before = buckets.generation[row]!;
  assert.ok(buckets.enter(row, 2, 0));
  assert.ok(buckets.enter(row, 2, 0));
  assert.equal(buckets.enter(row, 2, 0), false);
  buckets.leave(row, before);
  assert.ok(buckets.enter(row, 2, 0));
  for (let key = 2; key < 10; key++) buckets.place(0, key, 1, 1, key);
  assert.equal(buckets.find(0, 1, 1, 1), -1);
  const now = buckets.generation[row]!;
  assert.notEqual(now, before);
  assert.ok(buckets.enter(row, 1, 20));
  buckets.leave(row, before);
  assert.equal(buckets.enter(row, 1, 20), false);
  buckets.leave(row, now);
  buckets.leave(row, now);
  assert.ok(buckets.enter(row, 1, 20));
});
