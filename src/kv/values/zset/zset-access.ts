/**
 * One way to a sorted set whatever its form: open it on a record, find a member, change what was found.
 *
 *   access.open(db, record)
 *   if (access.find(buf, start, length)) access.update(score) else access.insert(score, limits)
 *
 * Rules: `update`, `remove` and `insert` speak of the member of the last `find`; after any of them
 * `find` again. `record` is where the record stands now. The range given to `find` must stay as it is
 * until the change, and must not lie in the record. Emptied sets are the caller's to remove.
 *
 * Benchmark: bench/kv (ZADD, ZSCORE).
 */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { closeGap, openGap } from '../gap.ts';
import { largeZsetOf } from './form.ts';
import { LargeZset } from './large-zset.ts';
import { packs, type ZsetLimits } from './limits.ts';
import {
  entryBytes,
  findEntry,
  HEAD_BYTES,
  PackedEntry,
  packedCount,
  placeFor,
  readEntry,
  setPackedCount,
  skipEntry,
  writeEntry,
} from './packed-zset.ts';

export class ZsetAccess {
  record: Address = 0;
  /** Score of the member that `find` found. */
  score = 0;
  private db!: Database;
  private large: LargeZset | undefined;
  private buf!: Buffer;
  private start = 0;
  private length = 0;
  /** Of the last `find`: the hash and the node, or the position of the entry in the value. */
  private hash = 0;
  private node: Address = 0;
  private position = 0;
  private readonly entry = new PackedEntry();

  open(db: Database, record: Address): this {
    this.db = db;
    this.record = record;
    this.large = db.isLarge(record) ? largeZsetOf(db, record) : undefined;
    return this;
  }

  /** Members. */
  get size(): number {
    const { db, record, large } = this;
    if (large !== undefined) return large.size;
    return packedCount(db.bytesOf(record), db.valueOffset(record), db.valueLength(record));
  }

  /** Looks a member up; `score` is set when it is there. */
  find(buf: Buffer, start: number, length: number): boolean {
    const { db, record, large } = this;
    this.buf = buf;
    this.start = start;
    this.length = length;
    if (large !== undefined) {
      this.hash = large.hash(buf, start, length);
      this.node = large.find(this.hash, buf, start, length);
      if (this.node === 0) return false;
      this.score = large.scoreOf(this.node);
      return true;
    }
    const own = db.bytesOf(record);
    const offset = db.valueOffset(record);
    const end = offset + db.valueLength(record);
    const at = findEntry(own, offset + HEAD_BYTES, end, buf, start, length);
    if (at < 0) return false;
    this.position = at - offset;
    readEntry(own, at, this.entry);
    this.score = this.entry.score;
    return true;
  }

  /** Number of members before the one that was found. */
  rank(): number {
    const { db, record, large } = this;
    if (large !== undefined) return large.rankOf(this.node);
    const own = db.bytesOf(record);
    const offset = db.valueOffset(record);
    let rank = 0;
    for (let at = offset + HEAD_BYTES; at < offset + this.position; at = skipEntry(own, at)) rank++;
    return rank;
  }

  /** Gives the member that was found another score. */
  update(score: number): void {
    if (this.large !== undefined) {
      this.large.update(this.node, score);
      return;
    }
    this.remove();
    this.insertPacked(score);
  }

  /** Takes the member that was found out. */
  remove(): void {
    if (this.large !== undefined) {
      this.large.remove(this.node);
      return;
    }
    const { db } = this;
    const own = db.bytesOf(this.record);
    const offset = db.valueOffset(this.record);
    const at = offset + this.position;
    setPackedCount(own, offset, packedCount(own, offset, HEAD_BYTES) - 1);
    this.record = closeGap(db, this.record, this.position, skipEntry(own, at) - at);
  }

  /** Adds the member that was not found. */
  insert(score: number, limits: ZsetLimits): void {
    if (this.large === undefined) {
      const bytes = this.db.valueLength(this.record) + entryBytes(score, this.length);
      if (packs(limits, this.size + 1, this.length, bytes)) {
        this.insertPacked(score);
        return;
      }
      this.enlarge(this.size + 1);
      this.hash = this.large!.hash(this.buf, this.start, this.length);
    }
    this.large!.insert(this.hash, score, this.buf, this.start, this.length);
  }

  /** Removes `count` members from a rank on. */
  removeRange(rank: number, count: number): void {
    const { db, record, large } = this;
    if (large !== undefined) {
      large.removeRange(rank, count);
      return;
    }
    const own = db.bytesOf(record);
    const offset = db.valueOffset(record);
    let from = offset + HEAD_BYTES;
    for (let i = 0; i < rank; i++) from = skipEntry(own, from);
    let to = from;
    for (let i = 0; i < count; i++) to = skipEntry(own, to);
    setPackedCount(own, offset, packedCount(own, offset, HEAD_BYTES) - count);
    this.record = closeGap(db, record, from - offset, to - from);
  }

  /** Turns a packed set that will have about `expected` members into a large one. */
  enlarge(expected: number): void {
    if (this.large !== undefined) return;
    const { db, record, entry } = this;
    const large = new LargeZset(db.arena, expected);
    const own = db.bytesOf(record);
    const offset = db.valueOffset(record);
    const end = offset + db.valueLength(record);
    for (let at = offset + HEAD_BYTES; at < end; ) {
      at = readEntry(own, at, entry);
      const hash = large.hash(own, entry.start, entry.length);
      large.insert(hash, entry.score, own, entry.start, entry.length);
    }
    this.record = db.setLarge(record, large);
    this.large = large;
  }

  private insertPacked(score: number): void {
    const { db, buf, start, length } = this;
    const bytes = db.valueLength(this.record);
    const size = entryBytes(score, length);
    let position = HEAD_BYTES;
    if (bytes === 0) {
      this.record = db.resizeValue(this.record, HEAD_BYTES + size);
      setPackedCount(db.bytesOf(this.record), db.valueOffset(this.record), 1);
    } else {
      const own = db.bytesOf(this.record);
      const offset = db.valueOffset(this.record);
      const place = placeFor(own, offset + HEAD_BYTES, offset + bytes, score, buf, start, length);
      position = place - offset;
      setPackedCount(own, offset, packedCount(own, offset, bytes) + 1);
      this.record = openGap(db, this.record, position, size);
    }
    const offset = db.valueOffset(this.record);
    writeEntry(db.bytesOf(this.record), offset + position, score, buf, start, length);
  }
}
