/**
 * Encodes replies, RESP2 or RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec/),
 * one after the other into one growing buffer. Types that RESP2 lacks are written as what Redis gives
 * a RESP2 client in their place.
 *
 * Invariant: `buf[0 .. pos)` is what was written since `pos` was last set back, unless it `overflowed`:
 * a reply above `bytesMax`, or one that memory has no room for, is not written, and neither is what
 * follows until `recover`. Who writes need not look: a command that has begun runs to its end.
 *
 * Benchmark: bench/kv.
 */
import { formatDouble } from './double.ts';

const CR = 13;
const LF = 10;
const SMALL_INTEGERS = 1024;
/** Room of a head that is written later; writing one never asks for more. */
const DEFERRED_HEAD_BYTES = 96;
/** `:n\r\n` and `$n\r\n` of the numbers that most replies need. */
const INTEGER_LINES: Buffer[] = [];
for (let n = 0; n < SMALL_INTEGERS; n++) INTEGER_LINES.push(Buffer.from(`:${n}\r\n`));

/** Where replies go that have no room; nobody reads it. */
const NOWHERE = Buffer.allocUnsafeSlow(64 * 1024);
const BYTES_MAX = 1024 * 1024 * 1024;

export interface RespWriterOptions {
  /** Most that the buffer grows to; default 1 GiB. */
  readonly bytesMax?: number;
  /** Where memory comes from. @throws RangeError when there is none. */
  readonly allocate?: (bytes: number) => Buffer;
}

export class RespWriter {
  buf: Buffer;
  pos = 0;
  /** 2 or 3. */
  protocol: 2 | 3 = 2;
  /** There was no room for a reply: what was written since is lost, `buf` and `pos` mean nothing. */
  overflowed = false;
  private kept: Buffer | undefined;
  private readonly bytesMax: number;
  private readonly allocate: (bytes: number) => Buffer;

  constructor(bytes: number, options: RespWriterOptions = {}) {
    this.bytesMax = options.bytesMax ?? BYTES_MAX;
    this.allocate = options.allocate ?? Buffer.allocUnsafeSlow;
    this.buf = Buffer.allocUnsafeSlow(bytes);
  }

  /** Makes room for `bytes` more; false when so many must not be written (never below 64 KiB). */
  ensure(bytes: number): boolean {
    return this.pos + bytes <= this.buf.length || this.grow(bytes);
  }

  /** Ends an overflow. `pos`: what was written up to there, before the overflow, is kept. */
  recover(pos: number): void {
    if (this.kept !== undefined) this.buf = this.kept;
    this.kept = undefined;
    this.overflowed = false;
    this.pos = pos;
  }

  private grow(bytes: number): boolean {
    if (!this.overflowed) {
      const larger = this.larger(this.pos + bytes);
      if (larger !== undefined) {
        this.buf.copy(larger, 0, 0, this.pos);
        this.buf = larger;
        return true;
      }
      this.overflowed = true;
      this.kept = this.buf;
      this.buf = NOWHERE;
    }
    this.pos = 0;
    return bytes <= NOWHERE.length;
  }

  private larger(wanted: number): Buffer | undefined {
    if (wanted > this.bytesMax) return undefined;
    let size = this.buf.length * 2;
    while (size < wanted) size *= 2;
    try {
      return this.allocate(Math.min(size, this.bytesMax));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return undefined;
    }
  }

  ok(): void {
    this.ensure(5);
    const { buf, pos } = this;
    buf[pos] = 43;
    buf[pos + 1] = 79;
    buf[pos + 2] = 75;
    buf[pos + 3] = CR;
    buf[pos + 4] = LF;
    this.pos = pos + 5;
  }

  /** A status line; `text` has no line breaks. */
  simple(text: string): void {
    this.line(43, text);
  }

  /**
   * An error line with its code word first: `ERR ...`, `WRONGTYPE ...`. Line breaks become spaces, as
   * in Redis those at the ends go.
   */
  error(text: string): void {
    this.line(45, text.replace(/^[\r\n]+|[\r\n]+$/g, '').replace(/[\r\n]/g, ' '));
  }

  private line(mark: number, text: string): void {
    if (!this.ensure(text.length + 3)) return;
    const { buf, pos } = this;
    buf[pos] = mark;
    const end = pos + 1 + buf.write(text, pos + 1, text.length, 'latin1');
    buf[end] = CR;
    buf[end + 1] = LF;
    this.pos = end + 2;
  }

  /** An integer that a double holds exactly. */
  integer(n: number): void {
    if (n >= 0 && n < SMALL_INTEGERS) {
      this.ensure(8);
      const line = INTEGER_LINES[n]!;
      const { buf, pos } = this;
      for (let i = 0; i < line.length; i++) buf[pos + i] = line[i]!;
      this.pos = pos + line.length;
      return;
    }
    this.ensure(24);
    this.head(58, n);
  }

  /** A 64-bit integer. */
  bigInteger(n: bigint): void {
    this.line(58, n.toString());
  }

  /** The head of a bulk string, array or other aggregate: a mark, a count, a line break. */
  private head(mark: number, n: number): void {
    const buf = this.buf;
    let pos = this.pos;
    buf[pos++] = mark;
    if (n >= 0 && n < 10) {
      buf[pos++] = 48 + n;
    } else if (n >= 0 && n < 2147483648) {
      let digits = 1;
      for (let limit = 10; limit <= n; limit *= 10) digits++;
      let rest = n | 0;
      for (let at = pos + digits - 1; at >= pos; at--) {
        const quotient = (rest / 10) | 0;
        buf[at] = 48 + rest - quotient * 10;
        rest = quotient;
      }
      pos += digits;
    } else {
      const text = n > -1e21 && n < 1e21 ? BigInt(n).toString() : String(n);
      pos += buf.write(text, pos, text.length, 'latin1');
    }
    buf[pos] = CR;
    buf[pos + 1] = LF;
    this.pos = pos + 2;
  }

