/**
 * What is different between two snapshots of a directory, or between one and what stands there now.
 *
 * Only directories below which something has changed since the older of the two are looked at: their tallies were
 * saved. Files and directories are known by their numbers, so what has another place is found to be renamed.
 */
import type { Snapshot as TablesSnapshot } from '../../../core/store/index.ts';
import { FilesError } from '../../errors.ts';
import { differencesMax } from '../../limits.ts';
import { type DirectoryInode, decodeInode, encodeInode, type Inode } from '../inode.ts';
import { entryName, rangeOf, Space } from '../keys.ts';
import type { NamespaceReader } from '../reader.ts';
import type { SnapshotEntry, SnapshotView } from './view.ts';

export interface Difference {
  readonly type: 'CREATE' | 'MODIFY' | 'DELETE' | 'RENAME';
  /** Names below the directory that the snapshots are of; none: it is the directory itself. */
  readonly source: readonly string[];
  readonly target?: readonly string[];
}

/** One side of a comparison. */
export interface Side {
  rootInode(): Promise<DirectoryInode | null>;
  entries(directory: number, from: Buffer, tables: TablesSnapshot): AsyncIterable<SnapshotEntry>;
}

/** What stands there now, as a side. */
export class NowSide implements Side {
  private readonly reader: NamespaceReader;
  private readonly inode: DirectoryInode;

  constructor(reader: NamespaceReader, inode: DirectoryInode) {
    this.reader = reader;
    this.inode = inode;
  }

  async rootInode(): Promise<DirectoryInode> {
    return this.inode;
  }

  async *entries(
    directory: number,
    from: Buffer,
    tables: TablesSnapshot,
  ): AsyncGenerator<SnapshotEntry, void, undefined> {
    const { to } = rangeOf(Space.entry, directory);
    const scan = this.reader.scan({ from, to, snapshot: tables });
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          const inode = decodeInode(scan.value(nth));
          if (inode.kind !== 'marker') yield { key: scan.key(nth), inode };
        }
      }
    } finally {
      scan.close();
    }
  }
}

export interface Comparison {
  readonly reader: NamespaceReader;
  readonly from: Side;
  readonly to: Side;
  /** The older of the two, which is a snapshot, and the number of the other one. */
  readonly older: SnapshotView;
  readonly until: number;
}

interface Both {
  readonly id: number;
  readonly path: readonly string[];
}

interface Found {
  readonly path: readonly string[];
  readonly inode: Inode;
}

/** @throws FilesError 'snapshot' when a snapshot has gone meanwhile, or there are too many differences. */
export async function compareSnapshots(comparison: Comparison): Promise<readonly Difference[]> {
  const tables = comparison.reader.snapshot();
  try {
    return await new Comparer(comparison, tables).run();
  } finally {
    tables.release();
  }
}

class Comparer {
  private readonly comparison: Comparison;
  private readonly tables: TablesSnapshot;
  private readonly modified = new Map<string, Difference>();
  /** By number: what only one side has. */
  private readonly gone = new Map<number, Found>();
  private readonly come = new Map<number, Found>();
  private readonly work: Both[] = [];

  constructor(comparison: Comparison, tables: TablesSnapshot) {
    this.comparison = comparison;
    this.tables = tables;
  }

  async run(): Promise<readonly Difference[]> {
    const { from, to } = this.comparison;
    const before = await from.rootInode();
    const after = await to.rootInode();
    if (before === null || after === null) throw new FilesError('snapshot', 'it has gone');
    await this.directory({ id: after.id, path: [] }, isOther(before, after));
    const renamed = new Set<number>();
    for (;;) {
      for (let next = this.work.pop(); next !== undefined; next = this.work.pop()) {
        await this.directory(next, false);
      }
      for (const [id, { path, inode }] of this.gone) {
        const there = this.come.get(id);
        if (there === undefined || renamed.has(id)) continue;
        renamed.add(id);
        if (isOther(inode, there.inode)) this.note({ type: 'MODIFY', source: path });
        if (inode.kind === 'directory') this.work.push({ id, path });
      }
      if (this.work.length === 0) return this.report(renamed);
    }
  }

