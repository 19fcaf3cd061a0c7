/**
 * Bytes of block files and containers; the grammar is docs/formats/blocks.md.
 */
import { crc32 } from 'node:zlib';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';

export const FORMAT = 1;
/** Head of a block file and of a container. */
export const HEAD_BYTES = 64;
/** Head of a record in a container. */
export const RECORD_HEAD_BYTES = 32;
/** A chunk with its checksum. */
export const STORED_CHUNK_BYTES = chunkBytes + 4;

const BLOCK_MAGIC = Buffer.from('PLINTHBK');
const PACK_MAGIC = Buffer.from('PLINTHPK');
const RECORD_MAGIC = 0x43455250; // 'PREC', little-endian

/** Which block, and which generation of it. */
export interface BlockName {
  readonly block: number;
  readonly stamp: number;
}

/** Bytes that a body of so much data takes. */
export function bodyBytes(length: number): number {
  return length + 4 * Math.ceil(length / chunkBytes);
}

/** Data in a body of so many bytes; undefined when no body has that size. */
export function dataBytes(body: number): number | undefined {
  const whole = Math.floor(body / STORED_CHUNK_BYTES);
  const rest = body - whole * STORED_CHUNK_BYTES;
  if (rest > 0 && rest <= 4) return undefined;
  return whole * chunkBytes + Math.max(0, rest - 4);
}

export function recordBytes(length: number): number {
  return RECORD_HEAD_BYTES + bodyBytes(length);
}

/** Checksum of a chunk's data, `bytes[start, end)`. */
export function chunkChecksum(
  block: number,
  chunk: number,
  bytes: Buffer,
  start: number,
  end: number,
): number {
  return crc32(bytes.subarray(start, end), ((block >>> 0) ^ chunk) >>> 0);
}

export function encodeBlockHead({ block, stamp }: BlockName): Buffer {
  const head = headOf(BLOCK_MAGIC);
  putU64(head, 16, block);
  putU64(head, 24, stamp);
  return seal(head);
}

export function encodePackHead(number: number): Buffer {
  const head = headOf(PACK_MAGIC);
  putU64(head, 16, number);
  return seal(head);
}

/** @throws FilesError 'corrupt' when it is not the head of this block. */
export function checkBlockHead(head: Buffer, name: BlockName, file: string): void {
  checkHead(head, BLOCK_MAGIC, file);
  if (getU64(head, 16) !== name.block || getU64(head, 24) !== name.stamp) {
    throw new FilesError('corrupt', `${file}: it holds another block`);
  }
}

/** @throws FilesError 'corrupt'. */
export function checkPackHead(head: Buffer, number: number, file: string): void {
  checkHead(head, PACK_MAGIC, file);
  if (getU64(head, 16) !== number) {
    throw new FilesError('corrupt', `${file}: it is another container`);
  }
}

/** Writes a record, head and body, at `at`. @returns where it ends. */
export function writeRecord(into: Buffer, at: number, name: BlockName, data: Buffer): number {
  into.writeUInt32LE(RECORD_MAGIC, at);
  into.writeUInt32LE(data.length, at + 4);
  putU64(into, at + 8, name.block);
  putU64(into, at + 16, name.stamp);
  into.writeUInt32LE(0, at + 24);
  into.writeUInt32LE(crc32(into.subarray(at, at + 28)), at + 28);
  let to = at + RECORD_HEAD_BYTES;
  for (let from = 0, chunk = 0; from < data.length; from += chunkBytes, chunk++) {
    const end = Math.min(from + chunkBytes, data.length);
    data.copy(into, to, from, end);
    to += end - from;
    into.writeUInt32LE(chunkChecksum(name.block, chunk, data, from, end), to);
    to += 4;
  }
  return to;
}

export interface RecordHead extends BlockName {
  readonly length: number;
}

/** The head of a record; null where none holds. */
export function readRecordHead(bytes: Buffer, at: number): RecordHead | null {
  if (at + RECORD_HEAD_BYTES > bytes.length) return null;
  if (bytes.readUInt32LE(at) !== RECORD_MAGIC) return null;
  if (bytes.readUInt32LE(at + 28) !== crc32(bytes.subarray(at, at + 28))) return null;
  return {
    block: getU64(bytes, at + 8),
    stamp: getU64(bytes, at + 16),
    length: bytes.readUInt32LE(at + 4),
  };
}

/** Whether all chunks of a body hold. */
export function bodyHolds(block: number, body: Buffer): boolean {
  for (let at = 0, chunk = 0; at < body.length; at += STORED_CHUNK_BYTES, chunk++) {
    const end = Math.min(at + STORED_CHUNK_BYTES, body.length) - 4;
    if (end <= at || chunkChecksum(block, chunk, body, at, end) !== body.readUInt32LE(end)) {
      return false;
    }
  }
  return true;
}

function headOf(magic: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  magic.copy(head);
  head.writeUInt32LE(FORMAT, 8);
  return head;
}

function seal(head: Buffer): Buffer {
  head.writeUInt32LE(crc32(head.subarray(0, HEAD_BYTES - 4)), HEAD_BYTES - 4);
  return head;
}

function checkHead(head: Buffer, magic: Buffer, file: string): void {
  const holds =
    head.length === HEAD_BYTES &&
    head.subarray(0, 8).equals(magic) &&
    head.readUInt32LE(HEAD_BYTES - 4) === crc32(head.subarray(0, HEAD_BYTES - 4));
  if (!holds) throw new FilesError('corrupt', `${file}: its head does not hold`);
  const format = head.readUInt32LE(8);
  if (format !== FORMAT) {
    throw new FilesError('corrupt', `${file}: format ${format}, ${FORMAT} is known`);
  }
}

function putU64(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value >>> 0, at);
  buffer.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function getU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32;
}
