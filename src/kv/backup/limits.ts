/** Limits of backups. */

/** Bytes read, written and summed at a time: about a tenth of a millisecond of the loop. */
export const PIECE_BYTES = 256 * 1024;
/** A longer backup.json is none. A table takes about 80 bytes of it and holds 32 MiB of keys. */
export const DESCRIPTION_BYTES_MAX = 64 * 1024 * 1024;
/** Flushes tried until a checkpoint ends at the mark of one. */
export const FLUSH_TRIES = 5;
