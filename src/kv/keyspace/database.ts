/**
 * One numbered database: which keys there are, in memory and on the disk; found, added, removed. What
 * stands in a record is RecordFields', how one moves MovingRecords'.
 *
 * Below this stands memory only; above it commands. It knows nothing of replies, effects or clients,
 * except three hooks: `onExpired` (a lookup met a key whose time has come), `beforeChange` (a record
 * that a running flush has not written yet is about to change) and `onMiss` (a key is not in memory, and
 * some are on the disk only).
 *
 * Rules for callers, on which flushes and memory safety rest:
 *  - What may be changed comes from `findForWrite`; `find` is for reading only.
 *  - `create`, `resizeValue`, `setExpiry`, `clearExpiry` and `setHandle` may move the record: use the
 *    address they return, the old one is gone.
 *  - An address is good until the next call that may change this database.
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../../core/base/index.ts';
import {
  type Address,
  byteOffset,
  copyBytes,
  EXTRA_WORD,
  SEGMENT_SHIFT,
  Table,
} from '../memory/index.ts';
import { Changes } from './changes.ts';
import { ColdCount } from './cold-count.ts';
import type { DatabaseShared } from './database-shared.ts';
import { Expiries } from './expiries.ts';
import { FieldExpiries } from './field-expiries.ts';
import type { LargeValue } from './large-value.ts';
import { MovingRecords } from './moving-records.ts';
import {
  CLOCK_MASK,
  DIRTY_MASK,
  Flag,
  RECORD_HEAD_BYTES,
  TIER_MASK,
  TYPE_SHIFT,
  type Type,
} from './record.ts';
import { ReleasedTable } from './released-table.ts';

/** Its `table`, `expiries` and `changes` are replaced by `clear` and `swapContents`. */
export class Database extends MovingRecords {
  /** Number of the database as SELECT names it. SWAPDB exchanges contents, not numbers. */
  readonly index: number;
  /** Hashes with fields that expire. */
  fieldExpiries: FieldExpiries;
  /** Names what the engine on the disk has of this database. SWAPDB exchanges it, FLUSHDB gives a new one. */
  content: number;
  /** Keys that are on the disk only. */
  colds = new ColdCount();
  private readonly shared: DatabaseShared;

  constructor(index: number, shared: DatabaseShared) {
    super(shared.arena);
    this.index = index;
    this.shared = shared;
    this.fieldExpiries = new FieldExpiries(shared.arena);
    this.content = shared.nextContent();
  }

  /** Number of keys, expired ones that nobody met yet included. */
  get size(): number {
    return this.table.size + this.cold;
  }

  /** Number of keys that expire, wherever they are. */
  get expiring(): number {
    return this.expiries.size + this.colds.expiring;
  }

  /** Number of keys that are on the disk only. */
  get cold(): number {
    return this.colds.size;
  }

  /** Keys in memory. */
  get hot(): number {
    return this.table.size;
  }

  /** Bytes of buckets and lists, which are not in the arena or not of a record. */
  get tableBytes(): number {
    const { table, expiries, fieldExpiries, changes } = this;
    return table.bucketBytes + expiries.bytes + fieldExpiries.bytes + changes.bytes;
  }

  /** The live record of a key and its access noted; 0 when there is none. For reading. */
  find(buf: Buffer, start: number, length: number): Address {
    const record = this.peek(buf, start, length);
    if (record !== 0) this.touch(record);
    return record;
  }

  /** As `find` without noting the access (OBJECT, TYPE, TTL, EXISTS with NOTOUCH). */
  peek(buf: Buffer, start: number, length: number): Address {
    const table = this.table;
    const hash = table.hash(buf, start, length);
    let record = table.find(hash, buf, start, length);
    if (record === 0) {
      if (this.cold === 0) return 0;
      record = this.shared.onMiss(this, hash, buf, start, length);
      if (record === 0) return 0;
    }
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    if ((words[w + 2] as number) >= EXTRA_WORD && this.expired(record, words[w + 5] as number)) {
      return 0;
    }
    return record;
  }

  /** The live record of a key, made ready to be changed; 0 when there is none. */
  findForWrite(buf: Buffer, start: number, length: number): Address {
    const record = this.find(buf, start, length);
    if (record !== 0) this.prepareForChange(record);
    return record;
  }

