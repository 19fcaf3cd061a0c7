/**
 * How long to wait before trying again: anything from nothing to a ceiling that doubles with each failure.
 *
 * Full jitter: those who failed together do not come back together. Source: Brooker, "Exponential Backoff
 * And Jitter" (AWS Architecture Blog, 2015), where it needed the fewest calls of the ways compared.
 */
import type { Random } from '../runtime/index.ts';

export interface BackoffOptions {
  /** Ceiling of the wait before the first retry, in milliseconds. */
  readonly baseMs: number;
  /** Ceiling of every wait, in milliseconds. */
  readonly maxMs: number;
}

/** Milliseconds to wait before retry number `retry` (1, 2, ...): uniform in [0, ceiling). */
export function backoffMs(retry: number, options: BackoffOptions, random: Random): number {
  return random.float() * backoffCeilingMs(retry, options);
}

/** The longest wait before retry number `retry`: base x 2^(retry - 1), at most `maxMs`. */
export function backoffCeilingMs(retry: number, options: BackoffOptions): number {
  // Beyond 2^52 a double only grows coarser; the ceiling was reached long before.
  return Math.min(options.maxMs, options.baseMs * 2 ** Math.min(52, Math.max(0, retry - 1)));
}
