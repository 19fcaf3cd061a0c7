/** How far a start is with reading the log: for `status`, and as lines of the log when it takes long. */
import type { WorkDone } from '../core/base/index.ts';
import type { Logger } from '../core/observe/index.ts';
import type { Clock } from '../core/runtime/index.ts';

/** Between two lines of the log, milliseconds; a start that is quicker says nothing. */
const LINE_EVERY_MS = 2_000;

export interface LoadingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Keys in memory so far. */
  keys(): number;
}

export class Loading {
  private readonly options: LoadingOptions;
  private lineAtMs: number;
  /** How much of the log is read, percent; undefined while nothing is being read. */
  now: { readonly percent: number } | undefined;

  constructor(options: LoadingOptions) {
    this.options = options;
    this.lineAtMs = options.clock.monotonicMs() + LINE_EVERY_MS;
  }

  tell({ doneBytes, totalBytes }: WorkDone): void {
    const { clock, log, keys } = this.options;
    // Bytes that were made ready for later writes count as read when the end is found: never above 100.
    const percent = Math.min(100, Math.floor((doneBytes / Math.max(1, totalBytes)) * 100));
    this.now = { percent };
    const nowMs = clock.monotonicMs();
    if (nowMs < this.lineAtMs) return;
    this.lineAtMs = nowMs + LINE_EVERY_MS;
    log.info('loading', { percent, doneBytes, totalBytes, keys: keys() });
  }
}
