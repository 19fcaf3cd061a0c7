/**
 * Whether all that is below a directory may be taken away: as HDFS, of each directory that is not empty who asks must
 * be let do everything, and what a sticky one holds must be the own.
 *
 * Looked at as it is at one moment, before the step that takes it away: what is changed between the two is not seen.
 */
import type { Snapshot } from '../../core/store/index.ts';
import { type DirectoryInode, decodeInode } from '../namespace/inode.ts';
import { entryName, rangeOf, Space } from '../namespace/keys.ts';
import { Access, type Caller } from '../namespace/permission.ts';
import type { NamespaceReader } from '../namespace/reader.ts';

const STICKY = 0o1000;

/** @throws FilesError 'permission-denied' */
export async function checkRemovable(
  reader: NamespaceReader,
  directory: DirectoryInode,
  name: string,
  caller: Caller,
): Promise<void> {
  if (caller.isSuperuser) return;
  const tables = reader.snapshot();
  try {
    await check(reader, directory, name, caller, tables);
  } finally {
    tables.release();
  }
}

async function check(
  reader: NamespaceReader,
  directory: DirectoryInode,
  name: string,
  caller: Caller,
  tables: Snapshot,
): Promise<void> {
  const tally = await reader.tally(directory.id, tables);
  if (tally.children === 0) return;
  caller.need(directory, Access.read | Access.write | Access.execute, name);
  const isSticky = (directory.permission & STICKY) !== 0 && !caller.owns(directory);
  // Files are asked for nothing, so where there are only files nobody has to look.
  if (tally.directories === 0 && !isSticky) return;
  const { from, to } = rangeOf(Space.entry, directory.id);
  const scan = reader.scan({ from, to, snapshot: tables });
  try {
    while (await scan.fill()) {
      for (let nth = 0; nth < scan.count; nth++) {
        const inode = decodeInode(scan.value(nth));
        const below = `${name}/${entryName(scan.key(nth))}`;
        if (isSticky) caller.mayRemove(directory, inode, below);
        if (inode.kind === 'directory') await check(reader, inode, below, caller, tables);
      }
    }
  } finally {
    scan.close();
  }
}
