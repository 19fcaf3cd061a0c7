/** A drain as operators see it. */
import type { DrainReport } from '../health/drain.ts';
import type { Present } from './under-way.ts';

export interface DrainShown extends DrainReport {
  /** Until the deadline; 0 when it is over. */
  readonly deadlineInMs: number;
  /** Nothing is under way, but clients with a session at this server may come until the deadline. */
  readonly waitsForSessions: boolean;
  /** Who is still there, the longest first. */
  readonly present: readonly Present[];
  /** How many more there are than `present` names. */
  readonly presentMore: number;
}

/** Rows of a report. */
export const PRESENT_MAX = 100;
/** Behind the deadline a WebSocket has so long to close in order, milliseconds. */
export const GOODBYE_MS = 1_000;
/** How often drains are looked at, milliseconds. */
export const LOOK_EVERY_MS = 50;

/** The longest first, at most `PRESENT_MAX`. */
export function shownPresent(all: readonly Present[]): Pick<DrainShown, 'present' | 'presentMore'> {
  const present = all.toSorted((a, b) => b.ageMs - a.ageMs).slice(0, PRESENT_MAX);
  return { present, presentMore: all.length - present.length };
}
