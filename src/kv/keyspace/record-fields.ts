/**
 * The words and bytes of records in an arena: keys, packed values, types, flags. Reads them, and changes
 * bits of them in place; no record moves, and nobody is told.
 *
 * Benchmark: bench/kv.
 */
import {
  type Address,
  type Arena,
  byteOffset,
  EXTRA_WORD,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
} from '../memory/index.ts';
import { Flag, RECORD_HEAD_BYTES, TYPE_MASK, TYPE_SHIFT, Type } from './record.ts';

export class RecordFields {
  /** Where records and values lie. */
  readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** The hash that the table has for a record's key. */
  hashOf(record: Address): number {
    return this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 1]!;
  }

  /** Type of a record's value. */
  typeOf(record: Address): Type {
    const meta = this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 3]!;
    return ((meta & TYPE_MASK) >>> TYPE_SHIFT) as Type;
  }

  /** All flags and clock bits of a record (w3). */
  metaOf(record: Address): number {
    return this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 3]!;
  }

  /** Sets them all. */
  setMeta(record: Address, meta: number): void {
    this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 3] = meta >>> 0;
  }

  /** Sets or clears one flag, or several. */
  setFlag(record: Address, flag: number, on: boolean): void {
    const meta = this.metaOf(record);
    this.setMeta(record, on ? meta | flag : meta & ~flag);
  }

  /** Whether its value is a large one, beside the record. */
  isLarge(record: Address): boolean {
    return (this.metaOf(record) & Flag.large) !== 0;
  }

  /** Whether it is a hash that has, or has had, fields that expire. */
  hasExpiringFields(record: Address): boolean {
    return (this.metaOf(record) & EXPIRING_FIELDS_MASK) === EXPIRING_FIELDS;
  }

  /** The segment's bytes that a record lies in; offsets below are into these. */
  bytesOf(record: Address): Buffer {
    return this.arena.bytes[record >>> SEGMENT_SHIFT]!;
  }

  /** Offset of the key's first byte in `bytesOf(record)`. */
  keyOffset(record: Address): number {
    const offset = byteOffset(record);
    const head = this.arena.words[record >>> SEGMENT_SHIFT]![(offset >>> 2) + 2]!;
    return offset + RECORD_HEAD_BYTES + (head >= EXTRA_WORD ? 4 : 0);
  }

  /** Bytes of the key. */
  keyLength(record: Address): number {
    return (
      this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 2]! & KEY_LENGTH_MASK
    );
  }

  /** A copy of the key. */
  keyBytes(record: Address): Buffer {
    const offset = this.keyOffset(record);
    return Buffer.from(this.bytesOf(record).subarray(offset, offset + this.keyLength(record)));
  }

  /** Offset of a packed value's first byte in `bytesOf(record)`. */
  valueOffset(record: Address): number {
    const offset = byteOffset(record);
    const head = this.arena.words[record >>> SEGMENT_SHIFT]![(offset >>> 2) + 2]!;
    return offset + RECORD_HEAD_BYTES + (head & KEY_LENGTH_MASK) + (head >= EXTRA_WORD ? 4 : 0);
  }

  /** Bytes of a packed value. */
  valueLength(record: Address): number {
    return this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 4]!;
  }

  /** A view of a packed value, good until the database changes. */
  valueBytes(record: Address): Buffer {
    const offset = this.valueOffset(record);
    return this.bytesOf(record).subarray(offset, offset + this.valueLength(record));
  }
}

/** Meta bits of a hash that has, or has had, fields that expire. */
const EXPIRING_FIELDS_MASK = TYPE_MASK | Flag.variant;
const EXPIRING_FIELDS = (Type.hash << TYPE_SHIFT) | Flag.variant;
