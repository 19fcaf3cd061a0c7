/**
 * Bytes of records: varints, texts and byte strings, as docs/formats/namespace.md has them.
 *
 * Invariant: a reader never goes beyond its bytes; what is cut short or too large throws `RecordDamage`.
 */
import { invariant } from '../core/base/index.ts';

const BYTES_MIN = 256;
/** 2^53 - 1 takes eight groups of seven bits. */
const VARINT_BYTES_MAX = 8;

/** A record that can not be read. */
export class RecordDamage extends Error {
  override readonly name = 'RecordDamage';
}

export class RecordWriter {
  private buffer: Buffer;
  private at = 0;

  constructor(bytesMin = BYTES_MIN) {
    this.buffer = Buffer.allocUnsafe(bytesMin);
  }

  u8(value: number): this {
    this.room(1);
    this.buffer[this.at++] = value;
    return this;
  }

  varint(value: number): this {
    invariant(value >= 0 && value <= Number.MAX_SAFE_INTEGER, 'a varint is below 2^53');
    this.room(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.at++] = rest;
    return this;
  }

  text(value: string): this {
    const bytes = Buffer.byteLength(value);
    this.varint(bytes);
    this.room(bytes);
    this.at += this.buffer.write(value, this.at);
    return this;
  }

  bytes(value: Buffer): this {
    this.varint(value.length);
    return this.raw(value);
  }

  raw(value: Buffer): this {
    this.room(value.length);
    this.at += value.copy(this.buffer, this.at);
    return this;
  }

  /** What was written; the writer is done with it. */
  done(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.at + bytes, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

export class RecordReader {
  private readonly buffer: Buffer;
  private at: number;
  private readonly end: number;

  constructor(buffer: Buffer, start = 0, end = buffer.length) {
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  u8(): number {
    if (this.at >= this.end) throw new RecordDamage('a record is cut short');
    return this.buffer[this.at++]!;
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (let nth = 0; nth < VARINT_BYTES_MAX; nth++) {
      const byte = this.u8();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      unit *= 0x80;
    }
    throw new RecordDamage('a number is too large');
  }

  text(): string {
    const start = this.skip(this.varint());
    return this.buffer.toString('utf8', start, this.at);
  }

  /** A copy. */
  bytes(): Buffer {
    const start = this.skip(this.varint());
    return Buffer.from(this.buffer.subarray(start, this.at));
  }

  /** A view of the bytes, good as long as the buffer is. */
  view(): Buffer {
    const start = this.skip(this.varint());
    return this.buffer.subarray(start, this.at);
  }

  private skip(bytes: number): number {
    const start = this.at;
    if (bytes > this.end - start) throw new RecordDamage('a record is cut short');
    this.at += bytes;
    return start;
  }
}
