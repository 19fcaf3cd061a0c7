/**
 * Replies of a server (RESP2) from chunks of any size, each told when it is whole.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 *
 * An error inside an array is an element of it. Strings told are copies.
 */
import { LINE_BYTES_MAX, REPLY_BYTES_MAX } from './limits.ts';

/** An error reply: `-` and its text. */
export interface ReplyFault {
  readonly error: string;
}

/** A status is a string, a bulk string a Buffer. */
export type Reply = string | number | null | Buffer | ReplyFault | readonly Reply[];

export function isFault(reply: Reply): reply is ReplyFault {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}

interface OpenArray {
  readonly items: Reply[];
  readonly count: number;
}

const LF = 10;
const DEPTH_MAX = 32;

export class ReplyReader {
  /** Why the bytes are no replies; empty as long as they are. */
  error = '';
  private readonly onReply: (reply: Reply) => void;
  private readonly open: OpenArray[] = [];
  private line = '';
  private bulk: Buffer | null = null;
  private filled = 0;

  constructor(onReply: (reply: Reply) => void) {
    this.onReply = onReply;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.error === '') {
      at = this.bulk === null ? this.takeLine(chunk, at) : this.takeBulk(this.bulk, chunk, at);
    }
  }

  private takeLine(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(LF, from);
    if (end < 0) {
      this.line += chunk.toString('latin1', from);
      if (this.line.length > LINE_BYTES_MAX) this.error = 'a reply without an end';
      return chunk.length;
    }
    const line = this.line + chunk.toString('latin1', from, end);
    this.line = '';
    this.understand(line.endsWith('\r') ? line.slice(0, -1) : line);
    return end + 1;
  }

  private understand(line: string): void {
    const rest = line.slice(1);
    switch (line[0]) {
      case '+':
        this.deliver(rest);
        return;
      case '-':
        this.deliver({ error: rest });
        return;
      case ':':
        this.deliver(Number(rest));
        return;
      case '$':
        this.beginBulk(Number(rest));
        return;
      case '*':
        this.beginArray(Number(rest));
        return;
      default:
        this.error = `not a reply: ${JSON.stringify(line.slice(0, 80))}`;
    }
  }

  private beginBulk(bytes: number): void {
    if (bytes === -1) this.deliver(null);
    else if (!(bytes >= 0 && bytes <= REPLY_BYTES_MAX)) this.error = 'a reply too long';
    else {
      // Two more for the end of line.
      this.bulk =
        bytes < POOLED_MAX ? Buffer.allocUnsafe(bytes + 2) : Buffer.allocUnsafeSlow(bytes + 2);
      this.filled = 0;
    }
  }

  private beginArray(count: number): void {
    if (count === -1) this.deliver(null);
    else if (!(count >= 0) || this.open.length === DEPTH_MAX) this.error = 'a reply too deep';
    else if (count === 0) this.deliver([]);
    else this.open.push({ items: [], count });
  }

  private takeBulk(bulk: Buffer, chunk: Buffer, from: number): number {
    const copied = chunk.copy(bulk, this.filled, from);
    this.filled += copied;
    if (this.filled === bulk.length) {
      this.bulk = null;
      this.deliver(bulk.subarray(0, bulk.length - 2));
    }
    return from + copied;
  }

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
    this.onReply(reply);
  }
}

/** Longer strings get memory of their own. */
const POOLED_MAX = 4096;
