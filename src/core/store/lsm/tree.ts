/**
 * What the engine holds at the moment: memory tables, and the version of the tables on the disk. Changes
 * come as edits that are already durable.
 */
import { invariant } from '../../base/index.ts';
import type { Disk } from '../../runtime/index.ts';
import type { BlockCache } from './block-cache.ts';
import {
  COUNTERS_AT_FIRST,
  type Counters,
  countersAfter,
  type Edit,
  LEVELS,
  type LeveledTable,
} from './edit.ts';
import { LsmError } from './errors.ts';
import type { MemorySlot } from './memory-slot.ts';
import { openTable, type Table } from './table.ts';
import { tablePath } from './table-path.ts';
import type { TableMeta } from './types.ts';
import { Version } from './version.ts';

export interface TreeOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly cache: BlockCache;
  /** A file is gone. */
  onDeleted(): void;
}

export class Tree {
  /** Newest first; the first one takes what is written, the others wait to be flushed. */
  readonly slots: MemorySlot[] = [];
  version: Version<Table> = Version.empty();
  /** As of the last edit. */
  counters: Counters = COUNTERS_AT_FIRST;
  /** Memory of indexes and filters. */
  indexBytes = 0;
  private readonly options: TreeOptions;
  /** Tables that no edit names any more: deleted when nobody reads them. */
  private readonly obsolete = new Set<number>();
  /** Files of tables that are to be deleted, and have not been yet. */
  private readonly undeleted = new Set<number>();

  constructor(options: TreeOptions) {
    this.options = options;
  }

  /**
   * Opens the tables that an edit adds and that are not there yet, for `install`. When one of them does
   * not open, nothing has changed, and those that were made for the edit are deleted.
   * @throws LsmError.
   */
  openNew(edit: Edit): Map<number, Table> {
    const known = new Set(this.version.tables().map(({ meta }) => meta.number));
    const added = (edit.add ?? []).filter(({ meta }) => !known.has(meta.number));
    const opened = new Map<number, Table>();
    try {
      for (const { meta } of added) opened.set(meta.number, this.open(meta));
    } catch (error) {
      for (const table of opened.values()) table.release();
      // A whole edit is the start's: nothing was made for it.
      if (edit.whole !== true) for (const { meta } of added) this.unlink(meta.number);
      throw error;
    }
    return opened;
  }

  /** @param opened by `openNew` of the same edit. */
  install(edit: Edit, opened: ReadonlyMap<number, Table>): void {
    const before = this.version;
    const after = before.apply(edit, (meta) => {
      const table = opened.get(meta.number);
      invariant(table !== undefined, 'the tables of an edit are open');
      return table;
    });
    this.version = after;
    this.counters = countersAfter(this.counters, edit);
    for (const number of this.undeleted) this.unlink(number);
    const left = new Set(after.tables());
    for (const table of before.tables()) {
      if (left.has(table)) continue;
      this.obsolete.add(table.meta.number);
      table.release();
    }
  }

  /** The tables with their levels. */
  leveled(): LeveledTable[] {
    const all: LeveledTable[] = [];
    for (let level = 0; level < LEVELS; level++) {
      for (const { meta } of this.version.level(level)) all.push({ level, meta });
    }
    return all;
  }

  /** Lets go of everything. */
  close(): void {
    for (const table of this.version.tables()) table.release();
    this.version = Version.empty();
    for (const slot of this.slots.splice(0)) slot.release();
  }

  private open(meta: TableMeta): Table {
    const { disk, folder, cache } = this.options;
    try {
      const table = openTable(disk, folder, meta, (released) => {
        this.indexBytes -= released.memoryBytes;
        cache.dropTable(released);
        if (this.obsolete.delete(meta.number)) this.unlink(meta.number);
      });
      this.indexBytes += table.memoryBytes;
      return table;
    } catch (error) {
      throw LsmError.from(error, tablePath(folder, meta.number));
    }
  }

  private unlink(number: number): void {
    const { disk, folder, onDeleted } = this.options;
    const done = (): void => {
      this.undeleted.delete(number);
      onDeleted();
    };
    // What stays is tried again with the next edit, and goes with the next start at the latest.
    this.undeleted.add(number);
    disk.unlink(tablePath(folder, number)).then(done, () => {});
  }
}
