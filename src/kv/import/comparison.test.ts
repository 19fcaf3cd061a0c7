import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RdbValueWriter } from '../rdb/index.ts';
import { ComparisonTally, differenceOf, type KeyView } from './comparison.ts';
import { DIFFERENCES_KEPT } from './limits.ts';

const NOW_MS = 1_000_000;
const payload = (value: string): Buffer => {
  const writer = new RdbValueWriter();
  writer.onString(Buffer.from(value));
  return writer.finishDump();
};
const key = (value: string, expiry: number | null = -1): KeyView => {
  return { payload: payload(value), expiry };
};
const none: KeyView = { payload: null, expiry: -2 };

test('what differs between two views of a key is named', () => {
  const compare = (source: KeyView, target: KeyView) => differenceOf(source, target, NOW_MS);
  assert.equal(compare(key('a'), key('a')), null);
  assert.equal(compare(none, none), null);
  assert.equal(compare(key('a'), none), 'only-at-source');
  assert.equal(compare(none, key('a')), 'only-at-target');
  assert.equal(compare(key('a'), key('b')), 'other-value');
  assert.equal(compare(key('a', 5), key('a', 6)), 'other-expiry');
  assert.equal(compare(key('a', null), key('a', 6)), null);
  assert.equal(compare({ payload: { error: 'NOPERM' }, expiry: null }, key('a')), 'unreadable');
});

test('a key that is over by the time of the source is missing there by right', () => {
  assert.equal(differenceOf(none, key('a', NOW_MS), NOW_MS), null);
  assert.equal(differenceOf(none, key('a', NOW_MS + 1), NOW_MS), 'only-at-target');
});

test('a report names the first differences and counts all, and sizes and functions count too', () => {
  const row = { db: 0, sourceKeys: 5, targetKeys: 5, compared: 5 };
  const many = Array.from({ length: DIFFERENCES_KEPT + 5 }, () => {
    return { db: 0, key: Buffer.from('k'), kind: 'other-value' as const };
  });
  const tally = new ComparisonTally();
  tally.database(row, []);
  assert.equal(tally.report().same, true);
  tally.database({ ...row, db: 1 }, many);
  const report = tally.report();
  assert.equal(report.same, false);
  assert.equal(report.differences.length, DIFFERENCES_KEPT);
  assert.equal(report.databases[1]?.differing, DIFFERENCES_KEPT + 5);
  const sizes = new ComparisonTally();
  sizes.database({ ...row, targetKeys: 6 }, []);
  assert.equal(sizes.report().same, false);
  const functions = new ComparisonTally();
  functions.functions(false);
  assert.equal(functions.report().same, false);
});
