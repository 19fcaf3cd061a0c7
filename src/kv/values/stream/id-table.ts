/**
 * A table of fixed records in the order of their ids, off the heap: pending entries.
 *
 * Leaves of up to 4 KiB under a BlockIndex. A leaf:
 *
 *   w0  records in it     w1  room for records     then the records: id (4 words) and what the user adds
 *
 * Invariants: ids ascend strictly; no leaf is empty. A table that is only appended to and emptied from
 * its head (the life of pending entries) has full leaves. The position (`find`, `seek`, `insert`,
 * `next`) is good until the table changes otherwise.
 */
import { type Address, type Arena, byteOffset, SEGMENT_SHIFT } from '../../memory/index.ts';
import { BlockIndex } from './block-index.ts';
import type { EntryId } from './id.ts';

const HEAD_WORDS = 2;
const LEAF_WORDS_MAX = 1024;
const FIRST_LEAF_RECORDS = 4;

export class IdTable {
  /** Records in the table. */
  size = 0;
  /** Bytes of all leaves. */
  leafBytes = 0;
  /** Words of the segment and the word in it at which the record of the position begins. */
  words: Uint32Array = NONE;
  w = 0;
  private readonly arena: Arena;
  private readonly recordWords: number;
  private readonly recordsMax: number;
  private readonly leaves: BlockIndex;
  private leaf: Address = 0;
  /** Index of the record in its leaf. */
  private index = 0;

  /** `recordWords`: words of a record, the four of its id included. */
  constructor(arena: Arena, recordWords: number) {
    this.arena = arena;
    this.recordWords = recordWords;
    this.recordsMax = Math.floor((LEAF_WORDS_MAX - HEAD_WORDS) / recordWords);
    this.leaves = new BlockIndex(arena, HEAD_WORDS);
  }

  get bytes(): number {
    return this.leafBytes + this.leaves.bytes;
  }

  /** Goes to the record of an id; false when there is none. */
  find(id: EntryId): boolean {
    return this.seek(id) && id.compareAt(this.words, this.w) === 0;
  }

  /** Goes to the first record at or behind an id; false when there is none. */
  seek(id: EntryId): boolean {
    const leaf = this.leaves.seek(id);
    if (leaf === 0) return false;
    this.enter(leaf);
    this.index = this.placeOf(id);
    if (this.index === this.count) return this.nextLeaf();
    this.point();
    return true;
  }

  /** Goes to the first record of all; false when there is none. */
  toFirst(): boolean {
    const leaf = this.leaves.toFirst();
    if (leaf === 0) return false;
    this.enter(leaf);
    this.index = 0;
    this.point();
    return true;
  }

  /** Goes to the last record of all; false when there is none. */
  toLast(): boolean {
    const leaf = this.leaves.toLast();
    if (leaf === 0) return false;
    this.enter(leaf);
    this.index = this.count - 1;
    this.point();
    return true;
  }

  /** Goes to the next record; false at the end. */
  next(): boolean {
    this.index++;
    if (this.index === this.count) return this.nextLeaf();
    this.w += this.recordWords;
    return true;
  }

  private nextLeaf(): boolean {
    const leaf = this.leaves.next();
    if (leaf === 0) return false;
    this.enter(leaf);
    this.index = 0;
    this.point();
    return true;
  }

  private enter(leaf: Address): void {
    this.leaf = leaf;
    this.words = this.arena.words[leaf >>> SEGMENT_SHIFT]!;
  }

  private get head(): number {
    return byteOffset(this.leaf) >>> 2;
  }

  private get count(): number {
    return this.words[this.head] as number;
  }

  private point(): void {
    this.w = this.head + HEAD_WORDS + this.index * this.recordWords;
  }

