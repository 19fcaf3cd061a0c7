/**
 * How many retries a service may add to the load of its servers.
 *
 * Over the last `windowMs` at most `share` of the requests, and `minimumPerSecond` besides, so that a
 * service with little traffic can retry at all. A count of attempts for each request cannot give this: when
 * everything fails, three attempts each are three times the load on servers that are failing already.
 * Source: Finagle's RetryBudget (a share of requests and a minimum, over a window), Envoy's retry_budget.
 *
 * Invariant: at each retry that is allowed, retries in the window, this one included, are at most
 * share x requests in the window + minimumPerSecond x window in seconds.
 */
import { invariant } from '../base/index.ts';
import { SlidingCounts } from './sliding-counts.ts';

export interface RetryBudgetOptions {
  /** Retries allowed for each request, 0 to 10: 0.2 is one retry for five requests. */
  readonly share: number;
  /** Retries a second that are allowed whatever the traffic. */
  readonly minimumPerSecond: number;
  /** Length of the window in milliseconds. */
  readonly windowMs: number;
}

export const retryBudgetDefaults: RetryBudgetOptions = {
  share: 0.2,
  minimumPerSecond: 10,
  windowMs: 10_000,
};

export class RetryBudget {
  /** Retries that were refused, for a metric. */
  refused = 0;
  private readonly options: RetryBudgetOptions;
  private readonly minimum: number;
  /** First: requests. Second: retries. */
  private readonly counts: SlidingCounts;

  constructor(options: RetryBudgetOptions = retryBudgetDefaults) {
    invariant(options.share >= 0 && options.share <= 10, 'the share of retries is from 0 to 10');
    invariant(options.minimumPerSecond >= 0, 'the least number of retries is not negative');
    this.options = options;
    this.minimum = (options.minimumPerSecond * options.windowMs) / 1000;
    this.counts = new SlidingCounts(options.windowMs);
  }

  /** A first attempt was made. Retries are not requests. */
  request(nowMs: number): void {
    this.counts.add(1, 0, nowMs);
  }

  /** Takes one retry from the budget, or says that there is none. */
  take(nowMs: number): boolean {
    if (this.left(nowMs) < 1) {
      this.refused++;
      return false;
    }
    this.counts.add(0, 1, nowMs);
    return true;
  }

  /** Retries that may be made now, with fractions; never negative. */
  left(nowMs: number): number {
    const allowed = this.minimum + this.options.share * this.counts.first(nowMs);
    return Math.max(0, allowed - this.counts.second(nowMs));
  }
}
