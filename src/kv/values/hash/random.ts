/**
 * Random fields, each that is there at the time equally likely. Chance comes from the caller.
 */
import type { Random } from '../../../core/runtime/index.ts';
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { AddressSet } from '../address-set.ts';
import { eachField, type FieldVisitor, isLive, largeHashOf, lengthOf, viewNode } from './form.ts';

/** Below this part of all fields they are drawn one by one, above it by one walk over the hash. */
const DRAW_PART = 3;

/** Gives `visit` one random field of a hash that has some at `now`. */
export function randomField(
  db: Database,
  record: Address,
  now: number,
  random: Random,
  visit: FieldVisitor,
): void {
  const live = lengthOf(db, record, now);
  // Drawing until a field is met that is there takes long where most have expired.
  if (db.isLarge(record) && live * 2 > lengthOf(db, record)) {
    const hash = largeHashOf(db, record);
    const draw = () => random.u32();
    for (;;) {
      const field = viewNode(hash, hash.table.randomFair(draw));
      if (!isLive(field, now)) continue;
      visit(field);
      return;
    }
  }
  let skip = Math.floor(random.float() * live);
  eachField(db, record, now, (field) => {
    if (skip-- > 0) return true;
    visit(field);
    return false;
  });
}

/** Gives `visit` `count` different random fields of a hash that has more than that at `now`. */
export function distinctFields(
  db: Database,
  record: Address,
  now: number,
  count: number,
  random: Random,
  visit: FieldVisitor,
): void {
  let left = lengthOf(db, record, now);
  if (db.isLarge(record) && count < left / DRAW_PART && left * 2 > lengthOf(db, record)) {
    const hash = largeHashOf(db, record);
    const draw = () => random.u32();
    const drawn = new AddressSet(count);
    while (drawn.size < count) {
      const node = hash.table.randomFair(draw);
      const field = viewNode(hash, node);
      if (isLive(field, now) && drawn.add(node)) visit(field);
    }
    return;
  }
  // Selection sampling (Knuth, 3.4.2, algorithm S): one walk, no memory, every subset equally likely.
  let wanted = count;
  eachField(db, record, now, (field) => {
    if (random.float() * left < wanted) {
      visit(field);
      wanted--;
    }
    left--;
    return wanted > 0;
  });
}
