import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimClock } from '../../runtime/sim/index.ts';
import { BlockCache } from './block-cache.ts';
import { BlockLoader } from './block-loader.ts';
import { CachedBlocks, StreamedBlocks } from './block-source.ts';
import { At } from './cursor.ts';
import { LsmError } from './errors.ts';
import { filterHash, mayHold } from './filter.ts';
import { openTable } from './table.ts';
import { TableCursor } from './table-cursor.ts';
import { tablePath } from './table-path.ts';
import {
  createTableDisk,
  inOrder,
  type Version,
  versionAt,
  walk,
  writeTable,
} from './table-world.ts';

const versions = fc
  .array(
    fc.record({
      key: fc.string({ unit: fc.constantFrom('a', 'b', 'ÿ', '\0'), maxLength: 4 }),
      value: fc.option(fc.string({ unit: fc.constantFrom('x', 'y'), maxLength: 400 })),
      expires: fc.constantFrom(0, 0, 77),
    }),
    { minLength: 1, maxLength: 80, size: 'max' },
  )
  .map((list) =>
    list.map(({ key, value, expires }, nth): Version => {
      const expiresAtMs = value === null ? 0 : expires;
      return { key, value, expiresAtMs, sequence: nth + 1 };
    }),
  );

test('a table gives back what was written, both ways, through the cache and streamed', async () => {
  await fc.assert(
    fc.asyncProperty(versions, fc.integer({ min: 1, max: 2 ** 40 }), async (list, number) => {
      const disk = createTableDisk();
      const meta = writeTable(disk, number, list);
      const table = openTable(disk, '/lsm', meta);
      const sorted = inOrder(list);
      const cache = new BlockCache(16 * 256, 256);
      const clock = createSimClock();
      const loader = new BlockLoader(cache, clock);
      for (const source of [new CachedBlocks(table, cache, loader), new StreamedBlocks(table)]) {
        const cursor = new TableCursor(table, source);
        assert.deepEqual(await walk(cursor), sorted);
        assert.deepEqual(await walk(cursor, true), sorted.toReversed());
        cursor.close();
      }
      assert.equal(meta.entries, list.length);
      assert.equal(meta.deletes, list.filter(({ value }) => value === null).length);
      assert.equal(meta.minSequence, 1);
      assert.equal(meta.maxSequence, list.length);
      assert.equal(meta.minExpiresAtMs, list.some(({ expiresAtMs }) => expiresAtMs > 0) ? 77 : 0);
      assert.equal(meta.smallest.toString('latin1'), sorted[0]!.key);
      assert.equal(meta.end.toString('latin1'), `${sorted.at(-1)!.key}\0`);
      for (const { key } of list) {
        const bytes = Buffer.from(key, 'latin1');
        assert.ok(mayHold(table.filter, filterHash(bytes, 0, bytes.length)));
      }
      table.release();
    }),
  );
});

test('the bounds of a table lie in memory of their own, also in another thread', () => {
  const list: Version[] = ['a', 'b'].map((key, nth) => {
    return { key, value: 'x', expiresAtMs: 0, sequence: nth + 1 };
  });
  const meta = writeTable(createTableDisk(), 1, list);
  const { smallest, end } = structuredClone(meta);
  for (const bytes of [meta.smallest, meta.end, smallest, end]) {
    assert.equal(bytes.buffer.byteLength, bytes.length);
  }
});

test('seeks stand where a sorted list says', () => {
  const probe = fc.string({ unit: fc.constantFrom('a', 'b', 'ÿ', '\0'), maxLength: 5 });
  fc.assert(
    fc.property(versions, fc.array(probe, { maxLength: 10 }), (list, probes) => {
      const disk = createTableDisk();
      const table = openTable(disk, '/lsm', writeTable(disk, 5, list));
      const cursor = new TableCursor(table, new StreamedBlocks(table));
      const sorted = inOrder(list);
      for (const text of probes) {
        const key = Buffer.from(text, 'latin1');
        const order = (version: Version) => Buffer.from(version.key, 'latin1').compare(key);
        cursor.seek(key, 0, key.length);
        assert.deepEqual(versionAt(cursor), sorted.find((v) => order(v) >= 0) ?? null);
        cursor.seekBefore(key, 0, key.length);
        assert.deepEqual(versionAt(cursor), sorted.findLast((v) => order(v) < 0) ?? null);
      }
      table.release();
    }),
  );
});

test('a key between one whose versions fill several blocks and the next key is sought behind all of them', () => {
  const disk = createTableDisk();
  const list = Array.from({ length: 30 }, (_, nth): Version => {
    return { key: 'a', value: 'v'.repeat(60), sequence: nth + 1, expiresAtMs: 0 };
  });
  list.push({ key: 'c', value: 'c', sequence: 31, expiresAtMs: 0 });
  const table = openTable(disk, '/lsm', writeTable(disk, 5, list));
  const cursor = new TableCursor(table, new StreamedBlocks(table));
  cursor.seek(Buffer.from('b'), 0, 1);
  assert.equal(versionAt(cursor)?.key, 'c');
  cursor.seekBefore(Buffer.from('b'), 0, 1);
  assert.equal(versionAt(cursor)?.sequence, 1);
  table.release();
});

test('any flipped bit is found, and named with its file', () => {
  const disk = createTableDisk();
  const list = Array.from({ length: 40 }, (_, nth): Version => {
    return { key: `key-${nth}`, value: `value-${nth}`, sequence: nth + 1, expiresAtMs: 0 };
  });
  const from = Buffer.from('key-2');
  const meta = writeTable(disk, 9, list, [{ from, to: Buffer.from('key-3'), sequence: 90 }]);
  const path = tablePath('/lsm', 9);
  const readAll = (): void => {
    const table = openTable(disk, '/lsm', meta);
    try {
      const cursor = new TableCursor(table, new StreamedBlocks(table));
      for (cursor.seekFirst(); cursor.at === At.entry; cursor.next());
    } finally {
      table.release();
    }
  };
  readAll();
  for (let offset = 0; offset < meta.bytes; offset++) {
    disk.flipBit(path, offset, offset % 8);
    assert.throws(
      readAll,
      (error: unknown) => {
        return error instanceof LsmError && error.code === 'corrupt' && error.file === path;
      },
      `bit ${offset % 8} of byte ${offset}`,
    );
    disk.flipBit(path, offset, offset % 8);
  }
  readAll();
});

test('a table in the place of another one is refused', () => {
  const disk = createTableDisk();
  const list: Version[] = [{ key: 'a', value: 'b', sequence: 1, expiresAtMs: 0 }];
  const meta = writeTable(disk, 1, list);
  writeTable(disk, 2, list);
  disk.renameSync(tablePath('/lsm', 2), tablePath('/lsm', 1));
  assert.throws(() => openTable(disk, '/lsm', meta), { code: 'corrupt' });
});
