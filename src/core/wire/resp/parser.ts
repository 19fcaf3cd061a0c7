/**
 * Splits a stream of bytes into requests: RESP arrays of bulk strings, and inline commands
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 *
 * The parser keeps no bytes. It is given a buffer that begins with an unfinished request or a new one
 * and says where the next request begins; when a request is unfinished it remembers how far it came,
 * relative to the request's first byte, so that nothing is parsed twice. Whoever owns the bytes may
 * move them to another buffer in between.
 *
 *   idle --'*n'--> arguments --(n bulks)--> request --> idle
 *     \--text line--> request
 *
 * Errors are Redis' texts and end the connection. Every length has a limit before memory is spent.
 *
 * Benchmark: bench/kv.
 */
import { Args } from './args.ts';
import { splitInline } from './inline.ts';

/** Limits of one connection; they change when it logs in. */
export interface ParserLimits {
  /** Arguments of one request. */
  argsMax: number;
  /** Bytes of one argument. */
  bulkBytesMax: number;
  /** Bytes of an inline request or of a length line. */
  lineBytesMax: number;
}

/** What `parse` found. */
export const Parsed = {
  /** `args` holds a request; `next` is the index behind it. It may have no arguments at all. */
  request: 0,
  /** The request is unfinished; `needed` says how many bytes it will have at least. */
  more: 1,
  /** `error` says why the stream can not be understood any further. */
  error: 2,
} as const;
export type Parsed = (typeof Parsed)[keyof typeof Parsed];

const LF = 10;
const CR = 13;
const STAR = 42;
const DOLLAR = 36;
const BAD_NUMBER = Number.NaN;

export class RespParser {
  /** Of the request at hand; between two requests other ones may be put in their place. */
  args = new Args();
  /** Index behind the request just found. */
  next = 0;
  /** Text of the protocol error just found. */
  error = '';
  /** With `Parsed.more`: bytes that the request has at least, counted from its start. */
  needed = 0;
  /** Whether the connection has not authenticated yet: then only small requests are taken. */
  unauthenticated = false;

  /** Arguments still to come; 0 between requests. */
  private remaining = 0;
  /** Length of the argument being read, -1 when its length line comes next. */
  private bulk = -1;
  /** Where to go on, relative to the request's start. */
  private resume = 0;
  private readonly limits: ParserLimits;

  constructor(limits: ParserLimits) {
    this.limits = limits;
  }

  /** Forgets an unfinished request. */
  reset(): void {
    this.remaining = 0;
    this.bulk = -1;
    this.resume = 0;
  }

  /** Whether a request is unfinished. */
  get unfinished(): boolean {
    return this.resume !== 0;
  }

  /** Takes over an unfinished request of another parser. */
  takeOver(other: RespParser): void {
    this.remaining = other.remaining;
    this.bulk = other.bulk;
    this.resume = other.resume;
    this.needed = other.needed;
    this.args.count = 0;
    for (let i = 0; i < other.args.count; i++)
      this.args.push(other.args.start(i), other.args.end(i));
    other.reset();
  }

