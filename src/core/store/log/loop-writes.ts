/**
 * Whether a write may be made on the event loop, where it costs no thread and no context switch, or
 * must go to a thread, where a slow disk stops nobody.
 *
 *     on the loop ── over a third of recent writes slow, or one stuck ──▶ resting (threads)
 *          ▲                                                                │ 100 ms, doubled
 *          └──────────── few more slow ones bring it back ◀────────────────┘ each time again
 *
 * What counts is how many are slow, not how long they take on average: on a busy machine a write now
 * and then loses its processor for milliseconds, which says nothing about the disk. Only writes made
 * on the loop are timed: what a thread takes shows the load of the loop as well.
 */
import {
  loopRestMsMax,
  loopRestMsMin,
  loopWriteBytesMax,
  slowWriteMicros,
  stuckWriteMicros,
} from './limits.ts';

/** A slow write adds two, any other takes one off: it rises when more than a third are slow. */
const scoreMax = 24;
/** After a rest: how many slow ones more (half of it) end the probe. */
const probeScore = 4;

export class LoopWrites {
  readonly #allowed: boolean;
  #score = 0;
  #restMs = loopRestMsMin;
  /** Monotonic; no write on the loop before. */
  #restUntilMs = Number.NEGATIVE_INFINITY;

  constructor(allowed = true) {
    this.#allowed = allowed;
  }

  /** True when a write of `bytes` may be made on the loop. */
  allows(bytes: number, nowMs: number): boolean {
    return this.#allowed && bytes <= loopWriteBytesMax && nowMs >= this.#restUntilMs;
  }

  /** A write on the loop has ended. */
  took(micros: number, nowMs: number): void {
    if (micros < slowWriteMicros) {
      if (this.#score > 0 && --this.#score === 0) this.#restMs = loopRestMsMin;
      return;
    }
    this.#score = micros < stuckWriteMicros ? this.#score + 2 : scoreMax;
    if (this.#score < scoreMax) return;
    this.#restUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(loopRestMsMax, this.#restMs * 2);
    this.#score = scoreMax - probeScore;
  }

  /** Another kind of descriptor is written to from now on. */
  reset(): void {
    this.#score = 0;
    this.#restMs = loopRestMsMin;
    this.#restUntilMs = Number.NEGATIVE_INFINITY;
  }
}
