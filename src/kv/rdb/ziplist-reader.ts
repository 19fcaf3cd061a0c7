/**
 * Reads a ziplist, the compact encoding of Redis before 7.0:
 *
 *     total bytes u32 | offset of the last entry u32 | entries u16 (65535: count) | entry* | 0xff
 *     entry: size of the entry before it (1 byte, or 0xfe and u32) | encoding and data
 */

import { decimalBytes } from './decimal.ts';
import { badFormat } from './fault.ts';
import type { PackedSource } from './packed-source.ts';

const HEADER_BYTES = 10;
const COUNT_UNKNOWN = 65535;
const END = 0xff;
const WIDE_PREVIOUS = 0xfe;

export class ZiplistReader implements PackedSource {
  readonly countHint: number;
  private readonly bytes: Buffer;
  private readonly claimed: number;
  private position = HEADER_BYTES;
  private previousStart = HEADER_BYTES;
  private previousSize = 0;
  private taken = 0;

  constructor(bytes: Buffer) {
    if (bytes.length < HEADER_BYTES + 1) badFormat('ziplist too short');
    if (bytes.readUInt32LE(0) !== bytes.length) badFormat('ziplist size');
    if (bytes[bytes.length - 1] !== END) badFormat('ziplist without end');
    this.bytes = bytes;
    this.claimed = bytes.readUInt16LE(8);
    this.countHint = Math.min(this.claimed, (bytes.length - HEADER_BYTES - 1) >> 1);
  }

  done(): boolean {
    if (this.position !== this.bytes.length - 1) return false;
    if (this.claimed !== COUNT_UNKNOWN && this.claimed !== this.taken) badFormat('ziplist count');
    if (this.bytes.readUInt32LE(4) !== this.previousStart) badFormat('ziplist tail');
    return true;
  }

  takeBytes(): Buffer {
    const start = this.position;
    const data = this.readPrevious(start);
    const value = this.readValue(data);
    this.previousStart = start;
    this.previousSize = this.position - start;
    this.taken++;
    return value;
  }

  /** Checks the size of the entry before; returns where the encoding starts. */
  private readPrevious(start: number): number {
    this.fits(start, 1);
    const first = this.bytes[start] as number;
    if (first < WIDE_PREVIOUS) {
      if (first !== this.previousSize) badFormat('ziplist backward size');
      return start + 1;
    }
    // A wide size may hold a small number: Redis avoids shrinking it.
    if (first !== WIDE_PREVIOUS) badFormat('ziplist ends early');
    this.fits(start, 5);
    if (this.bytes.readUInt32LE(start + 1) !== this.previousSize) {
      badFormat('ziplist backward size');
    }
    return start + 5;
  }

  private readValue(at: number): Buffer {
    const bytes = this.bytes;
    this.fits(at, 1);
    const first = bytes[at] as number;
    if (first < 0x40) return this.text(at + 1, first);
    if (first < 0x80) {
      this.fits(at, 2);
      return this.text(at + 2, ((first & 0x3f) << 8) | (bytes[at + 1] as number));
    }
    if (first === 0x80) {
      this.fits(at, 5);
      return this.text(at + 5, bytes.readUInt32BE(at + 1));
    }
    if (first >= 0xf1 && first <= 0xfd) {
      this.position = at + 1;
      return decimalBytes(first - 0xf1);
    }
    const width = INTEGER_BYTES.get(first);
    if (width === undefined) return badFormat('ziplist encoding');
    this.fits(at, 1 + width);
    this.position = at + 1 + width;
    return decimalBytes(
      width === 8 ? bytes.readBigInt64LE(at + 1) : bytes.readIntLE(at + 1, width),
    );
  }

  private text(at: number, length: number): Buffer {
    this.fits(at, length);
    this.position = at + length;
    return this.bytes.subarray(at, this.position);
  }

  /** The closing byte is never part of an entry. */
  private fits(at: number, size: number): void {
    if (at + size > this.bytes.length - 1) badFormat('ziplist ends early');
  }
}

/** Encoding byte of an integer entry to the width of its data. */
const INTEGER_BYTES = new Map([
  [0xfe, 1],
  [0xc0, 2],
  [0xf0, 3],
  [0xd0, 4],
  [0xe0, 8],
]);
