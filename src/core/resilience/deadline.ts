/**
 * The moment by which something must be done, on the monotonic clock: handed down, it needs no arithmetic
 * at each step, as a duration would. A type of its own, so that no duration is taken for it.
 */

/** Monotonic milliseconds; Infinity when there is none. */
export type Deadline = number & { readonly deadline: unique symbol };

export const NO_DEADLINE = Number.POSITIVE_INFINITY as Deadline;

/** The deadline `durationMs` from now; a duration of Infinity is no deadline. */
export function deadlineAfter(nowMs: number, durationMs: number): Deadline {
  return (nowMs + durationMs) as Deadline;
}

/** Milliseconds left: 0 when it is over, Infinity when there is no deadline. */
export function remainingMs(deadline: Deadline, nowMs: number): number {
  return Math.max(0, deadline - nowMs);
}

/** Whether the deadline has come: at the very moment it has. */
export function isOver(deadline: Deadline, nowMs: number): boolean {
  return nowMs >= deadline;
}

/** The deadline of a part: its own, or that of the whole when this one comes first. */
export function earliest(one: Deadline, other: Deadline): Deadline {
  return one < other ? one : other;
}
