/**
 * The entries of a stream: blocks in the arena under an index by their first ids.
 *
 * Entries are only appended; a deleted one stays marked in its block until the whole block is empty.
 * Only the last block may have room to spare.
 *
 * Benchmark: bench/kv (XADD, XRANGE).
 */
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  SEGMENT_SHIFT,
} from '../../memory/index.ts';
import { BlockIndex } from './block-index.ts';
import { EntryCursor } from './cursor.ts';
import {
  beginBlock,
  DELETED,
  EntryWriter,
  FIRST_ID_WORD,
  FIRST_LIVE,
  hasMasterFields,
  LIVE,
  masterBytes,
  type Pairs,
  setWord,
  TOTAL,
  USED,
  wordOf,
} from './entry-block.ts';
import { EntryId } from './id.ts';
import type { StreamChanges } from './stream-changes.ts';
import { sizeBytes, VarintReader } from './varint.ts';

/** When a block is full; 0 sets no limit. */
export interface StreamLimits {
  readonly streamNodeMaxBytes: number;
  readonly streamNodeMaxEntries: number;
}

/** No block grows beyond this by a second entry, whatever the settings say. */
const BLOCK_BYTES_MAX = 4 * 1024 * 1024;

export class StreamEntries {
  readonly arena: Arena;
  readonly index: BlockIndex;
  /** Live entries. */
  size = 0;
  /** Bytes of all blocks. */
  blockBytes = 0;
  /** What of the blocks the disk does not have; undefined: nobody asks. */
  changes: StreamChanges | undefined;

  constructor(arena: Arena) {
    this.arena = arena;
    this.index = new BlockIndex(arena, FIRST_ID_WORD);
  }

  get bytes(): number {
    return this.blockBytes + this.index.bytes;
  }

  /** Appends an entry; its id is greater than all before it. */
  append(id: EntryId, pairs: Pairs, limits: StreamLimits): void {
    const { arena } = this;
    let block = this.index.toLast();
    if (block !== 0) {
      this.changes?.change(block);
      const words = arena.words[block >>> SEGMENT_SHIFT]!;
      const w = byteOffset(block) >>> 2;
      writer.measure(words, w, hasMasterFields(arena, block, pairs), id, pairs);
      const used = words[w + USED] as number;
      if (isFull(limits, words[w + TOTAL] as number, used + writer.bytes)) {
        this.shrink(block, used);
        block = 0;
      } else block = this.makeRoom(block, used, used + writer.bytes);
    }
    if (block === 0) block = this.addBlock(id, pairs);
    writer.append(arena, block, pairs);
    this.size++;
  }

  private addBlock(id: EntryId, pairs: Pairs): Address {
    const head = masterBytes(pairs);
    id.write(idWords, 0);
    writer.measure(idWords, 0, true, id, pairs);
    const block = this.allocate(head + writer.bytes);
    beginBlock(this.arena, block, id, pairs);
    this.index.push(block);
    this.changes?.add(block);
    return block;
  }

  /** The block, moved or not, with room for `bytes`. */
  private makeRoom(block: Address, used: number, bytes: number): Address {
    const capacity = this.arena.capacity(block);
    if (bytes <= capacity) return block;
    return this.move(block, used, Math.max(bytes, Math.min(capacity * 2, capacity + 65_536)));
  }

  /** Gives the room that a full block does not need back. */
  private shrink(block: Address, used: number): void {
    const capacity = this.arena.capacity(block);
    if (capacity - used > capacity >>> 4) this.move(block, used, used);
  }

  /** Moves the block at the index' position. */
  private move(block: Address, used: number, bytes: number): Address {
    const { arena } = this;
    const moved = this.allocate(bytes);
    copyBytes(
      arena.bytes[block >>> SEGMENT_SHIFT]!,
      byteOffset(block),
      arena.bytes[moved >>> SEGMENT_SHIFT]!,
      byteOffset(moved),
      used,
    );
    this.index.replace(moved);
    this.free(block);
    return moved;
  }

  private allocate(bytes: number): Address {
    const block = this.arena.alloc(bytes);
    this.blockBytes += this.arena.capacity(block);
    return block;
  }

  private free(block: Address): void {
    this.blockBytes -= this.arena.capacity(block);
    this.arena.free(block);
  }

  /** Whether there is a live entry with this id. */
  has(id: EntryId): boolean {
    cursor.begin(this, id, id);
    return cursor.next();
  }

  /** Deletes an entry; false when there is none. */
  delete(id: EntryId): boolean {
    if (!this.has(id)) return false;
    const block = this.index.seek(id);
    const start = byteOffset(block);
    const live = wordOf(this.arena, block, LIVE) - 1;
    this.size--;
    if (live === 0) {
      this.changes?.remove(block);
      this.index.remove();
      this.free(block);
      return true;
    }
    this.changes?.change(block);
    setWord(this.arena, block, LIVE, live);
    cursor.buf[cursor.entryStart]! |= DELETED;
    if (cursor.entryStart - start === wordOf(this.arena, block, FIRST_LIVE)) {
      this.skipDeleted(block);
    }
    return true;
  }

