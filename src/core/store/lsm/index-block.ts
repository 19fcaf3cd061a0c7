/**
 * Where the data blocks of a table stand and which keys they hold. Small, and kept in memory as long as
 * the table is open.
 */
import { compareBytes } from '../../base/index.ts';
import { putVarint, readVarint, varintBytes, varintEnd } from './varint.ts';

export class IndexBuilder {
  private readonly items: Buffer[] = [];
  private bytes = 0;
  private readonly positions: number[] = [];

  /** @param lastKey not below the last key of the block, below the first of the next. */
  add(lastKey: Buffer, offset: number, length: number): void {
    const item = Buffer.allocUnsafe(varintBytes(lastKey.length) + lastKey.length + 10);
    let at = putVarint(item, 0, lastKey.length);
    at += lastKey.copy(item, at);
    at = item.writeUIntLE(offset, at, 6);
    item.writeUInt32LE(length, at);
    this.positions.push(this.bytes);
    this.items.push(item);
    this.bytes += item.length;
  }

  finish(): Buffer {
    const tail = Buffer.allocUnsafe(this.positions.length * 4 + 4);
    for (const [nth, position] of this.positions.entries()) tail.writeUInt32LE(position, nth * 4);
    tail.writeUInt32LE(this.positions.length, this.positions.length * 4);
    return Buffer.concat([...this.items, tail]);
  }
}

/** A short key k with `last <= k < next`; `next` undefined: nothing follows. */
export function separator(last: Buffer, next: Buffer | undefined): Buffer {
  if (next === undefined) return Buffer.from(last);
  let shared = 0;
  while (shared < last.length && last[shared] === next[shared]) shared++;
  if (shared < last.length && shared < next.length && last[shared]! + 1 < next[shared]!) {
    const short = Buffer.from(last.subarray(0, shared + 1));
    short[shared]! += 1;
    return short;
  }
  return Buffer.from(last);
}

export class BlockIndex {
  readonly count: number;
  private readonly buffer: Buffer;
  private readonly offsets: Float64Array;
  private readonly lengths: Uint32Array;
  private readonly keyStarts: Uint32Array;
  private readonly keyLengths: Uint32Array;

  constructor(payload: Buffer) {
    this.buffer = payload;
    const count = payload.readUInt32LE(payload.length - 4);
    this.count = count;
    this.offsets = new Float64Array(count);
    this.lengths = new Uint32Array(count);
    this.keyStarts = new Uint32Array(count);
    this.keyLengths = new Uint32Array(count);
    const positions = payload.length - 4 - count * 4;
    for (let nth = 0; nth < count; nth++) {
      const length = readVarint(payload, payload.readUInt32LE(positions + nth * 4));
      const start = varintEnd;
      this.keyStarts[nth] = start;
      this.keyLengths[nth] = length;
      this.offsets[nth] = payload.readUIntLE(start + length, 6);
      this.lengths[nth] = payload.readUInt32LE(start + length + 6);
    }
  }

  /** Memory it takes. */
  get bytes(): number {
    return this.buffer.length + this.count * 20;
  }

  offset(nth: number): number {
    return this.offsets[nth]!;
  }

  /** Bytes of the payload, without its checksum. */
  length(nth: number): number {
    return this.lengths[nth]!;
  }

  /** The first block whose keys may reach this one; `count` when all are below it. */
  search(key: Buffer, start: number, length: number): number {
    const { buffer, keyStarts, keyLengths } = this;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareBytes(
        buffer,
        keyStarts[middle]!,
        keyLengths[middle]!,
        key,
        start,
        length,
      );
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
