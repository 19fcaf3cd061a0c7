/**
 * Directories come, go and move. Each is one step, however much is below.
 */
import { FilesError } from '../../errors.ts';
import {
  adjust,
  type Chain,
  checkPath,
  findFile,
  makeChain,
  type NewDirectories,
  needChain,
  type Path,
  prune,
  showPath,
  tallyOf,
} from '../chain.ts';
import type { Draft } from '../draft.ts';
import { reclaim } from '../extents.ts';
import { type DirectoryInode, encodeInode } from '../inode.ts';
import { directoryKey, fileKey, rangeOf, Space } from '../keys.ts';
import type { Caller } from '../permission.ts';
import { type Cover, coverAt, keptOf } from '../snapshots/cover.ts';
import { checkUnsnapped, leaveDirectory, saveEntry } from '../snapshots/save.ts';
import { removeVersion, spaceOf, visible } from '../versions.ts';
import { putDocuments } from './attributes.ts';
import { checkLease } from './leases.ts';

export interface MakeDirectoryArgs {
  readonly path: Path;
  readonly make: NewDirectories;
  /** There must be none yet. Default false. */
  readonly exclusive?: boolean;
  /** Kept with it from the start, by name. */
  readonly documents?: Readonly<Record<string, Buffer | null>>;
  readonly caller?: Caller;
}

/** Makes a directory and those above it. @throws FilesError 'exists' when `exclusive`. */
export function makeDirectory(draft: Draft, args: MakeDirectoryArgs): DirectoryInode {
  const { path, make, caller } = args;
  const { chain, made } = makeChain(draft, path, make, caller);
  const { key, inode } = chain[chain.length - 1]!;
  if (made === 0 && args.exclusive === true) throw new FilesError('exists', showPath(path));
  if (args.documents !== undefined) putDocuments(draft, inode.id, args.documents);
  if (!inode.implicit || make.implicit) return inode;
  // From now on somebody wants it.
  const wanted = { ...inode, implicit: false };
  draft.put(key, encodeInode(wanted));
  return wanted;
}

export interface RemoveDirectoryArgs {
  readonly path: Path;
  readonly recursive: boolean;
  /** Uploads under way are something in it too. Default false. */
  readonly withoutUploads?: boolean;
  readonly caller?: Caller;
  /** As in `RemoveArgs`. */
  readonly keepsDirectories?: boolean;
}

/** Takes a directory away with all that is in it. @throws FilesError 'not-found', 'not-empty'. */
export function removeDirectory(draft: Draft, args: RemoveDirectoryArgs): void {
  const { path, caller } = args;
  if (path.length === 0) throw new FilesError('bad-name', 'the root stays');
  const chain = needChain(draft, path, caller);
  const above = chain.slice(0, -1);
  const { key, inode } = chain[chain.length - 1]!;
  caller?.mayRemove(above[above.length - 1]!.inode, inode, showPath(path));
  const tally = tallyOf(draft, inode.id);
  if (tally.children > 0 && !args.recursive) throw new FilesError('not-empty', showPath(path));
  if (args.withoutUploads === true) {
    const { from, to } = rangeOf(Space.upload, inode.id);
    if (draft.first(from, to) !== null) throw new FilesError('not-empty', 'uploads');
    if (inode.snapshottable) throw new FilesError('not-empty', 'snapshots');
  }
  checkUnsnapped(showPath(path), inode, tally);
  const cover = coverAt(draft, chain);
  const isKept = saveEntry(draft, above, key, inode, 'goes');
  draft.delete(key);
  leaveDirectory(draft, inode.id, cover, isKept);
  adjust(draft, above, negative(tally), -1);
  if (args.keepsDirectories !== true) prune(draft, above);
}

export interface RenameArgs {
  readonly from: Path;
  readonly to: Path;
  /** Which facet of the name moves. */
  readonly kind: 'file' | 'directory';
  /** A file there goes, and so does an empty directory when a directory moves. Default false. */
  readonly overwrite?: boolean;
  readonly caller?: Caller;
}

/** Gives a file or directory another name or place. @throws FilesError. */
export function rename(draft: Draft, args: RenameArgs): void {
  const { from, to, kind, caller } = args;
  if (from.length === 0 || to.length === 0) throw new FilesError('bad-name', 'the root stays');
  checkPath(to);
  const above = needChain(draft, from.slice(0, -1), caller);
  const target = needChain(draft, to.slice(0, -1), caller);
  if (from.length === to.length && from.every((name, nth) => name === to[nth])) return;
  if (kind === 'file') renameFile(draft, { ...args, above, target });
  else renameDirectory(draft, { ...args, above, target });
}

