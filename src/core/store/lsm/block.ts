/**
 * Data blocks of a table: entries behind each other, where each begins at the end
 * (docs/formats/lsm.md, "Table"). What is read here has passed its checksum.
 *
 * Benchmark: bench/lsm.
 */
import { crc32 } from 'node:zlib';
import { compareBytes, copyBytes } from '../../base/index.ts';
import { Kind } from './kind.ts';
import { putVarint, readVarint, varintEnd } from './varint.ts';

export const CHECKSUM_BYTES = 4;
/** An entry begins within this many bytes of its block. */
export const BLOCK_BYTES_MAX = 65_535;
const VARINT_MAX = 8;

/** Checksum of a block's payload at its place. */
export function blockChecksum(
  bytes: Buffer,
  start: number,
  length: number,
  place: { readonly table: number; readonly offset: number },
): number {
  const seed = ((place.table % 2 ** 32) ^ (place.offset % 2 ** 32)) >>> 0;
  return crc32(bytes.subarray(start, start + length), seed);
}

/** Fills a block, entry by entry, into a buffer that is reused. */
export class BlockBuilder {
  buffer: Buffer;
  /** Payload bytes so far, without the positions at its end. */
  bytes = 0;
  count = 0;
  private readonly starts = new Uint16Array(BLOCK_BYTES_MAX);
  private readonly blockBytes: number;

  constructor(blockBytes: number) {
    this.blockBytes = blockBytes;
    this.buffer = Buffer.allocUnsafeSlow(blockBytes * 2);
  }

  /** Whether the block should be closed before an entry of this size. */
  fullFor(keyLength: number, valueLength: number): boolean {
    if (this.count === 0) return false;
    const entry = entryBytesMax(keyLength, valueLength);
    const tail = (this.count + 1) * 2 + 2 + CHECKSUM_BYTES;
    return this.bytes + entry + tail > this.blockBytes;
  }

  add(
    key: Buffer,
    keyStart: number,
    keyLength: number,
    kind: Kind,
    sequence: number,
    expiresAtMs: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
  ): void {
    this.room(entryBytesMax(keyLength, valueLength));
    const { buffer } = this;
    this.starts[this.count++] = this.bytes;
    let at = putVarint(buffer, this.bytes, keyLength);
    copyBytes(key, keyStart, buffer, at, keyLength);
    at += keyLength;
    buffer[at++] = kind;
    at = putVarint(buffer, at, sequence);
    if (kind !== Kind.delete) {
      if (kind === Kind.putUntil) at = buffer.writeDoubleLE(expiresAtMs, at);
      at = putVarint(buffer, at, valueLength);
      copyBytes(value, valueStart, buffer, at, valueLength);
      at += valueLength;
    }
    this.bytes = at;
  }

  /** Ends the block. @returns the bytes of its payload, at the start of `buffer`. */
  finish(): number {
    this.room(this.count * 2 + 2 + CHECKSUM_BYTES);
    const { buffer, starts, count } = this;
    let at = this.bytes;
    for (let nth = 0; nth < count; nth++) {
      const start = starts[nth]!;
      buffer[at++] = start & 255;
      buffer[at++] = start >> 8;
    }
    buffer[at++] = count & 255;
    buffer[at++] = count >> 8;
    return at;
  }

  reset(): void {
    this.bytes = 0;
    this.count = 0;
  }

  private room(bytes: number): void {
    const needed = this.bytes + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.bytes);
    this.buffer = larger;
  }
}

function entryBytesMax(keyLength: number, valueLength: number): number {
  return keyLength + valueLength + 3 * VARINT_MAX + 9;
}

/** Reads entries of a block: `stand` on one, then see its fields. */
export class BlockView {
  /** The payload is `buffer[base, base + length)`. */
  buffer: Buffer = Buffer.alloc(0);
  base = 0;
  count = 0;
  keyStart = 0;
  keyLength = 0;
  kind: Kind = Kind.delete;
  sequence = 0;
  expiresAtMs = 0;
  valueStart = 0;
  valueLength = 0;
  private starts = 0;

  open(buffer: Buffer, base: number, length: number): void {
    this.buffer = buffer;
    this.base = base;
    const end = base + length;
    this.count = buffer[end - 2]! | (buffer[end - 1]! << 8);
    this.starts = end - 2 - this.count * 2;
  }

  stand(nth: number): void {
    const { buffer } = this;
    this.keyLength = readVarint(buffer, this.startOf(nth));
    this.keyStart = varintEnd;
    let at = this.keyStart + this.keyLength;
    const kind = buffer[at++]! as Kind;
    this.kind = kind;
    this.sequence = readVarint(buffer, at);
    at = varintEnd;
    this.expiresAtMs = 0;
    if (kind === Kind.delete) {
      this.valueStart = at;
      this.valueLength = 0;
      return;
    }
    if (kind === Kind.putUntil) {
      this.expiresAtMs = buffer.readDoubleLE(at);
      at += 8;
    }
    this.valueLength = readVarint(buffer, at);
    this.valueStart = varintEnd;
  }

  /** The first entry whose key is not below this one; `count` when there is none. */
  search(key: Buffer, start: number, length: number): number {
    const { buffer } = this;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bytes = readVarint(buffer, this.startOf(middle));
      if (compareBytes(buffer, varintEnd, bytes, key, start, length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private startOf(nth: number): number {
    const at = this.starts + nth * 2;
    return this.base + (this.buffer[at]! | (this.buffer[at + 1]! << 8));
  }
}
