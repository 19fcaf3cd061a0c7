/**
 * What a deleted snapshot has saved goes to the one before it, or goes.
 *
 * Nothing is added to it meanwhile: only snapshots that can be seen get anything saved, or handed over.
 */
import type { Draft } from '../draft.ts';
import { reclaimFile } from '../extents.ts';
import type { Inode } from '../inode.ts';
import {
  directoryOfPart,
  isTallyPart,
  partOfSavedBy,
  savedByKey,
  savedKey,
  snapshotRootKey,
  snapshotsKey,
} from '../keys.ts';
import { encodeSnapshots, type SnapshotInfo, snapshotsOf } from './root-record.ts';
import { decodeSaved, dropDirectory, encodeSaved, putSaved, trimAgain } from './save.ts';

/** @param keys of `savedBy` of this snapshot. @param isLast there are no others: the snapshot is forgotten. */
export function drainSaved(
  draft: Draft,
  { root, number }: { readonly root: number; readonly number: number },
  keys: readonly Buffer[],
  isLast: boolean,
): void {
  const snapshots = snapshotsOf(draft, root);
  if (snapshots === null) return;
  const before = snapshots.list.filter((each) => each.number < number);
  for (const key of keys) drainOne(draft, root, number, before, partOfSavedBy(key));
  if (!isLast) return;
  draft.delete(snapshotRootKey(root, number));
  const list = snapshots.list.filter((each) => each.number !== number);
  if (list.length === 0 && !snapshots.allowed) draft.delete(snapshotsKey(root));
  else draft.put(snapshotsKey(root), encodeSnapshots({ ...snapshots, list }));
}

function drainOne(
  draft: Draft,
  root: number,
  number: number,
  before: readonly SnapshotInfo[],
  part: Buffer,
): void {
  const key = savedKey(root, part, number);
  const value = draft.get(key);
  if (value === null) return;
  draft.delete(key);
  draft.delete(savedByKey(root, number, part));
  const heir = heirOf(draft, root, before, part);
  if (isTallyPart(part)) {
    if (heir !== undefined) putSaved(draft, root, part, heir, value);
    return;
  }
  const inode = decodeSaved(value);
  if (heir === undefined) {
    if (inode !== null) dropSaved(draft, inode);
    return;
  }
  if (inode === null || inode.id <= heir) {
    putSaved(draft, root, part, heir, value);
    if (inode?.kind === 'directory') trimAgain(draft, inode.id);
    return;
  }
  // It came after the snapshot before. Whatever stands there now may be older, so it is said that nothing was there.
  putSaved(draft, root, part, heir, encodeSaved(null));
  dropSaved(draft, inode);
}

/** The newest snapshot before that can be seen, if it needs what was saved. */
function heirOf(
  draft: Draft,
  root: number,
  before: readonly SnapshotInfo[],
  part: Buffer,
): number | undefined {
  for (let nth = before.length - 1; nth >= 0; nth--) {
    const { number, lives } = before[nth]!;
    if (directoryOfPart(part) > number) return undefined;
    if (draft.get(savedKey(root, part, number)) !== null) return undefined;
    if (lives) return number;
  }
  return undefined;
}

/** What stood in a saved record that nobody sees any more. */
function dropSaved(draft: Draft, inode: Inode): void {
  if (inode.kind === 'directory') dropDirectory(draft, inode.id);
  else reclaimFile(draft, inode);
}
