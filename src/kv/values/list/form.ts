/**
 * Lists in either form. Packed, in the record:
 *
 *   value = count:u32 entry{count}         entries as in entries.ts
 *
 * A list grows into a LargeList when the bytes or the number of its entries pass `list-max-listpack-size`,
 * and shrinks back when they are down to half of it in one chunk, as in Redis.
 *
 * Functions that may change the form or move the record return its address.
 */
import { type Database, Type } from '../../keyspace/index.ts';
import { type Address, moveBytes } from '../../memory/index.ts';
import type { Settings } from '../../settings.ts';
import {
  entryBytes,
  lengthAt,
  lengthBefore,
  sideBytes,
  skipBackward,
  skipForward,
  writeEntry,
} from './entries.ts';
import { LargeList, type Position } from './large-list.ts';

export const COUNT_BYTES = 4;
/** Bytes of a chunk for the sizes -1 to -5. */
const SIZES = [4096, 8192, 16384, 32768, 65536];
/** Bytes of a chunk when the setting counts entries. */
const COUNTED_BYTES = 8192;
const NO_LIMIT = 0x7fffffff;

export interface ListLimits {
  readonly bytes: number;
  readonly entries: number;
}

/** What `list-max-listpack-size` means. */
export function limitsOf(settings: Settings): ListLimits {
  const size = settings.listMaxListpackSize;
  if (size >= 0) return { bytes: COUNTED_BYTES, entries: Math.max(1, size) };
  return { bytes: SIZES[Math.min(-size, SIZES.length) - 1]!, entries: NO_LIMIT };
}

/** Bytes of one element, where they stand; good until the list changes. One object, reused. */
export interface Element {
  bytes: Buffer;
  start: number;
  end: number;
}

const element: Element = { bytes: Buffer.alloc(0), start: 0, end: 0 };

function elementAt(bytes: Buffer, at: number): Element {
  const length = lengthAt(bytes, at);
  element.bytes = bytes;
  element.start = at + sideBytes(length);
  element.end = element.start + length;
  return element;
}

export function largeList(db: Database, record: Address): LargeList | undefined {
  return db.isLarge(record) ? (db.largeOf(record) as LargeList) : undefined;
}

/** Number of elements. */
export function lengthOf(db: Database, record: Address): number {
  const large = largeList(db, record);
  return large !== undefined ? large.size : packedCount(db, record);
}

function packedCount(db: Database, record: Address): number {
  return db.bytesOf(record).readUInt32LE(db.valueOffset(record));
}

function setPackedCount(db: Database, record: Address, count: number): void {
  db.bytesOf(record).writeUInt32LE(count, db.valueOffset(record));
}

/** Turns a new record with `COUNT_BYTES` of value into an empty list. */
export function initEmpty(db: Database, record: Address): void {
  setPackedCount(db, record, 0);
}

/** What OBJECT ENCODING says. */
export function encodingOf(db: Database, record: Address): 'listpack' | 'quicklist' {
  return db.isLarge(record) ? 'quicklist' : 'listpack';
}

/** Adds an element at an end. */
export function push(
  db: Database,
  record: Address,
  limits: ListLimits,
  atHead: boolean,
  from: Buffer,
  start: number,
  length: number,
): Address {
  const large = largeList(db, record);
  if (large !== undefined) {
    if (atHead) large.pushHead(from, start, length);
    else large.pushTail(from, start, length);
    return record;
  }
  const count = packedCount(db, record);
  const used = db.valueLength(record);
  const bytes = entryBytes(length);
  if (used - COUNT_BYTES + bytes > limits.bytes || count + 1 > limits.entries) {
    const grown = toLarge(db, record, limits);
    return push(db, grown, limits, atHead, from, start, length);
  }
  const target = db.resizeValue(record, used + bytes, true);
  const to = db.bytesOf(target);
  const value = db.valueOffset(target);
  if (atHead) {
    const first = value + COUNT_BYTES;
    moveBytes(to, first, to, first + bytes, used - COUNT_BYTES);
    writeEntry(to, first, from, start, length);
  } else writeEntry(to, value + used, from, start, length);
  setPackedCount(db, target, count + 1);
  return target;
}

