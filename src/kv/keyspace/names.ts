/**
 * A set of keys off the heap, each with a time: those of a database that went and that the engine on the
 * disk still has.
 *
 *   w0..w2  owned by Table      w4, w5  a time, Unix ms as a double; 0 for none
 */
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
  Table,
} from '../memory/index.ts';
import type { Releasable } from './large-value.ts';

const HEAD_BYTES = 24;

export class Names implements Releasable {
  private readonly arena: Arena;
  private readonly table: Table;

  constructor(arena: Arena) {
    this.arena = arena;
    this.table = new Table(arena, HEAD_BYTES);
  }

  get size(): number {
    return this.table.size;
  }

  get bytes(): number {
    return this.table.bucketBytes;
  }

  has(hash: number, buf: Buffer, start: number, length: number): boolean {
    return this.table.size > 0 && this.table.find(hash, buf, start, length) !== 0;
  }

  /** The time of a key, -1 when it is not there. */
  timeOf(hash: number, buf: Buffer, start: number, length: number): number {
    if (this.table.size === 0) return -1;
    const node = this.table.find(hash, buf, start, length);
    return node === 0 ? -1 : this.time(node);
  }

  /** Adds a key, or gives the one that is there the time. `hash` as the database's table has it. */
  add(hash: number, buf: Buffer, start: number, length: number, timeMs: number): void {
    const { arena, table } = this;
    const known = table.find(hash, buf, start, length);
    if (known !== 0) {
      this.setTime(known, timeMs);
      return;
    }
    const node = arena.alloc(HEAD_BYTES + length);
    const words = arena.words[node >>> SEGMENT_SHIFT]!;
    const offset = byteOffset(node);
    const w = offset >>> 2;
    words[w + 1] = hash;
    words[w + 2] = length;
    copyBytes(buf, start, arena.bytes[node >>> SEGMENT_SHIFT]!, offset + HEAD_BYTES, length);
    this.setTime(node, timeMs);
    table.insert(node);
  }

  /** Takes a key out; returns its time, -1 when it was not there. */
  remove(hash: number, buf: Buffer, start: number, length: number): number {
    if (this.table.size === 0) return -1;
    const node = this.table.find(hash, buf, start, length);
    if (node === 0) return -1;
    const timeMs = this.time(node);
    this.table.unlink(node);
    this.arena.free(node);
    return timeMs;
  }

  /** As Table.scan: visits keys of one step, returns the next cursor, 0 at the end. */
  scan(cursor: number, visit: (name: Name) => void): number {
    return this.table.scan(cursor, (node) => {
      const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
      const offset = byteOffset(node);
      const w = offset >>> 2;
      name.hash = words[w + 1] as number;
      name.buf = this.arena.bytes[node >>> SEGMENT_SHIFT]!;
      name.start = offset + HEAD_BYTES;
      name.length = (words[w + 2] as number) & KEY_LENGTH_MASK;
      name.timeMs = this.time(node);
      visit(name);
    });
  }

  /** One step of a walk that begins with 0, `scan` of what may be empty: the next cursor, -1 at the end. */
  scanOn(cursor: number, visit: (name: Name) => void): number {
    const next = this.table.size === 0 ? 0 : this.scan(cursor, visit);
    return next === 0 ? -1 : next;
  }

  each(visit: (name: Name) => void): void {
    for (let cursor = 0; cursor >= 0; ) cursor = this.scanOn(cursor, visit);
  }

  release(budget: number): boolean {
    let freed = 0;
    for (let steps = budget * 8; steps > 0 && freed < budget && this.table.size > 0; steps--) {
      this.releaseCursor = this.table.scan(this.releaseCursor, (node) => {
        this.table.unlink(node);
        this.arena.free(node);
        freed++;
      });
    }
    return this.table.size === 0;
  }

  private releaseCursor = 0;

  private time(node: Address): number {
    return this.arena.floats[node >>> SEGMENT_SHIFT]![(byteOffset(node) >>> 3) + 2] as number;
  }

  private setTime(node: Address, timeMs: number): void {
    this.arena.floats[node >>> SEGMENT_SHIFT]![(byteOffset(node) >>> 3) + 2] = timeMs;
  }
}

/** A key as `scan` shows it: `buf[start, start + length)`, good during the visit. */
export interface Name {
  hash: number;
  buf: Buffer;
  start: number;
  length: number;
  timeMs: number;
}

const name: Name = { hash: 0, buf: Buffer.alloc(0), start: 0, length: 0, timeMs: 0 };
