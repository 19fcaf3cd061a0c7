/** One step of HSCAN: a few buckets of a large hash, or all of a small one. */
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { eachField, type FieldVisitor, isLive, largeHashOf, viewNode } from './form.ts';

/** Buckets looked at for each field asked for, at most, as Redis does. */
const BUCKETS_PER_FIELD = 10;

/**
 * Gives `visit` about `count` fields that are there at `now`, from `cursor` on, and returns the next
 * cursor, 0 at the end. A small hash is given whole, as Redis does.
 */
export function scanFields(
  db: Database,
  record: Address,
  now: number,
  position: { cursor: number; count: number },
  visit: FieldVisitor,
): number {
  if (!db.isLarge(record)) {
    eachField(db, record, now, visit);
    return 0;
  }
  const hash = largeHashOf(db, record);
  const { count } = position;
  let seen = 0;
  const visitNode = (node: Address) => {
    seen++;
    const field = viewNode(hash, node);
    if (isLive(field, now)) visit(field);
  };
  let at = position.cursor;
  let steps = count * BUCKETS_PER_FIELD;
  do {
    at = hash.table.scan(at, visitNode);
  } while (at !== 0 && --steps > 0 && seen < count);
  return at;
}
