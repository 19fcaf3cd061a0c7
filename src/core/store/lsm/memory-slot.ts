/**
 * A memory table with what belongs to it: the ranges deleted in its time, and how far in the logs it
 * reaches. Its memory is used again when the engine and all scans have let go.
 */
import { invariant, ownCopy } from '../../base/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { BatchReader } from './batch.ts';
import { Kind } from './kind.ts';
import { Memtable, memtableEntryBytes } from './memtable.ts';
import { RangeDeletes } from './range-deletes.ts';
import type { RangeDelete } from './types.ts';

/** More deleted ranges than this end a table: they are plain objects and walked one by one. */
const RANGE_DELETES_MAX = 4096;

export class MemorySlot {
  readonly table: Memtable;
  readonly deletes = new RangeDeletes();
  readonly rangeDeletes: RangeDelete[] = [];
  /** Highest sequence number, entry of our log, and mark of the owner in it. */
  sequence = 0;
  walIndex = 0;
  mark = 0;
  /** The last sequence number that belongs to the mark; what comes behind it belongs to the next one. */
  markSequence = 0;
  private holders = 1;
  private readonly pool: MemoryPool;

  constructor(memory: SharedArrayBuffer, random: Random, pool: MemoryPool) {
    this.table = new Memtable(memory, { random });
    this.pool = pool;
  }

  get isEmpty(): boolean {
    return this.table.entries === 0 && this.rangeDeletes.length === 0;
  }

  /** Whether a batch may be added that takes so many bytes. */
  takes(bytes: number): boolean {
    return this.rangeDeletes.length < RANGE_DELETES_MAX && this.table.fits(bytes);
  }

  /** Adds the operations that a reader was opened on. @returns the last sequence number. */
  apply(reader: BatchReader): number {
    while (reader.next()) {
      const { kind, sequence, buffer, keyStart, keyLength, valueStart, valueLength } = reader;
      if (kind === Kind.deleteRange) {
        const from = ownCopy(buffer.subarray(keyStart, keyStart + keyLength));
        const to = ownCopy(buffer.subarray(valueStart, valueStart + valueLength));
        this.deletes.add({ from, to, sequence });
        this.rangeDeletes.push({ from, to, sequence });
      } else {
        this.table.add(
          kind,
          sequence,
          reader.expiresAtMs,
          buffer,
          keyStart,
          keyLength,
          valueStart,
          valueLength,
        );
      }
    }
    this.sequence = Math.max(this.sequence, reader.sequence);
    return reader.sequence;
  }

  hold(): void {
    invariant(this.holders > 0, 'a slot that was let go is not held again');
    this.holders++;
  }

  release(): void {
    this.holders--;
    invariant(this.holders >= 0, 'a slot is released once by each holder');
    if (this.holders === 0) this.pool.giveBack(this.table.memory);
  }
}

/** Bytes of a memory table that a batch takes at most, and one operation more: the head of the list. */
export function batchBytes(bytes: number, count: number): number {
  return bytes + (count + 1) * memtableEntryBytes(0, 0);
}

/** Memory of memory tables, kept for reuse: the system would have to fill it with zeros again. */
export class MemoryPool {
  private readonly bytes: number;
  private readonly spares: SharedArrayBuffer[] = [];
  private readonly sparesMax = 2;

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  take(bytesMin: number): SharedArrayBuffer {
    if (bytesMin > this.bytes) return new SharedArrayBuffer(Math.ceil(bytesMin / 4096) * 4096);
    return this.spares.pop() ?? new SharedArrayBuffer(this.bytes);
  }

  giveBack(memory: SharedArrayBuffer): void {
    const fits = memory.byteLength === this.bytes;
    if (fits && this.spares.length < this.sparesMax) this.spares.push(memory);
  }
}
