import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LsmError } from './errors.ts';
import {
  createTableDisk,
  openFilesOf,
  tableOptions,
  type Version,
  writeTable,
} from './table-world.ts';
import { verifyTables } from './verify.ts';

const versions = Array.from({ length: 10_000 }, (_, nth): Version => {
  return { key: String(nth).padStart(5, '0'), value: '', sequence: 1, expiresAtMs: 0 };
});

test('a verification that is ended at a step tells nothing of the tables, and leaves no file open', async () => {
  const disk = createTableDisk();
  const tables = [writeTable(disk, 1, versions), writeTable(disk, 2, versions)];
  const open = openFilesOf(disk);
  let steps = 0;
  const told: number[] = [];
  const ended = verifyTables(
    disk,
    { options: tableOptions, tables },
    async () => {
      assert.equal(open.size, 1);
      if (++steps === 2) throw new LsmError('closed');
    },
    (bytes) => told.push(bytes),
  );
  await assert.rejects(ended, { code: 'closed' });
  assert.deepEqual(told, [tables[0]!.bytes]);
  assert.equal(steps, 2);
  assert.equal(open.size, 0);
});
