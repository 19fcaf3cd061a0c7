/** What can be said of a value without changing it: encoding, length, memory. */
import { type Database, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import * as hash from './hash/index.ts';
import * as list from './list/index.ts';
import * as set from './set/index.ts';
import * as stream from './stream/index.ts';
import * as string from './string/index.ts';
import * as zset from './zset/index.ts';

/** A hash bucket, and the place of a key in the list of those that expire. */
const BUCKET_BYTES = 4;
const EXPIRY_BYTES = 12;

/** OBJECT ENCODING of a value. */
export function encodingOf(db: Database, record: Address): string {
  const type = db.typeOf(record);
  switch (type) {
    case Type.string:
      return string.encodingOf(db, record);
    case Type.list:
      return list.encodingOf(db, record);
    case Type.set:
      return set.encodingOf(db, record);
    case Type.zset:
      return zset.encodingOf(db, record);
    case Type.hash:
      return hash.encodingOf(db, record);
    case Type.stream:
      return stream.encodingOf(db, record);
  }
}

/** Elements, fields, members or entries; the bytes of a string. */
export function lengthOf(db: Database, record: Address): number {
  const type = db.typeOf(record);
  switch (type) {
    case Type.string:
      return db.valueLength(record);
    case Type.list:
      return list.lengthOf(db, record);
    case Type.set:
      return set.lengthOf(db, record);
    case Type.zset:
      return zset.lengthOf(db, record);
    case Type.hash:
      return hash.lengthOf(db, record);
    case Type.stream:
      return stream.lengthOf(db, record);
  }
}

/** Bytes that a key takes with all that belongs to it. */
export function memoryUsage(db: Database, record: Address): number {
  return db.memoryBytes(record) + BUCKET_BYTES + (db.expiryOf(record) < 0 ? 0 : EXPIRY_BYTES);
}
