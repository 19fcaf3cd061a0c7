/** What the guard does, in the log: each mitigation with its reason, at most so many lines a second, and how many were left out. */
import type { LogFields, Logger } from '../../core/observe/index.ts';
import { TokenBucket } from '../../core/resilience/index.ts';

const LINES_PER_SECOND = 5;
const LINES_AT_ONCE = 50;

export class GuardLog {
  private readonly log: Logger;
  private readonly bucket: TokenBucket;
  private leftOut = 0;

  constructor(log: Logger, nowMs: number) {
    this.log = log;
    this.bucket = new TokenBucket({ capacity: LINES_AT_ONCE, perSecond: LINES_PER_SECOND, nowMs });
  }

  /** Something was done to somebody. */
  mitigation(event: string, fields: LogFields, nowMs: number): void {
    if (!this.bucket.take(1, nowMs)) {
      this.leftOut++;
      return;
    }
    const { leftOut } = this;
    this.leftOut = 0;
    this.log.warn(event, leftOut === 0 ? fields : { ...fields, linesLeftOut: leftOut });
  }

  /** Rare, and never left out. */
  change(event: string, fields: LogFields): void {
    this.log.warn(event, fields);
  }
}
