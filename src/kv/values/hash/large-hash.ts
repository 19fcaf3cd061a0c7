/**
 * A hash that outgrew its record: a hash table of nodes, one a field.
 *
 *   w0 next  w1 hash  w2 field length | STORED | EXTRA_WORD   (Table's but for STORED)
 *   w3 value length (30 bits) | dirty (2 bits): see keyspace/elements.ts
 *  [w4 place in the heap of expiries]                only with EXTRA_WORD: the field expires
 *   ..  field, value
 *
 * Benchmark: bench/kv (HSET).
 */
import { type ElementIn, type ElementNameOut, Status, Type } from '../../keyspace/index.ts';
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
import { NodeElements } from '../node-elements.ts';
import { NodeRelease } from '../node-release.ts';

const HEAD_BYTES = 16;
const HEAP_WORD = 4;
/** Bit of w2: the engine has the field. */
const STORED = 0x40000000;
/** Where the dirty bits stand in w3. */
const DIRTY_SHIFT = 30;
const VALUE_LENGTH_MASK = 0x3fffffff;
/** What the objects of one hash take on the heap, about. */
const OBJECT_BYTES = 280;

export class LargeHash extends NodeElements {
  readonly type = Type.hash;
  /** Fields that expire; undefined while none ever did. */
  expiries: DueHeap | undefined;
  private releasing: NodeRelease | undefined;

  constructor(arena: Arena, expected: number) {
    super(arena, new Table(arena, HEAD_BYTES, expected));
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
    this.changes?.add(node);
    return node;
  }

  /** A field is about to change, its name excepted. */
  private changing(node: Address): void {
    const { changes } = this;
    if (changes !== undefined && (this.statusOf(node) & changes.dirtyBit) === 0) {
      changes.change(node);
    }
  }

  /** Gives a node room for a value of `valueLength` bytes, content undefined; returns it, moved or not. */
  resize(node: Address, valueLength: number): Address {
    this.changing(node);
    const { arena } = this;
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const w = byteOffset(node) >>> 2;
    const head = words[w + 2] as number;
    const fixed = HEAD_BYTES + (head >= EXTRA_WORD ? 4 : 0) + (head & KEY_LENGTH_MASK);
    const capacity = arena.capacity(node);
    const total = fixed + valueLength;
    // In place when it fits and does not waste more than half.
    if (total <= capacity && (total * 2 >= capacity || capacity <= 64)) {
      words[w + 3] = (words[w + 3]! & ~VALUE_LENGTH_MASK) | valueLength;
      return node;
    }
    const bits = words[w + 3]! & ~VALUE_LENGTH_MASK;
    const moved = arena.alloc(total);
    const to = arena.bytes[moved >>> SEGMENT_SHIFT]!;
    copyBytes(arena.bytes[node >>> SEGMENT_SHIFT]!, byteOffset(node), to, byteOffset(moved), fixed);
    arena.words[moved >>> SEGMENT_SHIFT]![(byteOffset(moved) >>> 2) + 3] = bits | valueLength;
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
    this.changes?.remove(node);
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
    this.changing(node);
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
    const head = (words[w + 2] as number) & ~EXTRA_WORD;
    const body = (head & KEY_LENGTH_MASK) + ((words[w + 3] as number) & VALUE_LENGTH_MASK);
    const moved = arena.alloc(HEAD_BYTES + body + (extra ? 4 : 0));
    const to = arena.words[moved >>> SEGMENT_SHIFT]!;
    const toOffset = byteOffset(moved);
    const tw = toOffset >>> 2;
    for (let i = 0; i < 4; i++) to[tw + i] = words[w + i] as number;
    to[tw + 2] = extra ? (head | EXTRA_WORD) >>> 0 : head;
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

  nameStart(node: Address): number {
    return byteOffset(node) + HEAD_BYTES + (this.expires(node) ? 4 : 0);
  }

  nameLength(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    return (words[(byteOffset(node) >>> 2) + 2] as number) & KEY_LENGTH_MASK;
  }

  /** The value stands behind the field. */
  valueLength(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    return (words[(byteOffset(node) >>> 2) + 3] as number) & VALUE_LENGTH_MASK;
  }

  // Elements.

  statusOf(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    const w = byteOffset(node) >>> 2;
    const dirty = (words[w + 3] as number) >>> DIRTY_SHIFT;
    return ((words[w + 2] as number) & STORED) === 0 ? dirty : dirty | Status.stored;
  }

  setStatus(node: Address, status: number): void {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    const w = byteOffset(node) >>> 2;
    const stored = (status & Status.stored) === 0 ? 0 : STORED;
    words[w + 2] = ((words[w + 2] as number) & ~STORED) | stored;
    words[w + 3] = ((words[w + 3] as number) & VALUE_LENGTH_MASK) | (status << DIRTY_SHIFT);
  }

  /** An element is the field's expiry, Unix ms as a double, 0 for never, and its value. */
  writeElement(node: Address, out: ElementNameOut): void {
    const buf = this.bytesOf(node);
    const start = this.nameStart(node);
    const length = this.nameLength(node);
    out.name(buf, start, length);
    out.f64(this.expiryOf(node));
    out.raw(buf, start + length, this.valueLength(node));
  }

  readElement(name: Buffer, from: ElementIn): void {
    const expireAt = from.f64();
    const value = from.raw(from.left);
    const node = this.insert(name, 0, name.length, value.length);
    copyBytes(value, 0, this.bytesOf(node), this.nameStart(node) + name.length, value.length);
    if (expireAt !== 0) this.setExpiry(node, expireAt);
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
