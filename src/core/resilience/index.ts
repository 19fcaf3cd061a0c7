/** What keeps one failure from becoming many: budgets, breakers, buckets, averages, delays. Pure: time is an argument. */
export { type BackoffOptions, backoffCeilingMs, backoffMs } from './backoff.ts';
export {
  type BreakerEvent,
  type BreakerState,
  breakerTransitions,
  nextBreakerState,
} from './breaker-states.ts';
export { type BreakerOptions, breakerDefaults, CircuitBreaker } from './circuit-breaker.ts';
export {
  type Deadline,
  deadlineAfter,
  earliest,
  isOver,
  NO_DEADLINE,
  remainingMs,
} from './deadline.ts';
export { Ewma, PeakEwma } from './ewma.ts';
export { RetryBudget, type RetryBudgetOptions, retryBudgetDefaults } from './retry-budget.ts';
export { SlidingCounts } from './sliding-counts.ts';
export { TokenBucket } from './token-bucket.ts';
