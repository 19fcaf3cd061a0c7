/**
 * Test support: tables from lists of versions, and lists from whatever walks them.
 */
import type { DiskFile } from '../../runtime/index.ts';
import { createSimClock, createSimRandom, SimDisk } from '../../runtime/sim/index.ts';
import { At, type Cursor } from './cursor.ts';
import { Kind } from './kind.ts';
import { Memtable, MemtableCursor } from './memtable.ts';
import { RangeDeletes } from './range-deletes.ts';
import { TableWriter } from './table-writer.ts';
import type { RangeDelete, TableMeta, TableOptions } from './types.ts';

/** A version of a key; `value` null: it was deleted. */
export interface Version {
  readonly key: string;
  readonly sequence: number;
  readonly value: string | null;
  readonly expiresAtMs: number;
}

export function createTableDisk(seed = 1): SimDisk {
  const disk = new SimDisk(createSimClock(), createSimRandom(seed));
  disk.mkdirSync('/lsm');
  return disk;
}

export const tableOptions: TableOptions = { folder: '/lsm', blockBytes: 256, tableBytes: 2048 };

/** A cursor over versions, which may come in any order. */
export function cursorOf(versions: readonly Version[]): MemtableCursor {
  const memory = new SharedArrayBuffer(1024 * 1024);
  const table = new Memtable(memory, { random: createSimRandom(7) });
  for (const version of versions.toSorted((a, b) => a.sequence - b.sequence)) {
    const key = Buffer.from(version.key, 'latin1');
    const from = Buffer.concat([key, Buffer.from(version.value ?? '', 'latin1')]);
    const { length } = key;
    const { sequence, expiresAtMs } = version;
    table.add(
      kindOf(version),
      sequence,
      expiresAtMs,
      from,
      0,
      length,
      length,
      from.length - length,
    );
  }
  return new MemtableCursor(table);
}

export function writeTable(
  disk: SimDisk,
  number: number,
  versions: readonly Version[],
  rangeDeletes: readonly RangeDelete[] = [],
): TableMeta {
  const writer = new TableWriter(disk, tableOptions, number);
  const cursor = cursorOf(versions);
  for (cursor.seekFirst(); cursor.at === At.entry; cursor.next()) {
    writer.add(cursor, cursor.sequence);
  }
  const deletes = new RangeDeletes();
  for (const rangeDelete of rangeDeletes) deletes.add(rangeDelete);
  return writer.finish(deletes.fragments);
}

/** Files that are opened from now on, as long as they are open. */
export function openFilesOf(disk: SimDisk): ReadonlySet<DiskFile> {
  const files = new Set<DiskFile>();
  const openSync = disk.openSync.bind(disk);
  disk.openSync = (path, options) => {
    const file = openSync(path, options);
    const closeSync = file.closeSync.bind(file);
    file.closeSync = () => {
      files.delete(file);
      closeSync();
    };
    files.add(file);
    return file;
  };
  return files;
}

/** What a cursor stands on. */
export function versionAt(cursor: Cursor): Version | null {
  if (cursor.at !== At.entry) return null;
  const { keyStart, keyLength, valueStart, valueLength, sequence, expiresAtMs, kind } = cursor;
  return {
    key: cursor.key.toString('latin1', keyStart, keyStart + keyLength),
    sequence,
    value:
      kind === Kind.delete
        ? null
        : cursor.value.toString('latin1', valueStart, valueStart + valueLength),
    expiresAtMs,
  };
}

/** Everything from the first to the last, or back. */
export async function walk(cursor: Cursor, reverse = false): Promise<Version[]> {
  const found: Version[] = [];
  if (reverse) cursor.seekLast();
  else cursor.seekFirst();
  while (cursor.at !== At.end) {
    if (cursor.at === At.cold) {
      await cursor.load();
      continue;
    }
    found.push(versionAt(cursor)!);
    if (reverse) cursor.previous();
    else cursor.next();
  }
  return found;
}

/** By key, newest first: the order of cursors. */
export function inOrder(versions: readonly Version[]): Version[] {
  return versions.toSorted(
    (a, b) =>
      Buffer.compare(Buffer.from(a.key, 'latin1'), Buffer.from(b.key, 'latin1')) ||
      b.sequence - a.sequence,
  );
}

function kindOf({ value, expiresAtMs }: Version): Kind {
  if (value === null) return Kind.delete;
  return expiresAtMs > 0 ? Kind.putUntil : Kind.put;
}
