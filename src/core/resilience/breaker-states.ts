/**
 * The states of a circuit breaker and what moves it from one to the next.
 *
 *     closed ──tripped──▶ open ──wait-over──▶ half-open ──probes-passed──▶ closed
 *                           ▲                     │
 *                           └─────probe-failed────┘
 *
 * An event that is not in a state's row does not happen in it: results of attempts that began before the
 * state was entered are not events (`CircuitBreaker` tells them apart by generation).
 * Source: Nygard, "Release It!", Circuit Breaker.
 */
import { invariant } from '../base/index.ts';

export type BreakerState = 'closed' | 'open' | 'half-open';
export type BreakerEvent = 'tripped' | 'wait-over' | 'probe-failed' | 'probes-passed';

export const breakerTransitions = {
  closed: { tripped: 'open' },
  open: { 'wait-over': 'half-open' },
  'half-open': { 'probe-failed': 'open', 'probes-passed': 'closed' },
} as const satisfies Record<BreakerState, Partial<Record<BreakerEvent, BreakerState>>>;

export function nextBreakerState(state: BreakerState, event: BreakerEvent): BreakerState {
  const row: Partial<Record<BreakerEvent, BreakerState>> = breakerTransitions[state];
  const next = row[event];
  invariant(next !== undefined, 'this event does not happen in this state of a breaker');
  return next;
}
