/**
 * The client's side of RESP2: replies of a server from chunks of any size, each told when it is whole
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 *
 *     line --':', '+', '-'--> value        value --no array open--> told
 *     line --'$n'--> bulk --n bytes, end of line--> value
 *     line --'*n'--> array of n, then lines until they are there --> value
 *     anything else --> broken, for good
 *
 * Strict: lines end with CR LF and hold neither elsewhere, lengths and integers are decimal digits, a
 * string ends where its length says. Bounded: every length is looked at before memory is spent on it,
 * and one reply has a limit in bytes and in elements. How the bytes are cut into chunks makes no
 * difference. What is told is a copy, so a chunk's memory may be reused.
 */

/** Limits of what one server may answer; beyond each the stream counts as broken. */
export interface ReplyLimits {
  /** Bytes of a status, an error, an integer or a length, with its end of line. */
  readonly lineBytesMax: number;
  /** Bytes of one bulk string. */
  readonly bulkBytesMax: number;
  /** Bytes of one reply with everything in it, as sent. */
  readonly replyBytesMax: number;
  /** Elements of all arrays of one reply together, as announced. */
  readonly itemsMax: number;
}

/** An error reply: what stood behind its `-`. */
export interface ReplyFault {
  readonly error: string;
}

/**
 * A status is a string (latin1), a bulk string a Buffer, either null is null. An integer that a double
 * cannot hold exactly is the nearest one. An error inside an array is an element of it.
 */
export type Reply = string | number | null | Buffer | ReplyFault | readonly Reply[];

/** Whether the reply is an error. An array that holds one is none itself. */
export function isFault(reply: Reply): reply is ReplyFault {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}

interface OpenArray {
  readonly items: Reply[];
  readonly count: number;
}

const CR = 13;
const LF = 10;
/** CR LF. */
const END_BYTES = 2;
const DEPTH_MAX = 32;
/** Longer strings get memory of their own, so that a kept one does not hold its neighbours. */
const POOLED_MAX = 4096;
const NULL_LENGTH = -1;
/** Fewer digits than a double holds exactly; the sign of null is the only one. */
const LENGTH = /^(?:-1|[0-9]{1,15})$/;
/** 64 bits, signed. */
const INTEGER = /^[+-]?[0-9]{1,19}$/;

export class ReplyReader {
  /** Why the bytes are no replies, or larger than the limits; empty as long as they are well. */
  error = '';
  private readonly limits: ReplyLimits;
  private readonly onReply: (reply: Reply) => void;
  private readonly open: OpenArray[] = [];
  private line = '';
  private bulk: Buffer | null = null;
  private filled = 0;
  /** Of the reply at hand: bytes and elements, those announced included. */
  private replyBytes = 0;
  private items = 0;

  /** `onReply` is told each whole reply, in order, while its last bytes are pushed. */
  constructor(limits: ReplyLimits, onReply: (reply: Reply) => void) {
    this.limits = limits;
    this.onReply = onReply;
  }

  /** Takes the next bytes. With `error` set they are ignored; look at it after each call. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.error === '') {
      at = this.bulk === null ? this.takeLine(chunk, at) : this.takeBulk(this.bulk, chunk, at);
    }
  }

  private takeLine(chunk: Buffer, from: number): number {
    const feed = chunk.indexOf(LF, from);
    const end = feed < 0 ? chunk.length : feed + 1;
    if (this.line.length + end - from > this.limits.lineBytesMax) {
      this.error = 'a reply without an end';
      return end;
    }
    const line = this.line + chunk.toString('latin1', from, end);
    if (feed < 0) {
      this.line = line;
      return end;
    }
    this.line = '';
    this.replyBytes += line.length;
    const hasEnd = line.endsWith('\r\n') && line.indexOf('\r') === line.length - END_BYTES;
    if (!hasEnd) this.refuse(line);
    else if (this.replyBytes > this.limits.replyBytesMax) this.error = 'a reply too long';
    else this.understand(line, line.slice(1, -END_BYTES));
    return end;
  }

  private understand(line: string, rest: string): void {
    switch (line[0]) {
      case '+':
        this.deliver(rest);
        return;
      case '-':
        this.deliver({ error: rest });
        return;
      case ':':
        if (INTEGER.test(rest)) this.deliver(Number(rest));
        else this.refuse(line);
        return;
      case '$':
        if (LENGTH.test(rest)) this.beginBulk(Number(rest));
        else this.refuse(line);
        return;
      case '*':
        if (LENGTH.test(rest)) this.beginArray(Number(rest));
        else this.refuse(line);
        return;
      default:
        this.refuse(line);
    }
  }

  private refuse(line: string): void {
    this.error = `not a reply: ${JSON.stringify(line.slice(0, 80))}`;
  }

  private beginBulk(bytes: number): void {
    if (bytes === NULL_LENGTH) {
      this.deliver(null);
      return;
    }
    const whole = bytes + END_BYTES;
    this.replyBytes += whole;
    if (bytes > this.limits.bulkBytesMax || this.replyBytes > this.limits.replyBytesMax) {
      this.error = 'a reply too long';
      return;
    }
    this.bulk = bytes < POOLED_MAX ? Buffer.allocUnsafe(whole) : Buffer.allocUnsafeSlow(whole);
    this.filled = 0;
  }

  private beginArray(count: number): void {
    if (count === NULL_LENGTH) {
      this.deliver(null);
      return;
    }
    this.items += count;
    if (this.items > this.limits.itemsMax) this.error = 'a reply of too many elements';
    else if (this.open.length === DEPTH_MAX) this.error = 'a reply too deep';
    else if (count === 0) this.deliver([]);
    else this.open.push({ items: [], count });
  }

  private takeBulk(bulk: Buffer, chunk: Buffer, from: number): number {
    const copied = chunk.copy(bulk, this.filled, from);
    this.filled += copied;
    if (this.filled === bulk.length) {
      this.bulk = null;
      const bytes = bulk.length - END_BYTES;
      if (bulk[bytes] === CR && bulk[bytes + 1] === LF) this.deliver(bulk.subarray(0, bytes));
      else this.error = 'a string that does not end where its length says';
    }
    return from + copied;
  }

  /** A value is there: an element of the array that is open, or a whole reply. */
  private deliver(value: Reply): void {
    let reply = value;
    for (;;) {
      const array = this.open.at(-1);
      if (array === undefined) break;
      array.items.push(reply);
      if (array.items.length < array.count) return;
      this.open.pop();
      reply = array.items;
    }
    this.replyBytes = 0;
    this.items = 0;
    this.onReply(reply);
  }
}
