import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateLimit, RateVerdict } from './rate-limit.ts';

const seeds = [11, 22, 33] as const;

test('equal answers to one network are limited, others and other networks are not', () => {
  const limit = new RateLimit([...seeds]);
  const rule = { perSecond: 10, slip: 0 };
  const sent = (network: number, kind: number, count: number): number => {
    let passed = 0;
    for (let at = 0; at < count; at++) {
      if (limit.take(network, kind, 1_000, rule) === RateVerdict.send) passed++;
    }
    return passed;
  };
  assert.equal(sent(1, 7, 100), 10);
  assert.equal(sent(1, 8, 10), 10);
  assert.equal(sent(2, 7, 10), 10);
  assert.equal(sent(1, 7, 10), 0);
});

test('a network is heard again when its flood is over, later after a longer one', () => {
  const limit = new RateLimit([...seeds]);
  const rule = { perSecond: 10, slip: 0 };
  for (let at = 0; at < 11; at++) limit.take(1, 7, 0, rule);
  assert.equal(limit.take(1, 7, 50, rule), RateVerdict.drop);
  assert.equal(limit.take(1, 7, 1_000, rule), RateVerdict.send);
  for (let at = 0; at < 10_000; at++) limit.take(1, 7, 1_000, rule);
  assert.equal(limit.take(1, 7, 5_000, rule), RateVerdict.drop, 'five seconds of debt');
  assert.equal(limit.take(1, 7, 7_500, rule), RateVerdict.send);
});

test('each so manieth limited answer slips through, cut', () => {
  const count = (slip: number): [number, number] => {
    const limit = new RateLimit([...seeds]);
    let dropped = 0;
    let slipped = 0;
    for (let at = 0; at < 110; at++) {
      const verdict = limit.take(1, 7, 0, { perSecond: 10, slip });
      if (verdict === RateVerdict.drop) dropped++;
      if (verdict === RateVerdict.slip) slipped++;
    }
    return [dropped, slipped];
  };
  assert.deepEqual(count(0), [100, 0]);
  assert.deepEqual(count(1), [0, 100]);
  assert.deepEqual(count(2), [50, 50]);
});

test('no limit is no limit', () => {
  const limit = new RateLimit([...seeds]);
  for (let at = 0; at < 10_000; at++) {
    assert.equal(limit.take(1, 7, 0, { perSecond: 0, slip: 2 }), RateVerdict.send);
  }
});

test('floods in the name of a thousand networks leave nearly all others alone', () => {
  const limit = new RateLimit([...seeds]);
  const rule = { perSecond: 10, slip: 0 };
  for (let network = 0; network < 1_000; network++) {
    for (let at = 0; at < 50; at++) limit.take(network, 7, 0, rule);
  }
  let limited = 0;
  for (let network = 10_000; network < 20_000; network++) {
    if (limit.take(network, 7, 0, rule) !== RateVerdict.send) limited++;
  }
  // A place is taken with a chance of 6 %, all three with 0.02 %.
  assert.ok(limited < 40, `${limited} of 10,000`);
});
