/**
 * The log's bounds. What happens at each is tested.
 */

/** Payload of one entry; a value of 512 MiB with room for its command. At it: 'entry-too-large'. */
export const payloadBytesMax = 1024 * 1024 * 1024;

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

/** `everysec`, `never`: writes are at least this far apart, unless `eagerBytes` wait. */
export const writeIntervalMs = 2;
export const eagerBytes = 256 * 1024;

/** How often the log looks after syncs and witnesses. */
export const tickMs = 1000;

/** `everysec`: a sync this late is reported. */
export const syncLagReportMs = 2000;

/** Read buffer of scans. */
export const readBytes = 1024 * 1024;
