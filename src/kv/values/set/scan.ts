/**
 * One step of SSCAN: a few buckets of a large set, or all of a small one.
 */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { eachMember, largeSetOf, type MemberVisitor } from './form.ts';

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
  visit: MemberVisitor,
): number {
  if (!db.isLarge(record)) {
    eachMember(db, record, visit);
    return 0;
  }
  const set = largeSetOf(db, record);
  let seen = 0;
  const visitNode = (node: Address) => {
    seen++;
    visit(set.bytesOf(node), set.nameStart(node), set.nameLength(node));
  };
  let at = cursor;
  let steps = count * BUCKETS_PER_MEMBER;
  do {
    at = set.table.scan(at, visitNode);
  } while (at !== 0 && --steps > 0 && seen < count);
  return at;
}
