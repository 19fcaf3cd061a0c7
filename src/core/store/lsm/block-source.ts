/**
 * Where a cursor over a table gets its blocks: through the cache on the event loop, or straight from
 * the file, in order and in large reads, in a worker's thread.
 */

import { CHECKSUM_BYTES } from './block.ts';
import type { BlockCache } from './block-cache.ts';
import { NO_FRAME } from './block-cache.ts';
import type { BlockLoader } from './block-loader.ts';
import { readInto, type Table } from './table.ts';

export interface BlockSource {
  /** Payload of the block at hand: `buffer[base, base + length)`, until the next call. */
  buffer: Buffer;
  base: number;
  length: number;
  /** Makes a block the one at hand; false: it has to be loaded first. @throws LsmError. */
  open(nth: number): boolean;
  /** Brings a block within reach of `open`. @throws LsmError. */
  load(nth: number): Promise<void>;
  /** As `load`, on the loop, whatever that takes. @throws LsmError. */
  loadNow(nth: number): void;
  close(): void;
}

export class CachedBlocks implements BlockSource {
  buffer: Buffer = Buffer.alloc(0);
  base = 0;
  length = 0;
  private readonly table: Table;
  private readonly cache: BlockCache;
  private readonly loader: BlockLoader;
  private frame = NO_FRAME;

  constructor(table: Table, cache: BlockCache, loader: BlockLoader) {
    this.table = table;
    this.cache = cache;
    this.loader = loader;
  }

  open(nth: number): boolean {
    const { cache, table } = this;
    let frame = cache.find(table, nth);
    if (frame === NO_FRAME) {
      frame = this.loader.loadOnLoop(table, nth);
      if (frame === NO_FRAME) return false;
    }
    cache.pin(frame);
    this.close();
    this.frame = frame;
    this.buffer = cache.buffers[frame]!;
    this.base = cache.offsets[frame]!;
    this.length = table.index.length(nth);
    return true;
  }

  load(nth: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.loader.load(this.table, nth, (error) => {
        if (error !== null) reject(error);
        // The frame may be taken again before `open` comes: it is pinned until then.
        else if (this.open(nth)) resolve();
        else reject(new Error('a block that was loaded is in memory'));
      });
    });
  }

  loadNow(nth: number): void {
    const { cache, table, loader } = this;
    if (cache.find(table, nth) === NO_FRAME) loader.loadNow(table, nth);
  }

  close(): void {
    if (this.frame === NO_FRAME) return;
    this.cache.unpin(this.frame);
    this.frame = NO_FRAME;
  }
}

/**
 * Bytes read at once. A compaction has one such buffer for each of its inputs, and the thread's collector is in no
 * hurry to give them back: with 512 KiB they took more memory than all else that the thread has.
 */
const READ_BYTES = 128 * 1024;

export class StreamedBlocks implements BlockSource {
  buffer: Buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  base = 0;
  length = 0;
  /** Bytes read of the file. */
  readBytes = 0;
  private readonly table: Table;
  /** What of the file the buffer holds. */
  private from = 0;
  private to = 0;

  constructor(table: Table) {
    this.table = table;
  }

  open(nth: number): boolean {
    const { index } = this.table;
    const offset = index.offset(nth);
    const length = index.length(nth);
    if (offset < this.from || offset + length + CHECKSUM_BYTES > this.to) this.read(nth);
    this.base = offset - this.from;
    this.length = length;
    this.table.checkBlock(nth, this.buffer, this.base);
    return true;
  }

  async load(): Promise<void> {}

  loadNow(): void {}

  close(): void {}

  /** Reads this block and those behind it that fit. */
  private read(nth: number): void {
    const { index, file } = this.table;
    const from = index.offset(nth);
    const first = index.length(nth) + CHECKSUM_BYTES;
    if (first > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(first);
    let to = from + first;
    for (let next = nth + 1; next < index.count; next++) {
      const end = index.offset(next) + index.length(next) + CHECKSUM_BYTES;
      if (end - from > this.buffer.length) break;
      to = end;
    }
    readInto(file, this.buffer, 0, to - from, from);
    this.from = from;
    this.to = to;
    this.readBytes += to - from;
  }
}
