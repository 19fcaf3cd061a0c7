/**
 * What is in a directory, of one moment, as its entries lie: the order of S3's keys. Delete markers are not shown.
 */
import type { Snapshot } from '../../core/store/index.ts';
import { type DirectoryInode, decodeInode } from '../namespace/inode.ts';
import { directoryKey, entryName, fileKey, rangeOf, Space } from '../namespace/keys.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { readName, showName } from './names.ts';
import { type FileStatus, statusOf } from './status.ts';

/** Entries behind the shown name `after`; empty: all. */
export async function* children(
  reader: NamespaceReader,
  directory: DirectoryInode,
  snapshot: Snapshot,
  after: string,
): AsyncGenerator<FileStatus, void, undefined> {
  const range = rangeOf(Space.entry, directory.id);
  const from = after === '' ? range.from : await behind(reader, directory.id, snapshot, after);
  const scan = reader.scan({ from, to: range.to, snapshot });
  try {
    while (await scan.fill()) {
      for (let nth = 0; nth < scan.count; nth++) {
        const key = scan.key(nth);
        const name = entryName(key);
        const inode = decodeInode(scan.value(nth));
        if (inode.kind === 'directory') {
          yield statusOf(inode, showName(name, false), await reader.tally(inode.id, snapshot));
        } else if (inode.kind === 'file') {
          const beside = await reader.get(directoryKey(directory.id, name), snapshot);
          yield statusOf(inode, showName(name, beside !== null), undefined);
        }
      }
    }
  } finally {
    scan.close();
  }
}

/** The first key behind an entry. Of one that has gone meanwhile it may be that a few come again, none is missed. */
async function behind(
  reader: NamespaceReader,
  directory: number,
  snapshot: Snapshot,
  after: string,
): Promise<Buffer> {
  const { name, facet } = readName(after);
  const own = directoryKey(directory, name);
  const isDirectory = facet !== 'file' && (await reader.get(own, snapshot)) !== null;
  return Buffer.concat([isDirectory ? own : fileKey(directory, name), Buffer.from([0])]);
}
