import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StreamedBlocks } from './block-source.ts';
import { LsmError } from './errors.ts';
import { MergeCursor } from './merge-cursor.ts';
import { RangeDeletes } from './range-deletes.ts';
import { compactTables } from './rewrite.ts';
import { openTable, type Table } from './table.ts';
import { TableCursor } from './table-cursor.ts';
import {
  createTableDisk,
  openFilesOf,
  tableOptions,
  type Version,
  walk,
  writeTable,
} from './table-world.ts';
import type { CompactionJob, RangeDelete, TableMeta } from './types.ts';

const NOW_MS = 1000;
const KEYS = 12;
const keyOf = (nth: number): string => `k${String(nth).padStart(2, '0')}`;

/** What is written, in order; the sequence number is the place in the list + 1. */
const history = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ key: fc.nat(KEYS - 1), value: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ key: fc.nat(KEYS - 1) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        key: fc.nat(KEYS - 1),
        value: fc.nat(9),
        expires: fc.constantFrom(500, 2000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ from: fc.nat(KEYS - 1), count: fc.integer({ min: 1, max: 5 }) }),
    },
  ),
  { minLength: 2, maxLength: 80, size: 'max' },
);
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

/** What a reader at a sequence number sees, from the obvious replay. */
function replay(list: History, sequence: number): Map<string, string> {
  const seen = new Map<string, string>();
  for (const [nth, op] of list.entries()) {
    if (nth + 1 > sequence) break;
    if ('from' in op) for (let i = 0; i < op.count; i++) seen.delete(keyOf(op.from + i));
    else if (!('value' in op)) seen.delete(keyOf(op.key));
    else if ('expires' in op && op.expires <= NOW_MS) seen.delete(keyOf(op.key));
    else seen.set(keyOf(op.key), textOf(op.value));
  }
  return seen;
}

const textOf = (length: number): string => `${length}:`.padEnd(length, 'v');

function versionsOf(
  list: History,
  from: number,
  to: number,
): { versions: Version[]; ranges: RangeDelete[] } {
  const versions: Version[] = [];
  const ranges: RangeDelete[] = [];
  for (let nth = from; nth < to; nth++) {
    const op = list[nth]!;
    const sequence = nth + 1;
    if ('from' in op) {
      const end = Buffer.from(keyOf(op.from + op.count));
      ranges.push({ from: Buffer.from(keyOf(op.from)), to: end, sequence });
    } else {
      const value = 'value' in op ? textOf(op.value) : null;
      const expiresAtMs = 'expires' in op ? op.expires : 0;
      versions.push({ key: keyOf(op.key), value, sequence, expiresAtMs });
    }
  }
  return { versions, ranges };
}

/** What a reader at a sequence number sees of tables. */
async function see(tables: readonly Table[], sequence: number): Promise<Map<string, string>> {
  const deletes = new RangeDeletes();
  for (const table of tables) {
    for (const { from, to, sequences } of table.deletes.fragments) {
      for (const each of sequences) deletes.add({ from, to, sequence: each });
    }
  }
  const cursors = tables.map((table) => new TableCursor(table, new StreamedBlocks(table)));
  const seen = new Map<string, string>();
  const decided = new Set<string>();
  for (const version of await walk(new MergeCursor(cursors))) {
    if (version.sequence > sequence || decided.has(version.key)) continue;
    decided.add(version.key);
    const key = Buffer.from(version.key);
    if (deletes.covering(key, 0, key.length, sequence) > version.sequence) continue;
    const isOver = version.expiresAtMs > 0 && version.expiresAtMs <= NOW_MS;
    if (version.value !== null && !isOver) seen.set(version.key, version.value);
  }
  return seen;
}

