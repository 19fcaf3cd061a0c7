/** What is bounded, and what happens at the bound. */

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

// Names. Beyond these: 'name-too-long', 'too-deep'.

/** Bytes of one name in UTF-8; S3 keys have 1,024 at most. */
export const nameBytesMax = KIBIBYTE;
/** Parts of a path: a key of 1,024 bytes has no more than 1,025. */
export const depthMax = 1026;
/** Bytes of all extended attributes of a file, names included. */
export const attributeBytesMax = 64 * KIBIBYTE;

// Records.

/** Extents that stand in the entry of a file; more stand apart. */
export const extentsInEntryMax = 64;
/** Extents in one record, when they stand apart. */
export const extentsInRecordMax = 1024;
/** Extents of one file: 'too-many-extents'. */
export const extentsMax = 1_000_000;

/** Snapshots of one directory: 'snapshot'. */
export const snapshotsMax = 1000;
/** Differences between two snapshots that are told: 'snapshot'. */
export const differencesMax = 100_000;
/** Bytes of the name of a snapshot, as HDFS has it. */
export const snapshotNameBytesMax = 255;

// Work that waits. Beyond these operations wait, then get 'busy'.

/** Operations that wait for the journal. */
export const pendingOperationsMax = 16_384;
/** Records put and deleted that the tables have not taken yet. */
export const pendingChangesMax = 262_144;

/** Records that one slice of reclaiming touches. */
export const reclaimSlice = 256;

// Tables of the namespace and of the index of blocks.

/**
 * Bytes after which a compaction begins another one. What a thread has in memory for a table that it writes is a
 * tenth of it, and a database of some hundred megabytes needs no larger ones.
 */
export const tableBytes = 8 * MEBIBYTE;

// Blocks.

/** Data under one checksum. */
export const chunkBytes = 64 * KIBIBYTE;
/** Blocks up to this go into containers. */
export const packedBytesMax = MEBIBYTE;
/** A container that has grown to this takes no more. */
export const packBytesMax = 64 * MEBIBYTE;
/** Bytes of small blocks that wait to be written, all disks together; more wait with their writer. */
export const queuedPackBytesMax = 32 * MEBIBYTE;
/** Damaged blocks that are remembered; more are told and not counted. */
export const damagedBlocksMax = 10_000;
/** Block files that stay open for readers. */
export const openFilesMax = 64;

/** Threads that make digests of what comes by S3, if there are cores for them; more bodies share them. */
export const digestThreadsMax = 4;

// Work that operators ask for. Beyond these: refused.

/** Checks of the file system at once. */
export const checksMax = 4;

// Several DataNodes.

/** Connections to the data server of a DataNode; more are closed at once. */
export const dataConnectionsMax = 2048;
/** Connections of one process to one DataNode, each for a block that is written or read; more wait, then get 'busy'. */
export const dataLinksMax = 256;
