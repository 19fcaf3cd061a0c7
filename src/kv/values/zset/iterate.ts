/**
 * Iterations over a sorted set: all members in order, and the steps of ZSCAN.
 */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { ZsetCursor } from './cursor.ts';
import { largeZsetOf } from './form.ts';

/** Sees one member; false ends the iteration. The bytes are good during the call only. */
export type ZsetVisitor = (
  buf: Buffer,
  start: number,
  length: number,
  score: number,
) => boolean | undefined;

/** Visits every member in order of score, then of bytes. `visit` must not change the database. */
export function eachMember(db: Database, record: Address, visit: ZsetVisitor): void {
  const cursor = new ZsetCursor();
  cursor.begin(db, record, 0);
  while (cursor.next()) {
    if (visit(cursor.buf, cursor.start, cursor.length, cursor.score) === false) return;
  }
}

/** Buckets looked at for each member asked for, at most, as Redis does. */
const BUCKETS_PER_MEMBER = 10;

/**
 * Gives `visit` about `count` members from `cursor` on and returns the next cursor, 0 at the end.
 * A small set is given whole, as Redis does, because it has no cursor that outlives a change.
 */
export function scanMembers(
  db: Database,
  record: Address,
  cursor: number,
  count: number,
  visit: ZsetVisitor,
): number {
  if (!db.isLarge(record)) {
    eachMember(db, record, visit);
    return 0;
  }
  const large = largeZsetOf(db, record);
  let seen = 0;
  const visitNode = (node: Address) => {
    seen++;
    visit(large.bytesOf(node), large.nameStart(node), large.nameLength(node), large.scoreOf(node));
  };
  let at = cursor;
  let steps = count * BUCKETS_PER_MEMBER;
  do {
    at = large.table.scan(at, visitNode);
  } while (at !== 0 && --steps > 0 && seen < count);
  return at;
}
