/**
 * Sets and removes fields of a hash in a record, and changes its form where Redis would: on the way up
 * only, at the thresholds that hold at the moment of the write.
 *
 * All functions may move the record and return its address. Fields and values come from buffers of
 * the caller's, never from the record that is changed.
 *
 * Benchmark: bench/kv (HSET).
 */
import { type Database, Flag } from '../../keyspace/index.ts';
import { type Address, copyBytes } from '../../memory/index.ts';
import { closeGap, openGap } from '../gap.ts';
import {
  itemBytes,
  itemLength,
  itemStart,
  nextItem,
  PACKED_BYTES_MAX,
  PACKED_HEAD_BYTES,
  packedCount,
  setPackedCount,
  skipItems,
  writeItem,
} from '../packed.ts';
import {
  EXPIRY_ITEM_BYTES,
  eachField,
  findPacked,
  largeHashOf,
  lengthOf,
  NO_TIME,
  packedExpiry,
  setPackedExpiry,
  strideOf,
} from './form.ts';
import { LargeHash } from './large-hash.ts';
import type { HashLimits } from './limits.ts';

/** Value bytes to create the record of a new hash with, before `beginHash`. */
export const EMPTY_HASH_BYTES = PACKED_HEAD_BYTES;

/** Eight zero bytes: the expiry of a field that does not expire. */
const NO_EXPIRY = Buffer.alloc(8);

/** Makes a record that was just created with EMPTY_HASH_BYTES an empty hash. */
export function beginHash(db: Database, record: Address): void {
  setPackedCount(db.bytesOf(record), db.valueOffset(record), 0);
}

/** Turns a packed hash into a table; `expected` fields will be in it. */
export function toLarge(db: Database, record: Address, expected: number): Address {
  const hash = new LargeHash(db.arena, Math.max(expected, lengthOf(db, record)));
  eachField(db, record, NO_TIME, (field) => {
    const { buf, start, length, expireAt } = field;
    let node = hash.insert(buf, field.fieldStart, field.fieldLength, length);
    copyBytes(buf, start, hash.bytesOf(node), hash.nameStart(node) + field.fieldLength, length);
    if (expireAt !== 0) node = hash.setExpiry(node, expireAt);
    return true;
  });
  return db.setLarge(record, hash);
}

/** Whether the field that was set or removed last had been there at the time given. */
export let wasLive = false;

/**
 * Sets a field, which from then on does not expire unless `keepExpiry`. Returns the record; `wasLive`
 * tells whether the field was there at `now`.
 */
export function setField(
  db: Database,
  record: Address,
  limits: HashLimits,
  now: number,
  buf: Buffer,
  fieldStart: number,
  fieldLength: number,
  value: Buffer,
  start: number,
  length: number,
  keepExpiry = false,
): Address {
  if (!db.isLarge(record)) {
    const at = findPacked(db, record, buf, fieldStart, fieldLength);
    const { hashMaxListpackValue, hashMaxListpackEntries } = limits;
    const fits =
      fieldLength <= hashMaxListpackValue &&
      length <= hashMaxListpackValue &&
      db.valueLength(record) + fieldLength + length < PACKED_BYTES_MAX &&
      lengthOf(db, record) + (at < 0 ? 1 : 0) <= hashMaxListpackEntries;
    if (fits) {
      if (at < 0) {
        wasLive = false;
        return append(db, record, buf, fieldStart, fieldLength, value, start, length);
      }
      return replace(db, record, at, now, value, start, length, keepExpiry);
    }
  }
  const large = db.isLarge(record) ? record : toLarge(db, record, lengthOf(db, record) + 1);
  const hash = largeHashOf(db, large);
  let node = hash.find(buf, fieldStart, fieldLength);
  if (node === 0) {
    wasLive = false;
    node = hash.insert(buf, fieldStart, fieldLength, length);
  } else {
    const expireAt = hash.expiryOf(node);
    wasLive = expireAt === 0 || expireAt > now;
    if (expireAt !== 0 && !(keepExpiry && wasLive)) node = hash.setExpiry(node, 0);
    node = hash.resize(node, length);
  }
  copyBytes(value, start, hash.bytesOf(node), hash.nameStart(node) + fieldLength, length);
  return large;
}

