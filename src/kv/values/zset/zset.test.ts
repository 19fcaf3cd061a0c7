import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Type } from '../../keyspace/index.ts';
import { bareStore } from '../testing.ts';
import {
  eachMember,
  encodingOf,
  indexRange,
  largeZsetOf,
  lengthOf,
  lexRanks,
  mirrored,
  scanMembers,
  scoreRanks,
  ZsetAccess,
  ZsetBuilder,
  ZsetCursor,
} from './index.ts';
import { checkTree, compareMembers } from './testing.ts';

const KEY = Buffer.from('key');
const limits = (entries: number, value = 64) => ({
  zsetMaxListpackEntries: entries,
  zsetMaxListpackValue: value,
});

interface Pair {
  score: number;
  readonly text: string;
}

/** A sorted set beside a list that says what must be in it. */
class Twin {
  readonly store = bareStore();
  readonly db = this.store.db;
  readonly access = new ZsetAccess();
  readonly emptyBytes = this.store.keyspace.arena.usedBytes;
  pairs: Pair[] = [];

  record(): number {
    return this.db.findForWrite(KEY, 0, KEY.length);
  }

  put(text: string, score: number, entries: number): void {
    let record = this.record();
    if (record === 0) record = this.db.create(KEY, 0, KEY.length, Type.zset, 0);
    const bytes = Buffer.from(text, 'latin1');
    const known = this.pairs.find((pair) => pair.text === text);
    this.access.open(this.db, record);
    const found = this.access.find(bytes, 0, bytes.length);
    assert.equal(found, known !== undefined);
    if (known !== undefined) {
      assert.ok(Object.is(this.access.score, known.score));
      this.access.update(score);
      known.score = score;
    } else {
      this.access.insert(score, limits(entries));
      this.pairs.push({ text, score });
    }
    this.sort();
  }

  remove(index: number): void {
    if (index >= this.pairs.length) return;
    const [pair] = this.pairs.splice(index, 1);
    const bytes = Buffer.from(pair!.text, 'latin1');
    this.access.open(this.db, this.record());
    assert.ok(this.access.find(bytes, 0, bytes.length));
    assert.equal(this.access.rank(), index);
    this.access.remove();
    this.dropWhenEmpty();
  }

  removeRange(from: number, count: number): void {
    if (from >= this.pairs.length) return;
    const removed = this.pairs.splice(from, count).length;
    this.access.open(this.db, this.record());
    this.access.removeRange(from, removed);
    this.dropWhenEmpty();
  }

  private dropWhenEmpty(): void {
    if (this.access.size === 0) this.db.remove(this.access.record);
  }

  private sort(): void {
    this.pairs.sort(compareMembers);
  }

  check(): void {
    const record = this.record();
    if (record === 0) {
      assert.deepEqual(this.pairs, []);
      return;
    }
    assert.equal(lengthOf(this.db, record), this.pairs.length);
    const seen: Pair[] = [];
    eachMember(this.db, record, (buf, start, length, score) => {
      seen.push({ score, text: buf.toString('latin1', start, start + length) });
      return true;
    });
    assert.deepEqual(seen, this.pairs);
    if (this.db.isLarge(record)) checkTree(largeZsetOf(this.db, record).tree);
  }

  walk(rank: number, reverse: boolean): Pair[] {
    const cursor = new ZsetCursor();
    cursor.begin(this.db, this.record(), rank, reverse);
    const seen: Pair[] = [];
    while (cursor.next()) {
      const text = cursor.buf.toString('latin1', cursor.start, cursor.start + cursor.length);
      seen.push({ score: cursor.score, text });
    }
    return seen;
  }
}

const scores = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.integer({ min: -70_000, max: 70_000 }),
  fc.double({ noNaN: true }),
  fc.constantFrom(0, -0, 2 ** 31, -(2 ** 31), 1e300, Infinity, -Infinity, 0.1),
);
const members = fc.oneof(
  fc.nat(40).map(String),
  fc.string({ maxLength: 5, unit: 'binary-ascii' }),
  fc.nat(200).map((n) => 'x'.repeat(n)),
);
const changes = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constant('put' as const), members, scores) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('remove' as const), fc.nat(30), fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('range' as const), fc.nat(20), fc.nat(9)) },
  ),
  { minLength: 1, maxLength: 120 },
);

test('random changes in either form leave the set equal to a sorted list and leak nothing', () => {
  fc.assert(
    fc.property(changes, fc.constantFrom(0, 8, 30, 1000), (list, entries) => {
      const twin = new Twin();
      for (const change of list) {
        if (change[0] === 'put') twin.put(change[1], change[2], entries);
        else if (change[0] === 'remove') twin.remove(change[1]);
        else twin.removeRange(change[1], change[2]);
        twin.check();
      }
      twin.removeRange(0, twin.pairs.length);
      twin.store.reclaim();
      assert.equal(twin.record(), 0);
      assert.equal(twin.store.keyspace.arena.usedBytes, twin.emptyBytes);
    }),
    { numRuns: 150 },
  );
});

