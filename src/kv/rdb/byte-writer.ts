/**
 * A growing buffer with RDB's primitives: lengths, strings in their encodings,
 * numbers. Grows by doubling, so that n bytes cost O(n) copies.
 */

import {
  LENGTH_32,
  LENGTH_64,
  STRING_INT8,
  STRING_INT16,
  STRING_INT32,
  STRING_LZF,
} from './constants.ts';
import { parseCanonicalInteger } from './decimal.ts';
import { lzfCompress } from './lzf.ts';

const START_BYTES = 256;
/** Longest text of a 32-bit integer. */
const INT32_TEXT_MAX = 11;
/** Redis does not try to compress below this; it never gains there. */
const COMPRESS_ABOVE_BYTES = 20;
/** A compressed string must save this much to be kept (as Redis asks). */
const COMPRESS_GAIN_MIN = 4;
/** Type byte and two lengths at their widest, in front of compressed bytes. */
const LZF_HEAD_MAX = 11;

export class ByteWriter {
  buffer: Buffer = Buffer.allocUnsafeSlow(START_BYTES);
  /** Bytes written. */
  size = 0;

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const wanted = this.size + bytes;
    if (wanted <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, 2 * this.buffer.length));
    this.buffer.copy(grown, 0, 0, this.size);
    this.buffer = grown;
  }

  clear(): void {
    this.size = 0;
  }

  /** The bytes written so far, as a view that lasts until the next write. */
  view(): Buffer {
    return this.buffer.subarray(0, this.size);
  }

  /** The bytes written so far, for the caller to keep; the writer starts anew. */
  take(): Buffer {
    const { buffer, size } = this;
    this.size = 0;
    // A nearly full buffer is given away, a mostly empty one copied from.
    if (size < START_BYTES || size < buffer.length / 2)
      return Buffer.from(buffer.subarray(0, size));
    this.buffer = Buffer.allocUnsafeSlow(START_BYTES);
    return buffer.subarray(0, size);
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.size++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.size = this.buffer.writeUInt16LE(value, this.size);
  }

  /** A signed 64-bit little-endian time in ms. */
  timeMs(value: number): void {
    this.reserve(8);
    this.size = this.buffer.writeBigInt64LE(BigInt(value), this.size);
  }

  f64(value: number): void {
    this.reserve(8);
    this.size = this.buffer.writeDoubleLE(value, this.size);
  }

  bytes(source: Uint8Array): void {
    this.reserve(source.length);
    this.buffer.set(source, this.size);
    this.size += source.length;
  }

  /** A length or count, in the shortest of its forms. */
  length(value: number): void {
    this.reserve(9);
    this.size = writeLength(this.buffer, this.size, value);
  }

  /** A length that may need all 64 bits. */
  lengthBig(value: bigint): void {
    if (value <= 0xffffffffn) {
      this.length(Number(value));
      return;
    }
    this.reserve(9);
    this.buffer[this.size] = LENGTH_64;
    this.size = this.buffer.writeBigUInt64BE(value, this.size + 1);
  }

  /**
   * A string in the encoding Redis would choose: an integer if it is the
   * canonical text of one of at most 32 bits, compressed if `compress` and that
   * saves anything, else raw.
   */
  string(source: Buffer, compress: boolean): void {
    if (source.length <= INT32_TEXT_MAX && this.integerString(source)) return;
    if (compress && source.length > COMPRESS_ABOVE_BYTES && this.lzfString(source)) return;
    this.length(source.length);
    this.bytes(source);
  }

  private integerString(source: Buffer): boolean {
    const value = parseCanonicalInteger(source);
    if (typeof value !== 'number' || value !== (value | 0)) return false;
    this.reserve(5);
    const { buffer, size } = this;
    if (value === (value << 24) >> 24) {
      buffer[size] = STRING_INT8;
      this.size = buffer.writeInt8(value, size + 1);
    } else if (value === (value << 16) >> 16) {
      buffer[size] = STRING_INT16;
      this.size = buffer.writeInt16LE(value, size + 1);
    } else {
      buffer[size] = STRING_INT32;
      this.size = buffer.writeInt32LE(value, size + 1);
    }
    return true;
  }

  private lzfString(source: Buffer): boolean {
    this.reserve(LZF_HEAD_MAX + source.length);
    const { buffer, size } = this;
    // Compressed behind the widest head there can be, then moved up to the real one.
    const at = size + LZF_HEAD_MAX;
    const packed = lzfCompress(source, buffer, at, source.length - COMPRESS_GAIN_MIN);
    if (packed === 0) return false;
    buffer[size] = STRING_LZF;
    const body = writeLength(buffer, writeLength(buffer, size + 1, packed), source.length);
    buffer.copyWithin(body, at, at + packed);
    this.size = body + packed;
    return true;
  }

  /**
   * Puts a length in front of what was written since `at`: for counts that are
   * known only at the end. Moves those bytes.
   */
  insertLength(at: number, value: number): void {
    this.reserve(9);
    const width = writeLength(Buffer.allocUnsafe(9), 0, value);
    this.buffer.copyWithin(at + width, at, this.size);
    writeLength(this.buffer, at, value);
    this.size += width;
  }

  /** Takes back the bytes in [at, at + bytes). Moves what follows. */
  remove(at: number, bytes: number): void {
    this.buffer.copyWithin(at, at + bytes, this.size);
    this.size -= bytes;
  }
}

/** Writes a length at `at`; returns where it ends. There must be room for 9 bytes. */
function writeLength(buffer: Buffer, at: number, value: number): number {
  if (value < 0x40) {
    buffer[at] = value;
    return at + 1;
  }
  if (value < 0x4000) {
    buffer[at] = 0x40 | (value >> 8);
    buffer[at + 1] = value & 0xff;
    return at + 2;
  }
  if (value <= 0xffffffff) {
    buffer[at] = LENGTH_32;
    return buffer.writeUInt32BE(value, at + 1);
  }
  buffer[at] = LENGTH_64;
  return buffer.writeBigUInt64BE(BigInt(value), at + 1);
}
