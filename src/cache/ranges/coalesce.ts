/**
 * Parts that overlap or touch are sent as one, RFC 9110 section 15.3.7.2: nobody gets a byte twice, so that a small
 * request is not answered with many times the representation (section 17.15). Gaps, which that section allows to fill,
 * are left: clients of formats with indexes ask for many parts and count on getting those.
 */
import type { Part } from '../policy/index.ts';

/** The parts that are sent, in the order in which they were asked for first; none overlaps another. */
export function coalesce(parts: readonly Part[]): readonly Part[] {
  if (parts.length < 2) return parts;
  const sorted = parts.map((part, nth) => ({ ...part, nth })).sort((a, b) => a.start - b.start);
  const merged: { start: number; end: number; nth: number }[] = [];
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last === undefined || next.start > last.end) {
      merged.push(next);
      continue;
    }
    last.end = Math.max(last.end, next.end);
    last.nth = Math.min(last.nth, next.nth);
  }
  merged.sort((a, b) => a.nth - b.nth);
  return merged.map(({ start, end }) => ({ start, end }));
}
