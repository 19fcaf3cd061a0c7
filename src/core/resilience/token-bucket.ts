/**
 * Tokens that come at a steady rate and are kept up to a capacity: a rate with room for a burst.
 *
 * Invariant: in any span of time the tokens given are at most capacity + rate x span.
 * Source: the token bucket of RFC 2697 section 3, filled when it is looked at and not by a timer.
 */
import { invariant } from '../base/index.ts';

export class TokenBucket {
  private readonly capacity: number;
  private readonly perMs: number;
  private tokens: number;
  private filledMs: number;

  /** A full bucket. `perSecond` may be 0: the capacity is then all there ever is. */
  constructor(options: { capacity: number; perSecond: number; nowMs: number }) {
    invariant(
      options.capacity > 0 && options.perSecond >= 0,
      'a bucket has room, its rate is not negative',
    );
    this.capacity = options.capacity;
    this.perMs = options.perSecond / 1000;
    this.tokens = options.capacity;
    this.filledMs = options.nowMs;
  }

  /** Takes `count` tokens, or none when there are fewer. */
  take(count: number, nowMs: number): boolean {
    if (this.available(nowMs) < count) return false;
    this.tokens -= count;
    return true;
  }

  /** Tokens in the bucket, with fractions. */
  available(nowMs: number): number {
    const passedMs = nowMs - this.filledMs;
    if (passedMs > 0) {
      this.tokens = Math.min(this.capacity, this.tokens + passedMs * this.perMs);
      this.filledMs = nowMs;
    }
    return this.tokens;
  }

  /** Milliseconds until `count` tokens are there, for Retry-After: 0 now, Infinity never. */
  waitMs(count: number, nowMs: number): number {
    const missing = count - this.available(nowMs);
    if (missing <= 0) return 0;
    return count > this.capacity || this.perMs === 0
      ? Number.POSITIVE_INFINITY
      : missing / this.perMs;
  }
}
