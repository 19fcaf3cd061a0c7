/**
 * Gathers what a scan walks: the memory tables and the tables of a moment, held until it is closed.
 *
 * Benchmark: bench/lsm.
 */
import type { Clock } from '../../runtime/index.ts';
import type { BlockCache } from './block-cache.ts';
import type { BlockLoader } from './block-loader.ts';
import { CachedBlocks } from './block-source.ts';
import type { Cursor } from './cursor.ts';
import { LEVELS } from './edit.ts';
import { LevelCursor } from './level-cursor.ts';
import { MemtableCursor } from './memtable.ts';
import { MergeCursor } from './merge-cursor.ts';
import { RangeScan } from './scan.ts';
import type { Table } from './table.ts';
import { TableCursor } from './table-cursor.ts';
import type { Tree } from './tree.ts';
import type { Scan, ScanRange } from './types.ts';

interface ScanParts {
  readonly tree: Tree;
  readonly cache: BlockCache;
  readonly loader: BlockLoader;
  readonly clock: Clock;
  /** The last sequence number: what comes later is not seen. */
  readonly sequence: number;
}

export function openScan(parts: ScanParts, range: ScanRange): Scan {
  const { tree, cache, loader, clock } = parts;
  const { from, to } = range;
  const slots = [...tree.slots];
  const tables: Table[] = [];
  const cursors: Cursor[] = slots.map((slot) => new MemtableCursor(slot.table));
  const open = (table: Table) => new TableCursor(table, new CachedBlocks(table, cache, loader));
  for (let level = 0; level < LEVELS; level++) {
    const overlapping = tree.version.overlapping(level, from, to);
    tables.push(...overlapping);
    if (level === 0) cursors.push(...overlapping.map(open));
    else if (overlapping.length > 0) cursors.push(new LevelCursor(overlapping, open));
  }
  for (const slot of slots) slot.hold();
  for (const table of tables) table.hold();
  const source = {
    cursor: new MergeCursor(cursors),
    deletes: [...slots, ...tables].map((holder) => holder.deletes),
    sequence: range.snapshot?.sequence ?? parts.sequence,
    clock,
    release: () => {
      for (const slot of slots) slot.release();
      for (const table of tables) table.release();
    },
  };
  return new RangeScan(source, range);
}
