/**
 * One piece of work after the other, as long as there is any. What fails is tried again after a while.
 */
import { InvariantError } from '../../base/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';

const RETRY_MS = 1000;

export type Work = () => Promise<void>;

export interface LaneOptions {
  readonly clock: Clock;
  /** The next piece, null when there is nothing to do. */
  next(): Work | null;
  /** A piece failed; null: one was done, or there is none any more. */
  onResult(error: unknown): void;
}

export class Lane {
  /** Settles, without an error, when the piece under way has ended. */
  running: Promise<void> | undefined;
  private readonly options: LaneOptions;
  private retry: Timer | undefined;
  private closed = false;

  constructor(options: LaneOptions) {
    this.options = options;
  }

  /** Begins what there is to do, unless a piece is under way or one that failed waits for its time. */
  kick(): void {
    if (this.closed || this.running !== undefined || this.retry !== undefined) return;
    const work = this.options.next();
    if (work !== null) void this.begin(work);
  }

  /** Does one piece of the caller's before others. Nothing is under way. */
  begin(work: Work): Promise<void> {
    this.running = this.run(work).finally(() => {
      this.running = undefined;
      this.kick();
    });
    return this.running;
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.retry !== undefined) this.options.clock.clearTimer(this.retry);
    await this.running;
  }

  private async run(work: Work): Promise<void> {
    try {
      await work();
      this.options.onResult(null);
    } catch (error) {
      // A broken invariant is nobody's to go on after: the rejection ends the process.
      if (error instanceof InvariantError) throw error;
      if (this.closed) return;
      this.options.onResult(error);
      this.retry ??= this.options.clock.setTimer(RETRY_MS, () => {
        this.retry = undefined;
        this.kick();
        // What failed is not wanted any more.
        if (this.running === undefined) this.options.onResult(null);
      });
      this.retry.unref();
    }
  }
}
