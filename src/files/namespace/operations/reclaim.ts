/**
 * What nobody can reach any more goes in slices: records, and blocks that nobody names then.
 *
 * Whoever asks has read what is below a note; nothing can have been added since, because there is no way to it.
 */
import type { Draft } from '../draft.ts';
import { type NewBlock, reclaim, reclaimFile, releaseExtents } from '../extents.ts';
import { decodeInode, type Inode } from '../inode.ts';
import { leftKey, readUploadKey, reclaimKey, Space, tallyKey } from '../keys.ts';
import { decodeExtents, decodePart, decodeReclaim, encodeReclaim } from '../records.ts';
import { coverBelow, NO_COVER } from '../snapshots/cover.ts';
import { drainSaved } from '../snapshots/drain.ts';
import { leaveDirectory } from '../snapshots/save.ts';
import { trimEntry } from '../snapshots/trim.ts';

export interface ReclaimArgs {
  /** The note's number. */
  readonly nth: number;
  /** Some of the records that it covers. */
  readonly keys: readonly Buffer[];
  /** Nothing is left behind them. */
  readonly isLast: boolean;
}

/** @returns blocks whose bytes nobody needs once this is durable. */
export function reclaimSlice(draft: Draft, args: ReclaimArgs): readonly NewBlock[] {
  const note = draft.get(reclaimKey(args.nth));
  if (note === null) return [];
  const what = decodeReclaim(note);
  if (what.kind === 'snapshot') {
    drainSaved(draft, what, args.keys, args.isLast);
    if (args.isLast) draft.delete(reclaimKey(args.nth));
    return [];
  }
  if (what.kind === 'trim') {
    for (const key of args.keys) trimEntry(draft, what, key);
    const after = args.keys[args.keys.length - 1];
    if (args.isLast || after === undefined) draft.delete(reclaimKey(args.nth));
    else draft.put(reclaimKey(args.nth), encodeReclaim({ ...what, after }));
    return [];
  }
  const freed: NewBlock[] = [];
  for (const key of args.keys) {
    const value = draft.get(key);
    if (value === null) continue;
    draft.delete(key);
    takeRecord(draft, key, value, freed);
  }
  if (!args.isLast) return freed;
  if (what.kind === 'extents') freed.push(...releaseExtents(draft, what.extents));
  if (what.kind === 'directory') {
    draft.delete(tallyKey(what.id));
    draft.delete(leftKey(what.id));
  }
  draft.delete(reclaimKey(args.nth));
  return freed;
}

function takeRecord(draft: Draft, key: Buffer, value: Buffer, freed: NewBlock[]): void {
  switch (key[0]) {
    case Space.entry:
      takeEntry(draft, decodeInode(value));
      break;
    case Space.version:
      takeInode(draft, decodeInode(value));
      break;
    case Space.part:
      freed.push(...releaseExtents(draft, decodePart(value).extents));
      break;
    case Space.extents:
      freed.push(...releaseExtents(draft, decodeExtents(value)));
      break;
    case Space.upload:
      reclaim(draft, { kind: 'upload', id: readUploadKey(key).upload });
      break;
    default:
    // Documents and leases hold nothing else.
  }
}

function takeEntry(draft: Draft, inode: Inode): void {
  takeInode(draft, inode);
  if (inode.kind !== 'directory' && inode.series > 0) {
    reclaim(draft, { kind: 'series', id: inode.series });
  }
}

function takeInode(draft: Draft, inode: Inode): void {
  // What is in it can be seen by snapshots alone that saw it elsewhere.
  if (inode.kind === 'directory') {
    leaveDirectory(draft, inode.id, coverBelow(draft, NO_COVER, inode), false);
  } else reclaimFile(draft, inode);
}
