/**
 * Random members, each equally likely. Chance comes from the caller, so that a replay or a simulation
 * draws the same.
 */
import type { Random } from '../../../core/runtime/index.ts';
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { AddressSet } from '../address-set.ts';
import { itemLength, itemStart, PACKED_HEAD_BYTES, skipItems } from '../packed.ts';
import { removeIntegerAt, removePackedAt } from './change.ts';
import { eachMember, isIntset, largeSetOf, lengthOf, type MemberVisitor } from './form.ts';
import { writeHalves } from './integer.ts';
import { highAt, lowAt } from './intset.ts';

/** Below this part of all members they are drawn one by one, above it by one walk over the set. */
const DRAW_PART = 3;

/** Gives `visit` one random member of a set that has some. */
export function randomMember(
  db: Database,
  record: Address,
  random: Random,
  visit: MemberVisitor,
): void {
  if (db.isLarge(record)) {
    const set = largeSetOf(db, record);
    const node = set.table.randomFair(() => random.u32());
    visit(set.bytesOf(node), set.nameStart(node), set.nameLength(node));
    return;
  }
  visitAt(db, record, indexBelow(lengthOf(db, record), random), visit);
}

/** Gives `visit` `count` random members, the same one as often as it is drawn. */
export function randomMembers(
  db: Database,
  record: Address,
  count: number,
  random: Random,
  visit: MemberVisitor,
): void {
  if (!db.isLarge(record)) {
    const length = lengthOf(db, record);
    for (let i = 0; i < count; i++) visitAt(db, record, indexBelow(length, random), visit);
    return;
  }
  const set = largeSetOf(db, record);
  const draw = () => random.u32();
  for (let i = 0; i < count; i++) {
    const node = set.table.randomFair(draw);
    visit(set.bytesOf(node), set.nameStart(node), set.nameLength(node));
  }
}

/** Gives `visit` `count` different random members of a set that has more than that. */
export function distinctMembers(
  db: Database,
  record: Address,
  count: number,
  random: Random,
  visit: MemberVisitor,
): void {
  let left = lengthOf(db, record);
  if (db.isLarge(record) && count < left / DRAW_PART) {
    const set = largeSetOf(db, record);
    const draw = () => random.u32();
    const drawn = new AddressSet(count);
    while (drawn.size < count) {
      const node = set.table.randomFair(draw);
      if (!drawn.add(node)) continue;
      visit(set.bytesOf(node), set.nameStart(node), set.nameLength(node));
    }
    return;
  }
  // Selection sampling (Knuth, 3.4.2, algorithm S): one walk, no memory, every subset equally likely.
  let wanted = count;
  eachMember(db, record, (buf, start, length) => {
    if (random.float() * left < wanted) {
      visit(buf, start, length);
      wanted--;
    }
    left--;
    return wanted > 0;
  });
}

/**
 * Takes one random member away after `visit` has seen it. Returns the record, moved or not; it may be
 * an empty set then.
 */
export function popMember(
  db: Database,
  record: Address,
  random: Random,
  visit: MemberVisitor,
): Address {
  if (db.isLarge(record)) {
    const set = largeSetOf(db, record);
    const node = set.table.randomFair(() => random.u32());
    visit(set.bytesOf(node), set.nameStart(node), set.nameLength(node));
    set.deleteNode(node);
    return record;
  }
  const index = indexBelow(lengthOf(db, record), random);
  visitAt(db, record, index, visit);
  if (isIntset(db, record)) return removeIntegerAt(db, record, index);
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  return removePackedAt(db, record, skipItems(own, offset + PACKED_HEAD_BYTES, index) - offset);
}

function visitAt(db: Database, record: Address, index: number, visit: MemberVisitor): void {
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  if (isIntset(db, record)) {
    const length = writeHalves(highAt(own, offset, index), lowAt(own, offset, index), DIGITS, 0);
    visit(DIGITS, 0, length);
    return;
  }
  const at = skipItems(own, offset + PACKED_HEAD_BYTES, index);
  visit(own, itemStart(own, at), itemLength(own, at));
}

/** Scratch for the digits of one integer; seen by `visit` during its call only. */
const DIGITS = Buffer.alloc(20);

function indexBelow(count: number, random: Random): number {
  return Math.floor(random.float() * count);
}
