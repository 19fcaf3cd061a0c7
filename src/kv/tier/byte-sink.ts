/** A growing buffer of little-endian numbers and length-prefixed ranges. */
import { copyBytes } from '../memory/index.ts';

export class ByteSink {
  buf: Buffer;
  at = 0;

  constructor(bytes: number) {
    this.buf = Buffer.allocUnsafeSlow(bytes);
  }

  ensure(bytes: number): void {
    if (this.at + bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, this.at + bytes));
    this.buf.copy(larger, 0, 0, this.at);
    this.buf = larger;
  }

  u8(value: number): void {
    this.ensure(1);
    this.buf[this.at++] = value;
  }

  u32(value: number): void {
    this.ensure(4);
    const { buf } = this;
    let { at } = this;
    buf[at++] = value;
    buf[at++] = value >>> 8;
    buf[at++] = value >>> 16;
    buf[at++] = value >>> 24;
    this.at = at;
  }

  f64(value: number): void {
    this.ensure(8);
    this.at = this.buf.writeDoubleLE(value, this.at);
  }

  /** A string of latin1, as `range`. */
  text(text: string): void {
    this.u32(text.length);
    this.ensure(text.length);
    this.at += this.buf.write(text, this.at, 'latin1');
  }

  range(from: Buffer, start: number, length: number): void {
    this.u32(length);
    this.ensure(length);
    from.copy(this.buf, this.at, start, start + length);
    this.at += length;
  }

  /** Bytes as they are. */
  raw(from: Buffer, start: number, length: number): void {
    this.ensure(length);
    copyBytes(from, start, this.buf, this.at, length);
    this.at += length;
  }
}
