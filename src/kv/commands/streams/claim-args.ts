/** The arguments of XCLAIM. */
import type { Call } from '../../command/call.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import { EntryId, Parsed, parseId } from '../../values/stream/index.ts';
import { idArg } from './common.ts';

const BAD_MIN_IDLE = new ReplyError('ERR Invalid min-idle-time argument for XCLAIM');
const BAD_IDLE = new ReplyError('ERR Invalid IDLE option argument for XCLAIM');
const BAD_TIME = new ReplyError('ERR Invalid TIME option argument for XCLAIM');
const BAD_RETRY_COUNT = new ReplyError('ERR Invalid RETRYCOUNT option argument for XCLAIM');

export interface ClaimOptions {
  readonly minIdleMs: number;
  /** Index behind the last id; the first is at 5. */
  readonly idsEnd: number;
  /** What becomes the time of delivery, Unix ms. */
  readonly deliveredMs: number;
  /** What becomes the number of deliveries; -1: it is counted. */
  readonly retryCount: number;
  readonly force: boolean;
  readonly justId: boolean;
  /** The group has been delivered what is up to this. */
  readonly lastId: EntryId;
}

export function claimOptions(call: Call): ClaimOptions {
  const { args, nowMs } = call;
  const minIdleMs = Math.max(0, call.int(4, BAD_MIN_IDLE));
  const lastId = new EntryId();
  let i = 5;
  while (i < args.count && isId(call, i, lastId)) i++;
  lastId.setZero();
  const idsEnd = i;
  let deliveredMs = -1;
  let retryCount = -1;
  let force = false;
  let justId = false;
  for (; i < args.count; i++) {
    const more = i + 1 < args.count;
    const option = args.keyword(i);
    if (option === 'FORCE') force = true;
    else if (option === 'JUSTID') justId = true;
    else if (option === 'IDLE' && more) deliveredMs = nowMs - call.int(++i, BAD_IDLE);
    else if (option === 'TIME' && more) deliveredMs = call.int(++i, BAD_TIME);
    else if (option === 'RETRYCOUNT' && more) retryCount = call.int(++i, BAD_RETRY_COUNT);
    else if (option === 'LASTID' && more) idArg(call, ++i, lastId);
    else throw new ReplyError(`ERR Unrecognized XCLAIM option '${untilZero(args.text(i))}'`);
  }
  // A time from a client whose clock is ahead is no reason to fail: now is a sane guess then.
  if (deliveredMs < 0 || deliveredMs > nowMs) deliveredMs = nowMs;
  return { minIdleMs, idsEnd, deliveredMs, retryCount, force, justId, lastId };
}

function isId(call: Call, index: number, into: EntryId): boolean {
  const { args } = call;
  return parseId(args.buf, args.start(index), args.end(index), false, into) === Parsed.whole;
}
