/**
 * Snapshots of a directory: taking one writes one record, however much is below it.
 *
 * HDFS: https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-hdfs/HdfsSnapshots.html
 */
import { FilesError } from '../../errors.ts';
import { snapshotNameBytesMax, snapshotsMax } from '../../limits.ts';
import { adjust, type Chain, needChain, type Path, showPath, tallyOf } from '../chain.ts';
import type { Draft } from '../draft.ts';
import { reclaim } from '../extents.ts';
import { encodeInode } from '../inode.ts';
import { snapshotRootKey, snapshotsKey } from '../keys.ts';
import type { Caller } from '../permission.ts';
import {
  encodeSnapshots,
  living,
  type SnapshotInfo,
  type Snapshots,
  snapshotsOf,
} from '../snapshots/root-record.ts';

export interface SnapshotArgs {
  readonly path: Path;
  readonly caller?: Caller;
}

export interface NamedSnapshotArgs extends SnapshotArgs {
  readonly snapshot: string;
}

/** Lets snapshots of a directory be taken; twice does nothing. @throws FilesError 'snapshot' when it is in another, or another in it. */
export function allowSnapshots(draft: Draft, { path, caller }: SnapshotArgs): void {
  const chain = needChain(draft, path, caller);
  const { key, inode } = last(chain);
  if (inode.snapshottable) return;
  for (const step of chain.slice(0, -1)) {
    if (!step.inode.snapshottable) continue;
    throw refused(path, 'a directory above it may have snapshots');
  }
  if (tallyOf(draft, inode.id).roots > 0) {
    throw refused(path, 'a directory below it may have snapshots');
  }
  draft.put(key, encodeInode({ ...inode, snapshottable: true, implicit: false }));
  draft.put(
    snapshotsKey(inode.id),
    encodeSnapshots({ path, allowed: true, list: pending(draft, inode.id) }),
  );
  countRoots(draft, chain, 1);
}

/** What was deleted when snapshots were allowed before may not be reclaimed yet. */
function pending(draft: Draft, root: number): readonly SnapshotInfo[] {
  return snapshotsOf(draft, root)?.list ?? [];
}

/** @throws FilesError 'snapshot' when there are any. */
export function disallowSnapshots(draft: Draft, { path, caller }: SnapshotArgs): void {
  const chain = needChain(draft, path, caller);
  const { key, inode } = last(chain);
  if (!inode.snapshottable) return;
  const snapshots = snapshotsOf(draft, inode.id)!;
  const count = living(snapshots).length;
  if (count > 0) throw refused(path, `it has ${count} snapshots`);
  draft.put(key, encodeInode({ ...inode, snapshottable: false }));
  // What waits to be reclaimed needs to know what was before.
  if (snapshots.list.length === 0) draft.delete(snapshotsKey(inode.id));
  else put(draft, inode.id, { ...snapshots, allowed: false });
  countRoots(draft, chain, -1);
}

function countRoots(draft: Draft, chain: Chain, roots: number): void {
  const above = chain.slice(0, -1);
  if (above.length > 0) adjust(draft, above, { roots }, 0);
}

/** Takes a snapshot. @throws FilesError 'snapshot', 'permission-denied' */
export function createSnapshot(draft: Draft, args: NamedSnapshotArgs): SnapshotInfo {
  const { step, snapshots } = needSnapshots(draft, args);
  checkName(args.snapshot);
  checkFree(args.path, snapshots, args.snapshot);
  if (snapshots.list.length >= snapshotsMax) {
    throw refused(
      args.path,
      `it has ${snapshots.list.length} snapshots, the most that there may be`,
    );
  }
  const number = draft.numbers();
  const taken = { number, name: args.snapshot, createdMs: draft.nowMs, lives: true };
  draft.put(snapshotRootKey(step.inode.id, number), encodeInode(step.inode));
  put(draft, step.inode.id, { ...snapshots, list: [...snapshots.list, taken] });
  return taken;
}

/** @throws FilesError 'snapshot', 'permission-denied' */
export function renameSnapshot(
  draft: Draft,
  args: NamedSnapshotArgs & { readonly to: string },
): void {
  const { step, snapshots } = needSnapshots(draft, args);
  const found = find(args.path, snapshots, args.snapshot);
  if (args.to === args.snapshot) return;
  checkName(args.to);
  checkFree(args.path, snapshots, args.to);
  const list = snapshots.list.map((each) =>
    each.number === found.number ? { ...each, name: args.to } : each,
  );
  put(draft, step.inode.id, { ...snapshots, list });
}

/** Nobody sees it any more; what it has saved is reclaimed. @throws FilesError 'snapshot', 'permission-denied' */
export function deleteSnapshot(draft: Draft, args: NamedSnapshotArgs): void {
  const { step, snapshots } = needSnapshots(draft, args);
  const { number } = find(args.path, snapshots, args.snapshot);
  const list = snapshots.list.map((each) =>
    each.number === number ? { ...each, name: '', lives: false } : each,
  );
  put(draft, step.inode.id, { ...snapshots, list });
  reclaim(draft, { kind: 'snapshot', root: step.inode.id, number });
}

function put(draft: Draft, root: number, snapshots: Snapshots): void {
  draft.put(snapshotsKey(root), encodeSnapshots(snapshots));
}

function needSnapshots(
  draft: Draft,
  { path, caller }: SnapshotArgs,
): { readonly step: Chain[number]; readonly snapshots: Snapshots } {
  const step = last(needChain(draft, path, caller));
  caller?.needOwner(step.inode, showPath(path));
  if (!step.inode.snapshottable) throw refused(path, 'it is not allowed to have snapshots');
  return { step, snapshots: snapshotsOf(draft, step.inode.id)! };
}

function find(path: Path, { list }: Snapshots, name: string): SnapshotInfo {
  const found = list.find((each) => each.lives && each.name === name);
  if (found === undefined) throw refused(path, `there is no snapshot ${name}`);
  return found;
}

function checkFree(path: Path, { list }: Snapshots, name: string): void {
  if (!list.some((each) => each.lives && each.name === name)) return;
  throw refused(path, `there is a snapshot ${name} already`);
}

function checkName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > snapshotNameBytesMax) throw new FilesError('name-too-long', `${bytes} bytes`);
  const isPlain = name !== '' && name !== '.' && name !== '..' && name !== '.snapshot';
  if (!isPlain || name.includes('/'))
    throw new FilesError('bad-name', `no snapshot can be "${name}"`);
}

function refused(path: Path, why: string): FilesError {
  return new FilesError('snapshot', `${showPath(path)}: ${why}`);
}

const last = (chain: Chain): Chain[number] => chain[chain.length - 1]!;
