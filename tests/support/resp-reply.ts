/**
 * A reply of a RESP server as a tree, and its resumable reader (RESP2 and RESP3).
 *
 * Invariants: nothing is lost: the three kinds of null are told apart, numbers keep their
 * text, bytes are latin1 strings of equal length. Independent of Plinth's own parser, so
 * that it can be its judge. https://redis.io/docs/latest/develop/reference/protocol-spec/
 */

export type ScalarType =
  | 'simple'
  | 'error'
  | 'integer'
  | 'bulk'
  | 'null'
  | 'null-bulk'
  | 'null-array'
  | 'boolean'
  | 'double'
  | 'big-number'
  | 'blob-error'
  | 'verbatim';
export type AggregateType = 'array' | 'map' | 'set' | 'push' | 'attribute';

export type Scalar = { readonly type: ScalarType; readonly text: string };
/** A map's items are flat: key, value, key, value. */
export type Aggregate = { readonly type: AggregateType; readonly items: readonly Reply[] };
export type Reply = Scalar | Aggregate;

export function isAggregate(reply: Reply): reply is Aggregate {
  return 'items' in reply;
}

/** Whether the reply is an error of either protocol version. */
export function isError(reply: Reply): boolean {
  return reply.type === 'error' || reply.type === 'blob-error';
}

/** The text of a scalar; throws for an aggregate, as a test that expects text is wrong then. */
export function textOf(reply: Reply): string {
  if (isAggregate(reply)) throw new Error(`expected a scalar, met ${show(reply)}`);
  return reply.text;
}

/** The items of an aggregate as replies; throws for a scalar. */
export function itemsOf(reply: Reply): readonly Reply[] {
  if (!isAggregate(reply)) throw new Error(`expected an aggregate, met ${show(reply)}`);
  return reply.items;
}

const signs: Record<ScalarType, string> = {
  simple: '+',
  error: '-',
  integer: ':',
  bulk: '$',
  null: '_',
  'null-bulk': '$nil',
  'null-array': '*nil',
  boolean: '#',
  double: ',',
  'big-number': '(',
  'blob-error': '!',
  verbatim: '=',
};
const brackets: Record<AggregateType, string> = {
  array: '*[',
  map: '%[',
  set: '~[',
  push: '>[',
  attribute: '|[',
};

/** One line for people and for comparing: equal replies show equally. */
export function show(reply: Reply): string {
  if (isAggregate(reply)) return `${brackets[reply.type]}${reply.items.map(show).join(' ')}]`;
  if (reply.type === 'bulk' || reply.type === 'verbatim' || reply.type === 'blob-error') {
    return `${signs[reply.type]}${JSON.stringify(reply.text)}`;
  }
  return `${signs[reply.type]}${reply.text}`;
}

type Frame = { type: AggregateType; items: Reply[]; left: number };

const scalarLines: Readonly<Record<string, ScalarType>> = {
  '+': 'simple',
  '-': 'error',
  ':': 'integer',
  '#': 'boolean',
  ',': 'double',
  '(': 'big-number',
};
const blobs: Readonly<Record<string, ScalarType>> = {
  $: 'bulk',
  '!': 'blob-error',
  '=': 'verbatim',
};
const aggregates: Readonly<Record<string, AggregateType>> = {
  '*': 'array',
  '%': 'map',
  '~': 'set',
  '>': 'push',
  '|': 'attribute',
};

/** Takes chunks, gives whole replies; keeps what is incomplete. Throws on bytes that are no RESP. */
export class ReplyReader {
  private chunks: Buffer[] = [];
  private length = 0;
  private wanted = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  private stack: Frame[] = [];

  /** Adds bytes and calls `onReply` for each reply that is now whole. */
  push(chunk: Buffer, onReply: (reply: Reply) => void): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
    if (this.length < this.wanted) return;
    this.buffer = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks);
    this.at = 0;
    let done = this.next();
    while (done !== undefined) {
      if (done !== 'open') onReply(done);
      done = this.next();
    }
    const rest = this.buffer.subarray(this.at);
    this.chunks = rest.length === 0 ? [] : [rest];
    this.length = rest.length;
    this.buffer = Buffer.alloc(0);
  }

  /** A whole top-level reply, 'open' when an inner item was read, undefined for more bytes. */
  private next(): Reply | 'open' | undefined {
    const end = this.buffer.indexOf('\r\n', this.at, 'latin1');
    if (end < 0) {
      this.wanted = 0;
      return undefined;
    }
    const sign = String.fromCharCode(this.buffer[this.at] ?? 0);
    const line = this.buffer.toString('latin1', this.at + 1, end);
    const scalar = scalarLines[sign];
    if (scalar !== undefined) return this.take(end + 2, { type: scalar, text: line });
    if (sign === '_') return this.take(end + 2, { type: 'null', text: '' });
    const count = Number(line);
    if (!Number.isInteger(count) || count < -1) throw new Error(`no RESP reply: ${sign}${line}`);
    const blob = blobs[sign];
    if (blob !== undefined) {
      if (count === -1) return this.take(end + 2, { type: 'null-bulk', text: '' });
      const after = end + 2 + count + 2;
      if (this.buffer.length < after) {
        this.wanted = after - this.at;
        return undefined;
      }
      return this.take(after, {
        type: blob,
        text: this.buffer.toString('latin1', end + 2, after - 2),
      });
    }
    const aggregate = aggregates[sign];
    if (aggregate === undefined) throw new Error(`no RESP reply: ${sign}${line}`);
    if (count === -1) return this.take(end + 2, { type: 'null-array', text: '' });
    const left = aggregate === 'map' || aggregate === 'attribute' ? count * 2 : count;
    if (left === 0) return this.take(end + 2, { type: aggregate, items: [] });
    this.at = end + 2;
    this.stack.push({ type: aggregate, items: [], left });
    return 'open';
  }

  private take(at: number, reply: Reply): Reply | 'open' {
    this.at = at;
    this.wanted = 0;
    let value = reply;
    for (;;) {
      const frame = this.stack.at(-1);
      if (frame === undefined) return value;
      // An attribute stands before the item it describes and is not counted as one.
      if (value.type === 'attribute') return 'open';
      frame.items.push(value);
      frame.left -= 1;
      if (frame.left > 0) return 'open';
      this.stack.pop();
      value = { type: frame.type, items: frame.items };
    }
  }
}
