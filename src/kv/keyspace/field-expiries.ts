/**
 * The hashes of a database that have fields which expire, ordered by the time at which the first of
 * them may be due, so that the background cycle goes straight to what is due.
 *
 * Keyed by name, not by record, since records move. The time is a lower bound: the cycle sets it
 * right when it comes by.
 *
 *   node: w0 next  w1 hash  w2 key length (all Table's)  w3 place in the heap, then the key's bytes
 *
 * Invariant: every hash with an expiring field is here; a hash that has Flag.variant may be.
 */
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  DueHeap,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
  Table,
} from '../memory/index.ts';
import type { Releasable } from './large-value.ts';

const HEAD_BYTES = 16;
const HEAP_WORD = 3;

export class FieldExpiries implements Releasable {
  private readonly arena: Arena;
  private readonly table: Table;
  private readonly heap: DueHeap;

  constructor(arena: Arena) {
    this.arena = arena;
    this.table = new Table(arena, HEAD_BYTES);
    this.heap = new DueHeap(arena, HEAP_WORD);
  }

  /** Hashes known. */
  get size(): number {
    return this.heap.size;
  }

  /** Bytes of the index arrays (nodes are counted by the arena). */
  get bytes(): number {
    return this.table.bucketBytes + this.heap.bytes;
  }

  /** Unix ms at which the first field may be due; Infinity when nothing expires. */
  get firstTime(): number {
    return this.heap.firstTime;
  }

  /** A copy of the key whose field may be due first; there is one. */
  firstKey(): Buffer {
    return this.keyOf(this.heap.firstNode);
  }

  /** Copies of all keys known. */
  keys(): Buffer[] {
    const keys: Buffer[] = [];
    this.table.each((node) => {
      keys.push(this.keyOf(node));
      return true;
    });
    return keys;
  }

  private keyOf(node: Address): Buffer {
    const start = byteOffset(node) + HEAD_BYTES;
    const length =
      this.arena.words[node >>> SEGMENT_SHIFT]![(byteOffset(node) >>> 2) + 2]! & KEY_LENGTH_MASK;
    return Buffer.from(this.arena.bytes[node >>> SEGMENT_SHIFT]!.subarray(start, start + length));
  }

  /** A field of the hash with this key expires at `atMs`, Unix ms. */
  note(buf: Buffer, start: number, length: number, atMs: number): void {
    const { table, arena } = this;
    const hash = table.hash(buf, start, length);
    const known = table.find(hash, buf, start, length);
    if (known !== 0) {
      if (atMs < this.heap.timeOf(known)) this.heap.setTime(known, atMs);
      return;
    }
    const node = arena.alloc(HEAD_BYTES + length);
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const w = byteOffset(node) >>> 2;
    words[w + 1] = hash;
    words[w + 2] = length;
    copyBytes(
      buf,
      start,
      arena.bytes[node >>> SEGMENT_SHIFT]!,
      byteOffset(node) + HEAD_BYTES,
      length,
    );
    table.insert(node);
    this.heap.add(node, atMs);
  }

  /** Sets the time of a known hash right: the cycle has looked at it. */
  correct(buf: Buffer, start: number, length: number, atMs: number): void {
    const node = this.table.find(this.table.hash(buf, start, length), buf, start, length);
    if (node !== 0) this.heap.setTime(node, atMs);
  }

  /** The hash with this key is gone, or none of its fields expires any more. */
  forget(buf: Buffer, start: number, length: number): void {
    const node = this.table.find(this.table.hash(buf, start, length), buf, start, length);
    if (node === 0) return;
    this.remove(node);
  }

  private remove(node: Address): void {
    this.heap.remove(node);
    this.table.unlink(node);
    this.arena.free(node);
  }

  /** Forgets up to `budget` hashes; true when none is left. For a database that was emptied. */
  release(budget: number): boolean {
    for (let left = budget; left > 0 && this.heap.size > 0; left--) {
      this.remove(this.heap.firstNode);
    }
    return this.heap.size === 0;
  }
}