  private report(renamed: ReadonlySet<number>): readonly Difference[] {
    const all = [...this.modified.values()];
    for (const [id, { path }] of this.gone) {
      if (renamed.has(id)) {
        all.push({ type: 'RENAME', source: path, target: this.come.get(id)!.path });
      } else all.push({ type: 'DELETE', source: path });
    }
    for (const [id, { path }] of this.come) {
      if (!renamed.has(id)) all.push({ type: 'CREATE', source: path });
    }
    return all
      .map((each) => ({ each, key: each.source.join('\0') }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ each }) => each);
  }

  /** A directory that both sides have. */
  private async directory({ id, path }: Both, isModified: boolean): Promise<void> {
    const { from, to, older, until } = this.comparison;
    let modified = isModified;
    if (await older.hasChanged(id, until, this.tables)) {
      const start = rangeOf(Space.entry, id).from;
      const before = from.entries(id, start, this.tables)[Symbol.asyncIterator]();
      const after = to.entries(id, start, this.tables)[Symbol.asyncIterator]();
      try {
        modified = (await this.entries(path, before, after)) || modified;
      } finally {
        await before.return?.();
        await after.return?.();
      }
    }
    if (modified) this.note({ type: 'MODIFY', source: path });
  }

  /** @returns whether something has come or gone. */
  private async entries(
    path: readonly string[],
    before: AsyncIterator<SnapshotEntry>,
    after: AsyncIterator<SnapshotEntry>,
  ): Promise<boolean> {
    let isOther = false;
    let was = await before.next();
    let is = await after.next();
    while (was.done !== true || is.done !== true) {
      const order =
        was.done === true ? 1 : is.done === true ? -1 : was.value.key.compare(is.value.key);
      const key: Buffer = order <= 0 ? was.value!.key : is.value!.key;
      const below = [...path, entryName(key)];
      const first = order <= 0 ? (was.value as SnapshotEntry).inode : undefined;
      const second = order >= 0 ? (is.value as SnapshotEntry).inode : undefined;
      isOther = this.entry(below, first, second) || isOther;
      if (order <= 0) was = await before.next();
      if (order >= 0) is = await after.next();
    }
    return isOther;
  }

  private entry(path: readonly string[], was: Inode | undefined, is: Inode | undefined): boolean {
    if (was !== undefined && was.id === is?.id) {
      const modified = isOther(was, is);
      if (modified) this.note({ type: 'MODIFY', source: path });
      if (is.kind === 'directory') this.work.push({ id: is.id, path });
      return false;
    }
    if (was !== undefined) this.gone.set(was.id, { path, inode: was });
    if (is !== undefined) this.come.set(is.id, { path, inode: is });
    this.checkSize();
    return true;
  }

  private note(difference: Difference): void {
    // A directory of which both are other, itself and what is in it, is told once.
    this.modified.set(difference.source.join('\0'), difference);
    this.checkSize();
  }

  private checkSize(): void {
    const size = this.modified.size + this.gone.size + this.come.size;
    if (size > differencesMax) {
      throw new FilesError('snapshot', `more than ${differencesMax} differences`);
    }
  }
}

/** What can be seen of it has changed, though it is the same file or directory. */
function isOther(was: Inode, is: Inode): boolean {
  if (was.kind !== 'directory' || is.kind !== 'directory') {
    return was.kind === 'directory' || is.kind === 'directory' || was.revision !== is.revision;
  }
  return !plain(was).equals(plain(is));
}

function plain(inode: DirectoryInode): Buffer {
  return encodeInode({
    ...inode,
    implicit: false,
    snapshottable: false,
    since: inode.id,
    kept: [],
  });
}
