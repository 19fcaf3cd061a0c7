/**
 * What is in a directory, of one moment, as its entries lie: the order of S3's keys. Delete markers are not shown.
 */
import type { Snapshot } from '../../core/store/index.ts';
import type { DirectoryInode } from '../namespace/inode.ts';
import { directoryKey, entryName, fileKey, rangeOf, Space } from '../namespace/keys.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { NowSide } from '../namespace/snapshots/diff.ts';
import type { SnapshotInfo } from '../namespace/snapshots/root-record.ts';
import { type SnapshotEntry, SnapshotView } from '../namespace/snapshots/view.ts';
import type { FoundDirectory } from './locate.ts';
import { readName, showName } from './names.ts';
import { type FileStatus, statusOf } from './status.ts';

/** Entries behind the shown name `after`; empty: all. `tables`: the moment. */
export async function* children(
  reader: NamespaceReader,
  found: FoundDirectory,
  tables: Snapshot,
  after: string,
): AsyncGenerator<FileStatus, void, undefined> {
  if (found.snapshots !== undefined) {
    yield* snapshotsOf(reader, found.inode, found.snapshots, after);
    return;
  }
  const { inode: directory, view } = found;
  const source: Source = view ?? new NowSide(reader, directory);
  const start = rangeOf(Space.entry, directory.id).from;
  /** In a snapshot a directory stands before or behind the file of its name, so both are looked up. */
  const hasDirectory = async (name: string): Promise<boolean> =>
    view === undefined
      ? (await reader.get(directoryKey(directory.id, name), tables)) !== null
      : (await view.directory(directory.id, name)) !== null;
  const from = after === '' ? start : await behind(directory.id, after, hasDirectory);
  for await (const { key, inode } of source.entries(directory.id, from, tables)) {
    const name = entryName(key);
    if (inode.kind === 'directory') {
      const tally =
        view === undefined
          ? await reader.tally(inode.id, tables)
          : await view.tally(inode.id, tables);
      yield statusOf(inode, showName(name, false), tally);
    } else yield statusOf(inode, showName(name, await hasDirectory(name)), undefined);
  }
}

interface Source {
  entries(directory: number, from: Buffer, tables: Snapshot): AsyncIterable<SnapshotEntry>;
}

/** What stands in `.snapshot`, by name. */
async function* snapshotsOf(
  reader: NamespaceReader,
  root: DirectoryInode,
  snapshots: readonly SnapshotInfo[],
  after: string,
): AsyncGenerator<FileStatus, void, undefined> {
  const byName = snapshots
    .filter(({ name }) => name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const info of byName) {
    const view = new SnapshotView(reader, root.id, info);
    const inode = await view.rootInode();
    if (inode !== null) yield statusOf(inode, info.name, await view.tally(root.id));
  }
}

/** The first key behind an entry. Of one that has gone meanwhile it may be that a few come again, none is missed. */
async function behind(
  directory: number,
  after: string,
  hasDirectory: (name: string) => Promise<boolean>,
): Promise<Buffer> {
  const { name, facet } = readName(after);
  const isDirectory = facet !== 'file' && (await hasDirectory(name));
  const key = isDirectory ? directoryKey(directory, name) : fileKey(directory, name);
  return Buffer.concat([key, Buffer.from([0])]);
}
