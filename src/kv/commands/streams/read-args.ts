/** The arguments of XREAD and XREADGROUP before their ids, and the frame of their reply. */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';

const BAD_TIMEOUT = new ReplyError('ERR timeout is not an integer or out of range');
const NEGATIVE_TIMEOUT = new ReplyError('ERR timeout is negative');
const TIMEOUT_RANGE = new ReplyError('ERR timeout is out of range');
const GROUP_IN_XREAD = new ReplyError(
  'ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.',
);
const NOACK_IN_XREAD = new ReplyError(
  'ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.',
);
const NO_GROUP = new ReplyError('ERR Missing GROUP option for XREADGROUP');
const INT64_MAX = 2 ** 63;

export interface ReadArgs {
  /** Entries of each stream at most, 0 for all. */
  readonly count: number;
  /** -1: does not wait; 0: waits for ever. */
  readonly timeoutMs: number;
  /** Index of the group's name, the consumer's follows it; 0 for XREAD. */
  readonly group: number;
  readonly noAck: boolean;
  /** Index of the first key. */
  readonly keys: number;
  /** Number of keys, which is that of the ids behind them. */
  readonly streams: number;
}

export function readArgs(call: Call, grouped: boolean): ReadArgs {
  const { args } = call;
  let count = 0;
  let timeoutMs = -1;
  let group = 0;
  let noAck = false;
  for (let i = 1; i < args.count; i++) {
    const more = args.count - 1 - i;
    const option = args.keyword(i);
    if (option === 'BLOCK' && more > 0) timeoutMs = timeout(call, ++i);
    else if (option === 'COUNT' && more > 0) count = Math.max(0, call.int(++i));
    else if (option === 'STREAMS' && more > 0) {
      if (more % 2 !== 0) throw unbalanced(call, grouped);
      if (grouped && group === 0) throw NO_GROUP;
      return { count, timeoutMs, group, noAck, keys: i + 1, streams: more / 2 };
    } else if (option === 'GROUP' && more > 1) {
      if (!grouped) throw GROUP_IN_XREAD;
      group = i + 1;
      i += 2;
    } else if (option === 'NOACK') {
      if (!grouped) throw NOACK_IN_XREAD;
      noAck = true;
    } else throw SYNTAX_ERROR;
  }
  throw SYNTAX_ERROR;
}

function timeout(call: Call, index: number): number {
  const ms = call.int(index, BAD_TIMEOUT);
  if (ms < 0) throw NEGATIVE_TIMEOUT;
  if (ms > INT64_MAX - call.nowMs) throw TIMEOUT_RANGE;
  return ms;
}

function unbalanced(call: Call, grouped: boolean): ReplyError {
  return new ReplyError(
    `ERR Unbalanced '${call.spec.name}' list of streams: for each stream key an ID or '${grouped ? '>' : '$'}' must be specified.`,
  );
}

/** The reply: an array of pairs of a key and its entries, a map in RESP3, null when there is none. */
export class ReadReply {
  /** Streams replied. */
  served = 0;
  private mark = -1;

  begin(): void {
    this.served = 0;
    this.mark = -1;
  }

  /** The entries of the key at an argument follow. `only`: no other stream can follow. */
  stream(call: Call, index: number, only: boolean): void {
    const { args, reply } = call;
    if (this.served === 0) {
      if (!only) this.mark = reply.deferred();
      else if (reply.protocol === 3) reply.map(1);
      else reply.array(1);
    }
    this.served++;
    if (reply.protocol === 2) reply.array(2);
    reply.bulk(args.buf, args.start(index), args.end(index));
  }

  end(call: Call): void {
    const { reply } = call;
    if (this.mark < 0) return;
    reply.endDeferred(this.mark, reply.protocol === 3 ? 'map' : 'array', this.served);
  }
}
