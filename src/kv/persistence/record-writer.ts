/**
 * Encodes checkpoint records into blocks. Blocks that are full are handed out by `takeBlocks`; memory
 * in use is one block plus what nobody has taken yet.
 */
import type { Database } from '../keyspace/index.ts';
import { CLOCK_MASK, Flag, TYPE_MASK } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { RdbValueWriter } from '../rdb/index.ts';
import { dumpValue } from '../values/index.ts';
import { BLOCK_BYTES, BLOCK_HEAD_BYTES, checksumOf, HAS_EXPIRY, RecordKind } from './format.ts';

/** Bits of a record's meta that are stored. */
const META_STORED = CLOCK_MASK | TYPE_MASK | Flag.variant;

export class RecordWriter {
  /** Keys written. */
  keys = 0;
  /** Bytes of finished blocks nobody has taken yet. */
  finishedBytes = 0;
  private block: Buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private at = BLOCK_HEAD_BYTES;
  private finished: Buffer[] = [];
  private readonly values = new RdbValueWriter({ version: 12, compress: false });

  database(index: number, keys: number): void {
    this.ensure(9);
    this.u8(RecordKind.database);
    this.u32(index);
    this.u32(keys);
  }

  /** A key as it stands. */
  key(db: Database, record: Address): void {
    this.keys++;
    const large = db.isLarge(record);
    const keyLength = db.keyLength(record);
    const payload = large ? this.dump(db, record) : undefined;
    const valueLength = payload === undefined ? db.valueLength(record) : payload.length;
    const expiry = db.expiryOf(record);
    this.ensure(21 + keyLength + valueLength);
    this.u8(large ? RecordKind.large : RecordKind.packed);
    this.u32((db.metaOf(record) & META_STORED) | (expiry >= 0 ? HAS_EXPIRY : 0));
    if (expiry >= 0) this.f64(expiry);
    const bytes = db.bytesOf(record);
    const keyOffset = db.keyOffset(record);
    this.range(bytes, keyOffset, keyLength);
    if (payload === undefined) this.range(bytes, keyOffset + keyLength, valueLength);
    else this.range(payload, 0, payload.length);
  }

  private dump(db: Database, record: Address): Buffer {
    dumpValue(db, record, this.values);
    return this.values.finishDump();
  }

  /** A large collection begins whose elements follow in pieces under this id. */
  beginLarge(db: Database, record: Address, id: number): void {
    this.keys++;
    const keyLength = db.keyLength(record);
    const expiry = db.expiryOf(record);
    this.ensure(21 + keyLength);
    this.u8(RecordKind.begin);
    this.u32(id);
    this.u32((db.metaOf(record) & META_STORED) | (expiry >= 0 ? HAS_EXPIRY : 0));
    if (expiry >= 0) this.f64(expiry);
    this.range(db.bytesOf(record), db.keyOffset(record), keyLength);
  }

  /** Encoded elements of a collection: the first `length` bytes of `items`. */
  elements(id: number, items: Buffer, length: number): void {
    this.ensure(9 + length);
    this.u8(RecordKind.elements);
    this.u32(id);
    this.range(items, 0, length);
  }

  endLarge(id: number): void {
    this.ensure(5);
    this.u8(RecordKind.done);
    this.u32(id);
  }

  extra(name: string, value: Buffer): void {
    this.ensure(9 + name.length + value.length);
    this.u8(RecordKind.extra);
    this.range(Buffer.from(name), 0, name.length);
    this.range(value, 0, value.length);
  }

  /** The last record; then `takeBlocks` gives all the rest. */
  end(): void {
    this.ensure(9);
    this.u8(RecordKind.end);
    this.f64(this.keys);
    this.finishBlock();
  }

  /** Finished blocks, in order. */
  takeBlocks(): Buffer[] {
    const blocks = this.finished;
    this.finished = [];
    this.finishedBytes = 0;
    return blocks;
  }

  private ensure(bytes: number): void {
    if (this.at + bytes <= this.block.length) return;
    if (this.at > BLOCK_HEAD_BYTES) this.finishBlock();
    if (BLOCK_HEAD_BYTES + bytes > this.block.length) {
      this.block = Buffer.allocUnsafeSlow(BLOCK_HEAD_BYTES + bytes);
    }
  }

  private finishBlock(): void {
    const block = this.block.subarray(0, this.at);
    block.writeUInt32LE(this.at - BLOCK_HEAD_BYTES, 0);
    block.writeUInt32LE(checksumOf(block.subarray(BLOCK_HEAD_BYTES)), 4);
    this.finished.push(block);
    this.finishedBytes += block.length;
    this.block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.at = BLOCK_HEAD_BYTES;
  }

  private u8(value: number): void {
    this.block[this.at++] = value;
  }

  private u32(value: number): void {
    const { block } = this;
    let { at } = this;
    block[at++] = value;
    block[at++] = value >>> 8;
    block[at++] = value >>> 16;
    block[at++] = value >>> 24;
    this.at = at;
  }

  private f64(value: number): void {
    this.at = this.block.writeDoubleLE(value, this.at);
  }

  private range(from: Buffer, start: number, length: number): void {
    this.u32(length);
    from.copy(this.block, this.at, start, start + length);
    this.at += length;
  }
}
