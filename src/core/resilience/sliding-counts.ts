/**
 * Two counters over a sliding window: `first` and `second` events of the last `windowMs`.
 *
 * The window moves in `SLOTS` steps, so it covers between nine tenths and all of `windowMs`. Recording and
 * reading cost the same however many events there were, and allocate nothing.
 * Invariants: the sums equal the sums of the slots; time that goes back counts as no time passed.
 */
import { invariant } from '../base/index.ts';

export const SLOTS = 10;

export class SlidingCounts {
  readonly slotMs: number;
  private readonly firsts = new Float64Array(SLOTS);
  private readonly seconds = new Float64Array(SLOTS);
  private firstSum = 0;
  private secondSum = 0;
  /** Number of the slot that is being filled, counted from time zero. */
  private slot = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    invariant(windowMs > 0, 'a sliding window has a length');
    this.slotMs = windowMs / SLOTS;
  }

  /** Adds to both counters; `nowMs` is monotonic. */
  add(first: number, second: number, nowMs: number): void {
    this.advance(nowMs);
    const at = this.slot % SLOTS;
    this.firsts[at]! += first;
    this.seconds[at]! += second;
    this.firstSum += first;
    this.secondSum += second;
  }

  first(nowMs: number): number {
    this.advance(nowMs);
    return this.firstSum;
  }

  second(nowMs: number): number {
    this.advance(nowMs);
    return this.secondSum;
  }

  clear(): void {
    this.firsts.fill(0);
    this.seconds.fill(0);
    this.firstSum = 0;
    this.secondSum = 0;
  }

  private advance(nowMs: number): void {
    const now = Math.floor(nowMs / this.slotMs);
    if (now <= this.slot) return;
    if (now - this.slot >= SLOTS) this.clear();
    else {
      for (let slot = this.slot + 1; slot <= now; slot++) {
        const at = slot % SLOTS;
        this.firstSum -= this.firsts[at]!;
        this.secondSum -= this.seconds[at]!;
        this.firsts[at] = 0;
        this.seconds[at] = 0;
      }
    }
    this.slot = now;
  }
}
