/**
 * Whether a request that takes long is sent to a second server as well; the first answer wins.
 *
 * Worth it only for the slowest few: with a delay at the 95th percentile it adds at most a twentieth to the
 * load. It is taken from the retry budget, so a pool that is slow as a whole is not asked twice.
 * Source: Dean and Barroso, "The Tail at Scale" (2013).
 */
import type { RetryBudget } from '../../core/resilience/index.ts';

export interface HedgeRules {
  /** Least delay, in milliseconds, whatever the latencies say. */
  readonly afterMinMs: number;
  /** Attempts under way at a time, the first included, 2 or more. */
  readonly attemptsMax: number;
}

export interface RunningRequest {
  /** Since its last attempt began. */
  readonly elapsedMs: number;
  readonly attempts: number;
  readonly idempotent: boolean;
  readonly bodyReplayable: boolean;
  readonly answerBegun: boolean;
  readonly otherServer: boolean;
}

/** Why there is no second attempt yet; `hedge` when there shall be one now, taken from the budget. */
export type HedgeDecision =
  | 'hedge'
  | 'too-early'
  | 'answer-begun'
  | 'not-repeatable'
  | 'attempts-over'
  | 'no-other-server'
  | 'budget-empty';

/** The delay after which a request counts as slow: `quantileMs` of the pool's latency, at least the minimum. */
export function hedgeDelayMs(quantileMs: number, rules: HedgeRules): number {
  return Math.max(rules.afterMinMs, quantileMs);
}

export function decideHedge(
  request: RunningRequest,
  delayMs: number,
  rules: HedgeRules,
  budget: RetryBudget,
  nowMs: number,
): HedgeDecision {
  if (request.elapsedMs < delayMs) return 'too-early';
  if (request.answerBegun) return 'answer-begun';
  if (!request.idempotent || !request.bodyReplayable) return 'not-repeatable';
  if (request.attempts >= rules.attemptsMax) return 'attempts-over';
  if (!request.otherServer) return 'no-other-server';
  return budget.take(nowMs) ? 'hedge' : 'budget-empty';
}
