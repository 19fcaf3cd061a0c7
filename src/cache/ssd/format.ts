/**
 * The bytes of segments: docs/formats/cache-segments.md.
 */
import { crc32 } from 'node:zlib';

export const VERSION = 2;
export const HEADER_BYTES = 4096;
/** What a header's checksum covers ends here. */
const HEADER_USED = 64;
export const HEAD_BYTES = 56;
export const ENTRY_BYTES = 32;
export const TRAILER_BYTES = 64;
/** Of a body, for one checksum. */
export const BLOCK_BYTES = 65_536;
/** Items begin at multiples of it. */
export const UNIT = 8;

export const SEGMENT_MAGIC = 'PLINTHCS';
export const PURGES_MAGIC = 'PLINTHCP';
const FOOTER_MAGIC = 'PLINTHCF';
const HEAD_MAGIC = 0x31434552;

/** No record has a lower one. */
export const SEQUENCE_NONE = Number.MAX_SAFE_INTEGER;

/** What an item is. */
export const KIND_RECORD = 0;
/** Takes away one tag of a hash, all tags of it. */
export const KIND_REMOVE_TAG = 1;
export const KIND_REMOVE_HASH = 2;

export function roundUp(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

export interface FileHeader {
  /** Segment number or generation. */
  readonly number: number;
  readonly id: Buffer;
  /** Checksum of the id, with which the file's own ones begin. */
  readonly seed: number;
}

/** The beginning of a segment or a purge log. `more` writes what else belongs into bytes 32 to 64. */
export function encodeHeader(
  magic: string,
  number: number,
  id: Buffer,
  more: (header: Buffer) => void,
): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(magic, 0, 'latin1');
  header.writeUInt32LE(VERSION, 8);
  header.writeDoubleLE(number, 16);
  id.copy(header, 24);
  more(header);
  header.writeUInt32LE(crc32(header.subarray(16, HEADER_USED)), 12);
  return header;
}

/** Whether it is the beginning of such a file, but of another version. */
export function isOfOtherVersion(magic: string, header: Buffer): boolean {
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, 8) !== magic) return false;
  return header.readUInt32LE(8) !== VERSION;
}

/** Null when it does not hold, or is not of the file with this number, or of another version. */
export function decodeHeader(magic: string, header: Buffer, number: number): FileHeader | null {
  if (header.length < HEADER_BYTES || header.toString('latin1', 0, 8) !== magic) return null;
  if (header.readUInt32LE(8) !== VERSION) return null;
  if (header.readUInt32LE(12) !== crc32(header.subarray(16, HEADER_USED))) return null;
  if (header.readDoubleLE(16) !== number) return null;
  const id = Buffer.from(header.subarray(24, 32));
  return { number, id, seed: crc32(id) };
}

/** The head of an item, as it is in a file. */
export interface Head {
  readonly hashLow: number;
  readonly hashHigh: number;
  readonly tag: number;
  readonly order: number;
  readonly sequence: number;
  readonly metaBytes: number;
  readonly bodyBytes: number;
  readonly kind: number;
}

/** Writes a head without its checksum: see `headChecksum`. */
export function encodeHead(into: Buffer, head: Head, offset: number): void {
  into.writeUInt32LE(HEAD_MAGIC, 0);
  into.writeUInt32LE(head.hashLow, 8);
  into.writeUInt32LE(head.hashHigh, 12);
  into.writeUInt32LE(head.tag, 16);
  into.writeUInt32LE(offset / UNIT, 20);
  into.writeDoubleLE(head.order, 24);
  into.writeDoubleLE(head.sequence, 32);
  into.writeUInt32LE(head.metaBytes, 40);
  into.writeUInt32LE(head.bodyBytes, 44);
  into.writeUInt32LE(head.kind, 48);
  into.writeUInt32LE(0, 52);
}

export function headChecksum(head: Uint8Array, meta: Uint8Array, seed: number): number {
  return crc32(meta, crc32(head.subarray(8, HEAD_BYTES), seed));
}

/**
 * The head at `at` of bytes read from `offset` of a file, its checksum not looked at. Null: there is none for this
 * place.
 */
