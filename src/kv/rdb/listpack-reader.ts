/**
 * Reads a listpack:
 *
 *     total bytes u32 | elements u16 (65535: count them) | element* | 0xff
 *     element: encoding and data | their size again, backwards readable, 1-5 bytes
 *
 * Every element's trailing size is checked against what was read, as is the
 * count in the header: a flipped bit is found, not passed on.
 */

import { decimalBytes } from './decimal.ts';
import { badFormat } from './fault.ts';
import type { PackedSource } from './packed-source.ts';

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 65535;
const END = 0xff;

/** Bytes that the trailing size takes for an element of `bytes` bytes. */
export function backlenBytes(bytes: number): number {
  // The odd limits (16383 and not 16384, ...) are Redis' own.
  if (bytes <= 127) return 1;
  if (bytes < 16383) return 2;
  if (bytes < 2097151) return 3;
  return bytes < 268435455 ? 4 : 5;
}

export class ListpackReader implements PackedSource {
  readonly countHint: number;
  private readonly bytes: Buffer;
  private readonly claimed: number;
  private position = HEADER_BYTES;
  private taken = 0;
  /** The element read last: either a view of its bytes or an integer. */
  private text: Buffer | null = null;
  private integer: number | bigint = 0;

  constructor(bytes: Buffer) {
    if (bytes.length < HEADER_BYTES + 1) badFormat('listpack too short');
    if (bytes.readUInt32LE(0) !== bytes.length) badFormat('listpack size');
    if (bytes[bytes.length - 1] !== END) badFormat('listpack without end');
    this.bytes = bytes;
    this.claimed = bytes.readUInt16LE(4);
    this.countHint = Math.min(this.claimed, (bytes.length - HEADER_BYTES - 1) >> 1);
  }

  done(): boolean {
    if (this.position !== this.bytes.length - 1) return false;
    if (this.claimed !== COUNT_UNKNOWN && this.claimed !== this.taken) badFormat('listpack count');
    return true;
  }

  takeBytes(): Buffer {
    this.advance();
    return this.text ?? decimalBytes(this.integer);
  }

  /** The next element, which must be an integer of at most 53 bits. */
  takeInteger(): number {
    this.advance();
    if (this.text !== null || typeof this.integer === 'bigint') badFormat('listpack integer');
    return this.integer;
  }

  /** The next element, which must be an integer. */
  takeBigInteger(): bigint {
    this.advance();
    if (this.text !== null) badFormat('listpack integer');
    return BigInt(this.integer);
  }

  private advance(): void {
    const bytes = this.bytes;
    const start = this.position;
    const end = bytes.length - 1;
    if (start >= end) badFormat('listpack ends early');
    const first = bytes[start] as number;
    let size: number;
    this.text = null;
    if (first < 0x80) {
      size = 1;
      this.integer = first;
    } else if (first < 0xc0) {
      size = this.readText(start + 1, first & 0x3f);
    } else if (first < 0xe0) {
      size = this.fits(start, 2);
      // 13 bits, two's complement.
      this.integer = ((((first & 0x1f) << 8) | (bytes[start + 1] as number)) << 19) >> 19;
    } else if (first < 0xf0) {
      this.fits(start, 2);
      size = this.readText(start + 2, ((first & 0x0f) << 8) | (bytes[start + 1] as number));
    } else {
      size = this.readWide(first, start);
    }
    this.checkBacklen(start + size, size);
    this.taken++;
  }

  private readWide(first: number, start: number): number {
    const bytes = this.bytes;
    if (first === 0xf0) {
      this.fits(start, 5);
      return this.readText(start + 5, bytes.readUInt32LE(start + 1));
    }
    if (first === 0xf1) {
      this.fits(start, 3);
      this.integer = bytes.readInt16LE(start + 1);
      return 3;
    }
    if (first === 0xf2) {
      this.fits(start, 4);
      this.integer = bytes.readIntLE(start + 1, 3);
      return 4;
    }
    if (first === 0xf3) {
      this.fits(start, 5);
      this.integer = bytes.readInt32LE(start + 1);
      return 5;
    }
    if (first !== 0xf4) badFormat('listpack encoding');
    this.fits(start, 9);
    const wide = bytes.readBigInt64LE(start + 1);
    const near = Number(wide);
    this.integer = Number.isSafeInteger(near) ? near : wide;
    return 9;
  }

  /** Takes `length` bytes of text at `at`; returns the element's size so far. */
  private readText(at: number, length: number): number {
    const stop = at + length;
    if (stop >= this.bytes.length) badFormat('listpack string too long');
    this.text = this.bytes.subarray(at, stop);
    return stop - this.position;
  }

  private fits(start: number, size: number): number {
    if (start + size >= this.bytes.length) badFormat('listpack ends early');
    return size;
  }

  private checkBacklen(at: number, size: number): void {
    const width = backlenBytes(size);
    const last = at + width - 1;
    if (last >= this.bytes.length - 1) badFormat('listpack ends early');
    let rest = size;
    for (let i = last; i > at; i--) {
      if (this.bytes[i] !== ((rest & 127) | 128)) badFormat('listpack backward size');
      rest = Math.floor(rest / 128);
    }
    if (this.bytes[at] !== rest) badFormat('listpack backward size');
    this.position = last + 1;
  }
}
