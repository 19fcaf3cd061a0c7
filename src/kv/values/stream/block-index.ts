/**
 * An ordered list of arena blocks by the id that stands first in each: the upper level of a stream's
 * entries and of its pending lists.
 *
 * Two levels of typed arrays: chunks of up to 512 addresses, so that a removal in the middle moves
 * 2 KiB at most. Invariants: no chunk is empty; ids ascend strictly.
 *
 * `chunk` and `slot` are the position of the last `seek`, `toFirst`, `toLast` or step.
 */
import { type Address, type Arena, byteOffset, SEGMENT_SHIFT } from '../../memory/index.ts';
import type { EntryId } from './id.ts';

const CHUNK_MAX = 512;
const CHUNK_MIN = 4;

export class BlockIndex {
  chunk = 0;
  slot = 0;
  /** Blocks in the list. */
  size = 0;
  private readonly arena: Arena;
  /** Word of a block at which its first id stands. */
  private readonly idWord: number;
  private readonly chunks: Uint32Array[] = [];
  private readonly counts: number[] = [];

  constructor(arena: Arena, idWord: number) {
    this.arena = arena;
    this.idWord = idWord;
  }

  /** Bytes on the heap. */
  get bytes(): number {
    let bytes = 0;
    for (const chunk of this.chunks) bytes += chunk.length * 4 + 100;
    return bytes;
  }

  /** The block at the position. */
  get current(): Address {
    return this.chunks[this.chunk]![this.slot] as number;
  }

  toFirst(): Address {
    this.chunk = 0;
    this.slot = 0;
    return this.size === 0 ? 0 : this.current;
  }

  toLast(): Address {
    if (this.size === 0) return 0;
    this.chunk = this.chunks.length - 1;
    this.slot = this.counts[this.chunk]! - 1;
    return this.current;
  }

  /** Goes to another position, as it was read from `chunk` and `slot`. */
  to(chunk: number, slot: number): void {
    this.chunk = chunk;
    this.slot = slot;
  }

  /** The block behind the position, 0 (and no step) at the end. */
  next(): Address {
    if (this.slot + 1 < (this.counts[this.chunk] as number)) this.slot++;
    else if (this.chunk + 1 < this.chunks.length) {
      this.chunk++;
      this.slot = 0;
    } else return 0;
    return this.current;
  }

  /** The block before the position, 0 (and no step) at the start. */
  previous(): Address {
    if (this.slot > 0) this.slot--;
    else if (this.chunk > 0) {
      this.chunk--;
      this.slot = this.counts[this.chunk]! - 1;
    } else return 0;
    return this.current;
  }

  /** The last block that begins at `id` or before it, else the first block; 0 when there is none. */
  seek(id: EntryId): Address {
    if (this.size === 0) return 0;
    const { chunks } = this;
    let low = 0;
    for (let high = chunks.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if (this.beginsAfter(chunks[middle]![0]!, id)) high = middle - 1;
      else low = middle;
    }
    const chunk = chunks[low] as Uint32Array;
    let slot = 0;
    for (let high = this.counts[low]! - 1; slot < high; ) {
      const middle = (slot + high + 1) >>> 1;
      if (this.beginsAfter(chunk[middle]!, id)) high = middle - 1;
      else slot = middle;
    }
    this.chunk = low;
    this.slot = slot;
    return chunk[slot] as number;
  }

  private beginsAfter(block: Address, id: EntryId): boolean {
    const words = this.arena.words[block >>> SEGMENT_SHIFT]!;
    return id.compareAt(words, (byteOffset(block) >>> 2) + this.idWord) < 0;
  }

  /** Appends a block; the position is on it. */
  push(block: Address): void {
    this.toLast();
    this.insertAfter(block);
  }

  /** Puts a block behind the position, which goes to it. */
  insertAfter(block: Address): void {
    if (this.size === 0) {
      this.chunks.push(new Uint32Array(CHUNK_MIN));
      this.counts.push(0);
      this.chunk = 0;
      this.slot = -1;
    } else if (this.counts[this.chunk] === CHUNK_MAX) this.splitChunk();
    const at = this.slot + 1;
    const count = this.counts[this.chunk] as number;
    let chunk = this.chunks[this.chunk] as Uint32Array;
    if (count === chunk.length) {
      const larger = new Uint32Array(Math.min(count * 2, CHUNK_MAX));
      larger.set(chunk);
      this.chunks[this.chunk] = larger;
      chunk = larger;
    }
    chunk.copyWithin(at + 1, at, count);
    chunk[at] = block;
    this.counts[this.chunk] = count + 1;
    this.slot = at;
    this.size++;
  }

  /** Makes room in the full chunk of the position: at the end of all by a new chunk, else by halves. */
  private splitChunk(): void {
    const { chunk: index, slot } = this;
    const full = this.chunks[index] as Uint32Array;
    const last = index === this.chunks.length - 1 && slot === CHUNK_MAX - 1;
    const kept = last ? CHUNK_MAX : CHUNK_MAX / 2;
    const fresh = new Uint32Array(CHUNK_MAX);
    fresh.set(full.subarray(kept));
    this.chunks.splice(index + 1, 0, fresh);
    this.counts.splice(index, 1, kept, CHUNK_MAX - kept);
    if (slot < kept && !last) return;
    this.chunk = index + 1;
    this.slot = slot - kept;
  }

  /** The block at the position has moved in memory. */
  replace(block: Address): void {
    this.chunks[this.chunk]![this.slot] = block;
  }

  /**
   * Takes the block at the position out. The position is then on the block behind it, or behind the
   * last block of all: true when there is such a block.
   */
  remove(): boolean {
    const { chunk: index, slot } = this;
    const chunk = this.chunks[index] as Uint32Array;
    const count = this.counts[index]! - 1;
    chunk.copyWithin(slot, slot + 1, count + 1);
    this.counts[index] = count;
    this.size--;
    if (count === 0) {
      this.chunks.splice(index, 1);
      this.counts.splice(index, 1);
      return index < this.chunks.length;
    }
    if (slot < count) return true;
    if (index + 1 === this.chunks.length) return false;
    this.chunk = index + 1;
    this.slot = 0;
    return true;
  }
}
