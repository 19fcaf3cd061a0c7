/** String values: bytes packed in the record, whatever their length. */

import { parseInteger } from '../../command/numbers.ts';
import type { Database } from '../../keyspace/index.ts';
import { Flag } from '../../keyspace/index.ts';
import { type Address, copyBytes } from '../../memory/index.ts';
import { xxh3 } from './xxh3.ts';

export {
  NUMBER_BITS_MAX,
  readField,
  readSmallField,
  writeField,
  writeSmallField,
} from './bit-field.ts';
export { countBitRange, countBits, findBit } from './bits.ts';
export { type BitOperation, type BitSource, combineBits } from './combine-bits.ts';
export { commonSubsequence, type Match, type Subsequence } from './lcs.ts';

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

/**
 * Makes a string at least `length` bytes long, with zero bytes behind what it holds; returns the record.
 */
export function growString(db: Database, record: Address, length: number): Address {
  const old = db.valueLength(record);
  if (length <= old) return record;
  const target = db.resizeValue(record, length, old > 0);
  fillZeros(db, target, old);
  return target;
}

/** Sets the bytes of a string from `at` to its end to zero. */
export function fillZeros(db: Database, record: Address, at: number): void {
  const offset = db.valueOffset(record);
  db.bytesOf(record).fill(0, offset + at, offset + db.valueLength(record));
}

/** As `setString` with bytes of the length that the string has, its expiry kept. */
export function overwriteString(db: Database, record: Address, buf: Buffer, start: number): void {
  copyBytes(buf, start, db.bytesOf(record), db.valueOffset(record), db.valueLength(record));
  const meta = db.metaOf(record);
  if ((meta & Flag.variant) !== 0) db.setMeta(record, meta & ~Flag.variant);
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

/** The digest of a string's bytes: XXH3, 64 bits as 16 hexadecimal digits. */
export function digestOf(db: Database, record: Address): string {
  const offset = db.valueOffset(record);
  return xxh3(db.bytesOf(record), offset, db.valueLength(record)).toString(16).padStart(16, '0');
}
