/**
 * A key as an entry of the engine: how it is written, how it comes back into memory. Grammar:
 * docs/formats/kv-entries.md.
 *
 * What fits a record stands in the entry as it stands in the record; a small collection in large form
 * as DUMP has it; of a large one the entry has the head, and every element is an entry of its own.
 */
import type { Engine } from '../engine/engine.ts';
import {
  CLOCK_MASK,
  type Database,
  Flag,
  type LargeValue,
  TIER_MASK,
  TYPE_MASK,
  TYPE_SHIFT,
  Type,
} from '../keyspace/index.ts';
import { type Address, copyBytes } from '../memory/index.ts';
import { RdbValueWriter, readDump } from '../rdb/index.ts';
import { noteFieldExpiries } from '../values/hash/index.ts';
import { dumpValue, ValueLoader } from '../values/index.ts';
import { ByteSink } from './byte-sink.ts';

/** First byte of an entry's value: where the value of the key is. */
export const Form = { packed: 1, dump: 2, elements: 3 } as const;

/** Bits of a record's meta that are stored. */
const META_STORED = CLOCK_MASK | TYPE_MASK | Flag.variant;
/** Bit of a stored meta: an expiry follows. */
const HAS_EXPIRY = 0x80000000;
/** Large values of up to so many elements are in the entry itself. */
export const WHOLE_ELEMENTS = 512;
/** Bytes of an element, on average, up to which that holds. */
const WHOLE_ELEMENT_BYTES = 128;

/** The entry of a value that is stored by element; what its type adds follows. */
export interface ElementsHead {
  readonly type: Type;
  readonly value: number;
  readonly elements: number;
}

const ELEMENTS_HEAD_BYTES = 20;

/** Writes the values of entries: `sink.buf[0, sink.at)`, good until the next. */
export class EntryWriter {
  readonly sink = new ByteSink(4096);
  private readonly values = new RdbValueWriter({ version: 12, compress: false });

  /** A record whose value is packed or small enough to be in the entry. */
  whole(db: Database, record: Address): void {
    const large = db.isLarge(record);
    this.head(large ? Form.dump : Form.packed, db, record);
    const { sink } = this;
    if (large) {
      dumpValue(db, record, this.values);
      const payload = this.values.finishDump();
      sink.raw(payload, 0, payload.length);
    } else sink.raw(db.bytesOf(record), db.valueOffset(record), db.valueLength(record));
  }

  /** A record whose value is stored by element; `stamp` differs whenever they do. */
  elements(db: Database, record: Address, number: number, stamp: number, value: LargeValue): void {
    this.head(Form.elements, db, record);
    const { sink } = this;
    sink.f64(number);
    sink.f64(stamp);
    sink.u32(value.elementCount);
    value.writeHead(sink);
  }

  private head(form: number, db: Database, record: Address): void {
    const { sink } = this;
    const expiry = db.expiryOf(record);
    sink.at = 0;
    sink.u8(form);
    sink.u32(((db.metaOf(record) & META_STORED) | (expiry >= 0 ? HAS_EXPIRY : 0)) >>> 0);
    if (expiry >= 0) sink.f64(expiry);
  }
}

/** Reads the head of an entry's value. One object serves all. */
export class EntryReader {
  form = 0;
  meta = 0;
  /** Unix ms, -1 for never. */
  expiry = -1;
  /** What follows the head is `buf[start, end)`. */
  buf: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  /** False: these bytes are no entry. */
  open(buf: Buffer, start: number, length: number): boolean {
    this.buf = buf;
    this.end = start + length;
    if (length < 5) return false;
    this.form = buf[start] as number;
    const meta = buf.readUInt32LE(start + 1);
    const timed = meta >= HAS_EXPIRY;
    this.meta = meta;
    this.start = start + 5 + (timed ? 8 : 0);
    if (this.start > this.end || this.form < Form.packed || this.form > Form.elements) return false;
    this.expiry = timed ? buf.readDoubleLE(start + 5) : -1;
    return this.form !== Form.elements || this.end - this.start >= ELEMENTS_HEAD_BYTES;
  }

  /** Reads what another one has opened. */
  copy({ form, meta, expiry, buf, start, end }: EntryReader): void {
    this.form = form;
    this.meta = meta;
    this.expiry = expiry;
    this.buf = buf;
    this.start = start;
    this.end = end;
  }

  /** Whether the value is beside the entry, in others of its own. */
  get isApart(): boolean {
    return this.form === Form.elements;
  }

  /** The number under which the elements of a value that is apart are. */
  get valueNumber(): number {
    return this.buf.readDoubleLE(this.start);
  }

  get type(): Type {
    return ((this.meta & TYPE_MASK) >>> TYPE_SHIFT) as Type;
  }

  /** Of a value that is stored by element. */
  elementsHead(): ElementsHead {
    const { type, buf, start } = this;
    return { type, value: buf.readDoubleLE(start), elements: buf.readUInt32LE(start + 16) };
  }

  /** What the type has in the head of a value that is stored by element. */
  get typeStart(): number {
    return this.start + ELEMENTS_HEAD_BYTES;
  }
}

/**
 * Adds a key, which is not in memory, as an entry with its value within tells it: stored, not dirty.
 * @throws EntryError.
 */
export function addEntry(
  engine: Engine,
  db: Database,
  hash: number,
  key: { buf: Buffer; start: number; length: number },
  entry: EntryReader,
): Address {
  const { buf, start, end } = entry;
  if (entry.form === Form.packed) {
    const length = end - start;
    const record = db.createHashed(hash, key.buf, key.start, key.length, entry.type, length);
    copyBytes(buf, start, db.bytesOf(record), db.valueOffset(record), length);
    return finishEntry(db, record, entry.meta, entry.expiry);
  }
  const name = Buffer.from(key.buf.subarray(key.start, key.start + key.length));
  const { meta, expiry } = entry;
  const loader = new ValueLoader(engine, db, name, 'large');
  const result = readDump(buf.subarray(start, end), loader, { trackDuplicates: false });
  if (result !== 'ok') throw new EntryError(`a stored value can not be read: ${result}`);
  return finishEntry(db, loader.finish(), meta, expiry);
}

/** Gives a record that was loaded what its entry says beside the value. Returns it, moved or not. */
export function finishEntry(db: Database, record: Address, meta: number, expiry: number): Address {
  const kept = db.metaOf(record) & (Flag.large | TYPE_MASK | TIER_MASK);
  db.setMeta(record, kept | (meta & META_STORED & ~TYPE_MASK));
  let placed = record;
  if (expiry >= 0) {
    placed = db.setExpiry(record, expiry);
    db.setStoredTime(placed, expiry);
  }
  if (db.typeOf(placed) === Type.hash) noteFieldExpiries(db, placed);
  return placed;
}

/**
 * Whether a value is to be stored by element: above the bound, or not far below it if it is stored so,
 * that it may come and go around the bound.
 */
export function isStoredByElement(value: LargeValue, wholeElements: number): boolean {
  const bound = value.storedAs === undefined ? wholeElements : wholeElements >>> 1;
  return value.size > bound || value.memoryBytes() > bound * WHOLE_ELEMENT_BYTES;
}

/** An entry of the store is not what the store writes, though the engine's checksums hold. */
export class EntryError extends Error {
  override readonly name = 'EntryError';
  readonly code = 'corrupt';
}
