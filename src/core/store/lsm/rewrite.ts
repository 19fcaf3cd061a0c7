/**
 * Flushes and compactions: walks sorted entries, leaves out what nobody can see, writes tables.
 *
 * Runs in a worker's thread, in steps, so that a flush need not wait for a long compaction.
 *
 * Benchmark: bench/lsm.
 */
import type { Disk } from '../../runtime/index.ts';
import { StreamedBlocks } from './block-source.ts';
import { At, type Cursor } from './cursor.ts';
import { Kind } from './kind.ts';
import { Memtable, MemtableCursor } from './memtable.ts';
import { MergeCursor } from './merge-cursor.ts';
import { type Fragment, RangeDeletes } from './range-deletes.ts';
import { Retention } from './retention.ts';
import { openTable, type Table } from './table.ts';
import { TableCursor } from './table-cursor.ts';
import { tablePath } from './table-path.ts';
import { TableMemory, TableWriter } from './table-writer.ts';
import type { CompactionJob, FlushJob, JobReport, TableMeta, TableOptions } from './types.ts';

/** Entries walked in one step. */
const STEP_ENTRIES = 8192;

/** Writes a memory table as one table. @throws what the disk says. */
export function flushMemtable(disk: Disk, job: FlushJob, memory = new TableMemory()): JobReport {
  const { options, snapshots, nowMs, firstNumber } = job;
  const memtable = new Memtable(job.memory, { used: job.usedBytes });
  const deletes = new RangeDeletes();
  for (const rangeDelete of job.rangeDeletes) deletes.add(rangeDelete);
  const cursor = new MemtableCursor(memtable);
  cursor.seekFirst();
  const rewrite = new Rewrite(disk, {
    cursor,
    retention: new Retention({ snapshots, nowMs, deletes, below: null }),
    options: { ...options, tableBytes: Number.POSITIVE_INFINITY },
    numbers: { first: firstNumber, count: 1 },
    memory,
  });
  rewrite.runSync();
  return rewrite.report(0);
}

/**
 * Merges tables into new ones.
 * @param nextStep lets others go between two steps; when it rejects the work ends with its error, without a trace.
 * @param memory no other job has it meanwhile. @throws LsmError.
 */
export async function compactTables(
  disk: Disk,
  job: CompactionJob,
  nextStep: () => Promise<void>,
  memory = new TableMemory(),
): Promise<JobReport> {
  const { options, snapshots, nowMs, below } = job;
  const tables: Table[] = [];
  const sources: StreamedBlocks[] = [];
  try {
    for (const meta of job.inputs) tables.push(openTable(disk, options.folder, meta));
    const deletes = new RangeDeletes();
    for (const table of tables) addFragments(deletes, table.deletes.fragments);
    const cursors = tables.map((table) => {
      const source = new StreamedBlocks(table);
      sources.push(source);
      return new TableCursor(table, source);
    });
    const cursor = new MergeCursor(cursors);
    cursor.seekFirst();
    const rewrite = new Rewrite(disk, {
      cursor,
      retention: new Retention({ snapshots, nowMs, deletes, below }),
      options,
      numbers: { first: job.firstNumber, count: job.numbers },
      memory,
    });
    await rewrite.run(nextStep);
    return rewrite.report(sources.reduce((sum, { readBytes }) => sum + readBytes, 0));
  } finally {
    for (const table of tables) table.release();
  }
}

function addFragments(to: RangeDeletes, fragments: readonly Fragment[]): void {
  for (const fragment of fragments) {
    for (const sequence of fragment.sequences) to.add({ ...fragment, sequence });
  }
}

interface RewriteOptions {
  readonly cursor: Cursor;
  readonly retention: Retention;
  readonly options: TableOptions;
  /** Numbers that tables may take; the last one takes what is left. */
  readonly numbers: { readonly first: number; readonly count: number };
  /** Tables are written one after the other. */
  readonly memory: TableMemory;
}

class Rewrite {
  private readonly disk: Disk;
  private readonly options: RewriteOptions;
  private readonly tables: TableMeta[] = [];
  private readonly fragments: Fragment[];
  private writer: TableWriter | undefined;
  private writerNumber = 0;
  private dropped = 0;

  constructor(disk: Disk, options: RewriteOptions) {
    this.disk = disk;
    this.options = options;
    this.fragments = options.retention.keptFragments();
  }

  runSync(): void {
    try {
      while (this.step());
      this.finish();
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** @throws also what `nextStep` rejects with: then nobody wants the tables any more. */
  async run(nextStep: () => Promise<void>): Promise<void> {
    try {
      while (this.step()) await nextStep();
      this.finish();
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  report(readBytes: number): JobReport {
    const writtenBytes = this.tables.reduce((sum, { bytes }) => sum + bytes, 0);
    return { tables: this.tables, readBytes, writtenBytes, dropped: this.dropped };
  }

  /** @returns false when all entries have been walked. */
  private step(): boolean {
    const { cursor, retention } = this.options;
    for (let left = STEP_ENTRIES; left > 0; left--) {
      if (cursor.at === At.end) return false;
      const isNewKey = retention.isNewKey(cursor);
      if (retention.keeps(cursor)) {
        if (isNewKey) this.endFullTable(cursor);
        this.writer ??= this.openWriter();
        if (retention.expired) {
          cursor.kind = Kind.delete;
          cursor.expiresAtMs = 0;
          cursor.valueLength = 0;
        }
        this.writer.add(cursor, retention.sequence);
      } else this.dropped++;
      cursor.next();
    }
    return true;
  }

  /** Ends the table before a new key when it is large enough. */
  private endFullTable(cursor: Cursor): void {
    if (this.writer === undefined) return;
    const { options, numbers } = this.options;
    if (this.writer.bytes < options.tableBytes) return;
    if (this.tables.length + 1 >= numbers.count) return;
    const { key, keyStart, keyLength } = cursor;
    this.endTable(Buffer.from(key.subarray(keyStart, keyStart + keyLength)));
  }

  private finish(): void {
    if (this.writer === undefined && this.fragments.length > 0) this.writer = this.openWriter();
    if (this.writer !== undefined) this.endTable(undefined);
    // Names are durable before the manifest speaks of them.
    this.disk.syncDirectorySync(this.options.options.folder);
  }

  private openWriter(): TableWriter {
    const { options, numbers, memory } = this.options;
    this.writerNumber = numbers.first + this.tables.length;
    return new TableWriter(this.disk, options, this.writerNumber, memory);
  }

  /** @param before the first key of the next table: deleted ranges from there on belong to it. */
  private endTable(before: Buffer | undefined): void {
    this.tables.push(this.writer!.finish(this.takeFragments(before)));
    this.writer = undefined;
  }

  private takeFragments(before: Buffer | undefined): Fragment[] {
    const taken: Fragment[] = [];
    for (;;) {
      const first = this.fragments[0];
      if (first === undefined) break;
      if (before !== undefined && first.from.compare(before) >= 0) break;
      this.fragments.shift();
      if (before !== undefined && first.to.compare(before) > 0) {
        taken.push({ ...first, to: before });
        this.fragments.unshift({ ...first, from: before });
        break;
      }
      taken.push(first);
    }
    return taken;
  }

  /** Deletes what was written. */
  private discard(): void {
    const { folder } = this.options.options;
    const numbers = this.tables.map(({ number }) => number);
    if (this.writer !== undefined) {
      this.writer.abandon();
      numbers.push(this.writerNumber);
    }
    for (const number of numbers) {
      try {
        this.disk.unlinkSync(tablePath(folder, number));
      } catch {
        // The next start deletes tables that the manifest does not name.
      }
    }
  }
}
