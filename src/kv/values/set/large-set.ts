/**
 * A set that outgrew its record: a hash table of nodes, one a member.
 *
 *   w0 next  w1 hash  w2 member length (30 bits) | status (2 bits)   (Table's but for the status)
 *   the member's bytes
 *
 * A member never changes: one that is stored is not dirty, and one that is dirty is not stored. So two
 * bits are enough for what keyspace/elements.ts wants to know.
 *
 * Benchmark: bench/kv (SADD, SPOP).
 */
import { type ElementIn, type ElementNameOut, Status, Type } from '../../keyspace/index.ts';
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
  Table,
} from '../../memory/index.ts';
import { NodeElements } from '../node-elements.ts';
import { NodeRelease } from '../node-release.ts';

/** Offset of the member in its node. */
const HEAD_BYTES = 12;
const STATUS_SHIFT = 30;
/** Both bits: the engine has the member. Else they are the dirty bits. */
const STORED = 3;
/** What the objects of one set take on the heap, about. */
const OBJECT_BYTES = 200;

export class LargeSet extends NodeElements {
  readonly type = Type.set;
  private releasing: NodeRelease | undefined;

  constructor(arena: Arena, expected: number) {
    super(arena, new Table(arena, HEAD_BYTES, expected, false));
  }

  has(buf: Buffer, start: number, length: number): boolean {
    const table = this.table;
    return table.find(table.hash(buf, start, length), buf, start, length) !== 0;
  }

  /** Adds a member; false when it was there. */
  add(buf: Buffer, start: number, length: number): boolean {
    const { table, arena } = this;
    const hash = table.hash(buf, start, length);
    if (table.find(hash, buf, start, length) !== 0) return false;
    const node = arena.alloc(HEAD_BYTES + length);
    const offset = byteOffset(node);
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const w = offset >>> 2;
    words[w + 1] = hash;
    words[w + 2] = length;
    copyBytes(buf, start, arena.bytes[node >>> SEGMENT_SHIFT]!, offset + HEAD_BYTES, length);
    table.insert(node);
    this.nodeBytes += arena.capacity(node);
    this.changes?.add(node);
    return true;
  }

  /** Takes a member away; false when it was not there. */
  delete(buf: Buffer, start: number, length: number): boolean {
    const table = this.table;
    const node = table.find(table.hash(buf, start, length), buf, start, length);
    if (node === 0) return false;
    this.deleteNode(node);
    return true;
  }

  /** Takes the member of a node away. */
  deleteNode(node: Address): void {
    this.changes?.remove(node);
    this.table.unlink(node);
    this.nodeBytes -= this.arena.capacity(node);
    this.arena.free(node);
  }

  nameStart(node: Address): number {
    return byteOffset(node) + HEAD_BYTES;
  }

  nameLength(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    return (words[(byteOffset(node) >>> 2) + 2] as number) & KEY_LENGTH_MASK;
  }

  // Elements.

  statusOf(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    const status = (words[(byteOffset(node) >>> 2) + 2] as number) >>> STATUS_SHIFT;
    return status === STORED ? Status.stored : status;
  }

  setStatus(node: Address, status: number): void {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    const w = (byteOffset(node) >>> 2) + 2;
    const bits = (status & Status.stored) === 0 ? status : STORED;
    words[w] = ((words[w] as number) & KEY_LENGTH_MASK) | (bits << STATUS_SHIFT);
  }

  /** An element is its name. */
  writeElement(node: Address, out: ElementNameOut): void {
    out.name(this.bytesOf(node), this.nameStart(node), this.nameLength(node));
  }

  readElement(name: Buffer, _from: ElementIn): void {
    this.add(name, 0, name.length);
  }

  memoryBytes(): number {
    return this.nodeBytes + this.table.bucketBytes + OBJECT_BYTES;
  }

  release(budget: number): boolean {
    this.releasing ??= new NodeRelease(this.arena, this.table);
    return this.releasing.run(budget);
  }
}
