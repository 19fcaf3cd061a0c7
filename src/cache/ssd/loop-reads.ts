/**
 * When a lookup may read on the loop.
 *
 * A thread's read costs about 10 us of processor time and a turn of the loop, one on the loop from the system's page
 * cache 2 us, but from the disk itself as long as that takes, and of everybody's time. So lookups read on the loop
 * while the tier writes nothing and the last reads were quick; a slow one sends them to threads for a while.
 *
 * Benchmark: bench/cache-ssd.ts.
 */
import type { Clock, DiskFile } from '../../core/runtime/index.ts';
import { firstReadBytes } from './limits.ts';

/** The page cache never takes so long, the quickest disks nearly. */
const SLOW_MS = 0.2;
/** A slow read sends reads to threads for so long, twice as long when the next one is slow again. */
const THREADS_MS_MIN = 10;
const THREADS_MS_MAX = 1000;
/** So many quick ones in a row, and all is forgotten: who is slow now and then only lost the processor. */
const QUICK_READS = 100;

export class LoopReads {
  private readonly clock: Clock;
  private readonly isWriting: () => boolean;
  private threadsUntilMs = 0;
  private threadsMs = THREADS_MS_MIN;
  private quickReads = 0;

  constructor(clock: Clock, isWriting: () => boolean) {
    this.clock = clock;
    this.isWriting = isWriting;
  }

  allows(length: number): boolean {
    if (length > firstReadBytes || this.isWriting()) return false;
    return this.clock.monotonicMs() >= this.threadsUntilMs;
  }

  /** Fills the buffer as far as the file goes. @returns how many bytes. @throws the disk's error. */
  read(file: DiskFile, into: Buffer, position: number): number {
    const startedMs = this.clock.monotonicMs();
    let at = 0;
    while (at < into.length) {
      const bytes = file.readSync(into, at, into.length - at, position + at);
      if (bytes === 0) break;
      at += bytes;
    }
    this.note(startedMs, this.clock.monotonicMs());
    return at;
  }

  private note(startedMs: number, endedMs: number): void {
    if (endedMs - startedMs > SLOW_MS) {
      this.threadsUntilMs = endedMs + this.threadsMs;
      this.threadsMs = Math.min(THREADS_MS_MAX, this.threadsMs * 2);
      this.quickReads = 0;
    } else if (++this.quickReads >= QUICK_READS) this.threadsMs = THREADS_MS_MIN;
  }
}
