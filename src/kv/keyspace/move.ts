/**
 * Moves a key with all it has: to another name, to another database. A large value changes hands and is
 * not copied. Expiry, encoding and access clock go along.
 */
import { type Address, copyBytes } from '../memory/index.ts';
import type { Database } from './database.ts';
import type { LargeValue } from './large-value.ts';
import { CLOCK_MASK, Flag, Type } from './record.ts';

/** What of a record's meta word belongs to its value. */
const VALUE_BITS = Flag.variant | CLOCK_MASK;

/**
 * Moves `record` of `from` (as `findForWrite` gave it) to the key `buf[start, start + length)` of `to`,
 * which must not be there. The bytes must not be the record's own. Returns the new record.
 */
export function moveRecord(
  from: Database,
  record: Address,
  to: Database,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  const expiresAt = from.expiryOf(record);
  const meta = from.metaOf(record);
  const type = from.typeOf(record);
  let moved: Address;
  if (from.isLarge(record)) {
    const value = from.detach(record)!;
    if (from !== to && value.storedAs !== undefined) leaveContent(from, value);
    moved = to.setLarge(to.create(buf, start, length, type, 0), value);
  } else {
    moved = copyPacked(from, record, to, buf, start, length);
    from.remove(record);
  }
  to.setMeta(moved, (to.metaOf(moved) & ~VALUE_BITS) | (meta & VALUE_BITS));
  // The earliest field is looked up by the cycle: a time that has passed makes it come by.
  if (type === Type.hash && (meta & Flag.variant) !== 0)
    to.fieldExpiries.note(buf, start, length, 0);
  return expiresAt < 0 ? moved : to.setExpiry(moved, expiresAt);
}

/** What the engine has of a value stays behind; all of it is written anew where it goes. */
function leaveContent(from: Database, value: LargeValue): void {
  const { changes } = value;
  while (changes?.frozen === true) changes.step(Number.POSITIVE_INFINITY);
  const rest = changes?.rest();
  while (rest?.release(Number.MAX_SAFE_INTEGER) === false);
  value.endChanges();
  from.changes.dead.push(value.storedAs!);
  value.storedAs = undefined;
}

/** Adds a key, which must not be there, with the packed value and its form, nothing else. */
export function copyPacked(
  from: Database,
  record: Address,
  to: Database,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  const bytes = from.valueLength(record);
  const copy = to.create(buf, start, length, from.typeOf(record), bytes);
  copyBytes(
    from.bytesOf(record),
    from.valueOffset(record),
    to.bytesOf(copy),
    to.valueOffset(copy),
    bytes,
  );
  if ((from.metaOf(record) & Flag.variant) !== 0) to.setFlag(copy, Flag.variant, true);
  return copy;
}