  /** The record whether expired or not, untouched. */
  findRaw(buf: Buffer, start: number, length: number): Address {
    const table = this.table;
    const hash = table.hash(buf, start, length);
    const record = table.find(hash, buf, start, length);
    if (record !== 0 || this.cold === 0) return record;
    return this.shared.onMiss(this, hash, buf, start, length);
  }

  /** As `findRaw`, only in memory. */
  findHot(buf: Buffer, start: number, length: number): Address {
    const table = this.table;
    return table.find(table.hash(buf, start, length), buf, start, length);
  }

  /** A record is about to change or go; for those that `findForWrite` did not find. */
  prepareForChange(record: Address): void {
    const meta = this.arena.words[record >>> SEGMENT_SHIFT]![(byteOffset(record) >>> 2) + 3]!;
    if ((meta & DIRTY_MASK) >>> 0 !== this.shared.dirtyBit) this.becomeDirty(record);
  }

  private becomeDirty(record: Address): void {
    const { shared } = this;
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    if (((words[w + 3] as number) & shared.flushingBit) !== 0) shared.beforeChange(this, record);
    const meta = words[w + 3] as number;
    if ((meta & shared.dirtyBit) !== 0) return;
    words[w + 3] = (meta | shared.dirtyBit) >>> 0;
    this.changes.dirty.add(words[w + 1] as number);
  }

  private expired(record: Address, expiryIndex: number): boolean {
    const shared = this.shared;
    if (this.expiries.timeAt(expiryIndex) > shared.nowMs || !shared.expiresOnLookup) return false;
    return shared.onExpired(this, record);
  }

  private touch(record: Address): void {
    const shared = this.shared;
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const meta = (byteOffset(record) >>> 2) + 3;
    const bits = words[meta] as number;
    const clock = shared.touch === undefined ? shared.accessClock : shared.touch(bits & CLOCK_MASK);
    words[meta] = ((bits & ~CLOCK_MASK) | clock) >>> 0;
  }

  /**
   * Adds a key that is not there, with room for `valueBytes` bytes of value (content undefined).
   * Returns its record.
   */
  create(buf: Buffer, start: number, length: number, type: Type, valueBytes: number): Address {
    const hash = this.table.hash(buf, start, length);
    return this.createHashed(hash, buf, start, length, type, valueBytes);
  }

  /** As `create`, with the hash that the table has for the key. */
  createHashed(
    hash: number,
    buf: Buffer,
    start: number,
    length: number,
    type: Type,
    valueBytes: number,
  ): Address {
    const arena = this.arena;
    const record = arena.alloc(RECORD_HEAD_BYTES + length + valueBytes);
    const segment = record >>> SEGMENT_SHIFT;
    const words = arena.words[segment]!;
    const offset = byteOffset(record);
    const w = offset >>> 2;
    words[w + 1] = hash;
    words[w + 2] = length;
    const { shared } = this;
    words[w + 3] = (shared.accessClock | (type << TYPE_SHIFT) | shared.newFlags) >>> 0;
    words[w + 4] = valueBytes;
    copyBytes(buf, start, arena.bytes[segment]!, offset + RECORD_HEAD_BYTES, length);
    this.table.insert(record);
    if (shared.dirtyBit !== 0) this.noteCreated(record, hash, buf, start, length);
    return record;
  }

  private noteCreated(
    record: Address,
    hash: number,
    buf: Buffer,
    start: number,
    length: number,
  ): void {
    const { changes } = this;
    changes.dirty.add(hash);
    const timeMs = changes.gone.remove(hash, buf, start, length);
    if (timeMs < 0) return;
    // The engine still has the key that went.
    this.setFlag(record, Flag.stored, true);
    if (timeMs > 0) changes.untimed.add(hash, buf, start, length, timeMs);
  }

  /** Removes a record, its expiry and its value. The caller has it from `findForWrite`. */
  remove(record: Address): void {
    const value = this.detach(record);
    if (value !== undefined) this.bury(value);
  }

  /** Gives back a value that is needed no more, here and on the disk. */
  private bury(value: LargeValue): void {
    if (value.storedAs !== undefined) this.changes.dead.push(value.storedAs);
    this.shared.large.bury(value);
  }

  /** Removes a record but hands its large value, if it has one, to the caller (RENAME, MOVE). */
  detach(record: Address): LargeValue | undefined {
    this.prepareForChange(record);
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    if ((words[(byteOffset(record) >>> 2) + 3]! & Flag.stored) !== 0) this.noteGone(record);
    return this.take(record);
  }

