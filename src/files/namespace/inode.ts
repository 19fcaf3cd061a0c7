/**
 * What stands in an entry: a file with its extents, a directory, or the delete marker of S3.
 */
import { RecordDamage, RecordReader, RecordWriter } from '../codec.ts';

const FORMAT = 1;
const Kind = { file: 1, directory: 2, marker: 3 } as const;
const FLAG_FIRST = 1;
const FLAG_EXTENTS_APART = 2;
const FLAG_HAS_PARTS = 4;
/** File: its extents stand under another number. Directory: it may have snapshots. */
const FLAG_EIGHT = 8;
/** Directory: it has moved to where it stands. */
const FLAG_MOVED = 16;

/** A piece of a block. */
export interface Extent {
  readonly block: number;
  /** The generation of the block: a replica with another one is stale. */
  readonly stamp: number;
  /** Bytes from the beginning of the block. */
  readonly offset: number;
  readonly length: number;
}

interface Common {
  /** Its own number, kept for life. */
  readonly id: number;
  /** Unix ms. */
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly accessedMs: number;
  /** POSIX mode, the lower 12 bits. */
  readonly permission: number;
  readonly owner: string;
  readonly group: string;
  /** Extended attributes, by full name: `user.colour`. */
  readonly attributes: ReadonlyMap<string, Buffer>;
}

export interface FileInode extends Common {
  readonly kind: 'file' | 'marker';
  readonly size: number;
  readonly replication: number;
  /** Preferred size of its blocks. */
  readonly blockBytes: number;
  /** Without quotes. */
  readonly etag: string;
  /** What the S3 door keeps: metadata, checksums, tags, locks. */
  readonly object: Buffer;
  /** Changes with every change of this version; never taken by another one. */
  readonly revision: number;
  /** Where its older versions stand; 0: there never were any. */
  readonly series: number;
  /** Number of this version; 0: made without versioning. */
  readonly version: number;
  /** S3 calls it `null`. */
  readonly isNull: boolean;
  /** The older version called `null`, only in the newest one; undefined: none. */
  readonly nullAt: number | undefined;
  /** Bytes times replication of all older versions, only in the newest one. */
  readonly olderSpace: number;
  /** Empty when they stand in records of their own: see `extentsApart`. */
  readonly extents: readonly Extent[];
  readonly extentsApart: boolean;
  /** The number under which they stand then: its own, unless a snapshot has a copy of them. */
  readonly extentsAt: number;
  /** It came in parts, whose records stand under its number. */
  readonly hasParts: boolean;
}

export interface DirectoryInode extends Common {
  readonly kind: 'directory';
  /** Made because a key needed it: it goes with the last entry in it. */
  readonly implicit: boolean;
  /** Files and directories below it, itself included; undefined: no quota. */
  readonly namesMax: number | undefined;
  /** Bytes times replication below it. */
  readonly spaceMax: number | undefined;
  /** Snapshots of it may be taken. */
  readonly snapshottable: boolean;
  /** It stands where it stands since this number was given away: its own if it never moved. */
  readonly since: number;
  /** Snapshots that find it where it was before it moved. */
  readonly kept: readonly Kept[];
}

/** Snapshots of a directory up to a number. */
export interface Kept {
  readonly root: number;
  readonly number: number;
}

export type Inode = FileInode | DirectoryInode;

export function encodeInode(inode: Inode): Buffer {
  const writer = new RecordWriter();
  const first = inode.kind === 'directory' ? inode.implicit : inode.isNull;
  const isFile = inode.kind !== 'directory';
  const apart = isFile && inode.extentsApart;
  const parts = isFile && inode.hasParts;
  const eight = isFile ? inode.extentsAt !== inode.id : inode.snapshottable;
  const moved = !isFile && (inode.since !== inode.id || inode.kept.length > 0);
  writer
    .u8(FORMAT)
    .u8(Kind[inode.kind])
    .u8(
      (first ? FLAG_FIRST : 0) |
        (apart ? FLAG_EXTENTS_APART : 0) |
        (parts ? FLAG_HAS_PARTS : 0) |
        (eight ? FLAG_EIGHT : 0) |
        (moved ? FLAG_MOVED : 0),
    )
    .varint(inode.id)
    .varint(inode.createdMs)
    .varint(inode.modifiedMs)
    .varint(inode.accessedMs)
    .varint(inode.permission)
    .text(inode.owner)
    .text(inode.group)
    .varint(inode.attributes.size);
  for (const [name, value] of inode.attributes) writer.text(name).bytes(value);
  if (inode.kind === 'directory') {
    writer.varint(optional(inode.namesMax)).varint(optional(inode.spaceMax));
    if (moved) {
      writer.varint(inode.since);
      writeKept(writer, inode.kept);
    }
    return writer.done();
  }
  writer
    .varint(inode.size)
    .varint(inode.replication)
    .varint(inode.blockBytes)
    .text(inode.etag)
    .bytes(inode.object)
    .varint(inode.revision)
    .varint(inode.series)
    .varint(inode.version)
    .varint(optional(inode.nullAt))
    .varint(inode.olderSpace);
  writeExtents(writer, inode.extents);
  if (eight) writer.varint(inode.extentsAt);
  return writer.done();
}

