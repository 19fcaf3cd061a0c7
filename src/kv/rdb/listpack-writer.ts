/**
 * Builds a listpack (its form is drawn in `listpack-reader.ts`). One writer
 * builds many, one after the other, in the same buffer.
 */

import { ByteWriter } from './byte-writer.ts';
import { parseCanonicalInteger } from './decimal.ts';
import { backlenBytes } from './listpack-reader.ts';

const HEADER_BYTES = 6;
const COUNT_UNKNOWN = 65535;
/** Most bytes an element takes beside its text: encoding (5) and trailing size (5). */
export const ELEMENT_OVERHEAD_MAX = 10;

export class ListpackWriter {
  private readonly out = new ByteWriter();
  /** Elements so far. */
  count = 0;

  constructor() {
    this.reset();
  }

  reset(): void {
    this.out.size = HEADER_BYTES;
    this.count = 0;
  }

  /** Bytes so far, the closing one included. */
  get size(): number {
    return this.out.size + 1;
  }

  /** Appends a string; the canonical text of a 64-bit integer becomes that integer. */
  text(bytes: Buffer): void {
    const integer = parseCanonicalInteger(bytes);
    if (integer === null) this.rawText(bytes);
    else this.integer(integer);
  }

  /** Appends an integer of at most 64 bits. */
  integer(value: number | bigint): void {
    const { out } = this;
    out.reserve(ELEMENT_OVERHEAD_MAX);
    this.close(out.size, writeInteger(out.buffer, out.size, value));
  }

  /** Appends elements that another writer holds, as they are. */
  append(other: ListpackWriter): void {
    this.out.bytes(other.out.buffer.subarray(HEADER_BYTES, other.out.size));
    this.count += other.count;
  }

  /** The finished listpack, a view that lasts until the next use. */
  finish(): Buffer {
    const { out } = this;
    out.u8(0xff);
    out.buffer.writeUInt32LE(out.size, 0);
    out.buffer.writeUInt16LE(Math.min(this.count, COUNT_UNKNOWN), 4);
    return out.view();
  }

  private rawText(bytes: Buffer): void {
    const { out } = this;
    const length = bytes.length;
    out.reserve(length + ELEMENT_OVERHEAD_MAX);
    const { buffer, size: start } = out;
    let at = start;
    if (length < 64) {
      buffer[at++] = 0x80 | length;
    } else if (length < 4096) {
      buffer[at++] = 0xe0 | (length >> 8);
      buffer[at++] = length & 0xff;
    } else {
      buffer[at++] = 0xf0;
      at = buffer.writeUInt32LE(length, at);
    }
    buffer.set(bytes, at);
    this.close(start, at + length);
  }

  /** Ends the element in [start, end) with its size, readable backwards. */
  private close(start: number, end: number): void {
    const { buffer } = this.out;
    const size = end - start;
    const width = backlenBytes(size);
    let rest = size;
    for (let at = end + width - 1; at > end; at--) {
      buffer[at] = (rest & 127) | 128;
      rest = Math.floor(rest / 128);
    }
    buffer[end] = rest;
    this.out.size = end + width;
    this.count++;
  }
}

/** Writes the narrowest encoding of `value` at `at`; returns where it ends. */
function writeInteger(buffer: Buffer, at: number, value: number | bigint): number {
  if (value >= 0 && value <= 127) {
    buffer[at] = Number(value);
    return at + 1;
  }
  if (value >= -4096 && value <= 4095) {
    const bits = Number(value) & 0x1fff;
    buffer[at] = 0xc0 | (bits >> 8);
    buffer[at + 1] = bits & 0xff;
    return at + 2;
  }
  if (value >= -0x8000 && value <= 0x7fff) {
    buffer[at] = 0xf1;
    return buffer.writeInt16LE(Number(value), at + 1);
  }
  if (value >= -0x800000 && value <= 0x7fffff) {
    buffer[at] = 0xf2;
    return buffer.writeIntLE(Number(value), at + 1, 3);
  }
  if (value >= -0x80000000 && value <= 0x7fffffff) {
    buffer[at] = 0xf3;
    return buffer.writeInt32LE(Number(value), at + 1);
  }
  buffer[at] = 0xf4;
  return buffer.writeBigInt64LE(BigInt(value), at + 1);
}