  /** Forgets a record that the engine has as it is: its key is cold from now on. */
  drop(record: Address): void {
    invariant((this.metaOf(record) & TIER_MASK) >>> 0 === Flag.stored, 'what is dropped is stored');
    const expiryMs = this.expiryOf(record);
    const value = this.take(record);
    if (value !== undefined) this.shared.large.bury(value);
    this.colds.add(expiryMs);
  }

  private noteGone(record: Address): void {
    const bytes = this.bytesOf(record);
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    const timed = (words[w + 2] as number) >= EXTRA_WORD;
    const timeMs = timed ? this.expiries.storedAt(words[w + 5] as number) : 0;
    const start = this.keyOffset(record);
    this.changes.gone.add(words[w + 1] as number, bytes, start, this.keyLength(record), timeMs);
  }

  /** Takes a record out of memory, whatever the engine has of it. */
  private take(record: Address): LargeValue | undefined {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    if ((words[w + 2] as number) >= EXTRA_WORD) this.forgetExpiry(words[w + 5] as number);
    let value: LargeValue | undefined;
    if (((words[w + 3] as number) & Flag.large) !== 0) {
      value = this.shared.large.remove(words[w + 4] as number);
    }
    if (this.hasExpiringFields(record)) {
      this.fieldExpiries.forget(
        this.bytesOf(record),
        this.keyOffset(record),
        this.keyLength(record),
      );
    }
    const ok = this.table.unlink(record);
    invariant(ok, 'a record that is not in its table');
    this.arena.free(record);
    return value;
  }

  /** The large value of a record that has one. */
  largeOf(record: Address): LargeValue {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    return this.shared.large.get(words[(byteOffset(record) >>> 2) + 4]!);
  }

  /** Turns a packed record into one with a large value; the packed bytes are given back. */
  setLarge(record: Address, value: LargeValue): Address {
    const shrunk = this.resizeValue(record, 0);
    this.setFlag(shrunk, Flag.large, true);
    this.arena.words[shrunk >>> SEGMENT_SHIFT]![(byteOffset(shrunk) >>> 2) + 4] =
      this.shared.large.add(value);
    return shrunk;
  }

  /**
   * Turns a record with a large value back into a packed one with room for `valueBytes` bytes; the large
   * value is buried, so what is needed of it is copied before.
   */
  unsetLarge(record: Address, valueBytes: number): Address {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    const value = this.shared.large.remove(words[w + 4] as number);
    words[w + 4] = 0;
    this.setFlag(record, Flag.large, false);
    // The flush has the record's head and holds the value: of what the record becomes it wants nothing.
    if (value.changes?.frozen === true) this.setFlag(record, this.shared.flushingBit, false);
    this.bury(value);
    return this.resizeValue(record, valueBytes);
  }

  /** Copies of the keys whose hashes have fields that expire, or had. */
  expiringHashes(): Buffer[] {
    return this.fieldExpiries.keys();
  }

  /** Bytes that the record takes, its large value included. */
  memoryBytes(record: Address): number {
    const own = this.arena.capacity(record) + 8;
    return this.isLarge(record) ? own + this.largeOf(record).memoryBytes() : own;
  }

  /** Empties the database; a few records go at once, many in the background. */
  clear(): void {
    const { changes, shared } = this;
    this.forgetRecords();
    this.colds.set(0, 0);
    if (shared.dirtyBit === 0) return;
    shared.contentDropped(this.content);
    this.content = shared.nextContent();
    this.changes = new Changes(this.arena);
    for (const names of [changes.gone, changes.untimed]) {
      if (names.size > 0) shared.large.bury(names);
    }
  }

  /** Visits every record, those on the disk only too; `visit` changes nothing. Blocks. */
  each(visit: (record: Address) => void): void {
    this.table.each((record) => {
      visit(record);
      return true;
    });
    if (this.cold > 0) this.shared.eachCold(this, visit);
  }

  /** Forgets all records, which the engine has as they are: all keys are cold from now on. */
  dropAll(): void {
    this.colds.set(this.size, this.expiring);
    this.forgetRecords();
  }

  private forgetRecords(): void {
    const { table, fieldExpiries } = this;
    const { large } = this.shared;
    this.table = new Table(this.arena, RECORD_HEAD_BYTES);
    this.expiries = new Expiries();
    this.fieldExpiries = new FieldExpiries(this.arena);
    large.bury(new ReleasedTable(this.arena, table, large));
    if (fieldExpiries.size > 0) large.bury(fieldExpiries);
  }
}
