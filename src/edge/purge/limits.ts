/** Limits of purges over a network, and what happens at each. */

/** Purges ordered without a receipt so far; further ones are refused as `crowded`. */
export const PENDING_MAX = 1024;
/** Bytes of them; the same. */
export const PENDING_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of one purge with all that it names, as JSON; a longer one is refused as `too-many`. */
export const ENTRY_BYTES_MAX = 256 * 1024;
/** Purges that the coordinator keeps for those who were away; whoever lacks an older one forgets everything. */
export const HISTORY_MAX = 16_384;
/** Bytes of them; the same. */
export const HISTORY_BYTES_MAX = 32 * 1024 * 1024;
/** Bytes of purges in one message. */
export const BATCH_BYTES_MAX = 256 * 1024;
/** Bytes of purges under way to one PoP that it has not confirmed; the rest waits. */
export const FLYING_BYTES_MAX = 1024 * 1024;
/** Receipts kept with their times for those who ask once more; of older ones the times are forgotten. */
export const RECEIPTS_MAX = 1024;
/** Purges asked for at one PoP without an answer so far; further ones are refused as `crowded`. */
export const ASKS_MAX = 1024;
/** Letters of the id of a purge; a longer one is refused as `bad-purge`. */
export const ID_LENGTH_MAX = 128;
/**
 * How much faster or slower than true time a clock may go. Quartz is off by 0.01 % at most, and time servers slew by
 * 0.05 %.
 */
export const DRIFT_MAX = 0.01;
