/**
 * Writes one large collection to the engine part by part, so that a collection of millions of elements is
 * never written in one go.
 *
 * Between two parts the value does not change: a command that would change it waits for the emission
 * (Flusher.mustWait), and a change that can not wait completes it first (Flusher.emit).
 */
import { invariant } from '../../core/base/index.ts';
import { type Database, type LargeValue, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import * as hash from '../values/hash/index.ts';
import * as list from '../values/list/index.ts';
import * as set from '../values/set/index.ts';
import { streamOf } from '../values/stream/index.ts';
import { ZsetCursor } from '../values/zset/index.ts';
import { ByteSink } from './byte-sink.ts';
import { writeStream } from './stream-items.ts';

const cursor = new ZsetCursor();

/** Where the parts go. */
export interface PartSink {
  /** The first `length` bytes of `items` are a part. */
  part(emission: LargeEmission, number: number, items: Buffer, length: number): void;
}

export class LargeEmission {
  readonly db: Database;
  readonly key: Buffer;
  readonly value: LargeValue;
  done = false;
  /** By what those who wait for it are told. */
  readonly hold: number;
  /** The number of the value among all that are stored in parts. */
  readonly number: number;
  /** Parts written so far. */
  parts = 0;
  private readonly items = new ByteSink(32 * 1024);
  /** How far it has come: an index, a rank or a scan cursor. */
  private position = 0;
  /** Writes a stream, one item after the other. */
  private stream: Generator<void, void, void> | undefined;

  constructor(db: Database, record: Address, hold: number, number: number) {
    this.db = db;
    this.key = db.keyBytes(record);
    this.value = db.largeOf(record);
    this.hold = hold;
    this.number = number;
  }

  /** Writes a part of about `budget` elements; `done` says whether that was the last. */
  step(sink: PartSink, budget: number): void {
    const { db, key, items } = this;
    const record = db.findHot(key, 0, key.length);
    invariant(record !== 0 && db.isLarge(record), 'a value changed while it was written');
    items.at = 0;
    this.done = this.take(record, budget);
    if (items.at > 0) sink.part(this, this.parts++, items.buf, items.at);
  }

  private take(record: Address, budget: number): boolean {
    const { db, items } = this;
    switch (db.typeOf(record)) {
      case Type.list:
        return this.takeList(record, budget);
      case Type.set:
        this.position = set.scanMembers(db, record, this.position, budget, (buf, start, length) => {
          items.range(buf, start, length);
          return true;
        });
        return this.position === 0;
      case Type.hash:
        this.position = hash.scanFields(
          db,
          record,
          hash.NO_TIME,
          { cursor: this.position, count: budget },
          (field) => {
            items.f64(field.expireAt);
            items.range(field.buf, field.fieldStart, field.fieldLength);
            items.range(field.buf, field.start, field.length);
            return true;
          },
        );
        return this.position === 0;
      case Type.stream:
        return this.takeStream(record, budget);
      default:
        return this.takeZset(record, budget);
    }
  }

  private takeList(record: Address, budget: number): boolean {
    const { db, items } = this;
    const size = list.lengthOf(db, record);
    const stop = Math.min(this.position + budget, size);
    list.each(db, record, this.position, true, (element, index) => {
      items.range(element.bytes, element.start, element.end - element.start);
      return index + 1 < stop;
    });
    this.position = stop;
    return stop === size;
  }

  private takeStream(record: Address, budget: number): boolean {
    this.stream ??= writeStream(streamOf(this.db, record), this.items);
    for (let left = budget; left > 0; left--) if (this.stream.next().done === true) return true;
    return false;
  }

  private takeZset(record: Address, budget: number): boolean {
    const { items } = this;
    cursor.begin(this.db, record, this.position);
    let taken = 0;
    while (taken < budget && cursor.next()) {
      items.f64(cursor.score);
      items.range(cursor.buf, cursor.start, cursor.length);
      taken++;
    }
    this.position += taken;
    return this.position === this.value.size;
  }
}
