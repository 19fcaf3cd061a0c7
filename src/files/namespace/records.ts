/**
 * The namespace's other records: tallies, blocks, leases, uploads, parts, what is to be reclaimed.
 */
import { RecordDamage, RecordReader, RecordWriter } from '../codec.ts';
import {
  type Extent,
  type Kept,
  readExtent,
  readExtents,
  readKept,
  writeExtent,
  writeExtents,
  writeKept,
} from './inode.ts';

const FORMAT = 1;

/** What is below a directory. */
export interface Tally {
  /** Entries of the directory itself. */
  readonly children: number;
  /** Files that can be seen, at any depth. */
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
  /** Bytes times replication, older versions included. */
  readonly space: number;
  /** When an entry came, went or was renamed, Unix ms. */
  readonly modifiedMs: number;
  /** Directories below it that may have snapshots. */
  readonly roots: number;
}

export const EMPTY_TALLY: Tally = {
  children: 0,
  files: 0,
  directories: 0,
  bytes: 0,
  space: 0,
  modifiedMs: 0,
  roots: 0,
};

export function encodeTally(tally: Tally): Buffer {
  const writer = new RecordWriter(64)
    .u8(FORMAT)
    .varint(tally.children)
    .varint(tally.files)
    .varint(tally.directories)
    .varint(tally.bytes)
    .varint(tally.space)
    .varint(tally.modifiedMs);
  if (tally.roots > 0) writer.varint(tally.roots);
  return writer.done();
}

export function decodeTally(bytes: Buffer): Tally {
  const reader = versioned(bytes, 'tally');
  return {
    children: reader.varint(),
    files: reader.varint(),
    directories: reader.varint(),
    bytes: reader.varint(),
    space: reader.varint(),
    modifiedMs: reader.varint(),
    roots: reader.more ? reader.varint() : 0,
  };
}

export interface BlockRecord {
  readonly stamp: number;
  readonly length: number;
  /** Replicas that are wanted. */
  readonly replication: number;
  /** Extents that name it. */
  readonly references: number;
}

export function encodeBlock(block: BlockRecord): Buffer {
  return new RecordWriter(48)
    .varint(block.stamp)
    .varint(block.length)
    .varint(block.replication)
    .varint(block.references)
    .done();
}

export function decodeBlock(bytes: Buffer): BlockRecord {
  const reader = new RecordReader(bytes);
  return {
    stamp: reader.varint(),
    length: reader.varint(),
    replication: reader.varint(),
    references: reader.varint(),
  };
}

/** Who alone may write a file. */
export interface Lease {
  readonly holder: string;
  /** Unix ms. */
  readonly expiresMs: number;
}

export function encodeLease(lease: Lease): Buffer {
  return new RecordWriter(64).text(lease.holder).varint(lease.expiresMs).done();
}

export function decodeLease(bytes: Buffer): Lease {
  const reader = new RecordReader(bytes);
  return { holder: reader.text(), expiresMs: reader.varint() };
}

export interface UploadRecord {
  readonly startedMs: number;
  readonly owner: string;
  /** What the door keeps until the object is made. */
  readonly object: Buffer;
}

export function encodeUpload(upload: UploadRecord): Buffer {
  return new RecordWriter()
    .u8(FORMAT)
    .varint(upload.startedMs)
    .text(upload.owner)
    .bytes(upload.object)
    .done();
}

export function decodeUpload(bytes: Buffer): UploadRecord {
  const reader = versioned(bytes, 'upload');
  return { startedMs: reader.varint(), owner: reader.text(), object: reader.bytes() };
}

export interface PartRecord {
  readonly size: number;
  readonly etag: string;
  readonly modifiedMs: number;
  /** What the door keeps of it: its checksums. */
  readonly object: Buffer;
  readonly extents: readonly Extent[];
}

export function encodePart(part: PartRecord): Buffer {
  const writer = new RecordWriter()
    .u8(FORMAT)
    .varint(part.size)
    .text(part.etag)
    .varint(part.modifiedMs)
    .bytes(part.object);
  return writeExtents(writer, part.extents).done();
}

export function decodePart(bytes: Buffer): PartRecord {
  const reader = versioned(bytes, 'part');
  return {
    size: reader.varint(),
    etag: reader.text(),
    modifiedMs: reader.varint(),
    object: reader.bytes(),
    extents: readExtents(reader),
  };
}

/** What nobody can reach any more, and what it holds. */
export type Reclaim =
  | { readonly kind: 'directory' | 'series' | 'file' | 'upload'; readonly id: number }
  | { readonly kind: 'extents'; readonly extents: readonly Extent[] }
  /** What a snapshot that is deleted has saved. */
  | { readonly kind: 'snapshot'; readonly root: number; readonly number: number }
  | Trim;

/** A directory that only snapshots see: what none of them sees in it. */
export interface Trim {
  readonly kind: 'trim';
  readonly id: number;
  /** The key of the last entry that was looked at; empty: none yet. */
  readonly after: Buffer;
  /** The newest snapshot that sees its entries, by directories that have snapshots. */
  readonly cover: readonly Kept[];
}

const RECLAIM_KINDS = [
  ...(['directory', 'series', 'file', 'upload', 'extents', 'snapshot', 'trim'] as const),
] as const;

export function encodeReclaim(reclaim: Reclaim): Buffer {
  const writer = new RecordWriter(32).u8(RECLAIM_KINDS.indexOf(reclaim.kind) + 1);
  if (reclaim.kind === 'extents') return writeExtents(writer, reclaim.extents).done();
  if (reclaim.kind === 'snapshot') return writer.varint(reclaim.root).varint(reclaim.number).done();
  if (reclaim.kind === 'trim') {
    writer.varint(reclaim.id).bytes(reclaim.after);
    return writeKept(writer, reclaim.cover).done();
  }
  return writer.varint(reclaim.id).done();
}

export function decodeReclaim(bytes: Buffer): Reclaim {
  const reader = new RecordReader(bytes);
  const kind = RECLAIM_KINDS[reader.u8() - 1];
  if (kind === undefined) throw new RecordDamage('what is to be reclaimed is of no known kind');
  if (kind === 'extents') return { kind, extents: readExtents(reader) };
  if (kind === 'snapshot') return { kind, root: reader.varint(), number: reader.varint() };
  if (kind === 'trim') {
    return { kind, id: reader.varint(), after: reader.bytes(), cover: readKept(reader) };
  }
  return { kind, id: reader.varint() };
}

/** Extents that stand apart from their file. */
export function encodeExtents(extents: readonly Extent[]): Buffer {
  const writer = new RecordWriter(extents.length * 16);
  for (const extent of extents) writeExtent(writer, extent);
  return writer.done();
}

export function decodeExtents(bytes: Buffer): Extent[] {
  const reader = new RecordReader(bytes);
  const extents: Extent[] = [];
  while (reader.more) extents.push(readExtent(reader));
  return extents;
}

function versioned(bytes: Buffer, what: string): RecordReader {
  const reader = new RecordReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT) {
    throw new RecordDamage(`a ${what} is of format ${format}, ${FORMAT} is known`);
  }
  return reader;
}
