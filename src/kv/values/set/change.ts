/**
 * Adds and removes members of a set in a record, and changes its form where Redis would: on the way
 * up only, at the thresholds that hold at the moment of the write.
 *
 * All functions may move the record and return its address. Members come from a buffer of the
 * caller's, never from the record that is changed.
 *
 * Benchmark: bench/kv (SADD, SPOP).
 */
import { type Database, Flag } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { closeGap, openGap } from '../gap.ts';
import {
  findItem,
  itemBytes,
  nextItem,
  PACKED_BYTES_MAX,
  PACKED_HEAD_BYTES,
  packedCount,
  setPackedCount,
  writeItem,
} from '../packed.ts';
import { eachMember, isIntset, largeSetOf, lengthOf } from './form.ts';
import { high, low, parseHalves, writeHalves } from './integer.ts';
import {
  clearIntset,
  findInteger,
  highAt,
  INTSET_HEAD_BYTES,
  intsetCount,
  lowAt,
  putInteger,
  roomFor,
} from './intset.ts';
import { LargeSet } from './large-set.ts';
import { initialForm, intsetEntriesMax, type SetLimits } from './limits.ts';

/** Value bytes to create the record of a new set with, before `beginSet`. */
export const EMPTY_SET_BYTES = PACKED_HEAD_BYTES;
/** An integer of 64 bits has at most so many characters, and takes one byte more as an item. */
const INTEGER_ITEM_BYTES = 21;

/**
 * Makes a record that was just created with EMPTY_SET_BYTES an empty set, in the form that suits the
 * first member and `count` members in all.
 */
export function beginSet(
  db: Database,
  record: Address,
  first: { buf: Buffer; start: number; length: number },
  count: number,
  limits: SetLimits,
): Address {
  const integer = parseHalves(first.buf, first.start, first.length);
  return beginForm(db, record, initialForm(integer, count, limits), count);
}

function beginForm(
  db: Database,
  record: Address,
  form: 'intset' | 'listpack' | 'hashtable',
  count: number,
): Address {
  if (form === 'hashtable') return db.setLarge(record, new LargeSet(db.arena, count));
  const buf = db.bytesOf(record);
  const offset = db.valueOffset(record);
  if (form === 'intset') {
    clearIntset(buf, offset);
    return db.resizeValue(record, INTSET_HEAD_BYTES);
  }
  setPackedCount(buf, offset, 0);
  db.setFlag(record, Flag.variant, true);
  return record;
}

/** Makes a set ready for `count` new members: one command that brings many gets a table at once. */
export function expectMembers(
  db: Database,
  record: Address,
  count: number,
  limits: SetLimits,
): Address {
  if (db.isLarge(record)) return record;
  const max = isIntset(db, record) ? limits.setMaxIntsetEntries : limits.setMaxListpackEntries;
  return count > max ? toLarge(db, record, count) : record;
}

/** Adds a member. Returns the record, or 0 when the member was there (the record has not moved). */
export function addMember(
  db: Database,
  record: Address,
  limits: SetLimits,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  if (db.isLarge(record)) {
    return largeSetOf(db, record).add(buf, start, length) ? record : 0;
  }
  if (!isIntset(db, record)) return addPacked(db, record, limits, buf, start, length);
  if (parseHalves(buf, start, length)) return addInteger(db, record, limits, high, low);
  const count = lengthOf(db, record);
  const fits =
    count < limits.setMaxListpackEntries &&
    length <= limits.setMaxListpackValue &&
    digitsMax(db, record) <= limits.setMaxListpackValue;
  if (!fits) return addLarge(db, toLarge(db, record, count + 1), buf, start, length);
  return addPacked(db, integersToPacked(db, record), limits, buf, start, length);
}

