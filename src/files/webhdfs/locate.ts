/**
 * What stands at a path, as a caller may see it.
 */
import type { Path } from '../namespace/chain.ts';
import type { DirectoryInode, FileInode } from '../namespace/inode.ts';
import { type Caller, mayTraverse } from '../namespace/permission.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { EMPTY_TALLY, type Tally } from '../namespace/records.ts';
import { living, type SnapshotInfo } from '../namespace/snapshots/root-record.ts';
import { readSnapshots, SnapshotView } from '../namespace/snapshots/view.ts';
import { noFile, RemoteException } from './errors.ts';
import { type Name, readAnyPath } from './names.ts';

/** A path that was asked for, as names of the namespace. */
export interface Place {
  /** As it was asked for. */
  readonly shown: string;
  /** All names from the root down; of a place in a snapshot those down to the directory that it is of. */
  readonly path: Path;
  readonly facet: Name['facet'];
  /** It is below `.snapshot`. */
  readonly snapshot?: SnapshotPlace;
}

export interface SnapshotPlace {
  /** Undefined: `.snapshot` itself. */
  readonly name: string | undefined;
  /** Names below the directory that the snapshot is of. */
  readonly below: Path;
}

export interface FoundFile {
  readonly kind: 'file';
  readonly inode: FileInode;
  readonly view?: SnapshotView;
}

export interface FoundDirectory {
  readonly kind: 'directory';
  readonly inode: DirectoryInode;
  /** It is in a snapshot. */
  readonly view?: SnapshotView;
  /** It is `.snapshot`, and these are in it. */
  readonly snapshots?: readonly SnapshotInfo[];
}

export type Found = FoundFile | FoundDirectory;

/** @throws RemoteException InvalidPathException */
export function placeOf(shown: string): Place {
  const { names, snapshot } = readAnyPath(shown);
  const path = names.map(({ name }) => name);
  const last = (snapshot?.below ?? names).at(-1);
  const facet = last?.facet ?? 'directory';
  if (snapshot === undefined) return { shown, path, facet };
  const below = snapshot.below.map(({ name }) => name);
  return { shown, path, facet, snapshot: { name: snapshot.name, below } };
}

/** A path that is to be changed. @throws RemoteException SnapshotAccessControlException, InvalidPathException */
export function changeablePlace(shown: string): Place {
  const place = placeOf(shown);
  if (place.snapshot === undefined) return place;
  throw new RemoteException(
    'SnapshotAccessControlException',
    `Modification on a read-only snapshot is disallowed: ${shown}`,
  );
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
  if (place.snapshot !== undefined) return findInSnapshot(reader, place, place.snapshot, caller);
  if (facet !== 'file') {
    const inode = await reader.directory(path, caller);
    if (inode !== null) return { kind: 'directory', inode };
    if (path.length === 0) return undefined;
  }
  const { directory, name } = split(place);
  const inode = await reader.head(directory, name, caller);
  return inode?.kind === 'file' ? { kind: 'file', inode } : undefined;
}

async function findInSnapshot(
  reader: NamespaceReader,
  { path, facet }: Place,
  { name, below }: SnapshotPlace,
  caller: Caller,
): Promise<Found | undefined> {
  const root = await reader.directory(path, caller);
  if (root === null || !root.snapshottable) return undefined;
  mayTraverse(root, caller, '.snapshot');
  const snapshots = await readSnapshots(reader, root.id);
  if (snapshots === null) return undefined;
  if (name === undefined) return { kind: 'directory', inode: root, snapshots: living(snapshots) };
  const info = living(snapshots).find((each) => each.name === name);
  if (info === undefined) return undefined;
  const view = new SnapshotView(reader, root.id, info);
  let inode = await view.rootInode();
  if (inode === null) return undefined;
  for (const [nth, each] of below.entries()) {
    mayTraverse(inode, caller, each);
    const isLast = nth === below.length - 1;
    const next: DirectoryInode | null =
      isLast && facet === 'file' ? null : await view.directory(inode.id, each);
    if (next === null) {
      const file = isLast ? await view.file(inode.id, each) : null;
      return file === null ? undefined : { kind: 'file', inode: file, view };
    }
    inode = next;
  }
  return { kind: 'directory', inode, view };
}

/** What is below a directory that was found. */
export async function tallyOf(
  reader: NamespaceReader,
  { inode, view, snapshots }: FoundDirectory,
): Promise<Tally> {
  if (snapshots !== undefined) {
    return { ...EMPTY_TALLY, children: snapshots.length, directories: snapshots.length };
  }
  return view === undefined ? reader.tally(inode.id) : view.tally(inode.id);
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
