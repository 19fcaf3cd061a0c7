/**
 * Whether a request that takes long is sent to a second server as well; the first answer wins.
 *
 * Worth it only for the slowest few: with a delay at the 95th percentile it adds at most a twentieth to the
 * load. It is taken from the retry budget, so a pool that is slow as a whole is not asked twice.
 * Source: Dean and Barroso, "The Tail at Scale" (2013).
 */
import type { RetryBudget } from '../../core/resilience/index.ts';

export interface RunningRequest {
  /** So far, the one under way included. */
  readonly attempts: number;
  readonly idempotent: boolean;
  readonly otherServer: boolean;
}

/** Why there is no second attempt; `hedge` when there shall be one now, taken from the budget. */
export type HedgeDecision =
  | 'hedge'
  | 'not-repeatable'
  | 'attempts-over'
  | 'no-other-server'
  | 'budget-empty';

/** @param attemptsMax those of one request, the first included. */
export function decideHedge(
  request: RunningRequest,
  attemptsMax: number,
  budget: RetryBudget,
  nowMs: number,
): HedgeDecision {
  if (!request.idempotent) return 'not-repeatable';
  if (request.attempts >= attemptsMax) return 'attempts-over';
  if (!request.otherServer) return 'no-other-server';
  return budget.take(nowMs) ? 'hedge' : 'budget-empty';
}
