/**
 * The limits of the store that no setting changes, and what happens at each. What an operator may
 * change stands in the settings: proto-max-bulk-len, maxclients, client-query-buffer-limit,
 * client-output-buffer-limit, maxmemory, tracking-table-max-keys and the others of setting-table/.
 */

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

// Requests. Beyond these the client is told of a protocol error and disconnected, as by Redis.

/** Arguments of one request. */
export const argsMax = 1024 * 1024;
/** Bytes of one line: an inline request, or a length. */
export const lineBytesMax = 64 * KIBIBYTE;

// Clients. Beyond these nothing more is read of the client, or run for it, until it can go on.

/** Bytes kept of a client that waits for a key or the end of a pause. */
export const heldInputBytesMax = MEBIBYTE;
/** Unread replies of a client that goes on sending requests. */
export const unreadReplyBytesMax = 32 * MEBIBYTE;
/** Replies of all clients that wait until the log is durable (`fsync: always`). */
export const heldReplyBytesMax = 64 * MEBIBYTE;

/** Bytes of arguments queued between MULTI and EXEC; beyond, the transaction fails. */
export const queuedBytesMax = 512 * MEBIBYTE;

// Scripts and transactions. Beyond these what they call fails with an error.

/** Arguments of a command that a script calls: they are found by 31-bit offsets. */
export const scriptArgsBytesMax = 1024 * MEBIBYTE;
/** Reply of a command that a script calls. */
export const scriptReplyBytesMax = 256 * MEBIBYTE;
/** Log of one script or transaction; what would add to it is refused. */
export const requestEffectBytesMax = 1024 * MEBIBYTE;

// What the store remembers of itself. Beyond these the oldest or least goes, or is cut short.

/** Arguments of an entry of SLOWLOG, and bytes of each. */
export const slowlogArgsMax = 32;
export const slowlogArgBytesMax = 128;
/** Bytes of a command that MONITOR shows. */
export const monitorLineBytesMax = MEBIBYTE;
/** Code words of errors that are counted apart; further ones count in the total only. */
export const errorCodesMax = 128;
/** Seconds with samples of one event of LATENCY. */
export const latencySamplesMax = 160;
/** Keys of the sketch behind HOTKEYS, and bytes of a key that is followed. */
export const hotKeysMax = 100;
export const hotKeyBytesMax = KIBIBYTE;
/** Keys that a walk for big keys keeps. */
export const bigKeysMax = 100;
