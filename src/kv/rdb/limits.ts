/**
 * What the codec refuses before it costs anything. RESTORE takes bytes from
 * clients, so no claimed number is believed beyond these.
 */

/** Longest string, raw or decompressed: Redis' `proto-max-bulk-len` default. */
export const STRING_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Most bytes that one byte of LZF can stand for. Three bytes hold the longest
 * back reference (264 bytes), so a claim above 88 to 1 is a lie.
 */
export const LZF_RATIO_MAX = 88;

/** A count hint given to a sink is clamped to this where the input's end is unknown. */
export const COUNT_HINT_MAX = 1 << 20;

/** Latest field expiry, in ms since 1970: Redis 7.4 keeps 48 bits. */
export const FIELD_EXPIRE_AT_MS_MAX = 2 ** 48 - 2;

/** A packed list node is closed before it grows beyond this (list-max-listpack-size -2). */
export const LIST_NODE_BYTES_MAX = 8 * 1024;

/** Stream macro nodes: stream-node-max-bytes and stream-node-max-entries. */
export const STREAM_NODE_BYTES_MAX = 4096;
export const STREAM_NODE_ENTRIES_MAX = 100;