interface Move extends RenameArgs {
  readonly above: Chain;
  readonly target: Chain;
}

function renameFile(draft: Draft, move: Move): void {
  const { above, target, caller } = move;
  const name = move.from[move.from.length - 1]!;
  const nextName = move.to[move.to.length - 1]!;
  const head = findFile(draft, last(above).id, name);
  if (visible(head) === null || head === null)
    throw new FilesError('not-found', showPath(move.from));
  caller?.mayRemove(last(above), head, name);
  caller?.mayWrite(last(target), nextName);
  checkLease(draft, last(above).id, name, undefined);
  checkLease(draft, last(target).id, nextName, undefined);
  makeRoom(draft, move, nextName);
  const key = fileKey(last(above).id, name);
  const nextKey = fileKey(last(target).id, nextName);
  saveEntry(draft, above, key, head, 'stays');
  saveEntry(draft, target, nextKey, null, 'stays');
  draft.delete(key);
  draft.put(nextKey, encodeInode(head));
  const delta = { files: 1, bytes: head.size, space: spaceOf(head) + head.olderSpace };
  adjust(draft, above, { files: -1, bytes: -delta.bytes, space: -delta.space }, -1);
  adjust(draft, target, delta, 1);
}

function renameDirectory(draft: Draft, move: Move): void {
  const { from, to, above, target, caller } = move;
  const name = from[from.length - 1]!;
  const nextName = to[to.length - 1]!;
  const { key, inode } = last1(needChain(draft, from, caller));
  if (target.some((step) => step.inode.id === inode.id)) {
    throw new FilesError('into-itself', showPath(to));
  }
  caller?.mayRemove(last(above), inode, name);
  caller?.mayWrite(last(target), nextName);
  const tally = tallyOf(draft, inode.id);
  checkUnsnapped(showPath(from), inode, tally);
  makeRoom(draft, move, nextName);
  const nextKey = directoryKey(last(target).id, nextName);
  // Decided before it stands elsewhere: who sees what is in it now does so ever after.
  const cover = coverAt(draft, needChain(draft, from));
  saveEntry(draft, above, key, inode, 'stays');
  saveEntry(draft, target, nextKey, null, 'stays');
  draft.delete(key);
  draft.put(nextKey, encodeInode(moved(draft, inode, cover, coverAt(draft, target))));
  adjust(draft, above, negative(tally), -1);
  const { files, directories, bytes, space } = tally;
  adjust(draft, target, { files, directories: directories + 1, bytes, space }, 1);
}

/** A directory where it is now: snapshots that saw what is in it still do, those of its new place did not. */
function moved(draft: Draft, inode: DirectoryInode, cover: Cover, there: Cover): DirectoryInode {
  if (cover.size === 0 && there.size === 0) return inode;
  return { ...inode, kept: keptOf(cover), since: there.size > 0 ? draft.numbers() : inode.since };
}

/** What stands where something moves to. @throws FilesError 'exists', 'not-empty'. */
function makeRoom(draft: Draft, move: Move, name: string): void {
  const { target, to, kind, overwrite = false, caller } = move;
  const directory = last(target);
  const file = findFile(draft, directory.id, name);
  const there = draft.get(directoryKey(directory.id, name));
  if (file === null && there === null) return;
  const fits = kind === 'file' ? there === null : visible(file) === null;
  if (!overwrite && (visible(file) !== null || there !== null)) {
    throw new FilesError('exists', showPath(to));
  }
  if (!fits) throw new FilesError(kind === 'file' ? 'is-a-directory' : 'exists', showPath(to));
  if (there !== null)
    removeDirectory(draft, { path: to, recursive: false, keepsDirectories: true });
  // A delete marker makes way too: what was deleted before is not a version of what comes.
  else if (kind === 'file' && file !== null) {
    caller?.mayRemove(directory, file, name);
    removeAll(draft, target, name);
  }
}

/** All versions of a name. */
function removeAll(draft: Draft, chain: Chain, name: string): void {
  const head = findFile(draft, last(chain).id, name)!;
  if (head.series > 0) reclaim(draft, { kind: 'series', id: head.series });
  const alone = { ...head, series: 0 };
  removeVersion(draft, { chain, name, head: alone }, alone, true);
}

function negative(tally: {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  readonly space: number;
}): { files: number; directories: number; bytes: number; space: number } {
  return {
    files: -tally.files,
    directories: -tally.directories - 1,
    bytes: -tally.bytes,
    space: -tally.space,
  };
}

const last1 = (chain: Chain): Chain[number] => chain[chain.length - 1]!;
const last = (chain: Chain): DirectoryInode => last1(chain).inode;
