/**
 * The numbers of the RDB format. They are on disks everywhere and never change
 * meaning; Redis adds new ones with each RDB version (9: Redis 5 to 6.2,
 * 10: 7.0, 11: 7.2, 12: 7.4).
 */

export const TYPE_STRING = 0;
export const TYPE_LIST = 1;
export const TYPE_SET = 2;
export const TYPE_ZSET = 3;
export const TYPE_HASH = 4;
export const TYPE_ZSET_2 = 5;
export const TYPE_MODULE_PRE_GA = 6;
export const TYPE_MODULE_2 = 7;
export const TYPE_HASH_ZIPMAP = 9;
export const TYPE_LIST_ZIPLIST = 10;
export const TYPE_SET_INTSET = 11;
export const TYPE_ZSET_ZIPLIST = 12;
export const TYPE_HASH_ZIPLIST = 13;
export const TYPE_LIST_QUICKLIST = 14;
export const TYPE_STREAM_LISTPACKS = 15;
export const TYPE_HASH_LISTPACK = 16;
export const TYPE_ZSET_LISTPACK = 17;
export const TYPE_LIST_QUICKLIST_2 = 18;
export const TYPE_STREAM_LISTPACKS_2 = 19;
export const TYPE_SET_LISTPACK = 20;
export const TYPE_STREAM_LISTPACKS_3 = 21;
/** Hash with field expiry as absolute times (7.4 release candidates). */
export const TYPE_HASH_METADATA_PRE_GA = 22;
export const TYPE_HASH_LISTPACK_EX_PRE_GA = 23;
/** Hash with field expiry relative to an earliest time written first (7.4). */
export const TYPE_HASH_METADATA = 24;
export const TYPE_HASH_LISTPACK_EX = 25;

export const OP_SLOT_INFO = 244;
export const OP_FUNCTION2 = 245;
export const OP_FUNCTION_PRE_GA = 246;
export const OP_MODULE_AUX = 247;
export const OP_IDLE = 248;
export const OP_FREQ = 249;
export const OP_AUX = 250;
export const OP_RESIZEDB = 251;
export const OP_EXPIRETIME_MS = 252;
export const OP_EXPIRETIME = 253;
export const OP_SELECTDB = 254;
export const OP_EOF = 255;

/** First byte of a string that is not stored raw: the two high bits set, the kind below. */
export const STRING_INT8 = 0xc0;
export const STRING_INT16 = 0xc1;
export const STRING_INT32 = 0xc2;
export const STRING_LZF = 0xc3;

/** First byte of a length in 32 and in 64 bits (big-endian). */
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;

/** Node containers of LIST_QUICKLIST_2. */
export const CONTAINER_PLAIN = 1;
export const CONTAINER_PACKED = 2;

/** Newest RDB version whose every value type is read here. */
export const RDB_VERSION_READ_MAX = 12;
/** RDB version of Redis 7.4: the first with expiry on single hash fields. */
export const RDB_VERSION_FIELD_EXPIRY = 12;

/**
 * RDB versions that are written: 9 is read by Redis 5 and later, 10 by 7.0,
 * 11 by 7.2, 12 by 7.4.
 */
export type RdbVersion = 9 | 10 | 11 | 12;
