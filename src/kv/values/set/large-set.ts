/**
 * A set that outgrew its record: a hash table of nodes, one a member.
 *
 *   w0 next  w1 hash  w2 member length   (owned by Table), then the member's bytes
 *
 * Benchmark: bench/kv (SADD, SPOP).
 */
import { type LargeValue, Type } from '../../keyspace/index.ts';
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
  Table,
} from '../../memory/index.ts';
import { NodeRelease } from '../node-release.ts';

/** Offset of the member in its node. */
const HEAD_BYTES = 12;
/** What the objects of one set take on the heap, about. */
const OBJECT_BYTES = 200;

export class LargeSet implements LargeValue {
  readonly type = Type.set;
  readonly table: Table;
  private readonly arena: Arena;
  private nodeBytes = 0;
  private releasing: NodeRelease | undefined;

  constructor(arena: Arena, expected: number) {
    this.arena = arena;
    this.table = new Table(arena, HEAD_BYTES, expected);
  }

  get size(): number {
    return this.table.size;
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
    this.table.unlink(node);
    this.nodeBytes -= this.arena.capacity(node);
    this.arena.free(node);
  }

  /** The buffer that a node's member lies in. */
  bytesOf(node: Address): Buffer {
    return this.arena.bytes[node >>> SEGMENT_SHIFT]!;
  }

  memberStart(node: Address): number {
    return byteOffset(node) + HEAD_BYTES;
  }

  memberLength(node: Address): number {
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    return (words[(byteOffset(node) >>> 2) + 2] as number) & KEY_LENGTH_MASK;
  }

  memoryBytes(): number {
    return this.nodeBytes + this.table.bucketBytes + OBJECT_BYTES;
  }

  release(budget: number): boolean {
    this.releasing ??= new NodeRelease(this.arena, this.table);
    return this.releasing.run(budget);
  }
}
