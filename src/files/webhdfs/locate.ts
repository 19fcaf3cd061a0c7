/**
 * What stands at a path, as a caller may see it.
 */
import type { Path } from '../namespace/chain.ts';
import type { DirectoryInode, FileInode } from '../namespace/inode.ts';
import type { Caller } from '../namespace/permission.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { noFile, RemoteException } from './errors.ts';
import { type Name, readPath } from './names.ts';

/** A path that was asked for, as names of the namespace. */
export interface Place {
  /** As it was asked for. */
  readonly shown: string;
  /** All names from the root down. */
  readonly path: Path;
  readonly facet: Name['facet'];
}

export interface FoundFile {
  readonly kind: 'file';
  readonly inode: FileInode;
}

export interface FoundDirectory {
  readonly kind: 'directory';
  readonly inode: DirectoryInode;
}

export type Found = FoundFile | FoundDirectory;

/** @throws RemoteException InvalidPathException */
export function placeOf(shown: string): Place {
  const names = readPath(shown);
  const last = names[names.length - 1];
  return { shown, path: names.map(({ name }) => name), facet: last?.facet ?? 'directory' };
}

/** The directory that a place is in, and its name there. The root has neither. */
export function split({ path, shown }: Place): {
  readonly directory: Path;
  readonly name: string;
} {
  const name = path[path.length - 1];
  if (name === undefined) {
    throw new RemoteException(
      'FileAlreadyExistsException',
      `${shown} already exists as a directory`,
    );
  }
  return { directory: path.slice(0, -1), name };
}

/** @throws FilesError 'permission-denied', names. */
export async function find(
  reader: NamespaceReader,
  place: Place,
  caller: Caller,
): Promise<Found | undefined> {
  const { path, facet } = place;
  if (facet !== 'file') {
    const inode = await reader.directory(path, caller);
    if (inode !== null) return { kind: 'directory', inode };
    if (path.length === 0) return undefined;
  }
  const { directory, name } = split(place);
  const inode = await reader.head(directory, name, caller);
  return inode?.kind === 'file' ? { kind: 'file', inode } : undefined;
}

/** As `find`. @throws RemoteException FileNotFoundException too */
export async function need(reader: NamespaceReader, place: Place, caller: Caller): Promise<Found> {
  const found = await find(reader, place, caller);
  if (found === undefined) throw noFile(place.shown);
  return found;
}

export async function needFile(
  reader: NamespaceReader,
  place: Place,
  caller: Caller,
): Promise<FileInode> {
  const found = await need(reader, place, caller);
  if (found.kind === 'file') return found.inode;
  throw new RemoteException('FileNotFoundException', `Path is not a file: ${place.shown}`);
}

/**
 * The lowest directory on the way to a path that is there.
 * @throws RemoteException ParentNotDirectoryException when a file stands in the way.
 */
export async function lowest(
  reader: NamespaceReader,
  path: Path,
  caller: Caller,
): Promise<{ readonly inode: DirectoryInode; readonly depth: number }> {
  let depth = path.length;
  let inode = await reader.directory(path, caller);
  while (inode === null && depth > 0) {
    depth--;
    const above = path.slice(0, depth);
    inode = await reader.directory(above, caller);
    if (inode === null) continue;
    const file = await reader.head(above, path[depth]!, caller);
    if (file?.kind === 'file') {
      const shown = `/${path.slice(0, depth + 1).join('/')}`;
      throw new RemoteException('ParentNotDirectoryException', `${shown} (is not a directory)`);
    }
  }
  if (inode === null) throw noFile('/');
  return { inode, depth };
}
