/** String values: bytes packed in the record, whatever their length. */

import { parseInteger } from '../../command/numbers.ts';
import type { Database } from '../../keyspace/index.ts';
import { Flag } from '../../keyspace/index.ts';
import { type Address, copyBytes } from '../../memory/index.ts';

/** Longest string that Redis keeps in one piece with its object. */
const EMBSTR_BYTES_MAX = 44;
const INTEGER_BYTES_MAX = 20;

/**
 * Makes `buf[start, start + length)` the value of a string record; returns the record. `keepExpiry`:
 * the key goes on to expire when it did.
 */
export function setString(
  db: Database,
  record: Address,
  buf: Buffer,
  start: number,
  length: number,
  keepExpiry: boolean,
): Address {
  if (!keepExpiry) db.clearExpiry(record);
  const target = db.resizeValue(record, length);
  copyBytes(buf, start, db.bytesOf(target), db.valueOffset(target), length);
  const meta = db.metaOf(target);
  if ((meta & Flag.variant) !== 0) db.setMeta(target, meta & ~Flag.variant);
  return target;
}

/** Marks a string as changed in place: Redis keeps such ones `raw`. */
export function markRaw(db: Database, record: Address): void {
  db.setFlag(record, Flag.variant, true);
}

/** What OBJECT ENCODING says. */
export function encodingOf(db: Database, record: Address): 'int' | 'embstr' | 'raw' {
  const length = db.valueLength(record);
  if ((db.metaOf(record) & Flag.variant) !== 0) return 'raw';
  if (length <= INTEGER_BYTES_MAX) {
    const offset = db.valueOffset(record);
    if (!Number.isNaN(parseInteger(db.bytesOf(record), offset, offset + length))) return 'int';
  }
  return length <= EMBSTR_BYTES_MAX ? 'embstr' : 'raw';
}
