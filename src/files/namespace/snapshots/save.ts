/**
 * Entries and tallies are saved for the snapshots that see them, the first time that they change behind the newest.
 *
 * Invariants: what was saved for a snapshot holds for the older ones too, down to the next that has something saved
 * of the same. Without a saved record what stands there now was there then, unless its number is higher than the
 * snapshot's. A saved record names blocks and directories as an entry does: they are counted.
 */

import { RecordReader, RecordWriter } from '../../codec.ts';
import { FilesError } from '../../errors.ts';
import type { Chain } from '../chain.ts';
import type { Draft } from '../draft.ts';
import { adoptExtents, extentsOf, reclaim, storeExtents } from '../extents.ts';
import {
  decodeInode,
  encodeInode,
  type FileInode,
  type Inode,
  readKept,
  writeKept,
} from '../inode.ts';
import { leftKey, ownersKey, savedByKey, savedKey, savedPart, tallyKey } from '../keys.ts';
import { encodeTally, type Tally } from '../records.ts';
import { type Cover, coverAt, keptOf } from './cover.ts';
import { snapshotsOf } from './root-record.ts';

const ABSENT = 0;
const PRESENT = 1;
const EMPTY = Buffer.alloc(0);

export function encodeSaved(inode: Inode | null): Buffer {
  if (inode === null) return Buffer.from([ABSENT]);
  return Buffer.concat([Buffer.from([PRESENT]), encodeInode(inode)]);
}

export function decodeSaved(bytes: Buffer): Inode | null {
  return bytes[0] === ABSENT ? null : decodeInode(bytes.subarray(1));
}

/**
 * Saves an entry of the last directory of a chain, which is about to change, for all snapshots that see it.
 * @param before what stands there; null: nothing, and what comes is not new, so that its number does not tell.
 * @param fate whether what stands there goes for good, or lives on there or elsewhere.
 * @returns whether a snapshot has it now, so that nothing of it may be reclaimed. Only when it goes.
 */
export function saveEntry(
  draft: Draft,
  chain: Chain,
  key: Buffer,
  before: Inode | null,
  fate: 'goes' | 'stays',
): boolean {
  let isTaken = false;
  const cover = coverAt(draft, chain);
  if (cover.size === 0) return false;
  const part = savedPart(key);
  for (const [root, snapshot] of cover) {
    if (before !== null && before.id > snapshot) continue;
    if (isSaved(draft, root, part, snapshot)) continue;
    const seen = before?.kind === 'marker' ? null : before;
    if (seen === null) {
      putSaved(draft, root, part, snapshot, encodeSaved(null));
      continue;
    }
    const isGift: boolean = fate === 'goes' && !isTaken;
    putSaved(
      draft,
      root,
      part,
      snapshot,
      encodeSaved(isGift ? given(draft, seen) : copy(draft, seen)),
    );
    isTaken ||= isGift;
  }
  return isTaken;
}

/** What is about to go is the snapshot's from now on: all but what only S3 would look at. */
function given(draft: Draft, inode: Inode): Inode {
  if (inode.kind === 'directory') return inode;
  if (inode.hasParts) reclaim(draft, { kind: 'upload', id: inode.id });
  return alone(inode);
}

function copy(draft: Draft, inode: Inode): Inode {
  if (inode.kind === 'directory') {
    changeOwners(draft, inode.id, 1);
    return inode;
  }
  const extents = extentsOf(draft, inode);
  adoptExtents(draft, { extents, newBlocks: [] }, inode.replication);
  if (!inode.extentsApart) return alone(inode);
  return { ...alone(inode), ...storeExtents(draft, draft.numbers(), extents) };
}

/** Without older versions and parts, which no snapshot has. */
function alone(file: FileInode): FileInode {
  return { ...file, series: 0, nullAt: undefined, olderSpace: 0, hasParts: false };
}

/** Saves what is below a directory, which is about to change. */
export function saveTally(draft: Draft, cover: Cover, directory: number, before: Tally): void {
  if (cover.size === 0) return;
  const part = savedPart(tallyKey(directory));
  for (const [root, snapshot] of cover) {
    if (directory > snapshot || isSaved(draft, root, part, snapshot)) continue;
    putSaved(draft, root, part, snapshot, encodeTally(before));
  }
}

/** Whether it is saved for a snapshot, or for a later one that has been deleted and not yet been handed over. */
export function isSaved(draft: Draft, root: number, part: Buffer, snapshot: number): boolean {
  const { list } = snapshotsOf(draft, root)!;
  for (let nth = list.length - 1; nth >= 0; nth--) {
    const { number, lives } = list[nth]!;
    if (number < snapshot) return false;
    // What a newer one sees was saved for it, and is the newest that sees it.
    if (lives && number > snapshot) continue;
    if (draft.get(savedKey(root, part, number)) !== null) return true;
  }
  return false;
}

export function putSaved(
  draft: Draft,
  root: number,
  part: Buffer,
  snapshot: number,
  value: Buffer,
): void {
  draft.put(savedKey(root, part, snapshot), value);
  draft.put(savedByKey(root, snapshot, part), EMPTY);
}

/** How many records name a directory. */
function changeOwners(draft: Draft, directory: number, by: 1 | -1): number {
  const key = ownersKey(directory);
  const stored = draft.get(key);
  const owners = (stored === null ? 1 : new RecordReader(stored).varint()) + by;
  if (owners > 1) draft.put(key, new RecordWriter(8).varint(owners).done());
  else draft.delete(key);
  return owners;
}

/** A record that named a directory has gone: with the last one goes all that is in it. */
export function dropDirectory(draft: Draft, directory: number): void {
  if (changeOwners(draft, directory, -1) > 0) trimAgain(draft, directory);
  else reclaim(draft, { kind: 'directory', id: directory });
}

/** Fewer snapshots see a directory: if it was deleted, what only those saw in it goes. */
export function trimAgain(draft: Draft, directory: number): void {
  const left = draft.get(leftKey(directory));
  if (left === null) return;
  const cover = readKept(new RecordReader(left));
  reclaim(draft, { kind: 'trim', id: directory, after: EMPTY, cover });
}

/** As `dropDirectory`, of one in which nothing is. */
export function dropEmptyDirectory(draft: Draft, directory: number): void {
  if (changeOwners(draft, directory, -1) === 0) draft.delete(tallyKey(directory));
}

/**
 * A directory has lost the name by which it could be changed. Snapshots that see it keep it, and what none of them
 * sees in it is looked for.
 * @param isKept a saved record has the name's place. @param cover of its entries.
 */
export function leaveDirectory(draft: Draft, id: number, cover: Cover, isKept: boolean): void {
  if (!isKept && changeOwners(draft, id, -1) === 0) {
    reclaim(draft, { kind: 'directory', id });
    return;
  }
  draft.put(leftKey(id), writeKept(new RecordWriter(32), keptOf(cover)).done());
  trimAgain(draft, id);
}

/** @throws FilesError 'snapshot' when a directory may not go or move because of its snapshots. */
export function checkUnsnapped(what: string, inode: Inode, tally: Tally): void {
  if (inode.kind === 'directory' && inode.snapshottable) {
    throw new FilesError('snapshot', `${what}: disallow its snapshots first`);
  }
  if (tally.roots > 0) {
    throw new FilesError('snapshot', `${what}: disallow the snapshots of a directory below first`);
  }
}
