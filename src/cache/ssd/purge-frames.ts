/** The bytes of a purge log: docs/formats/cache-segments.md. */
import { crc32 } from 'node:zlib';
import {
  decodeHeader,
  encodeHeader,
  type FileHeader,
  HEADER_BYTES,
  PURGES_MAGIC,
  roundUp,
  UNIT,
} from './format.ts';
import type { Purge } from './types.ts';

const FRAME_MAGIC = 0x31475250;
const FRAME_BYTES = 24;
export const WITNESS_BYTES = FRAME_BYTES;

export interface HashSeeds {
  readonly low: number;
  readonly high: number;
}

export interface PurgesHeader extends FileHeader {
  readonly seeds: HashSeeds;
  readonly sequenceMax: number;
}

export function encodePurgesHeader(header: Omit<PurgesHeader, 'seed'>): Buffer {
  return encodeHeader(PURGES_MAGIC, header.number, header.id, (bytes) => {
    bytes.writeUInt32LE(header.seeds.low, 32);
    bytes.writeUInt32LE(header.seeds.high, 36);
    bytes.writeDoubleLE(header.sequenceMax, 40);
  });
}

function decodePurgesHeader(bytes: Buffer, number: number): PurgesHeader | null {
  const header = decodeHeader(PURGES_MAGIC, bytes, number);
  if (header === null) return null;
  const seeds = { low: bytes.readUInt32LE(32), high: bytes.readUInt32LE(36) };
  return { ...header, seeds, sequenceMax: bytes.readDoubleLE(40) };
}

export function frameBytes(purge: Purge): number {
  return roundUp(FRAME_BYTES + purge.bytes.length, UNIT);
}

/** @param safe what stands before it is durable; @param seed the file's. */
export function encodeFrame(purge: Purge, safe: number, seed: number): Buffer {
  const frame = Buffer.alloc(frameBytes(purge));
  frame.writeUInt32LE(FRAME_MAGIC, 0);
  frame.writeDoubleLE(purge.sequence, 8);
  frame.writeUInt32LE(purge.bytes.length, 16);
  frame.writeUInt32LE(safe / UNIT, 20);
  purge.bytes.copy(frame, FRAME_BYTES);
  frame.writeUInt32LE(frameSum(frame, 0, purge.bytes.length, seed), 4);
  return frame;
}

export function encodeWitness(safe: number, seed: number): Buffer {
  return encodeFrame({ sequence: 0, bytes: Buffer.alloc(0) }, safe, seed);
}

function frameSum(bytes: Buffer, at: number, length: number, seed: number): number {
  return crc32(bytes.subarray(at + 8, at + FRAME_BYTES + length), seed);
}

interface Frame extends Purge {
  readonly safe: number;
}

function decodeFrame(bytes: Buffer, at: number, seed: number): Frame | null {
  if (at + FRAME_BYTES > bytes.length || bytes.readUInt32LE(at) !== FRAME_MAGIC) return null;
  const length = bytes.readUInt32LE(at + 16);
  if (at + FRAME_BYTES + length > bytes.length) return null;
  if (frameSum(bytes, at, length, seed) !== bytes.readUInt32LE(at + 4)) return null;
  return {
    sequence: bytes.readDoubleLE(at + 8),
    bytes: Buffer.from(bytes.subarray(at + FRAME_BYTES, at + FRAME_BYTES + length)),
    safe: bytes.readUInt32LE(at + 20) * UNIT,
  };
}

export interface PurgesRead {
  readonly header: PurgesHeader;
  readonly purges: readonly Purge[];
}

/** All purges of a log. Null: one may be missing. @param bytes the whole file. */
export function decodePurges(bytes: Buffer, number: number): PurgesRead | null {
  const header = decodePurgesHeader(bytes, number);
  if (header === null) return null;
  const purges: Purge[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const frame = decodeFrame(bytes, at, header.seed);
    if (frame === null) break;
    if (frame.bytes.length > 0) purges.push({ sequence: frame.sequence, bytes: frame.bytes });
    at += frameBytes(frame);
  }
  for (let behind = at + UNIT; behind < bytes.length; behind += UNIT) {
    const frame = decodeFrame(bytes, behind, header.seed);
    if (frame !== null && frame.safe > at) return null;
  }
  return { header, purges };
}
