/**
 * Keys of the store's entries in the engine; the grammar is docs/formats/kv-entries.md.
 *
 * A key of the store stands under its content and the reverse of its hash: the order in which SCAN goes
 * over memory, so that a range of buckets there is a range of entries here.
 */
import { copyBytes, equalBytes, reverseBits } from '../memory/index.ts';

/** First byte of an entry's key. */
export const Space = {
  /** What the store knows of itself. */
  state: 0,
  /** State beside the keys, by name. */
  extra: 1,
  /** A key. */
  key: 2,
  /** An element of a large value. */
  element: 3,
  /** A key that expires, by its time. */
  time: 4,
  /** A hash with fields that expire. */
  fields: 5,
} as const;

/** Bytes of an entry's key before the store's own key. */
export const KEY_HEAD_BYTES = 9;
/** The same of the entry of a key that expires, and of an element before its name. */
export const NUMBERED_HEAD_BYTES = 13;

/** What the store knows of itself as of a flush. */
export const STATE_KEY = Buffer.from([Space.state, 1]);
/** Numbers that may have been given away, also by a flush that did not come to its end. */
export const NUMBERS_KEY = Buffer.from([Space.state, 2]);

const NO_NAME = Buffer.alloc(0);

/** Writes keys of entries into one buffer: `buf[0, length)`, good until the next. */
export class KeyWriter {
  buf: Buffer = Buffer.allocUnsafeSlow(256);
  length = 0;

  /** The entry of a key of the store, with the hash that its table has for it. */
  key(content: number, hash: number, from: Buffer, start: number, length: number): this {
    return this.hashed(Space.key, content, hash, from, start, length);
  }

  /** Whether it is the entry of this key that was written last. */
  isKey(content: number, hash: number, from: Buffer, start: number, length: number): boolean {
    const { buf } = this;
    return (
      this.length === KEY_HEAD_BYTES + length &&
      buf[0] === Space.key &&
      buf.readUInt32BE(1) === content &&
      buf.readUInt32BE(5) === reverseBits(hash) &&
      equalBytes(buf, KEY_HEAD_BYTES, from, start, length)
    );
  }

  /** The entry that says that the hash at a key has fields which expire. */
  fields(content: number, hash: number, from: Buffer, start: number, length: number): this {
    return this.hashed(Space.fields, content, hash, from, start, length);
  }

  private hashed(
    space: number,
    content: number,
    hash: number,
    from: Buffer,
    start: number,
    length: number,
  ): this {
    const buf = this.room(KEY_HEAD_BYTES + length);
    buf[0] = space;
    putU32(buf, 1, content);
    putU32(buf, 5, reverseBits(hash));
    copyBytes(from, start, buf, KEY_HEAD_BYTES, length);
    return this;
  }

  /** The entry of a key that expires at a Unix time in milliseconds. */
  time(content: number, atMs: number, from: Buffer, start: number, length: number): this {
    return this.numbered(Space.time, content, atMs, from, start, length);
  }

  /** An element of a large value. */
  element(content: number, value: number, name: Buffer, start: number, length: number): this {
    return this.numbered(Space.element, content, value, name, start, length);
  }

  private numbered(
    space: number,
    content: number,
    number: number,
    from: Buffer,
    start: number,
    length: number,
  ): this {
    const buf = this.room(NUMBERED_HEAD_BYTES + length);
    buf[0] = space;
    putU32(buf, 1, content);
    putU32(buf, 5, Math.floor(number / 2 ** 32));
    putU32(buf, 9, number >>> 0);
    copyBytes(from, start, buf, NUMBERED_HEAD_BYTES, length);
    return this;
  }

  extra(name: string): this {
    const bytes = Buffer.byteLength(name);
    const buf = this.room(1 + bytes);
    buf[0] = Space.extra;
    buf.write(name, 1);
    return this;
  }

  private room(bytes: number): Buffer {
    if (bytes > this.buf.length) this.buf = Buffer.allocUnsafeSlow(Math.max(bytes, 512));
    this.length = bytes;
    return this.buf;
  }
}

/** All entries of a content in one space: `from` up to, not including, `to`. */
export function contentRange(space: number, content: number): { from: Buffer; to: Buffer } {
  const from = Buffer.alloc(5);
  const to = Buffer.alloc(5);
  from[0] = space;
  putU32(from, 1, content);
  to[0] = space;
  // Contents are counted from 1 and never reach the end.
  putU32(to, 1, content + 1);
  return { from, to };
}

/** Entries of a content's keys from a place in the order of SCAN on. */
export function keysFrom(content: number, place: number): Buffer {
  const from = Buffer.alloc(KEY_HEAD_BYTES);
  from[0] = Space.key;
  putU32(from, 1, content);
  putU32(from, 5, place);
  return from;
}

/** Entries of a content's times from one on, Unix ms. */
export function timesFrom(content: number, atMs: number): Buffer {
  const { buf, length } = new KeyWriter().time(content, atMs, NO_KEY, 0, 0);
  return buf.subarray(0, length);
}

/** The time that an entry of a key that expires stands under, Unix ms. */
export function timeOf(key: Buffer): number {
  return key.readUInt32BE(5) * 2 ** 32 + key.readUInt32BE(9);
}

const NO_KEY = Buffer.alloc(0);

/** The elements of the large values `from` up to, not including, `to`. */
export function elementsRange(
  content: number,
  from: number,
  to: number,
): { from: Buffer; to: Buffer } {
  const keys = new KeyWriter();
  const first = keys.element(content, from, NO_NAME, 0, 0).buf;
  const range = { from: Buffer.from(first.subarray(0, NUMBERED_HEAD_BYTES)) };
  const last = keys.element(content, to, NO_NAME, 0, 0).buf;
  return { ...range, to: Buffer.from(last.subarray(0, NUMBERED_HEAD_BYTES)) };
}

/** The number of content in an entry's key. */
export function contentOf(key: Buffer): number {
  return key.readUInt32BE(1);
}

function putU32(buf: Buffer, at: number, value: number): void {
  buf[at] = value >>> 24;
  buf[at + 1] = value >>> 16;
  buf[at + 2] = value >>> 8;
  buf[at + 3] = value;
}
