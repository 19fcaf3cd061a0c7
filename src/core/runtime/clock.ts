/**
 * Time as the program sees it.
 *
 * Monotonic for durations and deadlines, wall clock for people and for what is written down. Read it
 * once a batch and hand the value on.
 */

/** A pending timer; opaque. */
export interface Timer {
  /** Lets the process end although this timer is pending. */
  unref(): void;
}

export interface Clock {
  /** Milliseconds since an arbitrary start, with fractions; never goes back. */
  monotonicMs(): number;
  /** Microseconds since the same start, whole; never goes back. */
  nowMicros(): number;
  /** Milliseconds since 1970-01-01 UTC, whole; may jump either way. */
  wallMs(): number;
  /** Calls `run` once, not inside this call, when `delayMs` have passed. */
  setTimer(delayMs: number, run: () => void): Timer;
  /** A cleared timer never fires; clearing twice or after it fired does nothing. */
  clearTimer(timer: Timer): void;
  /** Calls `run` once after the events at hand are handled: the next turn of the loop. */
  nextTurn(run: () => void): void;
}
