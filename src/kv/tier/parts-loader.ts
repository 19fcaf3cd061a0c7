/**
 * Brings a value that is stored in parts back, part by part. It grows apart from the database; `finish`
 * adds the key.
 */
import type { Engine } from '../engine/engine.ts';
import { type Database, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { ValueLoader } from '../values/index.ts';
import { EntryError, type EntryReader, finishEntry, type PartsHead } from './entry.ts';
import { type ItemSource, readStreamItem } from './stream-items.ts';

export class PartsLoader implements ItemSource {
  private readonly db: Database;
  private readonly head: PartsHead;
  private readonly meta: number;
  private readonly expiry: number;
  private readonly loader: ValueLoader;
  private parts = 0;
  private buf: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;

  constructor(engine: Engine, db: Database, key: Buffer, entry: EntryReader) {
    this.db = db;
    this.head = entry.partsHead();
    this.meta = entry.meta;
    this.expiry = entry.expiry;
    const loader = new ValueLoader(engine, db, key, 'large');
    this.loader = loader;
    const { type } = this.head;
    if (type === Type.list) loader.beginList();
    else if (type === Type.set) loader.beginSet(0);
    else if (type === Type.hash) loader.beginHash(0);
    else if (type === Type.stream) loader.beginStream();
    else loader.beginZset(0);
  }

  /** Takes the next part. @throws EntryError. */
  entry(_key: Buffer, buf: Buffer): void {
    const { loader } = this;
    const { type } = this.head;
    this.parts++;
    this.buf = buf;
    this.at = 0;
    this.end = buf.length;
    while (this.at < this.end) {
      if (type === Type.list) loader.onListItem(this.value());
      else if (type === Type.set) loader.onSetMember(this.value());
      else if (type === Type.hash) {
        const expireAt = this.f64();
        const field = this.value();
        loader.onHashField(field, this.value(), expireAt);
      } else if (type === Type.stream) {
        if (!readStreamItem(this, loader)) throw new EntryError('an item of a stream is unknown');
      } else {
        const score = this.f64();
        loader.onZsetMember(this.value(), score);
      }
    }
  }

  /** Adds the key, which is not in memory; nothing else may load meanwhile. @throws EntryError. */
  finish(): Address {
    const { parts, value } = this.head;
    if (this.parts !== parts) {
      throw new EntryError(`${this.parts} parts of a value were found, ${parts} were stored`);
    }
    const { db } = this;
    const record = finishEntry(db, this.loader.finish(), this.meta, this.expiry);
    db.largeOf(record).storedAs = { content: db.content, from: value, to: value + 1 };
    return record;
  }

  /** Gives back what was built and will not be used. */
  drop(): void {
    this.loader.drop();
  }

  value(): Buffer {
    const length = this.u32();
    const start = this.at;
    this.need(length);
    this.at += length;
    return this.buf.subarray(start, this.at);
  }

  u32(): number {
    this.need(4);
    const value = this.buf.readUInt32LE(this.at);
    this.at += 4;
    return value;
  }

  f64(): number {
    this.need(8);
    const value = this.buf.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.end) throw new EntryError('a part of a value is cut off');
  }
}