/** The first or last element of a list, which is not empty. */
export function endElement(db: Database, record: Address, atHead: boolean): Element {
  const large = largeList(db, record);
  if (large !== undefined) {
    if (atHead) return elementAt(large.bytesOf(0), large.startOf(0));
    const last = large.chunks - 1;
    const bytes = large.bytesOf(last);
    return elementAt(bytes, skipBackward(bytes, large.endOf(last), 1));
  }
  const bytes = db.bytesOf(record);
  const value = db.valueOffset(record);
  if (atHead) return elementAt(bytes, value + COUNT_BYTES);
  return elementAt(bytes, skipBackward(bytes, value + db.valueLength(record), 1));
}

/** Removes the first or last element of a list, which is not empty. It may be empty then. */
export function dropEnd(
  db: Database,
  record: Address,
  limits: ListLimits,
  atHead: boolean,
): Address {
  const large = largeList(db, record);
  if (large !== undefined) {
    if (atHead) large.dropHead();
    else large.dropTail();
    return settle(db, record, limits);
  }
  const bytes = db.bytesOf(record);
  const value = db.valueOffset(record);
  const used = db.valueLength(record);
  setPackedCount(db, record, packedCount(db, record) - 1);
  const first = value + COUNT_BYTES;
  if (atHead) {
    const size = entryBytes(lengthAt(bytes, first));
    moveBytes(bytes, first + size, bytes, first, used - COUNT_BYTES - size);
    return db.resizeValue(record, used - size);
  }
  return db.resizeValue(record, used - entryBytes(lengthBefore(bytes, value + used)));
}

/** The element with an index that is there. */
export function elementOf(db: Database, record: Address, index: number): Element {
  const large = largeList(db, record);
  if (large !== undefined) {
    const { chunk, offset } = large.seek(index);
    return elementAt(large.bytesOf(chunk), large.startOf(chunk) + offset);
  }
  return elementAt(db.bytesOf(record), packedOffset(db, record, index));
}

function packedOffset(db: Database, record: Address, index: number): number {
  const count = packedCount(db, record);
  const value = db.valueOffset(record);
  const bytes = db.bytesOf(record);
  if (index * 2 <= count) return skipForward(bytes, value + COUNT_BYTES, index);
  return skipBackward(bytes, value + db.valueLength(record), count - index);
}

/**
 * Visits elements from index `from` on, forward or backward; stops when `visit` returns false. The
 * element is good only during the call; `visit` must not change the list.
 */
export function each(
  db: Database,
  record: Address,
  from: number,
  forward: boolean,
  visit: (element: Element, index: number) => boolean | undefined,
): void {
  const large = largeList(db, record);
  const count = lengthOf(db, record);
  if (from < 0 || from >= count) return;
  const at: Position = large === undefined ? { chunk: 0, offset: 0 } : large.seek(from);
  let chunk = at.chunk;
  let bytes: Buffer;
  let offset: number;
  let begin: number;
  let end: number;
  if (large === undefined) {
    bytes = db.bytesOf(record);
    begin = db.valueOffset(record) + COUNT_BYTES;
    end = begin - COUNT_BYTES + db.valueLength(record);
    offset = packedOffset(db, record, from);
  } else {
    bytes = large.bytesOf(chunk);
    begin = large.startOf(chunk);
    end = large.endOf(chunk);
    offset = begin + at.offset;
  }
  for (let index = from; ; ) {
    const size = entryBytes(lengthAt(bytes, offset));
    if (visit(elementAt(bytes, offset), index) === false) return;
    index += forward ? 1 : -1;
    if (index < 0 || index >= count) return;
    if (forward) {
      offset += size;
      if (offset < end) continue;
      chunk++;
    } else {
      if (offset > begin) {
        offset = skipBackward(bytes, offset, 1);
        continue;
      }
      chunk--;
    }
    bytes = large!.bytesOf(chunk);
    begin = large!.startOf(chunk);
    end = large!.endOf(chunk);
    offset = forward ? begin : skipBackward(bytes, end, 1);
  }
}

/** Replaces the element at an index that is there. */
export function setElement(
  db: Database,
  record: Address,
  limits: ListLimits,
  index: number,
  from: Buffer,
  start: number,
  length: number,
): Address {
  const large = largeList(db, record);
  if (large !== undefined) {
    large.set(large.seek(index), from, start, length);
    return settle(db, record, limits);
  }
  return splice(db, record, limits, index, 1, { from, start, length });
}

