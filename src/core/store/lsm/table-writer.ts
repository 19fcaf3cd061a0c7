/**
 * Writes one table, entries in order. Runs where it may block: in the worker's thread.
 *
 * The file is durable, its name is not, when `finish` returns.
 *
 * Benchmark: bench/lsm.
 */
import { compareBytes, copyBytes, invariant, ownCopy } from '../../base/index.ts';
import type { Disk, DiskFile } from '../../runtime/index.ts';
import { BlockBuilder, blockChecksum, CHECKSUM_BYTES } from './block.ts';
import type { Cursor } from './cursor.ts';
import { encodeDeletes } from './deletes-block.ts';
import { buildFilter, filterHash } from './filter.ts';
import { type Extent, encodeFooter } from './footer.ts';
import { IndexBuilder, separator } from './index-block.ts';
import { Kind } from './kind.ts';
import type { Fragment } from './range-deletes.ts';
import { tablePath } from './table-path.ts';
import type { TableMeta, TableOptions } from './types.ts';

/** Bytes gathered before they are written; twice as much is taken for each table. */
const WRITE_BYTES = 128 * 1024;
const HASHES_MIN = 4096;

/** What tables that are written one after the other are written with: the collector is in no hurry to free it. */
export class TableMemory {
  waiting: Buffer = Buffer.allocUnsafeSlow(WRITE_BYTES * 2);
  hashes = new Uint32Array(HASHES_MIN);
}

export class TableWriter {
  /** Bytes of blocks so far. */
  bytes = 0;
  entries = 0;
  private readonly number: number;
  private readonly file: DiskFile;
  private readonly block: BlockBuilder;
  private readonly index = new IndexBuilder();
  private readonly memory: TableMemory;
  private waitingBytes = 0;
  private writtenBytes = 0;
  private hashCount = 0;
  private deletes = 0;
  private minSequence = Number.POSITIVE_INFINITY;
  private maxSequence = 0;
  private minExpiresAtMs = 0;
  private smallest: Buffer | undefined;
  private lastKey: Buffer = Buffer.allocUnsafeSlow(256);
  private lastKeyLength = 0;
  /** The block that is closed, but whose separator needs the key that follows. */
  private unindexed: { last: Buffer; extent: Extent } | undefined;

  /** @param memory no other table is written with meanwhile. @throws what the disk says. */
  constructor(disk: Disk, options: TableOptions, number: number, memory = new TableMemory()) {
    this.number = number;
    this.memory = memory;
    this.block = new BlockBuilder(options.blockBytes);
    this.file = disk.openSync(tablePath(options.folder, number), { mode: 'exclusive' });
  }

  /** Adds the entry that a cursor stands on, `sequence` in place of its own. */
  add(cursor: Cursor, sequence: number): void {
    const { key, keyStart, keyLength, kind, expiresAtMs } = cursor;
    const { block } = this;
    const isNew = this.entries === 0 || !this.isLastKey(key, keyStart, keyLength);
    if (block.fullFor(keyLength, cursor.valueLength)) this.closeBlock();
    if (isNew) this.beginKey(key, keyStart, keyLength);
    // Older versions of the last key of the block before begin this one: nothing may stand between.
    else if (this.unindexed !== undefined) this.indexBlock(this.lastKey.subarray(0, keyLength));
    block.add(
      key,
      keyStart,
      keyLength,
      kind,
      sequence,
      expiresAtMs,
      cursor.value,
      cursor.valueStart,
      cursor.valueLength,
    );
    this.entries++;
    this.note(sequence);
    if (kind === Kind.delete) this.deletes++;
    else if (expiresAtMs > 0 && (this.minExpiresAtMs === 0 || expiresAtMs < this.minExpiresAtMs)) {
      this.minExpiresAtMs = expiresAtMs;
    }
  }

  /**
   * Ends the table, with the deleted ranges that belong to it. There is at least one entry or range.
   * @throws what the disk says.
   */
  finish(fragments: readonly Fragment[]): TableMeta {
    if (this.block.count > 0) this.closeBlock();
    this.indexBlock(undefined);
    const filter = this.writeBlock(buildFilter(this.memory.hashes, this.hashCount));
    const deletes =
      fragments.length === 0
        ? { offset: this.bytes, length: 0 }
        : this.writeBlock(encodeDeletes(fragments));
    const index = this.writeBlock(this.index.finish());
    const { number, entries } = this;
    this.append(encodeFooter({ index, filter, deletes, number, entries }));
    this.writeOut();
    this.file.datasyncSync();
    this.file.closeSync();
    for (const { sequences } of fragments) for (const sequence of sequences) this.note(sequence);
    const { smallest, end } = this.bounds(fragments);
    return {
      number,
      bytes: this.bytes,
      entries,
      deletes: this.deletes,
      rangeDeletes: fragments.length,
      smallest,
      end,
      minSequence: this.minSequence,
      maxSequence: this.maxSequence,
      minExpiresAtMs: this.minExpiresAtMs,
    };
  }

