import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  loopRestMsMax,
  loopRestMsMin,
  loopWriteBytesMax,
  slowWriteMicros,
  stuckWriteMicros,
} from './limits.ts';
import { LoopWrites } from './loop-writes.ts';

const fast = slowWriteMicros / 2;
const slow = slowWriteMicros * 3;

test('writes stay on the loop while at most every third is slow', () => {
  const writes = new LoopWrites();
  for (let nth = 0; nth < 300; nth++) {
    assert.ok(writes.allows(1000, nth));
    writes.took(nth % 3 === 0 ? slow : fast, nth);
  }
});

test('when every other write is slow they go to threads', () => {
  const writes = new LoopWrites();
  let nth = 0;
  while (writes.allows(1000, 0)) writes.took(nth++ % 2 === 0 ? slow : fast, 0);
  assert.ok(nth > 5);
});

test('one stuck write sends the next ones to threads', () => {
  const writes = new LoopWrites();
  writes.took(stuckWriteMicros, 0);
  assert.ok(!writes.allows(1, 0));
});

test('a large write never goes on the loop', () => {
  assert.ok(!new LoopWrites().allows(loopWriteBytesMax + 1, 0));
});

test('a disk that stays slow is tried more and more seldom, one that has recovered is trusted again', () => {
  const writes = new LoopWrites();
  let nowMs = 0;
  let restMs = loopRestMsMin;
  for (let probe = 0; probe < 12; probe++) {
    let count = 0;
    for (; writes.allows(1, nowMs); count++) writes.took(slow, nowMs);
    assert.ok(probe === 0 || count <= 2, 'a probe is short');
    assert.ok(!writes.allows(1, nowMs + restMs - 1));
    nowMs += restMs;
    assert.ok(writes.allows(1, nowMs));
    restMs = Math.min(loopRestMsMax, restMs * 2);
  }
  assert.equal(restMs, loopRestMsMax);
  for (let nth = 0; nth < 50; nth++) writes.took(fast, nowMs);
  while (writes.allows(1, nowMs)) writes.took(slow, nowMs);
  assert.ok(writes.allows(1, nowMs + loopRestMsMin));
});

test('another descriptor begins without a past', () => {
  const writes = new LoopWrites();
  writes.took(stuckWriteMicros, 0);
  writes.reset();
  assert.ok(writes.allows(1, 0));
});