/** @throws RecordDamage. */
export function decodeInode(bytes: Buffer): Inode {
  const reader = new RecordReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT)
    throw new RecordDamage(`an inode is of format ${format}, ${FORMAT} is known`);
  const kind = reader.u8();
  const flags = reader.u8();
  const common = {
    id: reader.varint(),
    createdMs: reader.varint(),
    modifiedMs: reader.varint(),
    accessedMs: reader.varint(),
    permission: reader.varint(),
    owner: reader.text(),
    group: reader.text(),
    attributes: readAttributes(reader),
  };
  const first = (flags & FLAG_FIRST) !== 0;
  if (kind === Kind.directory) {
    return {
      kind: 'directory',
      ...common,
      implicit: first,
      namesMax: given(reader.varint()),
      spaceMax: given(reader.varint()),
      snapshottable: (flags & FLAG_EIGHT) !== 0,
      ...readMoved(reader, (flags & FLAG_MOVED) !== 0, common.id),
    };
  }
  if (kind !== Kind.file && kind !== Kind.marker) {
    throw new RecordDamage(`an inode is of kind ${kind}`);
  }
  return {
    kind: kind === Kind.file ? 'file' : 'marker',
    ...common,
    size: reader.varint(),
    replication: reader.varint(),
    blockBytes: reader.varint(),
    etag: reader.text(),
    object: reader.bytes(),
    revision: reader.varint(),
    series: reader.varint(),
    version: reader.varint(),
    isNull: first,
    nullAt: given(reader.varint()),
    olderSpace: reader.varint(),
    extents: readExtents(reader),
    extentsApart: (flags & FLAG_EXTENTS_APART) !== 0,
    hasParts: (flags & FLAG_HAS_PARTS) !== 0,
    extentsAt: (flags & FLAG_EIGHT) !== 0 ? reader.varint() : common.id,
  };
}

const NEVER_MOVED: readonly Kept[] = [];

function readMoved(
  reader: RecordReader,
  moved: boolean,
  id: number,
): Pick<DirectoryInode, 'since' | 'kept'> {
  if (!moved) return { since: id, kept: NEVER_MOVED };
  return { since: reader.varint(), kept: readKept(reader) };
}

export function writeKept(writer: RecordWriter, kept: readonly Kept[]): RecordWriter {
  writer.varint(kept.length);
  for (const { root, number } of kept) writer.varint(root).varint(number);
  return writer;
}

export function readKept(reader: RecordReader): readonly Kept[] {
  const count = reader.varint();
  const kept: Kept[] = [];
  for (let nth = 0; nth < count; nth++) {
    kept.push({ root: reader.varint(), number: reader.varint() });
  }
  return kept;
}

export function writeExtents(writer: RecordWriter, extents: readonly Extent[]): RecordWriter {
  writer.varint(extents.length);
  for (const extent of extents) writeExtent(writer, extent);
  return writer;
}

export function readExtents(reader: RecordReader): Extent[] {
  const count = reader.varint();
  const extents: Extent[] = [];
  for (let nth = 0; nth < count; nth++) extents.push(readExtent(reader));
  return extents;
}

export function writeExtent(writer: RecordWriter, extent: Extent): void {
  writer.varint(extent.block).varint(extent.stamp).varint(extent.offset).varint(extent.length);
}

export function readExtent(reader: RecordReader): Extent {
  return {
    block: reader.varint(),
    stamp: reader.varint(),
    offset: reader.varint(),
    length: reader.varint(),
  };
}

const NO_ATTRIBUTES: ReadonlyMap<string, Buffer> = new Map();

function readAttributes(reader: RecordReader): ReadonlyMap<string, Buffer> {
  const count = reader.varint();
  if (count === 0) return NO_ATTRIBUTES;
  const attributes = new Map<string, Buffer>();
  for (let nth = 0; nth < count; nth++) attributes.set(reader.text(), reader.bytes());
  return attributes;
}

const optional = (value: number | undefined): number => (value === undefined ? 0 : value + 1);
const given = (value: number): number | undefined => (value === 0 ? undefined : value - 1);
