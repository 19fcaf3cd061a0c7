/**
 * The two forms of a sorted set, and what can be said of it without opening it.
 *
 *   listpack    packed, ordered (packed-zset.ts)
 *   skiplist    Flag.large: LargeZset; the name is the one Redis' clients know
 */
import { invariant } from '../../../core/base/index.ts';
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { LargeZset } from './large-zset.ts';
import { packedCount } from './packed-zset.ts';

/** The large value of a sorted set that has one. */
export function largeZsetOf(db: Database, record: Address): LargeZset {
  const value = db.largeOf(record);
  invariant(value instanceof LargeZset, 'a sorted set whose large value is none');
  return value;
}

/** OBJECT ENCODING of a sorted set. */
export function encodingOf(db: Database, record: Address): 'listpack' | 'skiplist' {
  return db.isLarge(record) ? 'skiplist' : 'listpack';
}

/** Number of members. */
export function lengthOf(db: Database, record: Address): number {
  if (db.isLarge(record)) return db.largeOf(record).size;
  return packedCount(db.bytesOf(record), db.valueOffset(record), db.valueLength(record));
}
