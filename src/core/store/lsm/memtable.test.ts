import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../runtime/sim/index.ts';
import { At } from './cursor.ts';
import { filterHash } from './filter.ts';
import { Kind, SEQUENCE_MAX } from './kind.ts';
import { Memtable, MemtableCursor, memtableEntryBytes } from './memtable.ts';

interface Written {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly sequence: number;
  readonly expiresAtMs: number;
  readonly kind: Kind;
}

const written = fc.array(
  fc.record({
    key: fc.uint8Array({ maxLength: 3, max: 2 }).map((bytes) => Buffer.from(bytes)),
    value: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
    expiresAtMs: fc.constantFrom(0, 5, 2 ** 40 + 1),
    isDelete: fc.boolean(),
  }),
  { maxLength: 60, size: 'max' },
);

function fill(list: typeof written extends fc.Arbitrary<infer T> ? T : never): {
  table: Memtable;
  sorted: Written[];
} {
  const table = new Memtable(new SharedArrayBuffer(64 * 1024), { random: createSimRandom(1) });
  const all = list.map(({ key, value, expiresAtMs, isDelete }, nth): Written => {
    // Beyond 32 bits, to see both halves of the number.
    const sequence = 2 ** 32 - 30 + nth;
    if (isDelete)
      return { key, value: Buffer.alloc(0), sequence, expiresAtMs: 0, kind: Kind.delete };
    return { key, value, sequence, expiresAtMs, kind: expiresAtMs > 0 ? Kind.putUntil : Kind.put };
  });
  for (const { key, value, sequence, expiresAtMs, kind } of all) {
    assert.ok(table.fits(memtableEntryBytes(key.length, value.length)));
    const from = Buffer.concat([key, value]);
    table.add(kind, sequence, expiresAtMs, from, 0, key.length, key.length, value.length);
  }
  const sorted = all.toSorted((a, b) => a.key.compare(b.key) || b.sequence - a.sequence);
  return { table, sorted };
}

function at(cursor: MemtableCursor): Written | null {
  if (cursor.at === At.end) return null;
  const { sequence, expiresAtMs, kind } = cursor;
  return {
    key: Buffer.from(cursor.key.subarray(cursor.keyStart, cursor.keyStart + cursor.keyLength)),
    value: Buffer.from(
      cursor.value.subarray(cursor.valueStart, cursor.valueStart + cursor.valueLength),
    ),
    sequence,
    expiresAtMs,
    kind,
  };
}

test('entries come by key, newest version first, both ways, also through the eyes of another thread', () => {
  fc.assert(
    fc.property(written, (list) => {
      const { table, sorted } = fill(list);
      for (const view of [table, new Memtable(table.memory, { used: table.usedBytes })]) {
        const cursor = new MemtableCursor(view);
        const forwards: (Written | null)[] = [];
        for (cursor.seekFirst(); cursor.at === At.entry; cursor.next()) forwards.push(at(cursor));
        assert.deepEqual(forwards, sorted);
        const backwards: (Written | null)[] = [];
        const back = new MemtableCursor(view);
        for (back.seekLast(); back.at === At.entry; back.previous()) backwards.push(at(back));
        assert.deepEqual(backwards, sorted.toReversed());
      }
    }),
  );
});

test('seeks and finds agree with a sorted list', () => {
  const probe = fc.uint8Array({ maxLength: 3, max: 2 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(written, probe, fc.nat(60), (list, key, nth) => {
      const { table, sorted } = fill(list);
      const cursor = new MemtableCursor(table);
      cursor.seek(key, 0, key.length);
      assert.deepEqual(at(cursor), sorted.find((entry) => entry.key.compare(key) >= 0) ?? null);
      cursor.seekBefore(key, 0, key.length);
      assert.deepEqual(at(cursor), sorted.findLast((entry) => entry.key.compare(key) < 0) ?? null);
      for (const limit of [2 ** 32 - 30 + nth, SEQUENCE_MAX]) {
        const node = table.find(filterHash(key, 0, key.length), key, 0, key.length, limit);
        const expected = sorted.find((e) => e.key.equals(key) && e.sequence <= limit);
        assert.equal(node === 0 ? undefined : table.sequenceOf(node), expected?.sequence);
      }
    }),
  );
});
