/**
 * What is deleted goes into the trash of who deletes it: one step, whatever is in it.
 *
 * As TrashPolicyDefault of Hadoop: a name that is in the trash already stays, and what comes has the time behind its
 * name.
 */
import { FilesError } from '../../errors.ts';
import {
  findFile,
  makeChain,
  type NewDirectories,
  needChain,
  type Path,
  showPath,
  tallyOf,
} from '../chain.ts';
import type { Draft } from '../draft.ts';
import { directoryOf } from '../hot-records.ts';
import type { Inode } from '../inode.ts';
import { directoryKey } from '../keys.ts';
import type { Caller } from '../permission.ts';
import { visible } from '../versions.ts';
import { rename } from './directories.ts';

export interface MoveToTrashArgs {
  readonly path: Path;
  readonly kind: 'file' | 'directory';
  /** A directory that is not empty goes too. */
  readonly recursive: boolean;
  /** Where it goes: its own path comes behind. */
  readonly trash: Path;
  /** How directories of the user are made. */
  readonly make: NewDirectories;
  /** How the first `depthAbove` of `trash` are made, which are nobody's own. */
  readonly above: NewDirectories;
  readonly depthAbove: number;
  readonly caller?: Caller;
}

/** @returns where it is now. @throws FilesError 'not-found', 'not-empty', 'permission-denied', 'snapshot' */
export function moveToTrash(draft: Draft, args: MoveToTrashArgs): Path {
  const { path, kind, trash, caller } = args;
  const name = path[path.length - 1];
  if (name === undefined) throw new FilesError('bad-name', 'the root stays');
  const chain = needChain(draft, path.slice(0, -1), caller);
  const parent = chain[chain.length - 1]!.inode;
  const inode = entryOf(draft, parent.id, name, kind);
  if (inode === null) throw new FilesError('not-found', showPath(path));
  caller?.mayRemove(parent, inode, name);
  if (inode.kind === 'directory' && !args.recursive && tallyOf(draft, inode.id).children > 0) {
    throw new FilesError('not-empty', showPath(path));
  }
  // The trash is the user's, but what it stands in need not be.
  makeChain(draft, trash.slice(0, args.depthAbove), args.above);
  const base = [...trash, ...path.slice(0, -1)];
  const { chain: into } = makeChain(draft, base, args.make);
  const directory = into[into.length - 1]!.inode.id;
  let free = name;
  for (let nth = 0; isTaken(draft, directory, free); nth++) free = `${name}${draft.nowMs + nth}`;
  const to = [...base, free];
  rename(draft, { from: path, to, kind });
  return to;
}

function entryOf(
  draft: Draft,
  directory: number,
  name: string,
  kind: 'file' | 'directory',
): Inode | null {
  if (kind === 'file') return visible(findFile(draft, directory, name));
  const stored = draft.get(directoryKey(directory, name));
  return stored === null ? null : directoryOf(stored);
}

function isTaken(draft: Draft, directory: number, name: string): boolean {
  if (findFile(draft, directory, name) !== null) return true;
  return draft.get(directoryKey(directory, name)) !== null;
}