function append(
  db: Database,
  record: Address,
  buf: Buffer,
  fieldStart: number,
  fieldLength: number,
  value: Buffer,
  start: number,
  length: number,
): Address {
  const stride = strideOf(db, record);
  const bytes = db.valueLength(record);
  const added = itemBytes(fieldLength) + itemBytes(length) + (stride === 3 ? EXPIRY_ITEM_BYTES : 0);
  const moved = openGap(db, record, bytes, added);
  const own = db.bytesOf(moved);
  const offset = db.valueOffset(moved);
  let at = writeItem(own, offset + bytes, buf, fieldStart, fieldLength);
  at = writeItem(own, at, value, start, length);
  if (stride === 3) writeItem(own, at, NO_EXPIRY, 0, 8);
  setPackedCount(own, offset, packedCount(own, offset) + stride);
  return moved;
}

function replace(
  db: Database,
  record: Address,
  at: number,
  now: number,
  value: Buffer,
  start: number,
  length: number,
  keepExpiry: boolean,
): Address {
  let own = db.bytesOf(record);
  wasLive = true;
  if (strideOf(db, record) === 3) {
    const expireAt = packedExpiry(own, at);
    wasLive = expireAt === 0 || expireAt > now;
    if (!(keepExpiry && wasLive)) setPackedExpiry(own, at, 0);
  }
  const item = nextItem(own, at);
  const oldLength = itemLength(own, item);
  if (oldLength === length) {
    copyBytes(value, start, own, itemStart(own, item), length);
    return record;
  }
  const relative = item - db.valueOffset(record);
  const difference = itemBytes(length) - itemBytes(oldLength);
  const moved =
    difference > 0
      ? openGap(db, record, relative, difference)
      : difference < 0
        ? closeGap(db, record, relative, -difference)
        : record;
  own = db.bytesOf(moved);
  writeItem(own, db.valueOffset(moved) + relative, value, start, length);
  return moved;
}

/**
 * Removes a field. Returns the record, or 0 when the field was not there at all (the record has not
 * moved); `wasLive` tells whether it was there at `now`.
 */
export function deleteField(
  db: Database,
  record: Address,
  now: number,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  wasLive = false;
  if (db.isLarge(record)) {
    const hash = largeHashOf(db, record);
    const node = hash.find(buf, start, length);
    if (node === 0) return 0;
    const expireAt = hash.expiryOf(node);
    wasLive = expireAt === 0 || expireAt > now;
    hash.delete(node);
    return record;
  }
  const at = findPacked(db, record, buf, start, length);
  if (at < 0) return 0;
  const own = db.bytesOf(record);
  const stride = strideOf(db, record);
  const expireAt = stride === 3 ? packedExpiry(own, at) : 0;
  wasLive = expireAt === 0 || expireAt > now;
  return deletePackedAt(db, record, at - db.valueOffset(record));
}

/** Removes the packed field that stands `at` bytes behind the value's first byte. */
export function deletePackedAt(db: Database, record: Address, at: number): Address {
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const stride = strideOf(db, record);
  const bytes = skipItems(own, offset + at, stride) - offset - at;
  setPackedCount(own, offset, packedCount(own, offset) - stride);
  return closeGap(db, record, at, bytes);
}

/** Gives every packed field room for an expiry. */
export function packExpiries(db: Database, record: Address): Address {
  const count = lengthOf(db, record);
  const bytes = db.valueLength(record) + count * EXPIRY_ITEM_BYTES;
  const packed = Buffer.allocUnsafe(bytes);
  let to = PACKED_HEAD_BYTES;
  eachField(db, record, NO_TIME, (field) => {
    to = writeItem(packed, to, field.buf, field.fieldStart, field.fieldLength);
    to = writeItem(packed, to, field.buf, field.start, field.length);
    to = writeItem(packed, to, NO_EXPIRY, 0, 8);
    return true;
  });
  setPackedCount(packed, 0, count * 3);
  const moved = db.resizeValue(record, bytes);
  packed.copy(db.bytesOf(moved), db.valueOffset(moved));
  db.setFlag(moved, Flag.variant, true);
  return moved;
}
