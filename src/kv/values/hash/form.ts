/**
 * The three forms of a hash and what reads need of them.
 *
 *   listpack     packed, Flag.variant off   field, value, field, value ... in the order they came
 *   listpackex   packed, Flag.variant on    field, value, expiry, ...
 *   hashtable    Flag.large                 LargeHash
 *
 * A packed expiry is an item of eight bytes: Unix ms as a little-endian double, 0 for never.
 *
 * Reads take the time: a field whose expiry is not after `now` is not there, whether or not somebody
 * has removed it yet. `NO_TIME` shows all fields.
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
import { LargeHash } from './large-hash.ts';

/** A time at which nothing has expired. */
export const NO_TIME = -1;
/** Bytes of the packed item that holds an expiry. */
export const EXPIRY_ITEM_BYTES = 9;

/**
 * What one field is and where it stands, good until the database changes. Reads fill one that they
 * share, so that nothing is allocated for each.
 */
export interface FieldView {
  /** Field and value both lie in it. */
  buf: Buffer;
  fieldStart: number;
  fieldLength: number;
  start: number;
  length: number;
  /** Unix ms, 0 for never. */
  expireAt: number;
}

/** Sees one field; false ends the iteration. The view is good during the call only. */
export type FieldVisitor = (field: FieldView) => boolean | undefined;

const view: FieldView = {
  buf: Buffer.alloc(0),
  fieldStart: 0,
  fieldLength: 0,
  start: 0,
  length: 0,
  expireAt: 0,
};

/** The large value of a hash that has one. */
export function largeHashOf(db: Database, record: Address): LargeHash {
  const value = db.largeOf(record);
  invariant(value instanceof LargeHash, 'a hash whose large value is none');
  return value;
}

/** Items of each field of a packed hash. */
export function strideOf(db: Database, record: Address): 2 | 3 {
  return (db.metaOf(record) & Flag.variant) === 0 ? 2 : 3;
}

/** OBJECT ENCODING of a hash. */
export function encodingOf(db: Database, record: Address): 'listpack' | 'listpackex' | 'hashtable' {
  if (db.isLarge(record)) return 'hashtable';
  return strideOf(db, record) === 2 ? 'listpack' : 'listpackex';
}

/** Number of fields at a time; without one, those included that have expired and are still there. */
export function lengthOf(db: Database, record: Address, now = NO_TIME): number {
  if (db.isLarge(record)) {
    const hash = largeHashOf(db, record);
    const due = now === NO_TIME ? 0 : (hash.expiries?.countDue(now) ?? 0);
    return hash.size - due;
  }
  const buf = db.bytesOf(record);
  const start = db.valueOffset(record);
  const stride = strideOf(db, record);
  if (stride === 2) return packedCount(buf, start) >>> 1;
  if (now === NO_TIME) return packedCount(buf, start) / 3;
  let count = 0;
  eachField(db, record, now, () => {
    count++;
    return true;
  });
  return count;
}

/** Unix ms at which the packed field at `at` expires, 0 for never; `stride` 3. */
export function packedExpiry(buf: Buffer, at: number): number {
  return buf.readDoubleLE(nextItem(buf, nextItem(buf, at)) + 1);
}

export function setPackedExpiry(buf: Buffer, at: number, atMs: number): void {
  buf.writeDoubleLE(atMs, nextItem(buf, nextItem(buf, at)) + 1);
}

/** Offset of a field's item in a packed hash, -1 when it is not there. */
export function findPacked(
  db: Database,
  record: Address,
  buf: Buffer,
  start: number,
  length: number,
): number {
  const own = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const end = offset + db.valueLength(record);
  return findItem(own, offset, end, strideOf(db, record), buf, start, length);
}

/** Fills the shared view from the packed field at `at`. */
export function viewPacked(buf: Buffer, at: number, stride: number): FieldView {
  view.buf = buf;
  view.fieldStart = itemStart(buf, at);
  view.fieldLength = itemLength(buf, at);
  const value = view.fieldStart + view.fieldLength;
  view.start = itemStart(buf, value);
  view.length = itemLength(buf, value);
  view.expireAt = stride === 2 ? 0 : buf.readDoubleLE(view.start + view.length + 1);
  return view;
}

/** Fills the shared view from a node. */
export function viewNode(hash: LargeHash, node: Address): FieldView {
  view.buf = hash.bytesOf(node);
  view.fieldStart = hash.nameStart(node);
  view.fieldLength = hash.nameLength(node);
  view.start = view.fieldStart + view.fieldLength;
  view.length = hash.valueLength(node);
  view.expireAt = hash.expiryOf(node);
  return view;
}

/** A field that is there at a time, undefined when it is not. */
export function getField(
  db: Database,
  record: Address,
  now: number,
  buf: Buffer,
  start: number,
  length: number,
): FieldView | undefined {
  if (db.isLarge(record)) {
    const hash = largeHashOf(db, record);
    const node = hash.find(buf, start, length);
    if (node === 0) return undefined;
    viewNode(hash, node);
  } else {
    const at = findPacked(db, record, buf, start, length);
    if (at < 0) return undefined;
    viewPacked(db.bytesOf(record), at, strideOf(db, record));
  }
  return isLive(view, now) ? view : undefined;
}

export function isLive(field: FieldView, now: number): boolean {
  return field.expireAt === 0 || field.expireAt > now;
}

/**
 * Visits every field that is there at a time: packed ones in the order they came, others in no order.
 * `visit` must not change the database.
 */
export function eachField(db: Database, record: Address, now: number, visit: FieldVisitor): void {
  if (db.isLarge(record)) {
    const hash = largeHashOf(db, record);
    const visitNode = (node: Address) => {
      const field = viewNode(hash, node);
      return isLive(field, now) ? visit(field) : undefined;
    };
    hash.table.each(visitNode);
    return;
  }
  const buf = db.bytesOf(record);
  const offset = db.valueOffset(record);
  const end = offset + db.valueLength(record);
  const stride = strideOf(db, record);
  for (let at = offset + PACKED_HEAD_BYTES; at < end; ) {
    const field = viewPacked(buf, at, stride);
    at = field.start + field.length + (stride === 3 ? EXPIRY_ITEM_BYTES : 0);
    if (isLive(field, now) && visit(field) === false) return;
  }
}
