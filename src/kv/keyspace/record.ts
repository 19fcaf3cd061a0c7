/**
 * The record of a key: what stands in the arena for each key of a database.
 *
 *   w0  next record of the hash bucket           (owned by Table)
 *   w1  hash of the key                          (owned by Table)
 *   w2  key length (30 bits) | EXTRA_WORD when the key has an expiry
 *   w3  access clock (24 bits) | type (3 bits) | flags (5 bits)
 *   w4  value length in bytes, or the handle of a large value
 *  [w5  index in the database's expiry list]     only with EXTRA_WORD
 *   ..  key bytes, then value bytes
 *
 * A value stands in its record ("packed") until it outgrows the thresholds of its type; then it is an
 * object that holds its own arena memory, and the record keeps its handle (flag LARGE).
 */

export const RECORD_HEAD_BYTES = 20;

/** Value types; the numbers stand in records and on the disk and never change meaning. */
export const Type = {
  string: 0,
  list: 1,
  set: 2,
  zset: 3,
  hash: 4,
  stream: 6,
} as const;
export type Type = (typeof Type)[keyof typeof Type];

export const TYPE_NAMES: Readonly<Record<Type, string>> = {
  [Type.string]: 'string',
  [Type.list]: 'list',
  [Type.set]: 'set',
  [Type.zset]: 'zset',
  [Type.hash]: 'hash',
  [Type.stream]: 'stream',
};

export const TYPE_SHIFT = 24;
export const TYPE_MASK = 0x07000000;
export const CLOCK_MASK = 0x00ffffff;

/** Flags of w3. */
export const Flag = {
  /** w4 is the handle of a LargeValue. */
  large: 0x10000000,
  /** The engine on the disk has an entry of this key: as it is, or from before it changed. */
  stored: 0x08000000,
  /** It has changed since one of the last two flushes began; flushes take turns with the two bits. */
  dirtyEven: 0x20000000,
  dirtyOdd: 0x80000000,
  /**
   * Free for the type: strings 'raw' (was modified in place), sets 'not an intset', hashes 'fields
   * have expired or will'.
   */
  variant: 0x40000000,
} as const;

/** Either of the dirty bits. */
export const DIRTY_MASK = 0xa0000000;
/** What of a record's w3 tells of the disk, not of the value. */
export const TIER_MASK = 0xa8000000;
