/**
 * The disk tier's bounds. What happens at each is tested.
 */

/** Below it there would be no segments to leave one by one. At it: the tier does not open. */
export const bytesMaxMin = 256 * 1024;

/** Segments leave whole, so many small ones lose little and few large ones write quicker. */
export const segmentBytesDefault = 64 * 1024 * 1024;
export const segmentBytesMin = 16 * 1024;
export const segmentBytesMax = 1024 * 1024 * 1024;
/** At least so many segments make up a tier. */
export const segmentsMin = 8;
/** At most so many, for each is an open file. At it: the oldest one leaves. */
export const segmentsMax = 4096;

/** A record has at most a quarter of a segment, so that little is lost at its end. Beyond: 'too-large'. */
export const recordShare = 4;
/** Beyond: 'too-large'. */
export const metaBytesMax = 128 * 1024;
/**
 * Records in the index, 40 bytes of memory each. Segments begin to leave when there is room for two full ones left,
 * so of these a million stay. At it: puts are 'busy' until one has left.
 */
export const recordsMaxDefault = 1_200_000;
export const recordsMaxMin = 64;
/** One segment has at most this part of all records, so that one that leaves makes room. */
export const segmentRecordsShare = 16;

/** Bytes and items given to be written. At either: 'busy'. */
export const queuedBytesMaxDefault = 32 * 1024 * 1024;
export const queuedItemsMax = 8192;

/** Lookups under way. At it: one more finds nothing. */
export const lookupsMax = 256;
/** Bytes of bodies that are being read. At it: the next piece waits for its turn. */
export const bodyReadBytesMax = 16 * 1024 * 1024;

/** One write; also what is copied and summed up in one turn of the loop. */
export const writeBytes = 256 * 1024;
/** Written bytes are made durable in such steps: one large sync would hold up the disk's reads. */
export const syncBytes = 8 * 1024 * 1024;

/** The first read of a record: a head and a body of one block, as most are. */
export const firstReadBytes = 72 * 1024;
/** A record that is read in the turn in which it is asked for: a small body with its meta. */
export const readNowBytes = 24 * 1024;
/** So many of one hash: variants. */
export const recordsNowMax = 4;
/** One piece of a body. A multiple of the block of the format. */
export const pieceBytes = 256 * 1024;

/** What was read since is written anew when its segment leaves: at most this part of a segment. */
export const reinsertShare = 4;
/** Larger ones are not: they are few, and cost more than they save. */
export const reinsertBytesMax = 1024 * 1024;
/** Bytes of them on their way at a time. */
export const reinsertQueuedBytes = 1024 * 1024;

/** After a failed write it is tried again after so long... */
export const retryMs = 1000;
/** ...with this part of a segment, and so many bytes at most: what the disk must take before writes go on. */
export const probeShare = 16;
export const probeBytes = 4 * 1024 * 1024;
/** A segment that has left is kept for its readers so long; then their readings end with 'gone'. */
export const leavingMsMax = 30_000;

/** The purge log has at most this part of the tier, and so many bytes. At it: the oldest segments leave. */
export const purgeShare = 32;
export const purgeBytesMax = 4 * 1024 * 1024;
/** Purges on their way to the disk. At it: 'busy'. */
export const purgesQueuedMax = 4096;
