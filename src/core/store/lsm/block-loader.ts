/**
 * Brings blocks from the disk into the cache, each once however many ask for it.
 *
 * A thread's read costs a turn of the loop and 10 us of processor time, a read on the loop from the
 * system's page cache 2 us, from a slow disk milliseconds of everybody's time. So reads are made on the
 * loop as long as the last ones were quick; a slow one sends them to threads for a while.
 *
 * Benchmark: bench/lsm.
 */
import type { Clock } from '../../runtime/index.ts';
import { CHECKSUM_BYTES } from './block.ts';
import { type BlockCache, NO_FRAME } from './block-cache.ts';
import { LsmError } from './errors.ts';
import { readInto, type Table } from './table.ts';

/** A read on the loop that took longer sends reads to threads... */
const SLOW_READ_MS = 0.5;
/** ...for so long at first, twice as long when the next one on the loop is slow again, up to a second. */
const THREADS_MS_MIN = 10;
const THREADS_MS_MAX = 1000;
/** So many quick reads in a row, and the disk counts as quick again. */
const QUICK_READS = 100;
/** Blocks larger than this are always read by threads. */
const LOOP_READ_MAX = 64 * 1024;

type Waiter = (error: LsmError | null, frame: number) => void;

export class BlockLoader {
  /** Reads made by threads and on the loop. */
  threadReads = 0;
  loopReads = 0;
  private readonly cache: BlockCache;
  private readonly clock: Clock;
  private readonly pending = new Map<Table, Map<number, Waiter[]>>();
  private threadsUntilMs = 0;
  private threadsMs = THREADS_MS_MIN;
  private quickReads = 0;

  constructor(cache: BlockCache, clock: Clock) {
    this.cache = cache;
    this.clock = clock;
  }

  /**
   * Reads a block now, when reads are quick. @returns its frame, `NO_FRAME`: ask `load`.
   * @throws LsmError.
   */
  loadOnLoop(table: Table, nth: number): number {
    const length = table.index.length(nth) + CHECKSUM_BYTES;
    if (length > LOOP_READ_MAX) return NO_FRAME;
    const startedMs = this.clock.monotonicMs();
    if (startedMs < this.threadsUntilMs || this.pending.get(table)?.has(nth) === true) {
      return NO_FRAME;
    }
    const frame = this.loadNow(table, nth);
    this.noteRead(startedMs, this.clock.monotonicMs());
    return frame;
  }

  /** Reads a block that is not in memory on the loop, whatever that takes. @returns its frame. @throws LsmError. */
  loadNow(table: Table, nth: number): number {
    const { cache } = this;
    const length = table.index.length(nth) + CHECKSUM_BYTES;
    const frame = cache.reserve(length);
    const buffer = cache.buffers[frame]!;
    const start = cache.offsets[frame]!;
    try {
      readInto(table.file, buffer, start, length, table.index.offset(nth));
      table.checkBlock(nth, buffer, start);
    } catch (error) {
      cache.abandon(frame);
      throw LsmError.from(error, table.file.path);
    }
    this.loopReads++;
    cache.publish(frame, table, nth);
    cache.unpin(frame);
    return frame;
  }

  /**
   * Reads a block on a thread. `done` gets its frame, or an error; the frame is good within `done`.
   * The caller holds the table until then.
   */
  load(table: Table, nth: number, done: Waiter): void {
    const frame = this.cache.find(table, nth);
    if (frame !== NO_FRAME) {
      done(null, frame);
      return;
    }
    let blocks = this.pending.get(table);
    if (blocks === undefined) {
      blocks = new Map();
      this.pending.set(table, blocks);
    }
    const waiters = blocks.get(nth);
    if (waiters !== undefined) {
      waiters.push(done);
      return;
    }
    blocks.set(nth, [done]);
    this.read(table, nth);
  }

  private noteRead(startedMs: number, endedMs: number): void {
    if (endedMs - startedMs <= SLOW_READ_MS) {
      if (++this.quickReads >= QUICK_READS) this.threadsMs = THREADS_MS_MIN;
      return;
    }
    this.quickReads = 0;
    this.threadsUntilMs = endedMs + this.threadsMs;
    this.threadsMs = Math.min(this.threadsMs * 2, THREADS_MS_MAX);
  }

  private read(table: Table, nth: number): void {
    const { cache } = this;
    const offset = table.index.offset(nth);
    const length = table.index.length(nth) + CHECKSUM_BYTES;
    const frame = cache.reserve(length);
    const buffer = cache.buffers[frame]!;
    const start = cache.offsets[frame]!;
    let have = 0;
    const step = (error: Error | null, count: number): void => {
      have += count;
      if (error === null && count > 0 && have < length) {
        table.file.read(buffer, start + have, length - have, offset + have, step);
        return;
      }
      this.threadReads++;
      const failure = this.check(table, nth, frame, { error, whole: have === length });
      const there = cache.find(table, nth);
      if (there !== NO_FRAME) {
        // Somebody could not wait and has read it meanwhile.
        cache.abandon(frame);
        cache.pin(there);
        this.hand(table, nth, there);
      } else if (failure === null) {
        cache.publish(frame, table, nth);
        this.hand(table, nth, frame);
      } else {
        cache.abandon(frame);
        this.end(table, nth, failure, NO_FRAME);
      }
    };
    table.file.read(buffer, start, length, offset, step);
  }

  private check(
    table: Table,
    nth: number,
    frame: number,
    read: { error: Error | null; whole: boolean },
  ): LsmError | null {
    const file = table.file.path;
    if (read.error !== null) return LsmError.from(read.error, file);
    const offset = table.index.offset(nth);
    const detail = 'the file ends within a block';
    if (!read.whole) return new LsmError('corrupt', { file, offset, detail });
    try {
      table.checkBlock(nth, this.cache.buffers[frame]!, this.cache.offsets[frame]!);
      return null;
    } catch (error) {
      return LsmError.from(error, file);
    }
  }

  /** Lets those who wait see a pinned frame. */
  private hand(table: Table, nth: number, frame: number): void {
    this.end(table, nth, null, frame);
    this.cache.unpin(frame);
  }

  private end(table: Table, nth: number, error: LsmError | null, frame: number): void {
    const blocks = this.pending.get(table);
    const waiters = blocks?.get(nth) ?? [];
    blocks?.delete(nth);
    if (blocks?.size === 0) this.pending.delete(table);
    for (const waiter of waiters) waiter(error, frame);
  }
}