/** Puts a new element before the one at an index that is there. */
export function insertElement(
  db: Database,
  record: Address,
  limits: ListLimits,
  index: number,
  from: Buffer,
  start: number,
  length: number,
): Address {
  const large = largeList(db, record);
  if (large !== undefined) {
    large.insert(large.seek(index), from, start, length);
    return record;
  }
  return splice(db, record, limits, index, 0, { from, start, length });
}

/** Removes `count` elements from an index on; all are there. The list may be empty then. */
export function removeElements(
  db: Database,
  record: Address,
  limits: ListLimits,
  index: number,
  count: number,
): Address {
  if (count === 0) return record;
  const large = largeList(db, record);
  if (large !== undefined) {
    large.removeRange(index, count);
    return settle(db, record, limits);
  }
  return splice(db, record, limits, index, count, undefined);
}

/** Writes a packed list anew: `dropped` elements at an index give way to one or none. */
function splice(
  db: Database,
  record: Address,
  limits: ListLimits,
  index: number,
  dropped: number,
  added: { from: Buffer; start: number; length: number } | undefined,
): Address {
  const count = packedCount(db, record) - dropped + (added === undefined ? 0 : 1);
  const bytes = db.bytesOf(record);
  const value = db.valueOffset(record);
  const at = packedOffset(db, record, index);
  const behind = skipForward(bytes, at, dropped);
  const tail = Buffer.from(bytes.subarray(behind, value + db.valueLength(record)));
  const size = added === undefined ? 0 : entryBytes(added.length);
  const used = at - value + size + tail.length;
  if (size > 0 && (used - COUNT_BYTES > limits.bytes || count > limits.entries)) {
    const large = toLarge(db, record, limits);
    const list = largeList(db, large)!;
    const { from, start, length } = added!;
    if (dropped === 0) list.insert(list.seek(index), from, start, length);
    else list.set(list.seek(index), from, start, length);
    return large;
  }
  const before = at - value;
  const target = db.resizeValue(record, used);
  const to = db.bytesOf(target);
  let offset = db.valueOffset(target) + before;
  if (added !== undefined) offset = writeEntry(to, offset, added.from, added.start, added.length);
  tail.copy(to, offset);
  setPackedCount(db, target, count);
  return target;
}

function toLarge(db: Database, record: Address, limits: ListLimits): Address {
  const list = new LargeList(db.arena, limits.bytes, limits.entries);
  const count = packedCount(db, record);
  if (count > 0) {
    const value = db.valueOffset(record);
    const entries = db
      .bytesOf(record)
      .subarray(value + COUNT_BYTES, value + db.valueLength(record));
    if (count <= limits.entries) list.fillChunk(0, [entries], count);
    else {
      // The setting was lowered since: spread the entries over chunks of the new size.
      for (let at = 0; at < entries.length; ) {
        const { bytes, start, end } = elementAt(entries, at);
        at += entryBytes(end - start);
        list.pushTail(bytes, start, end - start);
      }
    }
  }
  return db.setLarge(record, list);
}

/** Packs a large list again when little is left of it. */
function settle(db: Database, record: Address, limits: ListLimits): Address {
  const list = largeList(db, record)!;
  if (list.chunks !== 1) return record;
  const bytes = list.endOf(0) - list.startOf(0);
  if (bytes > limits.bytes >> 1 || list.size > limits.entries >> 1) return record;
  const entries = Buffer.from(list.bytesOf(0).subarray(list.startOf(0), list.endOf(0)));
  const count = list.size;
  const packed = db.unsetLarge(record, COUNT_BYTES + entries.length);
  entries.copy(db.bytesOf(packed), db.valueOffset(packed) + COUNT_BYTES);
  setPackedCount(db, packed, count);
  return packed;
}

/** Adds an empty list at a key that is not there; for builders. */
export function createList(db: Database, key: Buffer, start: number, length: number): Address {
  const record = db.create(key, start, length, Type.list, COUNT_BYTES);
  initEmpty(db, record);
  return record;
}
