/**
 * Averages in which a sample loses weight with time, not with the number of samples after it.
 *
 * A sample of age t weighs exp(-t / timeConstantMs), so a burst of samples does not drown the past and a
 * quiet time does not keep it. `PeakEwma` follows a rise at once and forgets it slowly: a server that has
 * become slow is known after one answer. Source: Finagle's PeakEwma load metric.
 *
 * Invariants: the average lies between the least and the greatest sample; the peak average is never below
 * the plain one. Time that goes back counts as no time passed.
 * Hot: bench/balancer-policies.ts.
 */
import { invariant } from '../base/index.ts';

export class Ewma {
  /** The average; NaN before the first sample. */
  value = Number.NaN;
  protected readonly timeConstantMs: number;
  protected atMs = 0;

  constructor(timeConstantMs: number) {
    invariant(timeConstantMs > 0, 'an average has a time constant');
    this.timeConstantMs = timeConstantMs;
  }

  /** Adds a sample, any unit, taken at `nowMs` (monotonic). */
  add(sample: number, nowMs: number): void {
    if (Number.isNaN(this.value)) {
      this.value = sample;
      this.atMs = nowMs;
      return;
    }
    const keeps = this.keeps(nowMs);
    this.value = this.value * keeps + sample * (1 - keeps);
    this.atMs = Math.max(this.atMs, nowMs);
  }

  /** Share of its weight that the average has kept since the last sample, above 0 up to 1. */
  protected keeps(nowMs: number): number {
    const passedMs = nowMs - this.atMs;
    return passedMs > 0 ? Math.exp(-passedMs / this.timeConstantMs) : 1;
  }
}

export class PeakEwma extends Ewma {
  override add(sample: number, nowMs: number): void {
    if (sample > this.value) {
      this.value = sample;
      this.atMs = Math.max(this.atMs, nowMs);
    } else super.add(sample, nowMs);
  }

  /** The value as it is worth now: without new samples it sinks towards 0. NaN before the first sample. */
  fadedValue(nowMs: number): number {
    return this.value * this.keeps(nowMs);
  }
}
