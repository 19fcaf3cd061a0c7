/**
 * A bounds-checked reader over bytes at hand. Every read either has all its
 * bytes or stops the reader with `RdbStarved` and leaves nothing half done: the
 * caller commits after each whole element and `rewind` goes back to the last
 * commit. That is what lets one parser serve a payload in memory and a file that
 * arrives in chunks.
 *
 * Returned Buffers are views: they are valid until the next read from the source.
 */

import {
  LENGTH_32,
  LENGTH_64,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './constants.ts';
import { decimalBytes } from './decimal.ts';
import { badFormat, RdbStarved } from './fault.ts';
import { LZF_RATIO_MAX, STRING_BYTES_MAX } from './limits.ts';
import { lzfDecompress } from './lzf.ts';

const EMPTY = Buffer.alloc(0);

export class ByteCursor {
  buffer: Buffer = EMPTY;
  /** Next byte to read. */
  position = 0;
  /** One past the last byte at hand. */
  end = 0;
  /** Everything before this has been handed over and will not be read again. */
  committed = 0;

  private readonly stringBytesMax: number;

  constructor(stringBytesMax = STRING_BYTES_MAX) {
    this.stringBytesMax = stringBytesMax;
  }

  /** Reads from `buffer[start, end)` from now on. */
  load(buffer: Buffer, start = 0, end = buffer.length): void {
    this.buffer = buffer;
    this.position = start;
    this.committed = start;
    this.end = end;
  }

  /** Bytes at hand that were not read yet. */
  get remaining(): number {
    return this.end - this.position;
  }

  commit(): void {
    this.committed = this.position;
  }

  rewind(): void {
    this.position = this.committed;
  }

  private need(bytes: number): void {
    if (this.end - this.position < bytes) {
      throw new RdbStarved(this.position - this.committed + bytes);
    }
  }

  u8(): number {
    this.need(1);
    return this.buffer[this.position++] as number;
  }

  i32(): number {
    this.need(4);
    const value = this.buffer.readInt32LE(this.position);
    this.position += 4;
    return value;
  }

  /** A signed 64-bit little-endian time in ms; beyond +-(2^53 - 1) it is told as that. */
  timeMs(): number {
    this.need(8);
    const value = Number(this.buffer.readBigInt64LE(this.position));
    this.position += 8;
    return Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
  }

  /** A little-endian double as ZSET_2 stores scores; NaN stops the reader. */
  score(): number {
    this.need(8);
    const value = this.buffer.readDoubleLE(this.position);
    this.position += 8;
    return Number.isNaN(value) ? badFormat('score is not a number') : value;
  }

  /** `bytes` raw bytes. */
  raw(bytes: number): Buffer {
    this.need(bytes);
    const start = this.position;
    this.position = start + bytes;
    return this.buffer.subarray(start, this.position);
  }

  skip(bytes: number): void {
    this.need(bytes);
    this.position += bytes;
  }

  /**
   * A length or count. Values above 2^53 - 1 come as 2^53 - 1: no real count is
   * that large, and a loop up to it ends when the bytes do.
   */
  length(): number {
    const first = this.u8();
    if (first < 0x40) return first;
    if (first < 0x80) return ((first & 0x3f) << 8) | this.u8();
    if (first === LENGTH_32) {
      this.need(4);
      const value = this.buffer.readUInt32BE(this.position);
      this.position += 4;
      return value;
    }
    if (first !== LENGTH_64) badFormat('unknown length encoding');
    this.position--;
    return Math.min(Number(this.lengthBig()), Number.MAX_SAFE_INTEGER);
  }

  /** A length that uses all of its 64 bits, such as a half of a stream id. */
  lengthBig(): bigint {
    this.need(1);
    if (this.buffer[this.position] !== LENGTH_64) return BigInt(this.length());
    this.need(9);
    const value = this.buffer.readBigUInt64BE(this.position + 1);
    this.position += 9;
    return value;
  }

  /** A string in any of its encodings: raw, 8, 16 or 32 bit integer, LZF. */
  string(): Buffer {
    this.need(1);
    const first = this.buffer[this.position] as number;
    if (first < STRING_INT8) {
      const bytes = this.length();
      if (bytes > this.stringBytesMax) badFormat('string longer than the limit');
      return this.raw(bytes);
    }
    this.position++;
    if (first === STRING_LZF) return this.compressedString();
    if (first === STRING_INT8) return decimalBytes((this.u8() << 24) >> 24);
    if (first === STRING_INT32) return decimalBytes(this.i32());
    if (first !== STRING_INT16) badFormat('unknown string encoding');
    this.need(2);
    const value = this.buffer.readInt16LE(this.position);
    this.position += 2;
    return decimalBytes(value);
  }

  private compressedString(): Buffer {
    const packedBytes = this.length();
    const bytes = this.length();
    if (bytes > this.stringBytesMax || packedBytes > this.stringBytesMax) {
      badFormat('string longer than the limit');
    }
    if (bytes > packedBytes * LZF_RATIO_MAX) badFormat('impossible compression ratio');
    this.need(packedBytes);
    const start = this.position;
    this.position += packedBytes;
    const target = Buffer.allocUnsafe(bytes);
    if (!lzfDecompress(this.buffer, start, this.position, target)) badFormat('broken LZF string');
    return target;
  }
}
