/**
 * The bytes of docs/formats/log.md: headers and frames, encoded and checked.
 */
import { crc32 } from 'node:zlib';

export const formatVersion = 1;
export const headerBytes = 4096;
export const frameHeaderBytes = 48;
export const entryHeaderBytes = 12;
export const nodeIdBytes = 40;

// Bits of an entry's length.

/** The payload goes on in the next entry. */
export const moreBit = 0x8000_0000;
/** The payload goes on that the entry before began. */
export const continuesBit = 0x4000_0000;
export const lengthMask = 0x3fff_ffff;

const magic = Buffer.from('PLINTHWL', 'latin1');
const checkedHeaderBytes = 128;
const frameMagic = 0x314d5246;
const two32 = 0x1_0000_0000;

export interface SegmentHeader {
  readonly number: number;
  readonly firstIndex: number;
  readonly epoch: number;
  /** Eight random bytes. */
  readonly id: Buffer;
  readonly createdMs: number;
  readonly nodeId: string;
}

/** The numbers of a frame's header. */
export interface FrameHeader {
  bodyBytes: number;
  count: number;
  firstIndex: number;
  durableIndex: number;
  epoch: number;
}

export function writeU64(buffer: Buffer, value: number, at: number): void {
  buffer.writeUInt32LE(value % two32, at);
  buffer.writeUInt32LE(Math.floor(value / two32), at + 4);
}

export function readU64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at + 4) * two32 + buffer.readUInt32LE(at);
}

/** Bytes a frame takes in its segment, padding included. */
export function frameBytes(bodyBytes: number): number {
  return align8(frameHeaderBytes + bodyBytes);
}

export function align8(value: number): number {
  return Math.ceil(value / 8) * 8;
}

/** A whole header block. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const block = Buffer.alloc(headerBytes);
  magic.copy(block);
  block.writeUInt32LE(formatVersion, 8);
  writeU64(block, header.number, 16);
  writeU64(block, header.firstIndex, 24);
  writeU64(block, header.epoch, 32);
  header.id.copy(block, 40, 0, 8);
  writeU64(block, header.createdMs, 48);
  block.write(header.nodeId, 56, nodeIdBytes, 'latin1');
  block.writeUInt32LE(crc32(block.subarray(16, checkedHeaderBytes)), 12);
  return block;
}

/** The header in a block, or what is wrong with it. */
export function decodeSegmentHeader(block: Buffer): SegmentHeader | 'damaged' | 'version' {
  if (block.length < checkedHeaderBytes || !block.subarray(0, 8).equals(magic)) return 'damaged';
  if (block.readUInt32LE(8) !== formatVersion) return 'version';
  const checksum = crc32(block.subarray(16, checkedHeaderBytes));
  if (block.readUInt32LE(12) !== checksum) return 'damaged';
  const nodeId = block.toString('latin1', 56, 56 + nodeIdBytes);
  return {
    number: readU64(block, 16),
    firstIndex: readU64(block, 24),
    epoch: readU64(block, 32),
    id: Buffer.from(block.subarray(40, 48)),
    createdMs: readU64(block, 48),
    nodeId: nodeId.replace(/\0+$/, ''),
  };
}

/** Writes the header of the frame that begins at `at` and whose body stands behind it already. */
export function sealFrame(buffer: Buffer, at: number, segmentId: Buffer, frame: FrameHeader): void {
  buffer.writeUInt32LE(frameMagic, at);
  segmentId.copy(buffer, at + 8, 0, 8);
  buffer.writeUInt32LE(frame.bodyBytes, at + 16);
  buffer.writeUInt32LE(frame.count, at + 20);
  writeU64(buffer, frame.firstIndex, at + 24);
  writeU64(buffer, frame.durableIndex, at + 32);
  writeU64(buffer, frame.epoch, at + 40);
  const end = at + frameHeaderBytes + frame.bodyBytes;
  buffer.writeUInt32LE(crc32(buffer.subarray(at + 8, end)), at + 4);
  buffer.fill(0, end, align8(end));
}

/** True when a frame header of this segment seems to stand at `at`; its length is then in `into`. */
export function decodeFrameHeader(
  buffer: Buffer,
  at: number,
  segmentId: Buffer,
  into: FrameHeader,
): boolean {
  if (buffer.readUInt32LE(at) !== frameMagic) return false;
  if (segmentId.compare(buffer, at + 8, at + 16) !== 0) return false;
  into.bodyBytes = buffer.readUInt32LE(at + 16);
  into.count = buffer.readUInt32LE(at + 20);
  into.firstIndex = readU64(buffer, at + 24);
  into.durableIndex = readU64(buffer, at + 32);
  into.epoch = readU64(buffer, at + 40);
  return true;
}

/** True when the frame at `at`, wholly in `buffer`, is as it was written. */
export function frameHolds(buffer: Buffer, at: number, bodyBytes: number): boolean {
  const end = at + frameHeaderBytes + bodyBytes;
  return buffer.readUInt32LE(at + 4) === crc32(buffer.subarray(at + 8, end));
}
