/**
 * When a lookup may read on the loop.
 *
 * A thread's read costs some 20 us of processor time and a turn of the loop, one on the loop from the system's page
 * cache 2 us, but from the disk itself as long as that takes, and of everybody's time. So reads on the loop have a
 * credit: each earns what a thread would have cost and pays what it took. Who only lost the processor for a moment
 * goes on, what takes longer than it saves goes to threads, at once where a single read took very long.
 *
 *     on the loop ──credit spent──▶ threads, for a while, twice as long each time ──▶ on the loop, without credit
 *
 * While the tier writes, what is not in the page cache would wait for that as well: then only those read on the loop
 * who have been quick for long, and not from the segment that is being written.
 *
 * Benchmarks: bench/cache-ssd.ts, bench/cache.
 */
import type { Clock, DiskFile } from '../../core/runtime/index.ts';
import { firstReadBytes } from './limits.ts';

/** What a read on the loop saves. */
const EARNED_MS = 0.02;
const CREDIT_MS_MAX = 1;
/** The page cache never takes so long. */
const SLOW_MS = 0.2;
/** Without credit reads go to threads for so long, twice as long when it is spent again. */
const THREADS_MS_MIN = 10;
const THREADS_MS_MAX = 1000;
/** So many quick ones in a row, and all is forgotten. */
const QUICK_READS = 100;

/** What the tier writes. */
export interface Writes {
  readonly isWriting: boolean;
  /** The segment being written. */
  readonly open: object | null;
}

export class LoopReads {
  private readonly clock: Clock;
  private readonly writes: () => Writes;
  private creditMs = CREDIT_MS_MAX;
  private threadsUntilMs = 0;
  private threadsMs = THREADS_MS_MIN;
  private quickReads = 0;

  constructor(clock: Clock, writes: () => Writes) {
    this.clock = clock;
    this.writes = writes;
  }

  /** Whether so many bytes of a segment may be read on the loop now. */
  allows(length: number, segment: object): boolean {
    if (length > firstReadBytes) return false;
    const { isWriting, open } = this.writes();
    if (isWriting && (segment === open || this.quickReads < QUICK_READS)) return false;
    return this.threadsUntilMs === 0 || this.clock.monotonicMs() >= this.threadsUntilMs;
  }

  /** Fills `length` bytes as far as the file goes. @returns how many bytes. @throws the disk's error. */
  read(file: DiskFile, into: Buffer, length: number, position: number): number {
    const startedMs = this.clock.monotonicMs();
    let at = 0;
    while (at < length) {
      const bytes = file.readSync(into, at, length - at, position + at);
      if (bytes === 0) break;
      at += bytes;
    }
    this.note(startedMs, this.clock.monotonicMs());
    return at;
  }

  private note(startedMs: number, endedMs: number): void {
    const tookMs = endedMs - startedMs;
    this.creditMs = Math.min(CREDIT_MS_MAX, this.creditMs + EARNED_MS) - tookMs;
    if (this.creditMs < 0) {
      this.creditMs = 0;
      this.threadsUntilMs = endedMs + this.threadsMs;
      this.threadsMs = Math.min(THREADS_MS_MAX, this.threadsMs * 2);
      this.quickReads = 0;
    } else if (tookMs > SLOW_MS) this.quickReads = 0;
    else if (this.quickReads < QUICK_READS && ++this.quickReads === QUICK_READS) {
      this.threadsMs = THREADS_MS_MIN;
      this.threadsUntilMs = 0;
    }
  }
}