for (const [form, entries] of [
  ['listpack', 1000],
  ['skiplist', 10],
] as const) {
  test(`walks and ranges of a ${form} agree with a sorted list`, () => {
    const twin = new Twin();
    for (let i = 0; i < 300; i++) twin.put(`m${i}`, (i * 37) % 90, entries);
    const record = twin.record();
    assert.equal(encodingOf(twin.db, record), form);
    const reversed = [...twin.pairs].reverse();
    for (const rank of [0, 1, 150, 299]) {
      assert.deepEqual(twin.walk(rank, false), twin.pairs.slice(rank));
      assert.deepEqual(twin.walk(rank, true), reversed.slice(299 - rank));
    }
    for (let min = -1; min < 92; min += 3) {
      for (const [minOpen, maxOpen] of [
        [false, false],
        [true, false],
        [false, true],
      ] as const) {
        const max = min + 6;
        const inside = twin.pairs
          .map((pair, rank) => ({ ...pair, rank }))
          .filter(({ score }) => (minOpen ? score > min : score >= min))
          .filter(({ score }) => (maxOpen ? score < max : score <= max))
          .map(({ rank }) => rank);
        const range = scoreRanks(twin.db, record, { min, minOpen, max, maxOpen });
        const expected =
          inside.length === 0 ? { from: 0, to: 0 } : { from: inside[0], to: inside.at(-1)! + 1 };
        assert.deepEqual(range, expected);
      }
    }
  });

  test(`a range of bytes in a ${form} of equal scores agrees with a sorted list`, () => {
    const twin = new Twin();
    for (let i = 0; i < 150; i++) twin.put(String(i * 3), 1, entries);
    const bound = (n: number, open: boolean) => ({
      at: 'member' as const,
      bytes: Buffer.from(String(n)),
      open,
    });
    for (let n = 0; n < 450; n += 11) {
      for (const open of [false, true]) {
        const inside = twin.pairs
          .map(({ text }, rank) => ({ text, rank }))
          .filter(({ text }) => (open ? text > String(n) : text >= String(n)))
          .filter(({ text }) => (open ? text < '40' : text <= '40'))
          .map(({ rank }) => rank);
        const range = { min: bound(n, open), max: bound(40, open) };
        const expected =
          inside.length === 0 ? { from: 0, to: 0 } : { from: inside[0], to: inside.at(-1)! + 1 };
        for (const reverse of [false, true]) {
          assert.deepEqual(lexRanks(twin.db, twin.record(), range, reverse), expected);
        }
      }
    }
  });
}

test('a set becomes large at the limits of Redis and not before', () => {
  const twin = new Twin();
  for (let i = 0; i < 128; i++) twin.put(`${i}`, i, 128);
  assert.equal(encodingOf(twin.db, twin.record()), 'listpack');
  twin.put('a', 1, 128);
  assert.equal(encodingOf(twin.db, twin.record()), 'skiplist');
  twin.check();
  const other = new Twin();
  other.put('x'.repeat(64), 1, 128);
  assert.equal(encodingOf(other.db, other.record()), 'listpack');
  other.put('x'.repeat(65), 1, 128);
  assert.equal(encodingOf(other.db, other.record()), 'skiplist');
});

test('indexes of a range count from either end and are cut to the set', () => {
  assert.deepEqual(indexRange(5, 0, -1), { from: 0, to: 5 });
  assert.deepEqual(indexRange(5, -3, -2), { from: 2, to: 4 });
  assert.deepEqual(indexRange(5, -100, 100), { from: 0, to: 5 });
  assert.deepEqual(indexRange(5, 3, 1), { from: 0, to: 0 });
  assert.deepEqual(indexRange(5, 5, 9), { from: 0, to: 0 });
  assert.deepEqual(mirrored({ from: 0, to: 2 }, 5), { from: 3, to: 5 });
});

test('a builder gives what adding one by one would give', () => {
  for (const count of [1, 8, 9, 500]) {
    const { db, keyspace, reclaim } = bareStore();
    const before = keyspace.arena.usedBytes;
    for (const hint of [0, count]) {
      const builder = new ZsetBuilder(db, limits(8), hint);
      for (let i = 0; i < count; i++) {
        assert.equal(builder.add(-i, Buffer.from(`m${i}`)), true);
        assert.equal(builder.add(5, Buffer.from(`m${i}`)), false);
      }
      const record = builder.finish(KEY);
      assert.equal(encodingOf(db, record), count > 8 ? 'skiplist' : 'listpack');
      const seen: number[] = [];
      eachMember(db, record, (_buf, _start, _length, score) => {
        seen.push(score + count - 1);
        return true;
      });
      assert.deepEqual(
        seen,
        Array.from({ length: count }, (_, i) => i),
      );
      db.remove(record);
      const dropped = new ZsetBuilder(db, limits(8), hint);
      for (let i = 0; i < count; i++) dropped.add(i, Buffer.from(`m${i}`));
      dropped.drop();
    }
    reclaim();
    assert.equal(keyspace.arena.usedBytes, before);
  }
});

test('a scan of a large set meets every member', () => {
  const twin = new Twin();
  for (let i = 0; i < 700; i++) twin.put(`m${i}`, i, 10);
  const seen = new Set<number>();
  let cursor = 0;
  do {
    cursor = scanMembers(twin.db, twin.record(), cursor, 10, (_buf, _start, _length, score) => {
      seen.add(score);
      return true;
    });
  } while (cursor !== 0);
  assert.equal(seen.size, 700);
});

test('memory told is memory taken', () => {
  const { db, keyspace } = bareStore();
  const before = keyspace.arena.usedBytes;
  const builder = new ZsetBuilder(db, limits(8), 0);
  for (let i = 0; i < 3000; i++) builder.add(i % 17, Buffer.from(`member:${i}`));
  const record = builder.finish(KEY);
  const large = largeZsetOf(db, record);
  const heapEstimate = 400;
  assert.equal(
    large.memoryBytes() - heapEstimate - large.table.bucketBytes,
    keyspace.arena.usedBytes - before - keyspace.arena.capacity(record),
  );
});
