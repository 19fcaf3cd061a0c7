/**
 * Walks a sorted set in its order from any rank, forward or back.
 *
 *   cursor.begin(db, record, rank, reverse)
 *   while (cursor.next()) use(cursor.buf, cursor.start, cursor.length, cursor.score)
 *
 * Nothing of the database may change during the walk. One cursor serves one walk after another.
 *
 * Benchmark: bench/kv (ZRANGE).
 */
import type { Database } from '../../keyspace/index.ts';
import { type Address, SEGMENT_SHIFT } from '../../memory/index.ts';
import { largeZsetOf } from './form.ts';
import type { LargeZset } from './large-zset.ts';
import { memberLength, memberStart } from './member.ts';
import { HEAD_BYTES, PackedEntry, readEntry, skipEntry } from './packed-zset.ts';
import { entryCount, NEXT, PREV } from './tree-node.ts';

export class ZsetCursor {
  /** The member: a range of `buf`. */
  buf: Buffer = EMPTY;
  start = 0;
  length = 0;
  score = 0;
  private reverse = false;
  // Large form.
  private large: LargeZset | undefined;
  private leaf: Address = 0;
  private index = 0;
  // Packed form. Going back needs the offsets of all entries before.
  private at = 0;
  private end = 0;
  private offsets = new Int32Array(0);
  private left = 0;
  private readonly entry = new PackedEntry();

  /** Prepares a walk that begins with the member of rank `rank`, if there is one. */
  begin(db: Database, record: Address, rank: number, reverse = false): void {
    this.reverse = reverse;
    if (db.isLarge(record)) {
      this.beginLarge(largeZsetOf(db, record), rank, reverse);
      return;
    }
    this.large = undefined;
    this.buf = db.bytesOf(record);
    this.at = db.valueOffset(record);
    this.end = this.at + db.valueLength(record);
    this.at += HEAD_BYTES;
    if (reverse) {
      this.collectOffsets(rank + 1);
    } else {
      for (let i = 0; i < rank && this.at < this.end; i++) this.at = skipEntry(this.buf, this.at);
    }
  }

  /** As `begin` for a large sorted set that no record has. */
  beginLarge(large: LargeZset, rank: number, reverse = false): void {
    this.reverse = reverse;
    this.large = large;
    this.leaf = 0;
    if (rank < 0 || rank >= large.tree.size) return;
    large.tree.seek(rank);
    this.leaf = large.tree.leaf;
    this.index = large.tree.index;
  }

  private collectOffsets(count: number): void {
    if (count > this.offsets.length) this.offsets = new Int32Array(Math.max(count, 128));
    let found = 0;
    for (; found < count && this.at < this.end; found++) {
      this.offsets[found] = this.at;
      this.at = skipEntry(this.buf, this.at);
    }
    this.left = found;
  }

  /** Goes to the next member; false at the end. */
  next(): boolean {
    if (this.large !== undefined) return this.nextLarge(this.large);
    const { entry } = this;
    if (this.reverse) {
      if (this.left === 0) return false;
      readEntry(this.buf, this.offsets[--this.left] as number, entry);
    } else {
      if (this.at >= this.end) return false;
      this.at = readEntry(this.buf, this.at, entry);
    }
    this.start = entry.start;
    this.length = entry.length;
    this.score = entry.score;
    return true;
  }

  private nextLarge(large: LargeZset): boolean {
    const { leaf, index } = this;
    if (leaf === 0) return false;
    const { tree, arena } = large;
    const node = tree.memberAt(leaf, index);
    this.score = tree.scoreAt(leaf, index);
    this.buf = arena.bytes[node >>> SEGMENT_SHIFT]!;
    this.start = memberStart(node);
    this.length = memberLength(arena, node);
    if (this.reverse) {
      if (index > 0) this.index = index - 1;
      else {
        this.leaf = tree.wordOf(leaf, PREV);
        if (this.leaf !== 0) this.index = entryCount(arena, this.leaf) - 1;
      }
    } else if (index + 1 < entryCount(arena, leaf)) {
      this.index = index + 1;
    } else {
      this.leaf = tree.wordOf(leaf, NEXT);
      this.index = 0;
    }
    return true;
  }
}

const EMPTY = Buffer.alloc(0);
