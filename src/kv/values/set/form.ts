/**
 * The three forms of a set and what reads need of them.
 *
 *   intset      packed, Flag.variant off   sorted integers (intset.ts)
 *   listpack    packed, Flag.variant on    members in the order they came (../packed.ts)
 *   hashtable   Flag.large                 LargeSet
 */
import { invariant } from '../../../core/base/index.ts';
import { type Database, Flag } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  findItem,
  itemLength,
  itemStart,
  nextItem,
  PACKED_HEAD_BYTES,
  packedCount,
} from '../packed.ts';
import { high, low, parseHalves, writeHalves } from './integer.ts';
import { findInteger, highAt, intsetCount, lowAt } from './intset.ts';
import { LargeSet } from './large-set.ts';

/** Sees one member; false ends the iteration. The bytes are good during the call only. */
export type MemberVisitor = (buf: Buffer, start: number, length: number) => boolean | undefined;

/** Where a form lies in a record's meta word. */
const FORM_MASK = Flag.large | Flag.variant;

export function isIntset(db: Database, record: Address): boolean {
  return (db.metaOf(record) & FORM_MASK) === 0;
}

/** The large value of a set that has one. */
export function largeSetOf(db: Database, record: Address): LargeSet {
  const value = db.largeOf(record);
  invariant(value instanceof LargeSet, 'a set whose large value is none');
  return value;
}

/** OBJECT ENCODING of a set. */
export function encodingOf(db: Database, record: Address): 'intset' | 'listpack' | 'hashtable' {
  if (db.isLarge(record)) return 'hashtable';
  return isIntset(db, record) ? 'intset' : 'listpack';
}

/** Number of members. */
export function lengthOf(db: Database, record: Address): number {
  if (db.isLarge(record)) return db.largeOf(record).size;
  const buf = db.bytesOf(record);
  const start = db.valueOffset(record);
  return isIntset(db, record)
    ? intsetCount(buf, start, db.valueLength(record))
    : packedCount(buf, start);
}

/** Whether the set has this member. */
export function isMember(
  db: Database,
  record: Address,
  buf: Buffer,
  start: number,
  length: number,
): boolean {
  if (db.isLarge(record)) return largeSetOf(db, record).has(buf, start, length);
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const bytes = db.valueLength(record);
  if (!isIntset(db, record)) {
    return findItem(own, offset, offset + bytes, 1, buf, start, length) >= 0;
  }
  return parseHalves(buf, start, length) && findInteger(own, offset, bytes, high, low) >= 0;
}

/**
 * Visits every member once: integers ascending, packed members in the order they came, others in no
 * order. `visit` must not change the database.
 */
export function eachMember(db: Database, record: Address, visit: MemberVisitor): void {
  if (db.isLarge(record)) {
    const set = largeSetOf(db, record);
    const visitNode = (node: Address) =>
      visit(set.bytesOf(node), set.nameStart(node), set.nameLength(node));
    set.table.each(visitNode);
    return;
  }
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const end = offset + db.valueLength(record);
  if (isIntset(db, record)) {
    const digits = Buffer.allocUnsafe(20);
    const count = intsetCount(own, offset, end - offset);
    for (let i = 0; i < count; i++) {
      const length = writeHalves(highAt(own, offset, i), lowAt(own, offset, i), digits, 0);
      if (visit(digits, 0, length) === false) return;
    }
    return;
  }
  for (let at = offset + PACKED_HEAD_BYTES; at < end; at = nextItem(own, at)) {
    if (visit(own, itemStart(own, at), itemLength(own, at)) === false) return;
  }
}
