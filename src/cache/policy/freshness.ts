/** How old a response is and how long it stays fresh, RFC 9111 sections 4.2.1 to 4.2.3. */
import type { ResponseFacts } from './response-facts.ts';
import { isHeuristicallyCacheable } from './statuses.ts';

export interface HeuristicRules {
  /** Of the time since the last modification, 0 to 1; 0: no heuristics. RFC 9111 suggests a tenth. */
  readonly share: number;
  readonly secondsMax: number;
}

/** When the request was sent and its response came, wall milliseconds. */
export interface Exchanged {
  readonly requestMs: number;
  readonly responseMs: number;
}

export type LifetimeSource = 's-maxage' | 'max-age' | 'expires' | 'heuristic' | 'none';

export interface Lifetime {
  readonly seconds: number;
  readonly source: LifetimeSource;
}

/** Section 4.2.3, `corrected_initial_age`, in seconds. */
export function initialAge(
  { ageSeconds, dateMs }: ResponseFacts,
  { requestMs, responseMs }: Exchanged,
): number {
  // Without a date it was made when it came, RFC 9110 section 6.6.1.
  const apparentMs = Number.isNaN(dateMs) ? 0 : Math.max(0, responseMs - dateMs);
  const correctedMs = ageSeconds * 1000 + Math.max(0, responseMs - requestMs);
  return Math.max(apparentMs, correctedMs) / 1000;
}

/** Section 4.2.1, for a shared cache: the first that is there decides, and one that cannot be read says stale. */
export function freshnessLifetime(
  facts: ResponseFacts,
  { responseMs }: Exchanged,
  heuristics: HeuristicRules,
): Lifetime {
  const { directives, targeted, expiresMs, dateMs } = facts;
  for (const source of ['s-maxage', 'max-age'] as const) {
    const seconds = directives.seconds(source);
    if (seconds !== undefined) return { seconds: orNone(seconds), source };
  }
  if (expiresMs !== undefined && !targeted) {
    const madeMs = Number.isNaN(dateMs) ? responseMs : dateMs;
    return { seconds: orNone((expiresMs - madeMs) / 1000), source: 'expires' };
  }
  const seconds = heuristicLifetime(facts, responseMs, heuristics);
  return seconds > 0 ? { seconds, source: 'heuristic' } : { seconds: 0, source: 'none' };
}

/** Section 4.2.2. */
function heuristicLifetime(
  { status, directives, lastModifiedMs, dateMs }: ResponseFacts,
  responseMs: number,
  { share, secondsMax }: HeuristicRules,
): number {
  if (Number.isNaN(lastModifiedMs)) return 0;
  if (!isHeuristicallyCacheable(status) && !directives.has('public')) return 0;
  const madeMs = Number.isNaN(dateMs) ? responseMs : dateMs;
  return Math.min(secondsMax, (Math.max(0, madeMs - lastModifiedMs) / 1000) * share);
}

function orNone(seconds: number): number {
  return Number.isNaN(seconds) ? 0 : Math.max(0, seconds);
}