  /** A bulk string from a range of bytes. */
  bulk(from: Buffer, start = 0, end = from.length): void {
    const length = end - start;
    if (!this.ensure(length + 32)) return;
    this.head(36, length);
    const { buf, pos } = this;
    if (length > 28) from.copy(buf, pos, start, end);
    else for (let i = 0; i < length; i++) buf[pos + i] = from[start + i]!;
    buf[pos + length] = CR;
    buf[pos + length + 1] = LF;
    this.pos = pos + length + 2;
  }

  /** A bulk string from text of single-byte characters (latin1). */
  bulkText(text: string): void {
    const length = text.length;
    if (!this.ensure(length + 32)) return;
    this.head(36, length);
    const pos = this.pos + this.buf.write(text, this.pos, length, 'latin1');
    this.buf[pos] = CR;
    this.buf[pos + 1] = LF;
    this.pos = pos + 2;
  }

  /** A bulk string that holds a number's decimal digits. */
  bulkNumber(n: number): void {
    this.bulkText(String(n));
  }

  /** The null reply: RESP3 null, RESP2 null bulk. */
  null(): void {
    this.raw(this.protocol === 3 ? '_\r\n' : '$-1\r\n');
  }

  /** The null reply of commands that answer with an array: RESP3 null, RESP2 null array. */
  nullArray(): void {
    this.raw(this.protocol === 3 ? '_\r\n' : '*-1\r\n');
  }

  /**
   * Begins an aggregate whose count is not known yet: leaves room for its head. The replies follow;
   * then give what this returned to `endDeferred`.
   */
  deferred(): number {
    this.ensure(DEFERRED_HEAD_BYTES);
    const mark = this.pos;
    this.pos = mark + DEFERRED_HEAD_BYTES;
    return mark;
  }

  /** Writes the head of the aggregate that `deferred` began and closes the gap behind it. */
  endDeferred(mark: number, kind: 'array' | 'set' | 'map', count: number): void {
    const end = this.pos;
    this.pos = mark;
    if (kind === 'array') this.array(count);
    else if (kind === 'set') this.set(count);
    else this.map(count);
    this.closeGap(mark + DEFERRED_HEAD_BYTES, end);
  }

  /** As `endDeferred` for the reply of a scan: the next cursor, then an array of what was found. */
  endScan(mark: number, cursor: number, count: number): void {
    const end = this.pos;
    this.pos = mark;
    this.array(2);
    this.bulkNumber(cursor);
    this.array(count);
    this.closeGap(mark + DEFERRED_HEAD_BYTES, end);
  }

  private closeGap(from: number, end: number): void {
    if (this.overflowed) return;
    this.buf.copyWithin(this.pos, from, end);
    this.pos += end - from;
  }

  /** Head of an array of `count` replies, which follow. */
  array(count: number): void {
    this.ensure(24);
    this.head(42, count);
  }

  /** Head of a map of `pairs` key-value pairs; RESP2: an array of twice as many. */
  map(pairs: number): void {
    this.ensure(24);
    if (this.protocol === 3) this.head(37, pairs);
    else this.head(42, pairs * 2);
  }

  /** Head of a set; RESP2: an array. */
  set(count: number): void {
    this.ensure(24);
    this.head(this.protocol === 3 ? 126 : 42, count);
  }

  /** Head of an out-of-band message; RESP2: an array. */
  push(count: number): void {
    this.ensure(24);
    this.head(this.protocol === 3 ? 62 : 42, count);
  }

  /** Head of attributes (RESP3 only; the caller checks `protocol`). */
  attribute(pairs: number): void {
    this.ensure(24);
    this.head(124, pairs);
  }

  /** A double with 17 significant digits as Redis prints it; RESP2: a bulk string. */
  double(n: number): void {
    const text = formatDouble(n);
    if (this.protocol === 3) this.line(44, text);
    else this.bulkText(text);
  }

  /** RESP3 boolean; RESP2: 1 or 0. */
  boolean(value: boolean): void {
    if (this.protocol === 3) this.raw(value ? '#t\r\n' : '#f\r\n');
    else this.integer(value ? 1 : 0);
  }

  /** RESP3 big number; RESP2: a bulk string. */
  bigNumber(text: string): void {
    if (this.protocol === 3) this.line(40, text);
    else this.bulkText(text);
  }

  /** RESP3 verbatim string with a three-letter format; RESP2: a bulk string. `text` is UTF-8. */
  verbatim(text: string, format = 'txt'): void {
    if (this.protocol !== 3) {
      this.bulk(Buffer.from(text));
      return;
    }
    const body = Buffer.from(`${format}:${text}`);
    if (!this.ensure(body.length + 32)) return;
    this.head(61, body.length);
    body.copy(this.buf, this.pos);
    this.pos += body.length;
    this.buf[this.pos++] = CR;
    this.buf[this.pos++] = LF;
  }

  /** Bytes that are replies already. */
  encoded(bytes: Buffer): void {
    if (!this.ensure(bytes.length)) return;
    bytes.copy(this.buf, this.pos);
    this.pos += bytes.length;
  }

  private raw(text: string): void {
    this.ensure(text.length);
    this.pos += this.buf.write(text, this.pos, text.length, 'latin1');
  }
}
