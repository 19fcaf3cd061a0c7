/**
 * Fields that expire. Every function that lets a field expire tells the database's index of such
 * hashes, so that the background cycle finds them.
 */
import { type Database, Flag } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { PACKED_HEAD_BYTES, skipItems } from '../packed.ts';
import { deletePackedAt, packExpiries } from './change.ts';
import {
  eachField,
  type FieldVisitor,
  findPacked,
  largeHashOf,
  NO_TIME,
  packedExpiry,
  setPackedExpiry,
  strideOf,
  viewNode,
  viewPacked,
} from './form.ts';

/** Lets a field, which must be there, expire at a time (Unix ms), or never (0). Returns the record. */
export function setFieldExpiry(
  db: Database,
  record: Address,
  buf: Buffer,
  start: number,
  length: number,
  atMs: number,
): Address {
  let target = record;
  if (db.isLarge(record)) {
    const hash = largeHashOf(db, record);
    hash.setExpiry(hash.find(buf, start, length), atMs);
    if (atMs !== 0) db.setFlag(record, Flag.variant, true);
  } else if (atMs !== 0 || strideOf(db, record) === 3) {
    if (strideOf(db, record) === 2) target = packExpiries(db, record);
    setPackedExpiry(db.bytesOf(target), findPacked(db, target, buf, start, length), atMs);
  }
  if (atMs !== 0) note(db, target, atMs);
  return target;
}

function note(db: Database, record: Address, atMs: number): void {
  db.fieldExpiries.note(db.bytesOf(record), db.keyOffset(record), db.keyLength(record), atMs);
}

/** Unix ms at which the next field expires, Infinity when none does. */
export function nextExpiry(db: Database, record: Address): number {
  if ((db.metaOf(record) & Flag.variant) === 0) return Number.POSITIVE_INFINITY;
  if (db.isLarge(record)) {
    return largeHashOf(db, record).expiries?.firstTime ?? Number.POSITIVE_INFINITY;
  }
  let next = Number.POSITIVE_INFINITY;
  eachField(db, record, NO_TIME, (field) => {
    if (field.expireAt !== 0 && field.expireAt < next) next = field.expireAt;
    return true;
  });
  return next;
}

/**
 * Tells the database's index of a hash that came to its key by other ways than the functions of this
 * folder: RENAME, MOVE, COPY of a record's bytes.
 */
export function noteFieldExpiries(db: Database, record: Address): void {
  const next = nextExpiry(db, record);
  if (next !== Number.POSITIVE_INFINITY) note(db, record, next);
}

/**
 * Removes up to `budget` fields that are due at `nowMs`, after `visit` has seen each. Returns the
 * record, moved or not; it may be an empty hash then.
 */
export function expireFields(
  db: Database,
  record: Address,
  nowMs: number,
  budget: number,
  visit: FieldVisitor,
): Address {
  let left = budget;
  if (db.isLarge(record)) {
    const hash = largeHashOf(db, record);
    const { expiries } = hash;
    while (expiries !== undefined && expiries.firstTime <= nowMs && left-- > 0) {
      const node = expiries.firstNode;
      visit(viewNode(hash, node));
      hash.delete(node);
    }
    return record;
  }
  if (strideOf(db, record) === 2) return record;
  let target = record;
  for (let at = PACKED_HEAD_BYTES; left > 0 && at < db.valueLength(target); ) {
    const buf = db.bytesOf(target);
    const offset = db.valueOffset(target);
    const expireAt = packedExpiry(buf, offset + at);
    if (expireAt === 0 || expireAt > nowMs) {
      at = skipItems(buf, offset + at, 3) - offset;
      continue;
    }
    visit(viewPacked(buf, offset + at, 3));
    target = deletePackedAt(db, target, at);
    left--;
  }
  return target;
}