export function decodeHead(from: Buffer, at: number, offset: number): Head | null {
  if (from.length < at + HEAD_BYTES || from.readUInt32LE(at) !== HEAD_MAGIC) return null;
  if (from.readUInt32LE(at + 20) !== offset / UNIT) return null;
  return {
    hashLow: from.readUInt32LE(at + 8),
    hashHigh: from.readUInt32LE(at + 12),
    tag: from.readUInt32LE(at + 16),
    order: from.readDoubleLE(at + 24),
    sequence: from.readDoubleLE(at + 32),
    metaBytes: from.readUInt32LE(at + 40),
    bodyBytes: from.readUInt32LE(at + 44),
    kind: from.readUInt32LE(at + 48),
  };
}

/** The checksum that stands in the head at `at`. */
export function storedChecksum(from: Buffer, at: number): number {
  return from.readUInt32LE(at + 4);
}

/** The checksum that stands in the head at `at`, null when head and meta do not hold. All of both is in `from`. */
export function heldChecksum(from: Buffer, at: number, head: Head, seed: number): number | null {
  const metaAt = at + HEAD_BYTES;
  const sum = headChecksum(
    from.subarray(at, metaAt),
    from.subarray(metaAt, metaAt + head.metaBytes),
    seed,
  );
  return sum === storedChecksum(from, at) ? sum : null;
}

/** The checksum with which those of block `nth` of a body begin. */
export function blockSeed(headSum: number, nth: number): number {
  return (headSum ^ nth) >>> 0;
}

export function blocksOf(bodyBytes: number): number {
  return Math.ceil(bodyBytes / BLOCK_BYTES);
}

/** Bytes of the checksums behind a body. */
export function tableBytes(bodyBytes: number): number {
  return 4 * blocksOf(bodyBytes) + 4;
}

/** Bytes of an item in its segment, up to where the next one begins. */
export function itemBytes(kind: number, metaBytes: number, bodyBytes: number): number {
  if (kind !== KIND_RECORD) return HEAD_BYTES;
  return roundUp(HEAD_BYTES + metaBytes + bodyBytes + tableBytes(bodyBytes), UNIT);
}

/** What a footer says of all items. */
export interface Summary {
  readonly minSequence: number;
  readonly maxSequence: number;
  readonly maxOrder: number;
}

export interface Trailer extends Summary {
  readonly entriesAt: number;
  readonly count: number;
  readonly entriesSum: number;
}

export function encodeEntry(into: Buffer, at: number, head: Head, offset: number): void {
  into.writeUInt32LE(head.hashLow, at);
  into.writeUInt32LE(head.hashHigh, at + 4);
  into.writeUInt32LE(head.tag, at + 8);
  into.writeUInt32LE(offset / UNIT, at + 12);
  into.writeDoubleLE(head.order, at + 16);
  into.writeUInt32LE(itemBytes(head.kind, head.metaBytes, head.bodyBytes) / UNIT, at + 24);
  into.writeUInt32LE(head.kind, at + 28);
}

export function encodeTrailer(trailer: Trailer, { id, seed }: FileHeader): Buffer {
  const bytes = Buffer.alloc(TRAILER_BYTES);
  id.copy(bytes, 0);
  bytes.writeUInt32LE(trailer.entriesAt / UNIT, 8);
  bytes.writeUInt32LE(trailer.count, 12);
  bytes.writeUInt32LE(trailer.entriesSum, 16);
  bytes.writeDoubleLE(trailer.minSequence, 24);
  bytes.writeDoubleLE(trailer.maxSequence, 32);
  bytes.writeDoubleLE(trailer.maxOrder, 40);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 52), seed), 52);
  bytes.write(FOOTER_MAGIC, 56, 'latin1');
  return bytes;
}

/** Null when it does not hold. @param fileBytes the trailer's end. */
export function decodeTrailer(
  bytes: Buffer,
  { id, seed }: FileHeader,
  fileBytes: number,
): Trailer | null {
  if (bytes.toString('latin1', 56, 64) !== FOOTER_MAGIC || !id.equals(bytes.subarray(0, 8))) {
    return null;
  }
  if (bytes.readUInt32LE(52) !== crc32(bytes.subarray(0, 52), seed)) return null;
  const entriesAt = bytes.readUInt32LE(8) * UNIT;
  const count = bytes.readUInt32LE(12);
  if (entriesAt + count * ENTRY_BYTES + TRAILER_BYTES !== fileBytes) return null;
  return {
    entriesAt,
    count,
    entriesSum: bytes.readUInt32LE(16),
    minSequence: bytes.readDoubleLE(24),
    maxSequence: bytes.readDoubleLE(32),
    maxOrder: bytes.readDoubleLE(40),
  };
}
