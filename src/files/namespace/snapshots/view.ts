/**
 * A snapshot as it is read: what was saved for it or for a later one, and where nothing was what stands there now.
 *
 * Invariant: what is told is of the moment at which the snapshot was taken, as long as it has not been deleted. Each
 * look-up reads tables of one moment, since an entry may go from one place to the other between two.
 */
import type { Snapshot as TablesSnapshot } from '../../../core/store/index.ts';
import { type DirectoryInode, decodeInode, type FileInode, type Inode } from '../inode.ts';
import {
  directoryKey,
  fileKey,
  rangeOf,
  readSavedKey,
  Space,
  savedKey,
  savedPart,
  savedRange,
  snapshotRootKey,
  snapshotsKey,
  tallyKey,
} from '../keys.ts';
import type { NamespaceReader } from '../reader.ts';
import { decodeTally, EMPTY_TALLY, type Tally } from '../records.ts';
import { type SnapshotInfo, type Snapshots, snapshotsFrom } from './root-record.ts';
import { decodeSaved } from './save.ts';

export interface SnapshotEntry {
  /** Of the entry as it stands, or stood, in its directory. */
  readonly key: Buffer;
  readonly inode: Inode;
}

export class SnapshotView {
  readonly root: number;
  readonly info: SnapshotInfo;
  private readonly reader: NamespaceReader;

  constructor(reader: NamespaceReader, root: number, info: SnapshotInfo) {
    this.reader = reader;
    this.root = root;
    this.info = info;
  }

  /** The directory itself as it was; null: the snapshot has been deleted meanwhile. */
  async rootInode(): Promise<DirectoryInode | null> {
    const stored = await this.reader.get(snapshotRootKey(this.root, this.info.number));
    return stored === null ? null : (decodeInode(stored) as DirectoryInode);
  }

  async directory(parent: number, name: string): Promise<DirectoryInode | null> {
    return (await this.entry(directoryKey(parent, name))) as DirectoryInode | null;
  }

  async file(parent: number, name: string): Promise<FileInode | null> {
    return (await this.entry(fileKey(parent, name))) as FileInode | null;
  }

  private async entry(key: Buffer, tables?: TablesSnapshot): Promise<Inode | null> {
    const bytes = await this.within(tables, async (moment) => {
      const saved = await this.savedOf(key, moment);
      return saved === undefined ? this.reader.get(key, moment) : saved;
    });
    if (bytes === null) return null;
    return this.seen(bytes instanceof Saved ? decodeSaved(bytes.bytes) : decodeInode(bytes));
  }

  async tally(directory: number, tables?: TablesSnapshot): Promise<Tally> {
    const key = tallyKey(directory);
    return this.within(tables, async (moment) => {
      const saved = await this.savedOf(key, moment);
      const bytes = saved === undefined ? await this.reader.get(key, moment) : saved.bytes;
      return bytes === null ? EMPTY_TALLY : decodeTally(bytes);
    });
  }

  /** Whether anything below a directory has changed since the snapshot, up to a later one if one is given. */
  async hasChanged(directory: number, until: number, tables: TablesSnapshot): Promise<boolean> {
    const part = savedPart(tallyKey(directory));
    let found = false;
    await this.reader.each(
      {
        from: savedKey(this.root, part, this.info.number),
        to: savedKey(this.root, part, until),
        snapshot: tables,
      },
      () => {
        found = true;
        return false;
      },
    );
    return found;
  }

  /** Entries of a directory in the order of their keys, from a key on. */
  async *entries(
    directory: number,
    from: Buffer,
    tables: TablesSnapshot,
  ): AsyncGenerator<SnapshotEntry, void, undefined> {
    const now = this.nowAt(directory, from, tables);
    const then = this.savedAt(directory, from, tables);
    let entry = await now.next();
    let saved = await then.next();
    while (entry.done !== true || saved.done !== true) {
      const order =
        entry.done === true
          ? 1
          : saved.done === true
            ? -1
            : entry.value.key.compare(saved.value.key);
      const isSaved = order >= 0;
      const next = isSaved ? saved.value! : entry.value!;
      const inode = isSaved
        ? this.seen(decodeSaved(next.value))
        : this.seen(decodeInode(next.value));
      if (inode !== null) yield { key: next.key, inode };
      if (order <= 0) entry = await now.next();
      if (order >= 0) saved = await then.next();
    }
  }

  private async *nowAt(
    directory: number,
    from: Buffer,
    snapshot: TablesSnapshot,
  ): AsyncGenerator<{ key: Buffer; value: Buffer }, undefined, undefined> {
    const { to } = rangeOf(Space.entry, directory);
    const scan = this.reader.scan({ from, to, snapshot });
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          yield { key: scan.key(nth), value: scan.value(nth) };
        }
      }
    } finally {
      scan.close();
    }
    return undefined;
  }

  /** Of each entry what was saved first at or behind this snapshot. */
  private async *savedAt(
    directory: number,
    first: Buffer,
    snapshot: TablesSnapshot,
  ): AsyncGenerator<{ key: Buffer; value: Buffer }, undefined, undefined> {
    const { to } = savedRange(this.root, directory);
    const from = savedKey(this.root, savedPart(first).subarray(0, -2), 0).subarray(0, -8);
    const scan = this.reader.scan({ from, to, snapshot });
    let last: Buffer | undefined;
    try {
      while (await scan.fill()) {
        for (let nth = 0; nth < scan.count; nth++) {
          const known = readSavedKey(scan.key(nth));
          if (known === null || known.snapshot < this.info.number) continue;
          if (last?.equals(known.entry) === true) continue;
          last = known.entry;
          yield { key: known.entry, value: scan.value(nth) };
        }
      }
    } finally {
      scan.close();
    }
    return undefined;
  }

  /** What has come behind the snapshot was not there, and a delete marker is nothing. */
  private seen(inode: Inode | null): Inode | null {
    if (inode === null || inode.kind === 'marker') return null;
    return inode.id > this.info.number ? null : inode;
  }

  private async savedOf(record: Buffer, snapshot: TablesSnapshot): Promise<Saved | undefined> {
    const part = savedPart(record);
    let found: Saved | undefined;
    await this.reader.each(
      {
        from: savedKey(this.root, part, this.info.number),
        to: savedKey(this.root, part, Number.MAX_SAFE_INTEGER),
        snapshot,
      },
      (_key, value) => {
        // What a scan shows is its own.
        found = new Saved(Buffer.from(value));
        return false;
      },
    );
    return found;
  }

  private async within<T>(
    tables: TablesSnapshot | undefined,
    work: (tables: TablesSnapshot) => Promise<T>,
  ): Promise<T> {
    if (tables !== undefined) return work(tables);
    const own = this.reader.snapshot();
    try {
      return await work(own);
    } finally {
      own.release();
    }
  }
}

/** Bytes of a saved record. */
class Saved {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** The snapshots of a directory; null: it may have none. */
export async function readSnapshots(
  reader: NamespaceReader,
  root: number,
): Promise<Snapshots | null> {
  const stored = await reader.get(snapshotsKey(root));
  return stored === null ? null : snapshotsFrom(stored);
}
