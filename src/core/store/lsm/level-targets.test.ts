import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debtBytes, levelTargets, pressure } from './level-targets.ts';
import type { TableMeta } from './types.ts';
import { type HasMeta, Version } from './version.ts';

const OPTIONS = { levelBytes: 100 };

/** A version with tables of these bytes, each level's side by side. */
function versionOf(levels: Readonly<Record<number, readonly number[]>>): Version<HasMeta> {
  let number = 0;
  const add = Object.entries(levels).flatMap(([level, tables]) =>
    tables.map((bytes, nth) => {
      const meta: TableMeta = {
        number: ++number,
        bytes,
        entries: 1,
        deletes: 0,
        rangeDeletes: 0,
        smallest: Buffer.from([nth]),
        end: Buffer.from([nth + 1]),
        minSequence: number,
        maxSequence: number,
        minExpiresAtMs: 0,
      };
      return { level: Number(level), meta };
    }),
  );
  return Version.empty<HasMeta>().apply({ add }, (meta) => ({ meta }));
}

test('the deepest level decides the targets, a tenth a level, down to the given size', () => {
  assert.deepEqual(levelTargets(versionOf({}), OPTIONS), {
    base: 6,
    bytes: [100, 0, 0, 0, 0, 0, 100],
  });
  assert.equal(levelTargets(versionOf({ 6: [999] }), OPTIONS).base, 6);
  assert.deepEqual(levelTargets(versionOf({ 6: [1000] }), OPTIONS), {
    base: 5,
    bytes: [100, 0, 0, 0, 0, 100, 1000],
  });
  assert.deepEqual(levelTargets(versionOf({ 6: [50_000] }), OPTIONS), {
    base: 4,
    bytes: [100, 0, 0, 0, 500, 5000, 50_000],
  });
});

test('the base is not below a level that still has tables', () => {
  const targets = levelTargets(versionOf({ 3: [10], 6: [50_000] }), OPTIONS);
  assert.equal(targets.base, 3);
  assert.equal(targets.bytes[3], 0);
});

test('nothing is owed while every level is within its target', () => {
  assert.equal(debtBytes(versionOf({}), OPTIONS), 0);
  assert.equal(debtBytes(versionOf({ 0: [10, 10, 10], 5: [100], 6: [1000] }), OPTIONS), 0);
});

test('what is owed grows with what is too much, and counts what has to be read along', () => {
  const little = debtBytes(versionOf({ 5: [200], 6: [1000] }), OPTIONS);
  assert.equal(little, 100 * (1 + 1000 / 200));
  const zero = debtBytes(versionOf({ 0: [30, 30, 30, 30], 6: [500] }), OPTIONS);
  assert.equal(zero, 120 + 500);
  assert.ok(debtBytes(versionOf({ 5: [400], 6: [1000] }), OPTIONS) > little);
});

test('writers are slowed down in a line from the first sign to the stop', () => {
  const zeros = (count: number) => versionOf({ 0: new Array<number>(count).fill(1) });
  const measured = [0, 8, 12, 16, 24].map((count) => pressure(zeros(count), OPTIONS, 0));
  assert.deepEqual(measured, [0, 0, 0.25, 0.5, 1]);
  const memory = [0, 1, 2, 4].map((count) => pressure(versionOf({}), OPTIONS, count));
  assert.deepEqual(memory, [0, 0, 1 / 3, 1]);
  assert.equal(pressure(versionOf({ 5: [2000], 6: [1000] }), OPTIONS, 1), 0);
  assert.ok(pressure(versionOf({ 5: [18_000], 6: [1000] }), OPTIONS, 1) > 0.5);
  assert.ok(pressure(versionOf({ 5: [40_000], 6: [1000] }), OPTIONS, 1) > 1);
});
