/**
 * How long answers without times of their own are kept, by their status: negative caching of errors, and whatever
 * else a rule says. An answer that says itself how long it stays fresh, or that it may not be stored, is obeyed.
 *
 *     404: 10s      one status
 *     5xx: 1s       all of a hundred that are not named themselves
 */
import type { Lifetime } from './freshness.ts';
import type { ResponseFacts } from './response-facts.ts';

/** Seconds by status. */
export type StatusLifetimes = ReadonlyMap<number, number>;

/** `404` or `4xx`. */
const PATTERN = /^([2-5])(\d\d|xx)$/i;

/**
 * Answers that are never kept by their status alone: of a part, of a validation, and those that are about the one
 * who asked (RFC 9110 sections 15.3.7, 15.4.5, 15.5.2, 15.5.8).
 */
const NEVER: ReadonlySet<number> = new Set([206, 304, 401, 407]);

/** What a rule says, by status; null for a pattern that is none or names what is never kept. */
export function statusLifetimes(
  rows: Iterable<readonly [pattern: string, seconds: number]>,
): StatusLifetimes | null {
  const [exact, classes] = [new Map<number, number>(), new Map<number, number>()];
  for (const [pattern, seconds] of rows) {
    const found = PATTERN.exec(pattern);
    if (found === null) return null;
    const [, hundred, rest] = found as unknown as [string, string, string];
    if (rest.toLowerCase() !== 'xx') {
      const status = Number(pattern);
      if (NEVER.has(status)) return null;
      exact.set(status, seconds);
      continue;
    }
    for (let nth = 0; nth < 100; nth++) classes.set(Number(hundred) * 100 + nth, seconds);
  }
  const lifetimes = new Map([...classes, ...exact]);
  for (const status of NEVER) lifetimes.delete(status);
  return lifetimes;
}

/**
 * The lifetime that a rule gives an answer; undefined: the rule says nothing of it, or it speaks for itself.
 * @param lifetime what the answer says (RFC 9111 section 4.2.1); a heuristic gives way to the rule.
 */
export function lifetimeByStatus(
  { status, directives }: ResponseFacts,
  lifetime: Lifetime,
  lifetimes: StatusLifetimes,
): number | undefined {
  if (lifetime.source !== 'none' && lifetime.source !== 'heuristic') return undefined;
  // Sections 5.2.2.4, 5.2.2.5 and 5.2.2.7.
  if (directives.has('no-store') || directives.has('no-cache') || directives.has('private')) {
    return undefined;
  }
  return lifetimes.get(status);
}