test('a compaction changes nothing that a snapshot or the present sees, with and without deeper tables', async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(fc.nat(80), { maxLength: 3 }),
      fc.nat(80),
      fc.nat(80),
      async (list, points, cutA, cutB) => {
        const disk = createTableDisk();
        const cuts = [0, cutA % list.length, cutB % list.length, list.length].sort((a, b) => a - b);
        const tables: Table[] = [];
        for (let nth = 0; nth < 3; nth++) {
          const { versions, ranges } = versionsOf(list, cuts[nth]!, cuts[nth + 1]!);
          if (versions.length + ranges.length === 0) continue;
          tables.push(openTable(disk, '/lsm', writeTable(disk, nth + 1, versions, ranges)));
        }
        // The oldest table may stay below: deletes of its keys are needed on.
        const deeper = cutA % 2 === 0 && tables.length > 1 ? [tables[0]!] : [];
        const inputs = tables.slice(deeper.length).toReversed();
        const snapshots = [...new Set(points.map((point) => point % list.length))].sort(
          (a, b) => a - b,
        );
        const report = await compactTables(
          disk,
          {
            options: tableOptions,
            inputs: inputs.map(({ meta }) => meta),
            snapshots,
            nowMs: NOW_MS,
            below: deeper.map(({ meta }) => meta),
            firstNumber: 10,
            numbers: 50,
          },
          async () => {},
        );
        const outputs = report.tables.map((meta) => openTable(disk, '/lsm', meta));
        for (const sequence of [...snapshots, list.length]) {
          assert.deepEqual(await see([...deeper, ...outputs], sequence), replay(list, sequence));
        }
        for (const [nth, { meta }] of outputs.entries()) {
          assert.ok(meta.smallest.compare(meta.end) < 0);
          const next = outputs[nth + 1];
          if (next !== undefined) assert.ok(meta.end.compare(next.meta.smallest) <= 0);
        }
        if (deeper.length === 0 && snapshots.length === 0) {
          // Nothing is below and nobody looks back: only what is there now is left.
          const entries = outputs.reduce((sum, { meta }) => sum + meta.entries, 0);
          assert.equal(entries, replay(list, list.length).size);
          assert.ok(outputs.every(({ meta }) => meta.deletes + meta.rangeDeletes === 0));
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a compaction that fails leaves no file behind', async () => {
  const disk = createTableDisk();
  const versions = Array.from({ length: 200 }, (_, nth): Version => {
    return { key: keyOf(nth), value: textOf(100), sequence: nth + 1, expiresAtMs: 0 };
  });
  const meta = writeTable(disk, 1, versions);
  const before = disk.listSync('/lsm');
  disk.capacityBytes = meta.bytes + 8000;
  await assert.rejects(
    compactTables(disk, compactionOf(meta), async () => {}),
    { code: 'ENOSPC' },
  );
  assert.deepEqual(disk.listSync('/lsm'), before);
});

test('a compaction that is ended at a step leaves no file behind, and none open', async () => {
  const disk = createTableDisk();
  const versions = Array.from({ length: 10_000 }, (_, nth): Version => {
    return { key: String(nth).padStart(5, '0'), value: '', sequence: nth + 1, expiresAtMs: 0 };
  });
  const meta = writeTable(disk, 1, versions);
  const before = disk.listSync('/lsm');
  const open = openFilesOf(disk);
  const ended = compactTables(disk, compactionOf(meta), async () => {
    assert.ok(disk.listSync('/lsm').length > before.length + 1, 'tables, and one under way');
    assert.equal(open.size, 2);
    throw new LsmError('closed');
  });
  await assert.rejects(ended, { code: 'closed' });
  assert.deepEqual(disk.listSync('/lsm'), before);
  assert.equal(open.size, 0);
});

/** Of one table, with nothing below. */
function compactionOf(meta: TableMeta): CompactionJob {
  return {
    options: tableOptions,
    inputs: [meta],
    snapshots: [],
    nowMs: NOW_MS,
    below: [],
    firstNumber: 10,
    numbers: 500,
  };
}
