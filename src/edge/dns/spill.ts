/**
 * How many of its clients a PoP with too much hands on. Pure.
 *
 * The share grows while the load is above what is wanted and shrinks while it is below, by the distance from it (an
 * integrating controller), so it settles where the load is what is wanted. Resolvers follow with the delay of
 * a TTL; the pace is slow against that, so that it settles rather than swings.
 */

export interface SpillRule {
  /** Load that is wanted at most, share of the capacity. */
  readonly wantedLoad: number;
  /** How long resolvers keep answers, milliseconds. */
  readonly ttlMs: number;
}

/** Of a TTL: time in which a load of twice the wanted would move all clients. */
const ttlsToMoveAll = 4;
/** No more than all. */
const movingMax = 1;

/**
 * @param moving the share that moves now.
 * @param load share of its capacity in use; undefined: unknown, which is taken for none.
 * @param elapsedMs since the last step.
 */
export function nextMoving(
  moving: number,
  load: number | undefined,
  elapsedMs: number,
  { wantedLoad, ttlMs }: SpillRule,
): number {
  const excess = ((load ?? 0) - wantedLoad) / wantedLoad;
  // Beyond twice the wanted it goes no faster: a wrong measure does not empty a PoP at once.
  const pace = Math.max(-1, Math.min(1, excess)) / (ttlsToMoveAll * Math.max(1, ttlMs));
  return Math.max(0, Math.min(movingMax, moving + pace * elapsedMs));
}
