/**
 * Whether a failed attempt may be made again, where, and when. Pure: the budget is the only thing that changes.
 *
 * Safe to repeat is an attempt of which the server cannot have begun to work: nothing was sent, or an
 * HTTP/2 server said so (REFUSED_STREAM, or GOAWAY below the stream). Otherwise only an idempotent method
 * (RFC 9110 section 9.2.2) whose body can be sent again. And never when the client has got a byte of an
 * answer. The reasons stand in the order in which they are looked at; the budget comes last, so that only
 * retries that are made are taken from it.
 *
 * Retry-After (RFC 9110 section 10.2.3) with 503 speaks for the server that sent it: another server is tried
 * after the usual wait, the same one not before that time. When that is longer than `retryAfterMaxMs` or the
 * deadline, the 503 goes to the client as it is.
 */

import {
  type BackoffOptions,
  backoffMs,
  type Deadline,
  type RetryBudget,
  remainingMs,
} from '../../core/resilience/index.ts';
import type { Random } from '../../core/runtime/index.ts';

/** What came of an attempt that did not succeed. */
export interface FailedAttempt {
  /** 1 for the first attempt of a request. */
  readonly number: number;
  /**
   * How far the request got: `nothing` of it was sent; `refused` by the server before it worked on it;
   * `some` of it was sent, the server may have worked on it.
   */
  readonly sent: 'nothing' | 'refused' | 'some';
  /** Status of the answer; 0 when there was none: connection failed, broken off, timed out. */
  readonly status: number;
  /** What its Retry-After says, in milliseconds from now; undefined when there is none. */
  readonly retryAfterMs: number | undefined;
  readonly idempotent: boolean;
  /** The body, if any, is kept whole and can be sent again. */
  readonly bodyReplayable: boolean;
  /** The client has got a byte of the answer (1xx does not count). */
  readonly answerBegun: boolean;
  /** Another server than those tried could take it. */
  readonly otherServer: boolean;
  readonly deadline: Deadline;
}

export interface RetryRules {
  /** Attempts of a request, the first included. 1 is no retry. */
  readonly attemptsMax: number;
  /** Statuses that are retried like a broken connection. */
  readonly statuses: readonly number[];
  readonly backoff: BackoffOptions;
  /** Retry-After up to which a request is held here, in milliseconds. */
  readonly retryAfterMaxMs: number;
}

export const retryRuleDefaults: RetryRules = {
  attemptsMax: 3,
  statuses: [502, 503, 504],
  backoff: { baseMs: 25, maxMs: 1_000 },
  retryAfterMaxMs: 2_000,
};

/** Why an attempt is the last one. Each has a counter. */
export const noRetryTable = {
  'not-retried-status': 'the answer is one for the client',
  'answer-begun': 'the client has got part of the answer',
  'not-idempotent': 'the server may have begun and the method must not be repeated',
  'body-gone': 'the body cannot be sent again',
  'attempts-over': 'the attempts of the request are used up',
  'retry-after-too-long': 'the server asked for more patience than there is',
  'no-time': 'the deadline of the request comes first',
  'budget-empty': 'the retry budget of the pool is used up',
} as const;

export type NoRetry = keyof typeof noRetryTable;

export type RetryDecision =
  | { readonly retry: true; readonly afterMs: number; readonly sameServer: boolean }
  | { readonly retry: false; readonly because: NoRetry };

export function decideRetry(
  attempt: FailedAttempt,
  rules: RetryRules,
  budget: RetryBudget,
  random: Random,
  nowMs: number,
): RetryDecision {
  const because = whyNever(attempt, rules);
  if (because !== undefined) return { retry: false, because };
  const sameServer = !attempt.otherServer;
  const asked = sameServer ? (attempt.retryAfterMs ?? 0) : 0;
  if (asked > rules.retryAfterMaxMs) return { retry: false, because: 'retry-after-too-long' };
  const afterMs = Math.max(asked, wait(attempt, rules, random));
  if (afterMs >= remainingMs(attempt.deadline, nowMs)) return { retry: false, because: 'no-time' };
  if (!budget.take(nowMs)) return { retry: false, because: 'budget-empty' };
  return { retry: true, afterMs, sameServer };
}

function whyNever(attempt: FailedAttempt, rules: RetryRules): NoRetry | undefined {
  if (attempt.status !== 0 && !rules.statuses.includes(attempt.status)) return 'not-retried-status';
  if (attempt.answerBegun) return 'answer-begun';
  if (attempt.sent === 'some' && !attempt.idempotent) return 'not-idempotent';
  if (attempt.sent !== 'nothing' && !attempt.bodyReplayable) return 'body-gone';
  if (attempt.number >= rules.attemptsMax) return 'attempts-over';
  return undefined;
}

/** The first retry on another server need not wait: that server did nothing wrong. */
function wait(attempt: FailedAttempt, rules: RetryRules, random: Random): number {
  if (attempt.otherServer && attempt.number === 1) return 0;
  return backoffMs(attempt.number, rules.backoff, random);
}

/** The methods of RFC 9110 section 9.2.2; others are repeated only when nothing was sent. */
const idempotent = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']);

export function isIdempotent(method: string): boolean {
  return idempotent.has(method);
}