  /** Index in the leaf of the first record at or behind an id. */
  private placeOf(id: EntryId): number {
    const { words, recordWords } = this;
    const first = this.head + HEAD_WORDS;
    let low = 0;
    let high = this.count;
    // Mostly the id is behind all others.
    if (id.compareAt(words, first + (high - 1) * recordWords) > 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (id.compareAt(words, first + middle * recordWords) > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Goes to the record of an id; true when it was added, and then the words behind the id are the
   * caller's to set.
   */
  insert(id: EntryId): boolean {
    const leaf = this.leaves.seek(id);
    if (leaf === 0) this.addLeaf(FIRST_LEAF_RECORDS);
    else {
      this.enter(leaf);
      this.index = this.placeOf(id);
      if (this.index < this.count) {
        this.point();
        if (id.compareAt(this.words, this.w) === 0) return false;
      }
      this.makeRoom();
    }
    const { words, recordWords } = this;
    const count = this.count;
    this.point();
    const end = this.head + HEAD_WORDS + count * recordWords;
    if (this.w < end) words.copyWithin(this.w + recordWords, this.w, end);
    words[this.head] = count + 1;
    id.write(words, this.w);
    this.size++;
    return true;
  }

  private addLeaf(records: number): void {
    const leaf = this.allocate(records);
    this.leaves.insertAfter(leaf);
    this.enter(leaf);
    this.index = 0;
  }

  private allocate(records: number): Address {
    const { arena } = this;
    const leaf = arena.alloc((HEAD_WORDS + records * this.recordWords) * 4);
    const bytes = arena.capacity(leaf);
    const words = arena.words[leaf >>> SEGMENT_SHIFT]!;
    const w = byteOffset(leaf) >>> 2;
    words[w] = 0;
    words[w + 1] = Math.min(
      this.recordsMax,
      Math.floor((bytes / 4 - HEAD_WORDS) / this.recordWords),
    );
    this.leafBytes += bytes;
    return leaf;
  }

  private free(leaf: Address): void {
    this.leafBytes -= this.arena.capacity(leaf);
    this.arena.free(leaf);
  }

  /** The leaf of the position gets room for one record more at `index`. */
  private makeRoom(): void {
    const { count } = this;
    if (count < (this.words[this.head + 1] as number)) return;
    if (count < this.recordsMax) {
      this.moveTo(this.allocate(Math.min(count * 2, this.recordsMax)));
      return;
    }
    const { leaf, index } = this;
    if (index === count) {
      this.addLeaf(this.recordsMax);
      return;
    }
    const kept = count >>> 1;
    const right = this.allocate(this.recordsMax);
    this.copyRecords(leaf, kept, right, 0, count - kept);
    this.setCount(right, count - kept);
    this.setCount(leaf, kept);
    const { chunk, slot } = this.leaves;
    this.leaves.insertAfter(right);
    if (index > kept) {
      this.enter(right);
      this.index = index - kept;
    } else if (this.leaves.chunk === chunk) this.leaves.to(chunk, slot);
    else this.leaves.previous();
  }

  private moveTo(larger: Address): void {
    const { leaf, count } = this;
    this.copyRecords(leaf, 0, larger, 0, count);
    this.setCount(larger, count);
    this.leaves.replace(larger);
    this.free(leaf);
    this.enter(larger);
  }

  private setCount(leaf: Address, count: number): void {
    this.arena.words[leaf >>> SEGMENT_SHIFT]![byteOffset(leaf) >>> 2] = count;
  }

  private countOf(leaf: Address): number {
    return this.arena.words[leaf >>> SEGMENT_SHIFT]![byteOffset(leaf) >>> 2] as number;
  }

  private copyRecords(
    from: Address,
    fromIndex: number,
    to: Address,
    toIndex: number,
    records: number,
  ): void {
    const { arena, recordWords } = this;
    const source = arena.words[from >>> SEGMENT_SHIFT]!;
    const target = arena.words[to >>> SEGMENT_SHIFT]!;
    const sourceW = (byteOffset(from) >>> 2) + HEAD_WORDS + fromIndex * recordWords;
    const targetW = (byteOffset(to) >>> 2) + HEAD_WORDS + toIndex * recordWords;
    for (let i = 0; i < records * recordWords; i++) target[targetW + i] = source[sourceW + i]!;
  }

  /** Takes the record of the position out; the position is lost. */
  remove(): void {
    const { words, recordWords } = this;
    const count = this.count - 1;
    this.size--;
    if (count === 0) {
      this.leaves.remove();
      this.free(this.leaf);
      return;
    }
    const end = this.head + HEAD_WORDS + (count + 1) * recordWords;
    words.copyWithin(this.w, this.w + recordWords, end);
    words[this.head] = count;
    if (count * 4 < this.recordsMax) this.mergeNext(count);
  }

  /** Joins a leaf that has become small with the one behind it when both fit a half. */
  private mergeNext(count: number): void {
    const { leaf, leaves } = this;
    const next = leaves.next();
    if (next === 0) return;
    const nextCount = this.countOf(next);
    if (count + nextCount > this.recordsMax / 2) return;
    const joined = this.allocate(this.recordsMax);
    this.copyRecords(leaf, 0, joined, 0, count);
    this.copyRecords(next, 0, joined, count, nextCount);
    this.setCount(joined, count + nextCount);
    leaves.replace(joined);
    leaves.previous();
    leaves.remove();
    this.free(leaf);
    this.free(next);
  }

  /** Frees up to about `budget` records; true when the table is empty. */
  release(budget: number): boolean {
    for (let left = budget; left > 0; ) {
      const leaf = this.leaves.toLast();
      if (leaf === 0) return true;
      const count = this.countOf(leaf);
      left -= count;
      this.size -= count;
      this.leaves.remove();
      this.free(leaf);
    }
    return this.leaves.size === 0;
  }
}

const NONE = new Uint32Array(0);
