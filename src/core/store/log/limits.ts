/**
 * The log's bounds. What happens at each is tested.
 */

/**
 * Payload of one entry. At it: 'entry-too-large'; what is longer is committed in parts. Readers hold
 * one frame in memory, and that is as long as its only entry at most.
 */
export const payloadBytesMax = 64 * 1024 * 1024;

/** Memory chunk in which entries are encoded, and so the usual most of one frame. */
export const chunkBytes = 1024 * 1024;

/** Chunks kept for reuse. */
export const freeChunksMax = 8;

export const segmentBytesDefault = 64 * 1024 * 1024;
export const segmentBytesMin = 64 * 1024;
export const segmentBytesMax = 1024 * 1024 * 1024;

export const highWaterBytesDefault = 64 * 1024 * 1024;
export const pendingBytesMaxDefault = 256 * 1024 * 1024;
export const unsyncedBytesMaxDefault = 64 * 1024 * 1024;

/** A new segment is zero-filled this far at first and doubles as it fills: small stores stay small. */
export const firstExtentBytes = 1024 * 1024;

/** Zeros written by one call while a file is filled ahead. */
export const fillBytes = 256 * 1024;

/** Zeros of a spare segment that are made durable by one sync: more would hold up the log's writes. */
export const spareStepBytes = 2 * 1024 * 1024;
/** Bytes of the spare that are filled for each byte written, from half of the segment on. */
export const sparePace = 4;

/** `everysec`, `never`: writes are at least this far apart, unless `eagerBytes` wait. */
export const writeIntervalMs = 2;
export const eagerBytes = 256 * 1024;

/** Larger writes go to a thread whatever the disk does: a whole chunk is the most the loop writes. */
export const loopWriteBytesMax = chunkBytes + 64;
/** A write on the loop that takes so long counts as slow; so long, as stuck. See loop-writes.ts. */
export const slowWriteMicros = 2000;
export const stuckWriteMicros = 100_000;
/** How long writes stay away from the loop once too many were slow. */
export const loopRestMsMin = 100;
export const loopRestMsMax = 12_800;

/** How often the log looks after syncs and witnesses. */
export const tickMs = 1000;

/** `everysec`: a sync this late is reported. */
export const syncLagReportMs = 2000;

/** Read buffer of scans. */
export const readBytes = 1024 * 1024;

/** Entries that are shown at once to those who look ahead. */
export const entriesAhead = 32;
