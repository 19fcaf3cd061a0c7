/**
 * The directories from the root down to a place, and what a change there does to their tallies and quotas.
 *
 * Invariant: the tally of every directory is the sum of what is below it, in every state that can be read.
 */
import { invariant } from '../../core/base/index.ts';
import { FilesError } from '../errors.ts';
import { depthMax, nameBytesMax } from '../limits.ts';
import type { Draft } from './draft.ts';
import { directoryOf } from './hot-records.ts';
import { type DirectoryInode, decodeInode, encodeInode, type FileInode } from './inode.ts';
import { directoryKey, fileKey, ROOT_ID, ROOT_KEY, tallyKey } from './keys.ts';
import { type Caller, mayTraverse } from './permission.ts';
import { decodeTally, EMPTY_TALLY, encodeTally, type Tally } from './records.ts';
import { coverOf } from './snapshots/cover.ts';
import { dropEmptyDirectory, saveEntry, saveTally } from './snapshots/save.ts';

/** Names from the root down; the first is a bucket. */
export type Path = readonly string[];

export interface Step {
  readonly key: Buffer;
  readonly inode: DirectoryInode;
}

/** From the root, which is the first. */
export type Chain = readonly Step[];

export interface NewDirectories {
  readonly owner: string;
  readonly group: string;
  readonly permission: number;
  readonly implicit: boolean;
}

/** What changes below a directory. */
export interface Delta {
  readonly files?: number;
  readonly directories?: number;
  readonly bytes?: number;
  readonly space?: number;
  /** Directories that may have snapshots. */
  readonly roots?: number;
}

export const ROOT: DirectoryInode = {
  kind: 'directory',
  id: ROOT_ID,
  createdMs: 0,
  modifiedMs: 0,
  accessedMs: 0,
  permission: 0o755,
  owner: 'plinth',
  group: 'plinth',
  attributes: new Map(),
  implicit: false,
  namesMax: undefined,
  spaceMax: undefined,
  snapshottable: false,
  since: ROOT_ID,
  kept: [],
};

export function rootOf(draft: Draft): Step {
  const stored = draft.get(ROOT_KEY);
  return { key: ROOT_KEY, inode: stored === null ? ROOT : directoryOf(stored) };
}

/**
 * The chain to a directory.
 * @returns null when a part is missing. @throws FilesError 'not-a-directory', 'permission-denied', names.
 */
export function findChain(draft: Draft, path: Path, caller?: Caller): Chain | null {
  checkPath(path);
  const chain: Step[] = [rootOf(draft)];
  for (const name of path) {
    const { inode } = chain[chain.length - 1]!;
    mayTraverse(inode, caller, name);
    const step = stepInto(draft, inode.id, name);
    if (step === null) return null;
    chain.push(step);
  }
  return chain;
}

/** As `findChain`. @throws FilesError 'not-found' too. */
export function needChain(draft: Draft, path: Path, caller?: Caller): Chain {
  const chain = findChain(draft, path, caller);
  if (chain === null) throw new FilesError('not-found', showPath(path));
  return chain;
}

/** As `findChain`, and makes what is missing. @returns also how many were made. */
export function makeChain(
  draft: Draft,
  path: Path,
  make: NewDirectories,
  caller?: Caller,
): { readonly chain: Chain; readonly made: number } {
  checkPath(path);
  const chain: Step[] = [rootOf(draft)];
  let made = 0;
  for (const name of path) {
    const parent = chain[chain.length - 1]!;
    mayTraverse(parent.inode, caller, name);
    const step = stepInto(draft, parent.inode.id, name);
    if (step !== null) {
      chain.push(step);
      continue;
    }
    if (made === 0 && caller !== undefined) caller.mayWrite(parent.inode, name);
    chain.push(addDirectory(draft, chain, name, make));
    made++;
  }
  return { chain, made };
}

function addDirectory(draft: Draft, chain: Chain, name: string, make: NewDirectories): Step {
  const parent = chain[chain.length - 1]!;
  const { nowMs } = draft;
  const id = draft.numbers();
  const inode: DirectoryInode = {
    kind: 'directory',
    id,
    createdMs: nowMs,
    modifiedMs: nowMs,
    accessedMs: 0,
    permission: make.permission,
    owner: make.owner,
    group: make.group,
    attributes: new Map(),
    implicit: make.implicit,
    namesMax: undefined,
    spaceMax: undefined,
    snapshottable: false,
    since: id,
    kept: [],
  };
  const step = { key: directoryKey(parent.inode.id, name), inode };
  draft.put(step.key, encodeInode(inode));
  draft.put(tallyKey(inode.id), encodeTally({ ...EMPTY_TALLY, modifiedMs: nowMs }));
  adjust(draft, chain, { directories: 1 }, 1);
  return step;
}

