/**
 * Opens and closes gaps in the packed value of a record, the only way in which such values grow and
 * shrink. Positions are relative to the value's first byte, because the record may move.
 */
import type { Database } from '../keyspace/index.ts';
import { type Address, moveBytes } from '../memory/index.ts';

/** Makes `bytes` bytes of room at `at`, content undefined. Returns the record, moved or not. */
export function openGap(db: Database, record: Address, at: number, bytes: number): Address {
  const length = db.valueLength(record);
  const moved = db.resizeValue(record, length + bytes);
  if (at < length) {
    const offset = db.valueOffset(moved);
    const own = db.bytesOf(moved);
    moveBytes(own, offset + at, own, offset + at + bytes, length - at);
  }
  return moved;
}

/** Takes away `bytes` bytes at `at`. Returns the record, moved or not. */
export function closeGap(db: Database, record: Address, at: number, bytes: number): Address {
  const length = db.valueLength(record);
  const offset = db.valueOffset(record);
  if (at + bytes < length) {
    const own = db.bytesOf(record);
    moveBytes(own, offset + at + bytes, own, offset + at, length - at - bytes);
  }
  return db.resizeValue(record, length - bytes);
}
