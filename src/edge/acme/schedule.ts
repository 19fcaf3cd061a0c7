/**
 * When a certificate is asked for. Pure: a course and what has happened give the next course; nobody waits here.
 *
 *        nothing fit held ──▶ due at once ──▶ tried ──▶ renewed: rests, due when two thirds of the life are over
 *        asked by an operator ──▶ due at once   └─────▶ failed: rests 1, 3, 9 ... minutes, a day at most
 *
 * Invariants: between two tries lies a rest, whatever the clock of people does; a rest that the authority asked for
 * holds for operators too. Times are milliseconds since 1970 by that clock, which may jump: a rest is never longer
 * than it was when it began.
 */
import {
  FIRST_REST_MS,
  REST_AFTER_SUCCESS_MS_MAX,
  REST_FACTOR,
  REST_JITTER,
  REST_MS_MAX,
  RETRY_AFTER_MS_MAX,
} from './limits.ts';

/** From when until when a certificate holds. */
export interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface Course {
  /** Of the certificate that is held and fits what is wanted; undefined: there is none. */
  readonly held: Validity | undefined;
  /** Tries since the last success. */
  readonly failures: number;
  /** No try before this; 0: at once. */
  readonly restUntilMs: number;
  /** How long that rest is. */
  readonly restMs: number;
  /** The authority asked for the rest. */
  readonly isOrdered: boolean;
  /** An operator wants a new one now. */
  readonly isAsked: boolean;
  /** When the authority would like it to be renewed (RFC 9773); undefined: it says nothing. */
  readonly suggestedMs: number | undefined;
}

export const FRESH: Course = {
  held: undefined,
  failures: 0,
  restUntilMs: 0,
  restMs: 0,
  isOrdered: false,
  isAsked: false,
  suggestedMs: undefined,
};

/** When the next try is due; in the past: now. */
export function dueAtMs(course: Course): number {
  const { restUntilMs, isOrdered, isAsked, held } = course;
  if (isAsked) return isOrdered ? restUntilMs : 0;
  if (held === undefined) return restUntilMs;
  return Math.max(restUntilMs, renewalMs(held, course.suggestedMs));
}

/** Two thirds into its life, or when the authority would like it, while a tenth of the life is left to try in. */
export function renewalMs(
  { notBeforeMs, notAfterMs }: Validity,
  suggestedMs: number | undefined,
): number {
  const lifeMs = Math.max(0, notAfterMs - notBeforeMs);
  if (suggestedMs === undefined) return notBeforeMs + (lifeMs * 2) / 3;
  return Math.min(suggestedMs, notAfterMs - lifeMs / 10);
}

/** To be called before each look: what a clock that was set back has made longer is cut. */
export function withoutJumps(course: Course, nowMs: number): Course {
  if (course.restUntilMs - nowMs <= course.restMs) return course;
  return { ...course, restUntilMs: nowMs + course.restMs };
}

export interface Failure {
  readonly nowMs: number;
  /** What the authority asked for. */
  readonly retryAfterMs: number | undefined;
  /** Uniform in [0, 1). */
  readonly chance: number;
}

export function failed(course: Course, { nowMs, retryAfterMs = 0, chance }: Failure): Course {
  const ownMs =
    Math.min(REST_MS_MAX, FIRST_REST_MS * REST_FACTOR ** course.failures) *
    (1 + REST_JITTER * chance);
  const orderedMs = Math.min(RETRY_AFTER_MS_MAX, retryAfterMs);
  const restMs = Math.max(ownMs, orderedMs);
  return {
    ...course,
    failures: course.failures + 1,
    ...{ restMs, restUntilMs: nowMs + restMs, isOrdered: orderedMs > 0, isAsked: false },
    // What it would have liked may be why it refused.
    suggestedMs: undefined,
  };
}

export function renewed(held: Validity, nowMs: number): Course {
  const thirdMs = Math.max(0, held.notAfterMs - held.notBeforeMs) / 3;
  const restMs = Math.min(REST_AFTER_SUCCESS_MS_MAX, Math.max(FIRST_REST_MS, thirdMs));
  return { ...FRESH, held, restMs, restUntilMs: nowMs + restMs };
}

export function asked(course: Course): Course {
  return { ...course, isAsked: true };
}

/** @param suggestedMs chosen within the authority's window. */
export function suggested(course: Course, suggestedMs: number | undefined): Course {
  return { ...course, suggestedMs };
}
