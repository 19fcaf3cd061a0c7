import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { InvariantError } from '../../base/index.ts';
import type { LeveledTable } from './edit.ts';
import type { TableMeta } from './types.ts';
import { hasKey, misplaced, overlaps, Version } from './version.ts';

interface Item {
  readonly meta: TableMeta;
}

function meta(number: number, smallest: string, end: string, maxSequence = number): TableMeta {
  return {
    number,
    bytes: 100 + number,
    entries: 1,
    deletes: 0,
    rangeDeletes: 0,
    smallest: Buffer.from(smallest),
    end: Buffer.from(end),
    minSequence: 1,
    maxSequence,
    minExpiresAtMs: 0,
  };
}

const open = (of: TableMeta): Item => ({ meta: of });
const numbers = (items: readonly Item[]): number[] => items.map((item) => item.meta.number);
const make = (...add: LeveledTable[]): Version<Item> => Version.empty<Item>().apply({ add }, open);

test('tables stand newest first on level 0 and by key below, and the version before is as it was', () => {
  const before = make({ level: 0, meta: meta(1, 'a', 'c') }, { level: 2, meta: meta(2, 'm', 'p') });
  const after = before.apply(
    {
      add: [
        { level: 0, meta: meta(5, 'b', 'd') },
        { level: 2, meta: meta(3, 'c', 'm') },
      ],
    },
    open,
  );
  assert.deepEqual(numbers(after.level(0)), [5, 1]);
  assert.deepEqual(numbers(after.level(2)), [3, 2]);
  assert.deepEqual(numbers(after.tables()), [5, 1, 3, 2]);
  assert.deepEqual(numbers(before.tables()), [1, 2]);
  assert.equal(after.count, 4);
  assert.equal(after.totalBytes, 411);
  assert.equal(after.levelBytes(2), 205);
  assert.equal(after.firstSortedLevel, 2);
});

test('a table that moves stays the same open table', () => {
  const before = make({ level: 0, meta: meta(1, 'a', 'c') });
  const moved = before.apply({ drop: [1], add: [{ level: 6, meta: meta(1, 'a', 'c') }] }, () =>
    assert.fail(),
  );
  assert.equal(moved.level(6)[0], before.level(0)[0]);
  assert.equal(moved.level(0).length, 0);
});

test('a whole edit forgets what was there', () => {
  const before = make({ level: 0, meta: meta(1, 'a', 'c') }, { level: 1, meta: meta(2, 'a', 'c') });
  const after = before.apply({ whole: true, add: [{ level: 3, meta: meta(2, 'a', 'c') }] }, open);
  assert.deepEqual(numbers(after.tables()), [2]);
  assert.equal(after.level(3)[0], before.level(1)[0]);
});

test('an edit that does not fit breaks an invariant', () => {
  const version = make({ level: 1, meta: meta(1, 'a', 'c') });
  assert.throws(() => version.apply({ drop: [9] }, open), InvariantError);
  const overlapping = { add: [{ level: 1, meta: meta(2, 'b', 'd') }] };
  assert.throws(() => version.apply(overlapping, open), InvariantError);
  version.apply({ add: [{ level: 1, meta: meta(2, 'c', 'd') }] }, open);
});

test('tables that overlap are misplaced from level 1 on only', () => {
  const at = (level: number) => [
    { level, meta: meta(1, 'b', 'd') },
    { level, meta: meta(2, 'a', 'c') },
  ];
  assert.equal(misplaced(at(0)), null);
  assert.equal(misplaced(at(1)), 'tables of level 1 overlap');
});

/** Keys of one or two letters, and cuts between them that make disjoint tables with gaps. */
const key = fc.stringMatching(/^[a-f]{0,3}$/);
const tables = fc
  .uniqueArray(key, { minLength: 0, maxLength: 12 })
  .map((cuts) => cuts.sort())
  .chain((cuts) =>
    fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }).map((taken) => {
      const made: TableMeta[] = [];
      for (let nth = 1; nth < cuts.length; nth++) {
        if (taken[nth] === true) made.push(meta(nth, cuts[nth - 1]!, cuts[nth]!));
      }
      return made;
    }),
  );

test('searching a level finds what going through it finds', () => {
  fc.assert(
    fc.property(tables, key, key, (list, one, other) => {
      const version = make(...list.map((of) => ({ level: 4, meta: of })));
      const text = Buffer.from(`..${one}..`);
      const nth = version.firstEndingAfter(4, text, 2, one.length);
      const behind = list.findIndex((of) => one < of.end.toString());
      assert.equal(nth, behind < 0 ? list.length : behind);
      const wanted = list.findIndex((of) => hasKey(of, text, 2, one.length));
      assert.equal(version.find(4, text, 2, one.length), wanted);
      const isIn = (of: TableMeta): boolean =>
        of.smallest.toString() <= one && one < of.end.toString();
      assert.equal(wanted, list.findIndex(isIn));
      const [from, to] = one < other ? [one, other] : [other, one];
      if (from === to) return;
      const range = [Buffer.from(from), Buffer.from(to)] as const;
      const touched = list.filter((of) => of.smallest.toString() < to && from < of.end.toString());
      assert.deepEqual(
        numbers(version.overlapping(4, ...range)),
        touched.map((of) => of.number),
      );
      assert.deepEqual(
        touched,
        list.filter((of) => overlaps(of, ...range)),
      );
      const bytes = touched.reduce((sum, of) => sum + of.bytes, 0);
      assert.equal(version.overlappingBytes(4, ...range), bytes);
      assert.equal(version.hasBelow(3, ...range), touched.length > 0);
      assert.equal(version.hasBelow(4, ...range), false);
      const open0 = version.overlapping(4, range[0], undefined);
      assert.deepEqual(
        numbers(open0),
        list.filter((of) => from < of.end.toString()).map((of) => of.number),
      );
    }),
  );
});
