/**
 * When a fresh response is fetched again before it is stale, and lifetimes that do not all end at once: both keep
 * a crowd from finding the same thing stale in the same moment. Options of a rule, off unless asked for.
 */

/** Lifetimes are not moved by more than this share. */
export const JITTER_SHARE_MAX = 0.5;

export interface RefreshMoment {
  /** When it becomes stale and when it is asked for, both of one clock, milliseconds. */
  readonly expiryMs: number;
  readonly nowMs: number;
  /** How long its last fetch took, milliseconds. */
  readonly fetchMs: number;
  /** 1 is the optimum of the paper; more refreshes earlier, 0 never. */
  readonly beta: number;
}

/**
 * Whether one request of many takes it upon itself to refresh what is still fresh: the chance grows from nearly
 * none to one while the expiry comes nearer, and sooner for what takes longer to fetch. Each request decides for
 * itself; that the first fetch serves all is not decided here.
 *
 * Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015, XFetch:
 * refresh when now - delta * beta * ln(random) >= expiry.
 * @param random uniform in [0, 1).
 */
export function refreshesEarly(
  { expiryMs, nowMs, fetchMs, beta }: RefreshMoment,
  random: number,
): boolean {
  // 1 - random is in (0, 1]: its logarithm is finite, and of one distribution with that of the paper.
  return nowMs - fetchMs * beta * Math.log(1 - random) >= expiryMs;
}

/**
 * A lifetime shortened by a share of chance: never longer than the origin has allowed.
 * @param share greatest part that is taken off, 0 to `JITTER_SHARE_MAX`.
 * @param random uniform in [0, 1).
 */
export function jitteredLifetime(seconds: number, share: number, random: number): number {
  return seconds * (1 - Math.min(share, JITTER_SHARE_MAX) * random);
}