function stepInto(draft: Draft, directory: number, name: string): Step | null {
  const key = directoryKey(directory, name);
  const stored = draft.get(key);
  if (stored === null) return null;
  return { key, inode: directoryOf(stored) };
}

/** The file or delete marker of a name. */
export function findFile(draft: Draft, directory: number, name: string): FileInode | null {
  checkName(name);
  const stored = draft.get(fileKey(directory, name));
  if (stored === null) return null;
  const inode = decodeInode(stored);
  invariant(inode.kind !== 'directory', 'a name without / is that of a file');
  return inode;
}

export function tallyOf(draft: Draft, directory: number): Tally {
  const stored = draft.get(tallyKey(directory));
  return stored === null ? EMPTY_TALLY : decodeTally(stored);
}

/**
 * Adds a change to all directories of a chain, and `children` to the last one.
 * @throws FilesError 'names-quota', 'space-quota' when it grows beyond one of them.
 */
export function adjust(draft: Draft, chain: Chain, delta: Delta, children: number): void {
  const { files = 0, directories = 0, bytes = 0, space = 0, roots = 0 } = delta;
  const names = files + directories;
  const cover = coverOf(draft, chain);
  for (let nth = 0; nth < chain.length; nth++) {
    const { inode } = chain[nth]!;
    const before = tallyOf(draft, inode.id);
    const isLast = nth === chain.length - 1;
    const after = {
      children: before.children + (isLast ? children : 0),
      files: before.files + files,
      directories: before.directories + directories,
      bytes: before.bytes + bytes,
      space: before.space + space,
      modifiedMs: isLast ? draft.nowMs : before.modifiedMs,
      roots: before.roots + roots,
    };
    if (names > 0 && inode.namesMax !== undefined) {
      const used = after.files + after.directories + 1;
      if (used > inode.namesMax) {
        throw new FilesError('names-quota', `${used} names, ${inode.namesMax} are allowed`);
      }
    }
    if (space > 0 && inode.spaceMax !== undefined && after.space > inode.spaceMax) {
      throw new FilesError('space-quota', `${after.space} bytes, ${inode.spaceMax} are allowed`);
    }
    if (cover !== undefined) saveTally(draft, cover[nth]!, inode.id, before);
    draft.put(tallyKey(inode.id), encodeTally(after));
  }
}

/** Notes for snapshots that something below a chain changes, which changes no tally. */
export function markWay(draft: Draft, chain: Chain): void {
  const cover = coverOf(draft, chain);
  if (cover === undefined) return;
  for (let nth = 0; nth < chain.length; nth++) {
    const { id } = chain[nth]!.inode;
    saveTally(draft, cover[nth]!, id, tallyOf(draft, id));
  }
}

/** Takes away directories at the end of a chain that nothing needs any more. */
export function prune(draft: Draft, chain: Chain): void {
  for (let nth = chain.length - 1; nth > 1; nth--) {
    const { key, inode } = chain[nth]!;
    if (!inode.implicit || tallyOf(draft, inode.id).children > 0) return;
    const above = chain.slice(0, nth);
    const isKept = saveEntry(draft, above, key, inode, 'goes');
    draft.delete(key);
    if (!isKept) dropEmptyDirectory(draft, inode.id);
    adjust(draft, above, { directories: -1 }, -1);
  }
}

export function checkPath(path: Path): void {
  if (path.length > depthMax) throw new FilesError('too-deep', `${path.length} parts`);
  for (const name of path) checkName(name);
}

export function checkName(name: string): void {
  if (name.includes('/')) throw new FilesError('bad-name', 'a name has no /');
  if (name.length * 3 <= nameBytesMax) return;
  const bytes = Buffer.byteLength(name);
  if (bytes > nameBytesMax) throw new FilesError('name-too-long', `${bytes} bytes`);
}

export function showPath(path: Path): string {
  return `/${path.join('/')}`;
}
