/**
 * Reads tables whole and tells what does not hold: checksums, order of keys, what the manifest says.
 */
import { compareBytes } from '../../base/index.ts';
import type { Disk } from '../../runtime/index.ts';
import { StreamedBlocks } from './block-source.ts';
import { At } from './cursor.ts';
import { LsmError } from './errors.ts';
import { openTable, type Table } from './table.ts';
import { TableCursor } from './table-cursor.ts';
import { tablePath } from './table-path.ts';
import type { VerifyJob, VerifyReport } from './types.ts';
import { hasKey } from './version.ts';

const STEP_ENTRIES = 8192;
const STEP_BLOCKS = 256;
/** Of one table; more say nothing more. */
const DAMAGED_BLOCKS_MAX = 1000;

/** @param nextStep lets others go between two steps; when it rejects with 'closed' so does this. */
export async function verifyTables(
  disk: Disk,
  job: VerifyJob,
  nextStep: () => Promise<void>,
  onProgress: (doneBytes: number) => void,
): Promise<VerifyReport> {
  const damage: LsmError[] = [];
  let entries = 0;
  let bytes = 0;
  for (const meta of job.tables) {
    try {
      const table = openTable(disk, job.options.folder, meta);
      try {
        entries += await verifyTable(table, nextStep);
      } catch (error) {
        if (isClosed(error)) throw error;
        const blocks = await damagedBlocks(table, nextStep);
        if (blocks.length === 0) throw error;
        damage.push(...blocks);
      } finally {
        table.release();
      }
    } catch (error) {
      if (isClosed(error)) throw error;
      damage.push(LsmError.from(error, tablePath(job.options.folder, meta.number)));
    }
    bytes += meta.bytes;
    onProgress(bytes);
  }
  return { tables: job.tables.length, entries, bytes, damage };
}

/** Says nothing about the table: nobody wants to know any more. */
function isClosed(error: unknown): boolean {
  return error instanceof LsmError && error.code === 'closed';
}

async function verifyTable(table: Table, nextStep: () => Promise<void>): Promise<number> {
  const { meta, file } = table;
  const refuse = (detail: string) => new LsmError('corrupt', { file: file.path, detail });
  const cursor = new TableCursor(table, new StreamedBlocks(table));
  let entries = 0;
  let last: { key: Buffer; sequence: number } | undefined;
  for (cursor.seekFirst(); cursor.at === At.entry; cursor.next()) {
    const { keyStart, keyLength, sequence } = cursor;
    const key = cursor.key.subarray(keyStart, keyStart + keyLength);
    if (!hasKey(meta, key, 0, keyLength)) throw refuse('a key stands outside of the table');
    if (last !== undefined) {
      const order = compareBytes(last.key, 0, last.key.length, key, 0, keyLength);
      if (order > 0 || (order === 0 && last.sequence <= sequence)) {
        throw refuse('entries are not in order');
      }
    }
    last = { key: Buffer.from(key), sequence };
    entries++;
    if (entries % STEP_ENTRIES === 0) await nextStep();
  }
  if (entries !== meta.entries)
    throw refuse(`${entries} entries, the manifest says ${meta.entries}`);
  return entries;
}

/** The blocks of a table whose checksums do not hold. */
async function damagedBlocks(table: Table, nextStep: () => Promise<void>): Promise<LsmError[]> {
  const damage: LsmError[] = [];
  const blocks = new StreamedBlocks(table);
  for (let nth = 0; nth < table.index.count && damage.length < DAMAGED_BLOCKS_MAX; nth++) {
    try {
      blocks.open(nth);
    } catch (error) {
      damage.push(LsmError.from(error, table.file.path));
    }
    if (nth % STEP_BLOCKS === 0) await nextStep();
  }
  return damage;
}