  /**
   * Looks for one request in `buf[start, end)`. `start` is the first byte of a request, also when an
   * earlier call said `more`.
   */
  parse(buf: Buffer, start: number, end: number): Parsed {
    const args = this.args;
    let at = start + this.resume;
    let remaining = this.remaining;
    if (remaining === 0) {
      if (at === end) return this.wait(at, start, 0, -1);
      if (buf[at] !== STAR) return this.parseInline(buf, start, end);
      let count: number;
      const short = shortNumber(buf, at + 1, end);
      if (short >= 0) {
        count = short >>> 3;
        at += (short & 7) + 3;
      } else {
        const line = buf.indexOf(LF, at + 1);
        if (line < 0 || line >= end) {
          if (end - at > this.limits.lineBytesMax) return this.fail('too big mbulk count string');
          return this.more(start, end);
        }
        count = readNumber(buf, at + 1, line);
        at = line + 1;
      }
      if (!(count <= this.limits.argsMax)) return this.fail('invalid multibulk length');
      if (this.unauthenticated && count > UNAUTHENTICATED_ARGS_MAX) {
        return this.fail('unauthenticated multibulk length');
      }
      args.buf = buf;
      args.count = 0;
      if (count <= 0) {
        this.next = at;
        this.resume = 0;
        return Parsed.request;
      }
      remaining = count;
    }
    let bulk = this.bulk;
    while (remaining > 0) {
      if (bulk < 0) {
        // Length lines of one to four digits are nearly all there are.
        const short = at < end && buf[at] === DOLLAR ? shortNumber(buf, at + 1, end) : -1;
        if (short >= 0) {
          bulk = short >>> 3;
          if (bulk > this.limits.bulkBytesMax) return this.fail('invalid bulk length');
          at += (short & 7) + 3;
        } else {
          if (at >= end) return this.wait(at, start, remaining, -1);
          const line = buf.indexOf(LF, at);
          if (line < 0 || line >= end) {
            if (end - at > this.limits.lineBytesMax) return this.fail('too big bulk count string');
            return this.wait(at, start, remaining, -1);
          }
          if (buf[at] !== DOLLAR) {
            return this.fail(`expected '$', got '${String.fromCharCode(buf[at] as number)}'`);
          }
          bulk = readNumber(buf, at + 1, line);
          if (!(bulk >= 0 && bulk <= this.limits.bulkBytesMax)) {
            return this.fail('invalid bulk length');
          }
          if (this.unauthenticated && bulk > UNAUTHENTICATED_BULK_MAX) {
            return this.fail('unauthenticated bulk length');
          }
          at = line + 1;
        }
      }
      if (end - at < bulk + 2) return this.wait(at, start, remaining, bulk);
      args.push(at - start, at - start + bulk);
      at += bulk + 2;
      bulk = -1;
      remaining--;
    }
    args.buf = buf;
    if (start !== 0) {
      const { starts, ends, count } = args;
      for (let i = 0; i < count; i++) {
        starts[i] = (starts[i] as number) + start;
        ends[i] = (ends[i] as number) + start;
      }
    }
    this.next = at;
    this.remaining = 0;
    this.bulk = -1;
    this.resume = 0;
    return Parsed.request;
  }

  private wait(at: number, start: number, remaining: number, bulk: number): Parsed {
    this.resume = at - start;
    this.remaining = remaining;
    this.bulk = bulk;
    this.needed = at - start + (bulk < 0 ? 4 : bulk + 2);
    return Parsed.more;
  }

  private more(start: number, end: number): Parsed {
    this.resume = 0;
    this.remaining = 0;
    this.bulk = -1;
    this.needed = end - start + 1;
    return Parsed.more;
  }

  private fail(text: string): Parsed {
    this.error = text;
    return Parsed.error;
  }

  private parseInline(buf: Buffer, start: number, end: number): Parsed {
    const line = buf.indexOf(LF, start);
    if (line < 0 || line >= end) {
      if (end - start > this.limits.lineBytesMax) return this.fail('too big inline request');
      return this.more(start, end);
    }
    if (line - start > this.limits.lineBytesMax) return this.fail('too big inline request');
    const stop = line > start && buf[line - 1] === CR ? line - 1 : line;
    const words = splitInline(buf, start, stop);
    if (words === undefined) return this.fail('unbalanced quotes in request');
    this.args.load(words);
    this.next = line + 1;
    this.resume = 0;
    return Parsed.request;
  }
}

const UNAUTHENTICATED_ARGS_MAX = 10;
const UNAUTHENTICATED_BULK_MAX = 16384;
/** Digits of the longest length that can be right, sign included. */
const NUMBER_BYTES_MAX = 20;

/**
 * A number of one to four digits and its CR LF as `number * 8 + digits`; -1 when it is not that, or
 * when there are not six bytes to look at.
 */
function shortNumber(buf: Buffer, from: number, end: number): number {
  if (from + 6 > end) return -1;
  let n = (buf[from] as number) - 48;
  if (!(n >= 0 && n <= 9)) return -1;
  for (let digits = 1; digits < 5; digits++) {
    const byte = buf[from + digits] as number;
    if (byte === CR) return buf[from + digits + 1] === LF ? n * 8 + digits : -1;
    if (!(byte >= 48 && byte <= 57)) return -1;
    n = n * 10 + byte - 48;
  }
  return -1;
}

/** A decimal number that ends at CR LF (`line` is the LF); NaN when it is none. */
function readNumber(buf: Buffer, from: number, line: number): number {
  let at = from;
  const end = line - 1;
  if (end < from || buf[end] !== CR || end - from > NUMBER_BYTES_MAX) return BAD_NUMBER;
  const negative = buf[at] === 45;
  if (negative) at++;
  if (at === end) return BAD_NUMBER;
  let n = 0;
  for (; at < end; at++) {
    const digit = (buf[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return BAD_NUMBER;
    n = n * 10 + digit;
  }
  return negative ? -n : n;
}
