/**
 * Whether a stored response may answer a request, RFC 9111 section 4: it is fresh enough, or may be used stale, or
 * has to be validated first.
 */
import type { Directives } from './directives.ts';

/** What was decided about a response when it was stored or freshened. */
export interface StoredFreshness {
  readonly lifetimeSeconds: number;
  readonly initialAgeSeconds: number;
  /** When it came, in the time that `nowMs` is of. */
  readonly responseMs: number;
  readonly directives: Directives;
  /** A purge or an unsafe request says that it is out of date: stale, whatever its times say (section 4.4). */
  readonly invalidated: boolean;
}

export interface ReuseRules {
  /** Seconds that a stale response may be served when its server fails and the response says nothing of it. */
  readonly graceSeconds: number;
}

/** What decided, each with its section. */
export const reuseReasons = {
  fresh: 'section 4.2: it is fresh',
  'max-stale': 'section 5.2.1.2: stale, and the client takes that',
  'stale-while-revalidate': 'RFC 5861 section 3: stale, and is revalidated behind the client',
  stale: 'section 4.2.4: it is stale',
  'no-cache': 'section 5.2.2.4: the response is to be validated each time',
  'request-no-cache': 'section 5.2.1.4: the client wants it validated',
  'request-max-age': 'section 5.2.1.1: it is older than the client takes',
  'min-fresh': 'section 5.2.1.3: it would not stay fresh for as long as the client wants',
} as const;
export type ReuseReason = keyof typeof reuseReasons;

export interface Reuse {
  /** `background`: use it now, and validate it meanwhile. */
  readonly verdict: 'use' | 'background' | 'validate';
  readonly reason: ReuseReason;
  readonly ageSeconds: number;
}

/** Section 4.2.3, `current_age`. */
export function currentAge(
  { initialAgeSeconds, responseMs }: StoredFreshness,
  nowMs: number,
): number {
  return initialAgeSeconds + Math.max(0, nowMs - responseMs) / 1000;
}

export function decideReuse(request: Directives, stored: StoredFreshness, nowMs: number): Reuse {
  const ageSeconds = currentAge(stored, nowMs);
  const { directives, lifetimeSeconds, invalidated } = stored;
  const validate = (reason: ReuseReason): Reuse => ({ verdict: 'validate', reason, ageSeconds });
  if (needsValidation(directives)) return validate('no-cache');
  if (request.has('no-cache')) return validate('request-no-cache');
  const staleSeconds = invalidated ? Number.POSITIVE_INFINITY : ageSeconds - lifetimeSeconds;
  // A time that cannot be read asks for nothing.
  const maxAge = request.seconds('max-age');
  const tooOld = maxAge !== undefined && ageSeconds > maxAge;
  if (staleSeconds < 0) {
    const minFresh = request.seconds('min-fresh');
    if (tooOld) return validate('request-max-age');
    if (minFresh !== undefined && -staleSeconds < minFresh) return validate('min-fresh');
    return { verdict: 'use', reason: 'fresh', ageSeconds };
  }
  if (invalidated || forbidsStale(directives)) return validate('stale');
  const maxStale = maxStaleOf(request);
  // Section 5.2.1.1 with 5.2.1.2: max-age alone is not a wish for stale responses.
  if (maxStale !== undefined && staleSeconds <= maxStale && !tooOld) {
    return { verdict: 'use', reason: 'max-stale', ageSeconds };
  }
  const window = directives.seconds('stale-while-revalidate');
  const inWindow = window !== undefined && staleSeconds <= window;
  if (inWindow && !tooOld && !request.has('min-fresh')) {
    return { verdict: 'background', reason: 'stale-while-revalidate', ageSeconds };
  }
  return validate('stale');
}

/**
 * Whether a stale response may be served since its server fails, RFC 5861 section 4: it allows that, the request
 * does, or it says nothing and our own grace holds.
 */
export function mayServeOnError(
  request: Directives,
  stored: StoredFreshness,
  { graceSeconds }: ReuseRules,
  nowMs: number,
): boolean {
  const { directives, invalidated, lifetimeSeconds } = stored;
  if (invalidated || needsValidation(directives) || forbidsStale(directives)) return false;
  const staleSeconds = currentAge(stored, nowMs) - lifetimeSeconds;
  const allowed = request.seconds('stale-if-error') ?? directives.seconds('stale-if-error');
  return staleSeconds <= (allowed ?? graceSeconds);
}

/** Section 5.2.2.4: without field names it is for the whole response. */
function needsValidation(directives: Directives): boolean {
  return directives.has('no-cache') && directives.fieldNames('no-cache') === undefined;
}

/** Section 4.2.4; s-maxage has the meaning of proxy-revalidate (5.2.2.10). */
function forbidsStale(directives: Directives): boolean {
  return (
    directives.has('must-revalidate') ||
    directives.has('proxy-revalidate') ||
    directives.has('s-maxage')
  );
}

/** Seconds, infinite without a value; undefined when it is not there or cannot be read. */
function maxStaleOf(request: Directives): number | undefined {
  if (!request.has('max-stale')) return undefined;
  if (request.isBare('max-stale')) return Number.POSITIVE_INFINITY;
  const seconds = request.seconds('max-stale') as number;
  return Number.isNaN(seconds) ? undefined : seconds;
}