  /** Gives up; the file is left for the caller to delete. */
  abandon(): void {
    this.file.closeSync();
  }

  /** In memory of their own: they are kept as long as the table, and go from thread to thread with all they lie in. */
  private bounds(fragments: readonly Fragment[]): { smallest: Buffer; end: Buffer } {
    const first = fragments[0]?.from;
    const last = fragments.at(-1)?.to;
    if (this.smallest === undefined) {
      invariant(first !== undefined && last !== undefined, 'a table holds something');
      return { smallest: ownCopy(first), end: ownCopy(last) };
    }
    // The smallest key above the last one is the last one and a zero byte.
    const behind = Buffer.concat([this.lastKey.subarray(0, this.lastKeyLength), Buffer.alloc(1)]);
    const isBelow = first !== undefined && first.compare(this.smallest) < 0;
    const isAbove = last !== undefined && last.compare(behind) > 0;
    return {
      smallest: ownCopy(isBelow ? first : this.smallest),
      end: ownCopy(isAbove ? last : behind),
    };
  }

  private beginKey(key: Buffer, start: number, length: number): void {
    const { memory } = this;
    if (this.hashCount === memory.hashes.length) {
      const larger = new Uint32Array(memory.hashes.length * 2);
      larger.set(memory.hashes);
      memory.hashes = larger;
    }
    memory.hashes[this.hashCount++] = filterHash(key, start, length);
    if (this.unindexed !== undefined) this.indexBlock(key.subarray(start, start + length));
    if (this.lastKey.length < length) this.lastKey = Buffer.allocUnsafeSlow(length * 2);
    copyBytes(key, start, this.lastKey, 0, length);
    this.lastKeyLength = length;
    this.smallest ??= Buffer.from(this.lastKey.subarray(0, length));
  }

  private isLastKey(key: Buffer, start: number, length: number): boolean {
    return compareBytes(this.lastKey, 0, this.lastKeyLength, key, start, length) === 0;
  }

  private note(sequence: number): void {
    if (sequence < this.minSequence) this.minSequence = sequence;
    if (sequence > this.maxSequence) this.maxSequence = sequence;
  }

  private closeBlock(): void {
    invariant(this.unindexed === undefined, 'the first entry of a block ends the one before');
    const length = this.block.finish();
    const extent = this.writeBlock(this.block.buffer, length);
    this.block.reset();
    const last = Buffer.from(this.lastKey.subarray(0, this.lastKeyLength));
    this.unindexed = { last, extent };
  }

  private indexBlock(next: Buffer | undefined): void {
    if (this.unindexed === undefined) return;
    const { last, extent } = this.unindexed;
    this.index.add(separator(last, next), extent.offset, extent.length);
    this.unindexed = undefined;
  }

  private writeBlock(payload: Buffer, length = payload.length): Extent {
    const offset = this.bytes;
    const checksum = blockChecksum(payload, 0, length, { table: this.number, offset });
    this.append(payload, length);
    const tail = Buffer.allocUnsafe(CHECKSUM_BYTES);
    tail.writeUInt32LE(checksum);
    this.append(tail);
    return { offset, length };
  }

  private append(bytes: Buffer, length = bytes.length): void {
    const { memory } = this;
    if (this.waitingBytes + length > memory.waiting.length) {
      this.writeOut();
      if (length > memory.waiting.length) memory.waiting = Buffer.allocUnsafeSlow(length);
    }
    bytes.copy(memory.waiting, this.waitingBytes, 0, length);
    this.waitingBytes += length;
    this.bytes += length;
    if (this.waitingBytes >= WRITE_BYTES) this.writeOut();
  }

  private writeOut(): void {
    let at = 0;
    while (at < this.waitingBytes) {
      const count = this.file.writeSync(
        this.memory.waiting,
        at,
        this.waitingBytes - at,
        this.writtenBytes,
      );
      at += count;
      this.writtenBytes += count;
    }
    this.waitingBytes = 0;
  }
}
