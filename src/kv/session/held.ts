/**
 * What holds a request that came and does not run yet (engine/holds.ts): one of these, or a number, greater
 * than both, of what the disk has to do before: write a large collection, read a key.
 */

/** Nothing does. */
export const FREE = -1;
/** A pause, or the log: all who wait so are told together. */
export const UNTIL_TOLD = 0;