  /** Lets FIRST_LIVE point to the first live entry again. */
  private skipDeleted(block: Address): void {
    const start = byteOffset(block);
    reader.buf = this.arena.bytes[block >>> SEGMENT_SHIFT]!;
    let at = start + wordOf(this.arena, block, FIRST_LIVE);
    for (;;) {
      reader.at = at;
      const head = reader.size();
      if ((head & DELETED) === 0) break;
      const whole = reader.at + (head >>> 2) - at;
      at += whole + sizeBytes(whole);
    }
    setWord(this.arena, block, FIRST_LIVE, at - start);
  }

  /** The first or last live id into `id`; false when there is none. */
  edge(last: boolean, id: EntryId): boolean {
    cursor.begin(this, ZERO, MAX, last);
    if (!cursor.next()) return false;
    id.set(cursor.id);
    return true;
  }

  /**
   * Deletes from the head until `lengthMax` entries are left, or none is below `minId`; whole blocks
   * alone when `wholeBlocks`, and no block that would make it more than `limit` entries (0: no limit).
   * Returns the number deleted.
   */
  trim(options: {
    lengthMax?: number;
    minId?: EntryId;
    wholeBlocks: boolean;
    limit: number;
  }): number {
    const { lengthMax, minId, wholeBlocks, limit } = options;
    const { arena, index } = this;
    const before = this.size;
    for (;;) {
      const block = index.toFirst();
      if (block === 0 || (lengthMax !== undefined && this.size <= lengthMax)) break;
      const live = wordOf(arena, block, LIVE);
      if (limit > 0 && before - this.size + live > limit) break;
      const whole =
        lengthMax !== undefined
          ? this.size - live >= lengthMax
          : this.lastIdOfFirst(lastId, wholeBlocks).compare(minId!) < 0;
      if (whole) {
        this.changes?.remove(block);
        index.remove();
        this.free(block);
        this.size -= live;
        continue;
      }
      if (!wholeBlocks) this.trimBlock(block, lengthMax, minId);
      break;
    }
    return before - this.size;
  }

  /** Deletes from the head of the first block, of which something stays. */
  private trimBlock(block: Address, lengthMax: number | undefined, minId?: EntryId): void {
    this.changes?.change(block);
    cursor.begin(this, ZERO, MAX);
    let deleted = 0;
    const excess = lengthMax === undefined ? Number.POSITIVE_INFINITY : this.size - lengthMax;
    while (deleted < excess && cursor.next()) {
      if (minId !== undefined && cursor.id.compare(minId) >= 0) break;
      cursor.buf[cursor.entryStart]! |= DELETED;
      deleted++;
    }
    this.size -= deleted;
    setWord(this.arena, block, LIVE, wordOf(this.arena, block, LIVE) - deleted);
    this.skipDeleted(block);
  }

  /**
   * Id of the last entry of the first block, a deleted one only if `anyEntry`; the index' position is
   * on that block then.
   */
  private lastIdOfFirst(id: EntryId, anyEntry: boolean): EntryId {
    const { arena, index } = this;
    const next = index.next();
    id.setMax();
    if (next !== 0) {
      id.read(arena.words[next >>> SEGMENT_SHIFT]!, byteOffset(next) >>> 2);
      id.decrement();
    }
    cursor.includeDeleted = anyEntry;
    cursor.begin(this, ZERO, id, true);
    cursor.next();
    cursor.includeDeleted = false;
    index.toFirst();
    return id.set(cursor.id);
  }

  /** Appends a block as it was stored. */
  addStored(from: Buffer): void {
    const block = this.allocate(from.length);
    const { arena } = this;
    copyBytes(from, 0, arena.bytes[block >>> SEGMENT_SHIFT]!, byteOffset(block), from.length);
    this.index.push(block);
    this.size += wordOf(arena, block, LIVE);
    this.changes?.add(block);
  }

  /** Frees up to about `budget` entries; true when none is left. Only this is called from then on. */
  release(budget: number): boolean {
    for (let left = budget; left > 0; ) {
      const block = this.index.toLast();
      if (block === 0) return true;
      // A block is one free whatever is in it; what it costs grows with its bytes, if it is large.
      left -= 1 + (wordOf(this.arena, block, USED) >>> 16);
      this.size -= wordOf(this.arena, block, LIVE);
      this.index.remove();
      this.free(block);
    }
    return this.index.size === 0;
  }
}

function isFull(limits: StreamLimits, entries: number, bytes: number): boolean {
  const { streamNodeMaxBytes, streamNodeMaxEntries } = limits;
  if (streamNodeMaxEntries > 0 && entries >= streamNodeMaxEntries) return true;
  const bytesMax =
    streamNodeMaxBytes === 0 ? BLOCK_BYTES_MAX : Math.min(streamNodeMaxBytes, BLOCK_BYTES_MAX);
  return bytes > bytesMax;
}

const writer = new EntryWriter();
const reader = new VarintReader();
const cursor = new EntryCursor();
const idWords = new Uint32Array(4);
const lastId = new EntryId();
const ZERO = new EntryId();
const MAX = EntryId.max();
