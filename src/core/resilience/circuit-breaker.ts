/**
 * Stops sending to a server that answers with failures, and finds out with few requests when it is well.
 *
 * Closed: everything passes; it trips after `consecutiveFailures` in a row, or when of at least
 * `requestsMin` results of the last `windowMs` the share `errorShare` failed. Open: nothing passes for
 * `openMs`, twice as long after each probe that failed, up to `openMaxMs`. Half-open: `probesMax` attempts at
 * a time pass; `probesToClose` successes in a row close it, one failure opens it.
 *
 * An attempt that was admitted holds a generation until it is recorded or released; results that come when
 * the breaker has changed its state meanwhile say nothing about the new state and are dropped.
 * Invariants, for callers that admit only what `admits` allows: while open nothing passes; while half-open at
 * most `probesMax` attempts are under way. A failed probe never closes.
 */
import { invariant } from '../base/index.ts';
import { type BreakerEvent, type BreakerState, nextBreakerState } from './breaker-states.ts';
import { SlidingCounts } from './sliding-counts.ts';

export interface BreakerOptions {
  /** Failures in a row that trip it; 0 switches this rule off. */
  readonly consecutiveFailures: number;
  /** Share of failures, above 0 to 1, that trips it; above 1 switches this rule off. */
  readonly errorShare: number;
  /** Results in the window below which the share says nothing. */
  readonly requestsMin: number;
  readonly windowMs: number;
  /** How long it stays open the first time, and at most. */
  readonly openMs: number;
  readonly openMaxMs: number;
  /** Attempts under way at a time while half-open. */
  readonly probesMax: number;
  /** Successes that close it. */
  readonly probesToClose: number;
}

export const breakerDefaults: BreakerOptions = {
  consecutiveFailures: 10,
  errorShare: 0.5,
  requestsMin: 50,
  windowMs: 10_000,
  openMs: 5_000,
  openMaxMs: 60_000,
  probesMax: 1,
  probesToClose: 3,
};

export class CircuitBreaker {
  /** How often it has tripped or opened again, for a metric. */
  opened = 0;
  /** May be replaced by others with the same window: they hold from the next result on. */
  options: BreakerOptions;
  /** First: results. Second: failures among them. */
  private readonly counts: SlidingCounts;
  private current: BreakerState = 'closed';
  private generation = 0;
  private failuresInRow = 0;
  /** Openings since it was last closed. */
  private openings = 0;
  private openUntilMs = 0;
  private probes = 0;
  private passed = 0;

  constructor(options: BreakerOptions = breakerDefaults) {
    invariant(
      options.probesMax >= 1 && options.probesToClose >= 1,
      'a breaker needs probes to close',
    );
    this.options = options;
    this.counts = new SlidingCounts(options.windowMs);
  }

  /** The state at `nowMs`: an open breaker whose time is over is half-open. */
  state(nowMs: number): BreakerState {
    if (this.current === 'open' && nowMs >= this.openUntilMs) this.go('wait-over', nowMs);
    return this.current;
  }

  /** When an open breaker lets probes pass, in monotonic milliseconds; undefined when it is not open. */
  get probesFromMs(): number | undefined {
    return this.current === 'open' ? this.openUntilMs : undefined;
  }

  /** Whether `admit` would let an attempt pass. */
  admits(nowMs: number): boolean {
    const state = this.state(nowMs);
    return state === 'closed' || (state === 'half-open' && this.probes < this.options.probesMax);
  }

  /**
   * Lets an attempt pass, whatever `admits` says (panic and persistence may overrule it).
   *
   * @returns the generation to hand to `record` or `release`, exactly once.
   */
  admit(nowMs: number): number {
    if (this.state(nowMs) === 'half-open') this.probes++;
    return this.generation;
  }

  /** The result of an attempt that was admitted. */
  record(generation: number, success: boolean, nowMs: number): void {
    if (generation !== this.generation) return;
    if (this.current === 'closed') this.recordClosed(success, nowMs);
    else if (this.current === 'half-open') this.recordProbe(success, nowMs);
  }

  /** An attempt that was admitted ended without saying anything about the server: its client left. */
  release(generation: number): void {
    if (generation === this.generation && this.current === 'half-open') this.probes--;
  }

  private recordClosed(success: boolean, nowMs: number): void {
    const { consecutiveFailures, errorShare, requestsMin } = this.options;
    this.counts.add(1, success ? 0 : 1, nowMs);
    if (success) {
      this.failuresInRow = 0;
      return;
    }
    this.failuresInRow++;
    const results = this.counts.first(nowMs);
    const tooMany = results >= requestsMin && this.counts.second(nowMs) >= errorShare * results;
    const inRow = consecutiveFailures > 0 && this.failuresInRow >= consecutiveFailures;
    if (tooMany || inRow) this.go('tripped', nowMs);
  }

  private recordProbe(success: boolean, nowMs: number): void {
    this.probes--;
    if (!success) this.go('probe-failed', nowMs);
    else if (++this.passed >= this.options.probesToClose) this.go('probes-passed', nowMs);
  }

  private go(event: BreakerEvent, nowMs: number): void {
    this.current = nextBreakerState(this.current, event);
    this.generation++;
    switch (this.current) {
      case 'open': {
        const { openMs, openMaxMs } = this.options;
        this.openUntilMs = nowMs + Math.min(openMaxMs, openMs * 2 ** Math.min(52, this.openings));
        this.openings++;
        this.opened++;
        return;
      }
      case 'half-open':
        this.probes = 0;
        this.passed = 0;
        return;
      case 'closed':
        this.openings = 0;
        this.failuresInRow = 0;
        this.counts.clear();
    }
  }
}
