/**
 * Intersection, union and difference of sets, member by member: what is found goes to a visitor, never
 * into a list, so results may be as large as the sets.
 */
import type { Call } from '../../command/call.ts';
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  eachMember,
  isMember,
  lengthOf,
  type MemberVisitor,
  SetBuilder,
  type SetLimits,
} from '../../values/set/index.ts';

/** Of more sets than this a union remembers what it has seen instead of asking all earlier sets. */
const LOOKUP_SETS_MAX = 2;

/** Records of the sets at some arguments, 0 for missing ones. @throws WRONG_TYPE for other types. */
export function operands(call: Call, first: number, end: number): Address[] {
  const records: Address[] = [];
  for (let i = first; i < end; i++) records.push(call.findTyped(i, Type.set));
  return records;
}

/** The set with the fewest members, 0 when one is missing. */
export function smallestOf(db: Database, records: readonly Address[]): Address {
  let smallest = records[0] ?? 0;
  for (const record of records) {
    if (record === 0) return 0;
    if (lengthOf(db, record) < lengthOf(db, smallest)) smallest = record;
  }
  return smallest;
}

/** Visits the members that all sets have, in the order of the smallest; false from `visit` ends it. */
export function intersect(db: Database, records: readonly Address[], visit: MemberVisitor): void {
  const smallest = smallestOf(db, records);
  if (smallest === 0) return;
  const others = [...new Set(records)].filter((record) => record !== smallest);
  others.sort((a, b) => lengthOf(db, a) - lengthOf(db, b));
  eachMember(db, smallest, (buf, start, length) => {
    for (const other of others) {
      if (!isMember(db, other, buf, start, length)) return true;
    }
    return visit(buf, start, length);
  });
}

/** Visits the members that any set has, each once. */
export function unite(
  db: Database,
  limits: SetLimits,
  records: readonly Address[],
  visit: MemberVisitor,
): void {
  const distinct = [...new Set(records)].filter((record) => record !== 0);
  if (distinct.length > LOOKUP_SETS_MAX) {
    uniteMany(db, limits, distinct, visit);
    return;
  }
  const [first, second] = distinct;
  if (first === undefined) return;
  eachMember(db, first, visit);
  if (second === undefined) return;
  eachMember(db, second, (buf, start, length) => {
    if (!isMember(db, first, buf, start, length)) visit(buf, start, length);
    return true;
  });
}

function uniteMany(
  db: Database,
  limits: SetLimits,
  records: readonly Address[],
  visit: MemberVisitor,
): void {
  const seen = new SetBuilder(db, limits);
  for (const record of records) {
    eachMember(db, record, (buf, start, length) => {
      if (seen.add(buf, start, length)) visit(buf, start, length);
      return true;
    });
  }
  seen.drop();
}

/** Visits the members of the first set that no other has, in the order of the first. */
export function subtract(
  db: Database,
  limits: SetLimits,
  records: readonly Address[],
  visit: MemberVisitor,
): void {
  const first = records[0] ?? 0;
  const others = [...new Set(records.slice(1))].filter((record) => record !== 0);
  if (first === 0 || others.includes(first)) return;
  const counts = others.map((record) => lengthOf(db, record));
  const together = counts.reduce((sum, count) => sum + count, 0);
  // Asking every other set for each member costs the product; many small sets are united first.
  if (others.length > LOOKUP_SETS_MAX && together < (lengthOf(db, first) * others.length) / 2) {
    subtractUnion(db, limits, { first, others }, visit);
    return;
  }
  others.sort((a, b) => lengthOf(db, b) - lengthOf(db, a));
  eachMember(db, first, (buf, start, length) => {
    for (const other of others) {
      if (isMember(db, other, buf, start, length)) return true;
    }
    return visit(buf, start, length);
  });
}

function subtractUnion(
  db: Database,
  limits: SetLimits,
  sets: { first: Address; others: readonly Address[] },
  visit: MemberVisitor,
): void {
  const union = new SetBuilder(db, limits);
  for (const record of sets.others) {
    eachMember(db, record, (buf, start, length) => {
      union.add(buf, start, length);
      return true;
    });
  }
  eachMember(db, sets.first, (buf, start, length) =>
    union.has(buf, start, length) ? true : visit(buf, start, length),
  );
  union.drop();
}
