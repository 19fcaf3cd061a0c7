/**
 * Builds sorted sets from members that stream in, apart from any key until they are finished: restored
 * values, copies, and results of commands whose sources may be the key that they replace.
 *
 * While small the members stand packed in a buffer of the builder's, then in a LargeZset.
 */
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { ZsetCursor } from './cursor.ts';
import { LargeZset } from './large-zset.ts';
import { packs, type ZsetLimits } from './limits.ts';
import {
  entryBytes,
  findEntry,
  HEAD_BYTES,
  PackedEntry,
  placeFor,
  readEntry,
  setPackedCount,
  writeEntry,
} from './packed-zset.ts';

export class ZsetBuilder {
  private readonly db: Database;
  private readonly limits: ZsetLimits;
  private buf = EMPTY;
  private bytes = HEAD_BYTES;
  private count = 0;
  private large: LargeZset | undefined;

  /** `countHint`: members that will come, as far as known. */
  constructor(db: Database, limits: ZsetLimits, countHint = 0) {
    this.db = db;
    this.limits = limits;
    if (!packs(limits, countHint, 0, 0)) this.large = new LargeZset(db.arena, countHint);
  }

  get size(): number {
    return this.large === undefined ? this.count : this.large.size;
  }

  /** Adds a member in any order; false when it was there. `score` is not NaN. */
  add(score: number, from: Buffer, start = 0, length = from.length): boolean {
    if (this.large !== undefined) return addTo(this.large, score, from, start, length);
    const { bytes } = this;
    if (findEntry(this.buf, HEAD_BYTES, bytes, from, start, length) >= 0) return false;
    const size = entryBytes(score, length);
    if (!packs(this.limits, this.count + 1, length, bytes + size)) {
      this.enlarge();
      return addTo(this.large!, score, from, start, length);
    }
    this.ensure(bytes + size);
    const { buf } = this;
    const at = placeFor(buf, HEAD_BYTES, bytes, score, from, start, length);
    buf.copyWithin(at + size, at, bytes);
    writeEntry(buf, at, score, from, start, length);
    this.bytes += size;
    this.count++;
    return true;
  }

  private enlarge(): void {
    const large = new LargeZset(this.db.arena, this.count + 1);
    for (let at = HEAD_BYTES; at < this.bytes; ) {
      at = readEntry(this.buf, at, entry);
      addTo(large, entry.score, this.buf, entry.start, entry.length);
    }
    this.large = large;
  }

  private ensure(bytes: number): void {
    if (bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(bytes * 2, 128));
    this.buf.copy(larger, 0, 0, this.bytes);
    this.buf = larger;
  }

  /**
   * Adds the key, which must not be there, with what was built, which must not be empty. The builder
   * is used up by it.
   */
  finish(key: Buffer, start = 0, length = key.length): Address {
    const { db, large } = this;
    if (large !== undefined) {
      const record = db.create(key, start, length, Type.zset, 0);
      return db.setLarge(record, large);
    }
    const record = db.create(key, start, length, Type.zset, this.bytes);
    setPackedCount(this.buf, 0, this.count);
    this.buf.copy(db.bytesOf(record), db.valueOffset(record), 0, this.bytes);
    return record;
  }

  /** Gives back the memory of what was built and will not be used. */
  drop(): void {
    if (this.large !== undefined) releaseAll(this.large);
    this.large = undefined;
    this.bytes = HEAD_BYTES;
    this.count = 0;
  }
}

/**
 * Adds the key, which must not be there, with the members of `large`, packed when the limits allow it
 * (commands that store their results do so). `large` is not its caller's any more.
 */
export function storeLarge(
  db: Database,
  limits: ZsetLimits,
  large: LargeZset,
  key: { readonly buf: Buffer; readonly start: number; readonly length: number },
): Address {
  if (!packs(limits, large.size, large.longest, 0)) {
    return db.setLarge(db.create(key.buf, key.start, key.length, Type.zset, 0), large);
  }
  let bytes = HEAD_BYTES;
  cursor.beginLarge(large, 0);
  while (cursor.next()) bytes += entryBytes(cursor.score, cursor.length);
  const record = db.create(key.buf, key.start, key.length, Type.zset, bytes);
  const buf = db.bytesOf(record);
  let at = db.valueOffset(record);
  setPackedCount(buf, at, large.size);
  at += HEAD_BYTES;
  cursor.beginLarge(large, 0);
  while (cursor.next()) {
    at = writeEntry(buf, at, cursor.score, cursor.buf, cursor.start, cursor.length);
  }
  releaseAll(large);
  return record;
}

/** Gives all memory of a large sorted set back at once; for results, whose making took as long. */
export function releaseAll(large: LargeZset): void {
  while (!large.release(1000));
}

function addTo(
  large: LargeZset,
  score: number,
  buf: Buffer,
  start: number,
  length: number,
): boolean {
  const hash = large.hash(buf, start, length);
  if (large.find(hash, buf, start, length) !== 0) return false;
  large.insert(hash, score, buf, start, length);
  return true;
}

const EMPTY = Buffer.alloc(0);
const cursor = new ZsetCursor();
const entry = new PackedEntry();
