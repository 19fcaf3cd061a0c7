/**
 * What holds a request that came and does not run yet (engine/holds.ts): one of these, or the number of
 * the large collection, greater than both, that a checkpoint has to write before.
 */

/** Nothing does. */
export const FREE = -1;
/** A pause, or the log: all who wait so are told together. */
export const UNTIL_TOLD = 0;
