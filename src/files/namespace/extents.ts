/**
 * Extents of files and the blocks that they are pieces of.
 *
 * Invariant: the references of a block are the extents that name it, in files, older versions, parts of uploads
 * and notes of what is to be reclaimed; a block without any has no record.
 */
import { FilesError } from '../errors.ts';
import { extentsInEntryMax, extentsInRecordMax, extentsMax } from '../limits.ts';
import type { Draft } from './draft.ts';
import type { Extent, FileInode } from './inode.ts';
import { blockKey, extentsKey, reclaimKey } from './keys.ts';
import {
  decodeBlock,
  decodeExtents,
  encodeBlock,
  encodeExtents,
  encodeReclaim,
  type Reclaim,
} from './records.ts';

/** A block whose bytes are there; it may be that no record knows it yet. */
export interface NewBlock {
  readonly block: number;
  readonly stamp: number;
  readonly length: number;
}

/** What a file is made of: new blocks, and pieces of blocks that other files have. */
export interface Content {
  readonly extents: readonly Extent[];
  readonly newBlocks: readonly NewBlock[];
}

export const NOTHING: Content = { extents: [], newBlocks: [] };

/**
 * Counts the extents that come.
 * @throws FilesError 'source-changed' when a block is not there any more.
 */
export function adoptExtents(draft: Draft, content: Content, replication: number): void {
  const fresh = new Map(content.newBlocks.map((block) => [block.block, block]));
  const counts = new Map<number, number>();
  for (const { block } of content.extents) counts.set(block, (counts.get(block) ?? 0) + 1);
  const stamps = new Map(content.extents.map(({ block, stamp }) => [block, stamp]));
  for (const [block, count] of counts) {
    const key = blockKey(block);
    const stored = draft.get(key);
    const isNew = fresh.get(block);
    if (stored === null && isNew !== undefined) {
      const { stamp, length } = isNew;
      draft.put(key, encodeBlock({ stamp, length, replication, references: count }));
      continue;
    }
    const record = stored === null ? null : decodeBlock(stored);
    if (record === null || record.stamp !== stamps.get(block)) {
      throw new FilesError('source-changed', `block ${block}`);
    }
    const wanted = Math.max(record.replication, replication);
    const references = record.references + count;
    draft.put(key, encodeBlock({ ...record, replication: wanted, references }));
  }
}

/** @returns the blocks that nobody names any more; their records are gone. */
export function releaseExtents(draft: Draft, extents: readonly Extent[]): NewBlock[] {
  const freed: NewBlock[] = [];
  for (const { block } of extents) {
    const key = blockKey(block);
    const stored = draft.get(key);
    if (stored === null) continue;
    const record = decodeBlock(stored);
    if (record.references > 1) {
      draft.put(key, encodeBlock({ ...record, references: record.references - 1 }));
    } else {
      draft.delete(key);
      freed.push({ block, stamp: record.stamp, length: record.length });
    }
  }
  return freed;
}

/** Where the extents of a new file stand. @throws FilesError 'too-many-extents'. */
export function storeExtents(
  draft: Draft,
  file: number,
  extents: readonly Extent[],
): Pick<FileInode, 'extents' | 'extentsApart' | 'extentsAt'> {
  if (extents.length <= extentsInEntryMax) {
    return { extents, extentsApart: false, extentsAt: file };
  }
  if (extents.length > extentsMax) {
    throw new FilesError('too-many-extents', `${extents.length}, ${extentsMax} at most`);
  }
  for (let at = 0; at < extents.length; at += extentsInRecordMax) {
    const part = extents.slice(at, at + extentsInRecordMax);
    draft.put(extentsKey(file, at / extentsInRecordMax), encodeExtents(part));
  }
  return { extents: [], extentsApart: true, extentsAt: file };
}

/** All extents of a file, wherever they stand. */
export function extentsOf(draft: Pick<Draft, 'get'>, file: FileInode): readonly Extent[] {
  if (!file.extentsApart) return file.extents;
  const extents: Extent[] = [];
  for (let nth = 0; ; nth++) {
    const stored = draft.get(extentsKey(file.extentsAt, nth));
    if (stored === null) return extents;
    extents.push(...decodeExtents(stored));
  }
}

/** Forgets where the extents of a file stand; they belong to somebody else now. */
export function dropExtentRecords(draft: Draft, file: FileInode): void {
  if (!file.extentsApart) return;
  for (let nth = 0; draft.get(extentsKey(file.extentsAt, nth)) !== null; nth++) {
    draft.delete(extentsKey(file.extentsAt, nth));
  }
}

/** Leaves a note of what nobody can reach any more. */
export function reclaim(draft: Draft, what: Reclaim): void {
  if (what.kind === 'extents' && what.extents.length === 0) return;
  draft.put(reclaimKey(draft.numbers()), encodeReclaim(what));
}

/** The content of a file that goes. */
export function reclaimFile(draft: Draft, file: FileInode): void {
  if (file.extentsApart) reclaim(draft, { kind: 'file', id: file.extentsAt });
  else reclaim(draft, { kind: 'extents', extents: file.extents });
  if (file.hasParts) reclaim(draft, { kind: 'upload', id: file.id });
}

/** The first `bytes` of a list of extents, and what is behind. */
export function cutExtents(
  extents: readonly Extent[],
  bytes: number,
): { readonly kept: Extent[]; readonly dropped: Extent[] } {
  const kept: Extent[] = [];
  const dropped: Extent[] = [];
  let left = bytes;
  for (const extent of extents) {
    if (left >= extent.length) kept.push(extent);
    else if (left > 0) kept.push({ ...extent, length: left });
    else dropped.push(extent);
    left = Math.max(0, left - extent.length);
  }
  return { kept, dropped };
}

/** The pieces that hold the bytes from `offset` on, `length` of them. */
export function sliceExtents(extents: readonly Extent[], offset: number, length: number): Extent[] {
  const pieces: Extent[] = [];
  let at = 0;
  for (const extent of extents) {
    const from = Math.max(offset, at);
    const to = Math.min(offset + length, at + extent.length);
    if (to > from) pieces.push({ ...extent, offset: extent.offset + from - at, length: to - from });
    at += extent.length;
    if (at >= offset + length) break;
  }
  return pieces;
}