function addPacked(
  db: Database,
  record: Address,
  limits: SetLimits,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const bytes = db.valueLength(record);
  if (findItem(own, offset, offset + bytes, 1, buf, start, length) >= 0) return 0;
  const count = packedCount(own, offset);
  const needed = itemBytes(length);
  if (
    count >= limits.setMaxListpackEntries ||
    length > limits.setMaxListpackValue ||
    bytes + needed > PACKED_BYTES_MAX
  ) {
    return addLarge(db, toLarge(db, record, count + 1), buf, start, length);
  }
  const moved = openGap(db, record, bytes, needed);
  const to = db.bytesOf(moved);
  const at = db.valueOffset(moved);
  writeItem(to, at + bytes, buf, start, length);
  setPackedCount(to, at, count + 1);
  return moved;
}

function addInteger(
  db: Database,
  record: Address,
  limits: SetLimits,
  numberHigh: number,
  numberLow: number,
): Address {
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const bytes = db.valueLength(record);
  const found = findInteger(own, offset, bytes, numberHigh, numberLow);
  if (found >= 0) return 0;
  const room = roomFor(own, offset, bytes, numberHigh, numberLow);
  const moved = db.resizeValue(record, room);
  const at = db.valueOffset(moved);
  putInteger(db.bytesOf(moved), at, bytes, -1 - found, numberHigh, numberLow);
  const count = intsetCount(db.bytesOf(moved), at, room);
  return count > intsetEntriesMax(limits) ? toLarge(db, moved, count) : moved;
}

function addLarge(
  db: Database,
  record: Address,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  largeSetOf(db, record).add(buf, start, length);
  return record;
}

/** Characters of the longest member of an intset. */
function digitsMax(db: Database, record: Address): number {
  const count = lengthOf(db, record);
  if (count === 0) return 0;
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const digits = Buffer.allocUnsafe(20);
  const first = writeHalves(highAt(own, offset, 0), lowAt(own, offset, 0), digits, 0);
  const last = count - 1;
  return Math.max(
    first,
    writeHalves(highAt(own, offset, last), lowAt(own, offset, last), digits, 0),
  );
}

function integersToPacked(db: Database, record: Address): Address {
  const count = lengthOf(db, record);
  const packed = Buffer.allocUnsafe(PACKED_HEAD_BYTES + count * INTEGER_ITEM_BYTES);
  setPackedCount(packed, 0, count);
  let at = PACKED_HEAD_BYTES;
  eachMember(db, record, (buf, start, length) => {
    at = writeItem(packed, at, buf, start, length);
    return true;
  });
  const moved = db.resizeValue(record, at);
  packed.copy(db.bytesOf(moved), db.valueOffset(moved), 0, at);
  db.setFlag(moved, Flag.variant, true);
  return moved;
}

function toLarge(db: Database, record: Address, expected: number): Address {
  const set = new LargeSet(db.arena, Math.max(expected, lengthOf(db, record)));
  eachMember(db, record, (buf, start, length) => set.add(buf, start, length));
  db.setFlag(record, Flag.variant, false);
  return db.setLarge(record, set);
}

/** Takes a member away. Returns the record, or 0 when it was not there (the record has not moved). */
export function removeMember(
  db: Database,
  record: Address,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  if (db.isLarge(record)) {
    return largeSetOf(db, record).delete(buf, start, length) ? record : 0;
  }
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const bytes = db.valueLength(record);
  if (!isIntset(db, record)) {
    const at = findItem(own, offset, offset + bytes, 1, buf, start, length);
    return at < 0 ? 0 : removePackedAt(db, record, at - offset);
  }
  if (!parseHalves(buf, start, length)) return 0;
  const index = findInteger(own, offset, bytes, high, low);
  return index < 0 ? 0 : removeIntegerAt(db, record, index);
}

/** Takes the integer at `index` of an intset away. */
export function removeIntegerAt(db: Database, record: Address, index: number): Address {
  const width = db.bytesOf(record)[db.valueOffset(record)]!;
  return closeGap(db, record, INTSET_HEAD_BYTES + index * width, width);
}

/** Takes away the item that stands `at` bytes behind the value's first byte. */
export function removePackedAt(db: Database, record: Address, at: number): Address {
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const bytes = nextItem(own, offset + at) - offset - at;
  setPackedCount(own, offset, packedCount(own, offset) - 1);
  return closeGap(db, record, at, bytes);
}
