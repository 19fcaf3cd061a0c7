/**
 * A hash that outgrew its record: a hash table of nodes, one a field.
 *
 *   w0 next  w1 hash  w2 field length | EXTRA_WORD   (Table's)
 *   w3 value length
 *  [w4 place in the heap of expiries]                only with EXTRA_WORD: the field expires
 *   ..  field, value
 *
 * Benchmark: bench/kv (HSET).
 */
import { type LargeValue, Type } from '../../keyspace/index.ts';
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  DueHeap,
  EXTRA_WORD,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
  Table,
} from '../../memory/index.ts';
import { NodeRelease } from '../node-release.ts';

const HEAD_BYTES = 16;
const HEAP_WORD = 4;
/** What the objects of one hash take on the heap, about. */
const OBJECT_BYTES = 280;

export class LargeHash implements LargeValue {
  readonly type = Type.hash;
  readonly table: Table;
  /** Fields that expire; undefined while none ever did. */
  expiries: DueHeap | undefined;
  private readonly arena: Arena;
  private nodeBytes = 0;
  private releasing: NodeRelease | undefined;

  constructor(arena: Arena, expected: number) {
    this.arena = arena;
    this.table = new Table(arena, HEAD_BYTES, expected);
  }

  /** Fields, expired ones that nobody removed yet included. */
  get size(): number {
    return this.table.size;
  }

  /** The node of a field, or 0. */
  find(buf: Buffer, start: number, length: number): Address {
    const table = this.table;
    return table.find(table.hash(buf, start, length), buf, start, length);
  }

  /** Adds a field that is not there, with room for a value of `valueLength` bytes; returns its node. */
  insert(buf: Buffer, start: number, length: number, valueLength: number): Address {
    const { arena, table } = this;
    const node = arena.alloc(HEAD_BYTES + length + valueLength);
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const offset = byteOffset(node);
    const w = offset >>> 2;
    words[w + 1] = table.hash(buf, start, length);
    words[w + 2] = length;
    words[w + 3] = valueLength;
    copyBytes(buf, start, arena.bytes[node >>> SEGMENT_SHIFT]!, offset + HEAD_BYTES, length);
    table.insert(node);
    this.nodeBytes += arena.capacity(node);
    return node;
  }

  /** Gives a node room for a value of `valueLength` bytes, content undefined; returns it, moved or not. */
  resize(node: Address, valueLength: number): Address {
    const { arena } = this;
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const w = byteOffset(node) >>> 2;
    const head = words[w + 2] as number;
    const fixed = HEAD_BYTES + (head >= EXTRA_WORD ? 4 : 0) + (head & KEY_LENGTH_MASK);
    const capacity = arena.capacity(node);
    const total = fixed + valueLength;
    // In place when it fits and does not waste more than half.
    if (total <= capacity && (total * 2 >= capacity || capacity <= 64)) {
      words[w + 3] = valueLength;
      return node;
    }
    const moved = arena.alloc(total);
    const to = arena.bytes[moved >>> SEGMENT_SHIFT]!;
    copyBytes(arena.bytes[node >>> SEGMENT_SHIFT]!, byteOffset(node), to, byteOffset(moved), fixed);
    arena.words[moved >>> SEGMENT_SHIFT]![(byteOffset(moved) >>> 2) + 3] = valueLength;
    this.moved(node, moved);
    return moved;
  }

  private moved(node: Address, moved: Address): void {
    const { arena } = this;
    this.table.replace(node, moved);
    const head = arena.words[moved >>> SEGMENT_SHIFT]![(byteOffset(moved) >>> 2) + 2] as number;
    if (head >= EXTRA_WORD) this.expiries?.replace(moved);
    this.nodeBytes += arena.capacity(moved) - arena.capacity(node);
    arena.free(node);
  }

  /** Takes a field away. */
  delete(node: Address): void {
    if (this.expires(node)) this.expiries?.remove(node);
    this.table.unlink(node);
    this.nodeBytes -= this.arena.capacity(node);
    this.arena.free(node);
  }

  private expires(node: Address): boolean {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    return (words[(byteOffset(node) >>> 2) + 2] as number) >= EXTRA_WORD;
  }

  /** Unix ms at which a field expires, 0 for never. */
  expiryOf(node: Address): number {
    return this.expiries !== undefined && this.expires(node) ? this.expiries.timeOf(node) : 0;
  }

  /** Lets a field expire at a time, Unix ms, or never (0). Returns its node, moved or not. */
  setExpiry(node: Address, atMs: number): Address {
    if (this.expires(node)) {
      if (atMs !== 0) {
        this.expiries?.setTime(node, atMs);
        return node;
      }
      this.expiries?.remove(node);
      return this.respace(node, false);
    }
    if (atMs === 0) return node;
    this.expiries ??= new DueHeap(this.arena, HEAP_WORD);
    const moved = this.respace(node, true);
    this.expiries.add(moved, atMs);
    return moved;
  }

  /** Copies a node into one with, or without, the extra word. */
  private respace(node: Address, extra: boolean): Address {
    const { arena } = this;
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const offset = byteOffset(node);
    const w = offset >>> 2;
    const length = (words[w + 2] as number) & KEY_LENGTH_MASK;
    const body = length + (words[w + 3] as number);
    const moved = arena.alloc(HEAD_BYTES + body + (extra ? 4 : 0));
    const to = arena.words[moved >>> SEGMENT_SHIFT]!;
    const toOffset = byteOffset(moved);
    const tw = toOffset >>> 2;
    for (let i = 0; i < 4; i++) to[tw + i] = words[w + i] as number;
    to[tw + 2] = extra ? (length | EXTRA_WORD) >>> 0 : length;
    copyBytes(
      arena.bytes[node >>> SEGMENT_SHIFT]!,
      offset + HEAD_BYTES + (extra ? 0 : 4),
      arena.bytes[moved >>> SEGMENT_SHIFT]!,
      toOffset + HEAD_BYTES + (extra ? 4 : 0),
      body,
    );
    this.table.replace(node, moved);
    this.nodeBytes += arena.capacity(moved) - arena.capacity(node);
    arena.free(node);
    return moved;
  }

  /** The buffer that a node's field and value lie in. */
  bytesOf(node: Address): Buffer {
    return this.arena.bytes[node >>> SEGMENT_SHIFT]!;
  }

  fieldStart(node: Address): number {
    return byteOffset(node) + HEAD_BYTES + (this.expires(node) ? 4 : 0);
  }

  fieldLength(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    return (words[(byteOffset(node) >>> 2) + 2] as number) & KEY_LENGTH_MASK;
  }

  /** The value stands behind the field. */
  valueLength(node: Address): number {
    return this.arena.words[node >>> SEGMENT_SHIFT]![(byteOffset(node) >>> 2) + 3] as number;
  }

  memoryBytes(): number {
    return this.nodeBytes + this.table.bucketBytes + (this.expiries?.bytes ?? 0) + OBJECT_BYTES;
  }

  release(budget: number): boolean {
    this.expiries = undefined;
    this.releasing ??= new NodeRelease(this.arena, this.table);
    return this.releasing.run(budget);
  }
}
