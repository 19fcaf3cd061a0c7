/**
 * What the engine holds at the moment: memory tables, and the version of the tables on the disk. Changes
 * come as edits that are already durable.
 */
import type { Disk } from '../../runtime/index.ts';
import type { BlockCache } from './block-cache.ts';
import { type Counters, type Edit, LEVELS, type LeveledTable } from './edit.ts';
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
  counters: Counters = { nextTable: 1, sequence: 0, walIndex: 0, mark: 0 };
  /** Memory of indexes and filters. */
  indexBytes = 0;
  private readonly options: TreeOptions;
  /** Tables that no edit names any more: deleted when nobody reads them. */
  private readonly obsolete = new Set<number>();

  constructor(options: TreeOptions) {
    this.options = options;
  }

  /** @throws LsmError when a table does not open; nothing has changed then. */
  install(edit: Edit): void {
    const before = this.version;
    const opened: Table[] = [];
    let after: Version<Table>;
    try {
      after = before.apply(edit, (meta) => {
        const table = this.open(meta);
        opened.push(table);
        return table;
      });
    } catch (error) {
      for (const table of opened) table.release();
      throw error;
    }
    this.version = after;
    const { nextTable, sequence, walIndex, mark } = { ...this.counters, ...edit };
    this.counters = { nextTable, sequence, walIndex, mark };
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
    // A table that stays is deleted by the next start, as one that the manifest does not name.
    disk.unlink(tablePath(folder, number)).then(onDeleted, () => {});
  }
}
