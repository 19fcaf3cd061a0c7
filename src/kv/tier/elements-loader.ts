/**
 * Brings a value that is stored by element back, element by element. It grows apart from the database;
 * `finish` adds the key.
 */
import type { Engine } from '../engine/engine.ts';
import type { Database, ElementIn, LargeValue } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { newLarge } from '../values/index.ts';
import { type ElementsHead, EntryError, type EntryReader, finishEntry } from './entry.ts';
import { NUMBERED_HEAD_BYTES } from './keys.ts';

export class ElementsLoader {
  private readonly engine: Engine;
  private readonly db: Database;
  private readonly key: Buffer;
  private readonly head: ElementsHead;
  private readonly meta: number;
  private readonly expiry: number;
  private readonly value: LargeValue;
  private readonly reader = new ElementReader();

  /** `replaying`: what is read is as of the last flush that was complete. */
  constructor(engine: Engine, db: Database, key: Buffer, entry: EntryReader, replaying: boolean) {
    this.engine = engine;
    this.db = db;
    this.key = key;
    this.head = entry.elementsHead();
    this.meta = entry.meta;
    this.expiry = entry.expiry;
    this.value = newLarge(this.head.type, db.arena, engine.settings, this.head.elements);
    this.value.beginChanges(true, replaying);
    this.value.readHead(this.reader.over(entry.buf, entry.typeStart, entry.end));
  }

  /** Takes the next entry of the value's range. @throws EntryError. */
  entry(key: Buffer, value: Buffer): void {
    const name = key.subarray(NUMBERED_HEAD_BYTES);
    this.value.readElement(name, this.reader.over(value, 0, value.length));
  }

  /** Adds the key, which is not in memory; nothing else may load meanwhile. @throws EntryError. */
  finish(): Address {
    const { db, key, value, head } = this;
    const found = value.elementCount;
    if (found !== head.elements || !value.loaded()) {
      throw new EntryError(`${found} elements of a value were found, ${head.elements} were stored`);
    }
    value.storedAs = { content: db.content, from: head.value, to: head.value + 1 };
    const record = db.setLarge(db.create(key, 0, key.length, head.type, 0), value);
    return finishEntry(db, record, this.meta, this.expiry);
  }

  /** Gives back what was built and will not be used. */
  drop(): void {
    this.engine.keyspace.large.bury(this.value);
  }
}

class ElementReader implements ElementIn {
  private buf: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;

  over(buf: Buffer, start: number, end: number): this {
    this.buf = buf;
    this.at = start;
    this.end = end;
    return this;
  }

  get left(): number {
    return this.end - this.at;
  }

  u32(): number {
    return this.buf.readUInt32LE(this.take(4));
  }

  f64(): number {
    return this.buf.readDoubleLE(this.take(8));
  }

  raw(length: number): Buffer {
    const start = this.take(length);
    return this.buf.subarray(start, start + length);
  }

  private take(bytes: number): number {
    const start = this.at;
    if (start + bytes > this.end) throw new EntryError('an element of a value is cut off');
    this.at = start + bytes;
    return start;
  }
}
