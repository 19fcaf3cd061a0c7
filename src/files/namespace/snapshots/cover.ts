/**
 * Which snapshots see the entries of a directory where they stand now.
 *
 *     chain from the root down ─▶ of each directory: its own snapshots, those above it that are newer than its
 *     place there, and those that find it where it was before it moved
 *
 * Invariant: an entry that a snapshot sees is saved for it before it changes.
 */
import type { Chain } from '../chain.ts';
import type { Draft } from '../draft.ts';
import type { DirectoryInode, Kept } from '../inode.ts';
import { snapshotsOf } from './root-record.ts';

/** By directory that has snapshots, the newest of them that sees it. */
export type Cover = ReadonlyMap<number, number>;

export const NO_COVER: Cover = new Map();

/** Of entries of each directory of a chain; undefined: no snapshot sees any. */
export function coverOf(draft: Draft, chain: Chain): readonly Cover[] | undefined {
  if (!chain.some(({ inode }) => inode.snapshottable || inode.kept.length > 0)) return undefined;
  const covers: Cover[] = [];
  let above: Cover = NO_COVER;
  for (const { inode } of chain) {
    above = coverBelow(draft, above, inode);
    covers.push(above);
  }
  return covers;
}

/** Of entries of a directory, from that of the one above it. */
export function coverBelow(draft: Draft, above: Cover, inode: DirectoryInode): Cover {
  const cover = new Map<number, number>();
  for (const [root, number] of above) if (number > inode.since) cover.set(root, number);
  for (const { root, number } of inode.kept) {
    const newest = newestUpTo(draft, root, number);
    if (newest > (cover.get(root) ?? 0)) cover.set(root, newest);
  }
  if (inode.snapshottable) {
    const newest = newestUpTo(draft, inode.id, Number.POSITIVE_INFINITY);
    if (newest > 0) cover.set(inode.id, newest);
  }
  return cover;
}

/** A cover that was written down, as it is now: snapshots may have been deleted since. */
export function coverNow(draft: Draft, kept: readonly Kept[]): Cover {
  const cover = new Map<number, number>();
  for (const { root, number } of kept) {
    const newest = newestUpTo(draft, root, number);
    if (newest > 0) cover.set(root, newest);
  }
  return cover;
}

export const keptOf = (cover: Cover): Kept[] =>
  [...cover].map(([root, number]) => ({ root, number }));

/** Of entries of the last directory. */
export function coverAt(draft: Draft, chain: Chain): Cover {
  const covers = coverOf(draft, chain);
  return covers === undefined ? NO_COVER : covers[covers.length - 1]!;
}

/** The newest snapshot that can be seen; 0: there is none. */
function newestUpTo(draft: Draft, root: number, limit: number): number {
  const list = snapshotsOf(draft, root)?.list ?? [];
  for (let nth = list.length - 1; nth >= 0; nth--) {
    const { number, lives } = list[nth]!;
    if (lives && number <= limit) return number;
  }
  return 0;
}
