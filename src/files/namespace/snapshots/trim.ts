/**
 * A directory that was deleted and that snapshots still see: what none of them sees in it goes.
 *
 * It can not be changed any more, so what is found needless at one moment is so ever after.
 */
import type { Draft } from '../draft.ts';
import { reclaim, reclaimFile } from '../extents.ts';
import { decodeInode, encodeInode, type FileInode, type Inode } from '../inode.ts';
import { savedPart } from '../keys.ts';
import type { Trim } from '../records.ts';
import { type Cover, coverBelow, coverNow, keptOf } from './cover.ts';
import { isSaved, leaveDirectory } from './save.ts';

/** Looks at one entry. @param key of the entry. */
export function trimEntry(draft: Draft, { cover: written }: Trim, key: Buffer): void {
  const value = draft.get(key);
  if (value === null) return;
  const inode = decodeInode(value);
  const cover = coverNow(draft, written);
  const isNeeded = isSeen(draft, cover, key, inode);
  if (!isNeeded) draft.delete(key);
  if (inode.kind === 'directory') {
    const below = coverBelow(draft, cover, inode);
    if (isNeeded) reclaim(draft, { ...EMPTY_TRIM, id: inode.id, cover: keptOf(below) });
    else leaveDirectory(draft, inode.id, below, false);
    return;
  }
  if (inode.series > 0) reclaim(draft, { kind: 'series', id: inode.series });
  if (!isNeeded) reclaimFile(draft, inode);
  else if (inode.series > 0) draft.put(key, encodeInode(withoutOlder(inode)));
}

const EMPTY_TRIM = { kind: 'trim', after: Buffer.alloc(0) } as const;

/** Whether a snapshot shows what stands there, and nothing that was saved of it. */
function isSeen(draft: Draft, cover: Cover, key: Buffer, inode: Inode): boolean {
  if (inode.kind === 'marker') return false;
  const part = savedPart(key);
  for (const [root, snapshot] of cover) {
    if (inode.id <= snapshot && !isSaved(draft, root, part, snapshot)) return true;
  }
  return false;
}

function withoutOlder(file: FileInode): FileInode {
  return { ...file, series: 0, nullAt: undefined, olderSpace: 0 };
}
