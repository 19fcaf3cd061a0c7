/**
 * Writes keys to the batch of a flush: a record with what goes along (its time, that it has fields which
 * expire), and what is deleted of keys that went and of times that hold no more.
 *
 * A record that was written counts as stored from then on, whatever becomes of the flush.
 */
import type { WriteBatch } from '../../core/store/index.ts';
import {
  type Database,
  Flag,
  type Keyspace,
  type LargeValue,
  type Name,
  type StoredElements,
  Type,
} from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { ElementBatch, ElementEmission } from './element-emission.ts';
import { EntryWriter, isStoredByElement } from './entry.ts';
import { elementsRange, KeyWriter } from './keys.ts';
import type { StoreEmission } from './store-emission.ts';

export interface KeyEmissionOptions {
  readonly keyspace: Keyspace;
  readonly batch: WriteBatch;
  readonly store: StoreEmission;
  /** Large values of more elements are stored by element. */
  readonly wholeElements: number;
}

export class KeyEmission {
  private readonly keyspace: Keyspace;
  private readonly batch: WriteBatch;
  private readonly store: StoreEmission;
  private readonly wholeElements: number;
  private readonly keys = new KeyWriter();
  private readonly entries = new EntryWriter();
  private readonly elements: ElementBatch;
  private logIndex = 0;
  private rewritesTimes = false;

  constructor({ keyspace, batch, store, wholeElements }: KeyEmissionOptions) {
    this.keyspace = keyspace;
    this.batch = batch;
    this.store = store;
    this.wholeElements = wholeElements;
    this.elements = new ElementBatch(keyspace, batch);
  }

  /** A flush begins behind `logIndex`. `rewritesTimes`: see Flusher. */
  begin(logIndex: number, rewritesTimes: boolean): void {
    this.logIndex = logIndex;
    this.rewritesTimes = rewritesTimes;
  }

  /**
   * Writes a record that the running flush does not have yet: all of it, or the head of a value whose
   * elements it takes to have all, and returns those.
   */
  emit(db: Database, record: Address): ElementEmission | undefined {
    const value = db.isLarge(record) ? db.largeOf(record) : undefined;
    // Its head is written, and its elements are being.
    if (value?.changes?.frozen === true) return undefined;
    if (value !== undefined && isStoredByElement(value, this.wholeElements)) {
      return this.emitHead(db, record, value);
    }
    if (value?.storedAs !== undefined) {
      // In the next flush: a start from before this one finds the elements, and may go on with them.
      db.changes.dead.push(value.storedAs);
      value.storedAs = undefined;
      value.endChanges();
    }
    this.entries.whole(db, record);
    this.writeEntry(db, record);
    return undefined;
  }

  /** Writes the head of a value that is stored by element, and freezes what has changed of it. */
  private emitHead(db: Database, record: Address, value: LargeValue): ElementEmission {
    if (value.storedAs === undefined) {
      const number = this.store.nextValue();
      value.storedAs = { content: db.content, from: number, to: number + 1 };
      value.beginChanges(false);
    }
    this.entries.elements(db, record, value.storedAs.from, this.logIndex, value);
    this.writeEntry(db, record);
    // Only with all of its elements it is as stored as it will be.
    db.setFlag(record, this.keyspace.flushingBit, true);
    const emission = new ElementEmission(this.elements, db, record, value);
    value.changes!.freeze(emission);
    return emission;
  }

  /** Writes the entry that was encoded, and what goes along; the record is as stored as it will be. */
  private writeEntry(db: Database, record: Address): void {
    const { batch, keys, entries } = this;
    const bytes = db.bytesOf(record);
    const start = db.keyOffset(record);
    const length = db.keyLength(record);
    const hash = db.hashOf(record);
    keys.key(db.content, hash, bytes, start, length);
    batch.putRange(keys.buf, 0, keys.length, entries.sink.buf, 0, entries.sink.at, 0);
    const meta = db.metaOf(record);
    if ((meta & Flag.variant) !== 0 && db.typeOf(record) === Type.hash) {
      keys.fields(db.content, hash, bytes, start, length);
      batch.putRange(keys.buf, 0, keys.length, NOTHING, 0, 0, 0);
    }
    const timeMs = db.expiryOf(record);
    if (timeMs >= 0) this.writeTime(db, record, timeMs);
    db.setMeta(record, (meta & ~this.keyspace.flushingBit) | Flag.stored);
  }

  private writeTime(db: Database, record: Address, timeMs: number): void {
    const storedMs = db.storedTime(record);
    const { batch, keys } = this;
    const bytes = db.bytesOf(record);
    const start = db.keyOffset(record);
    const length = db.keyLength(record);
    // What the flush would delete of it is what it writes now.
    const { untimed } = db.changes.flushing!;
    if (untimed.timeOf(db.hashOf(record), bytes, start, length) === timeMs) {
      untimed.remove(db.hashOf(record), bytes, start, length);
    }
    if (storedMs === timeMs && !this.rewritesTimes) return;
    if (storedMs > 0 && storedMs !== timeMs) {
      keys.time(db.content, storedMs, bytes, start, length);
      batch.delete(keys.buf, 0, keys.length);
    }
    keys.time(db.content, timeMs, bytes, start, length);
    batch.putRange(keys.buf, 0, keys.length, NOTHING, 0, 0, 0);
    db.setStoredTime(record, timeMs);
  }

  /** A key that went. */
  gone(db: Database, name: Name): void {
    const { batch, keys } = this;
    const { hash, buf, start, length, timeMs } = name;
    keys.key(db.content, hash, buf, start, length);
    batch.delete(keys.buf, 0, keys.length);
    if (timeMs > 0) this.untimed(db, name);
  }

  /** A time of a key that holds no more. */
  untimed(db: Database, { buf, start, length, timeMs }: Name): void {
    const { batch, keys } = this;
    keys.time(db.content, timeMs, buf, start, length);
    batch.delete(keys.buf, 0, keys.length);
  }

  /** Elements of values that nobody needs any more. */
  dead({ content, from, to }: StoredElements): void {
    const range = elementsRange(content, from, to);
    this.batch.deleteRange(range.from, range.to);
  }
}

const NOTHING = Buffer.alloc(0);
