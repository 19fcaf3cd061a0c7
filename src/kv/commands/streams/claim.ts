/** XCLAIM and XAUTOCLAIM. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import {
  type Consumer,
  EntryCursor,
  EntryId,
  type Group,
  type Stream,
} from '../../values/stream/index.ts';
import { type ClaimOptions, claimOptions } from './claim-args.ts';
import { ClaimEffects, groupIdEffect } from './claim-effects.ts';
import {
  boundArg,
  consumerOf,
  findStreamForWrite,
  groupForWrite,
  idArg,
  replyEntry,
  replyId,
  streamFamily,
} from './common.ts';

const BAD_MIN_IDLE = new ReplyError('ERR Invalid min-idle-time argument for XAUTOCLAIM');
const BAD_COUNT = new ReplyError('ERR COUNT must be > 0');
/** Pending entries that XAUTOCLAIM looks at for each one that it may return. */
const ATTEMPTS_FACTOR = 10;
const COUNT_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 16);

const PLACE = { key: 1, group: 2, consumer: 3 } as const;
const cursor = new EntryCursor();

/** What a claim works on. */
interface Claim {
  readonly call: Call;
  readonly stream: Stream;
  readonly group: Group;
  readonly consumer: Consumer;
  readonly effects: ClaimEffects;
}

function beginClaim(call: Call, stream: Stream, group: Group): Claim {
  // Claims are logged as they came out, never as the command.
  call.noEffect();
  const consumer = consumerOf(call, group, PLACE);
  return { call, stream, group, consumer, effects: new ClaimEffects(call, group, PLACE) };
}

/** A pending entry that was deleted from its stream is nobody's any more. */
function forget({ call, group, effects }: Claim, id: EntryId): void {
  group.acknowledge(id);
  call.engine.dirty++;
  effects.flush();
  call.effect('XACK', call.args.bytes(1), call.args.bytes(2), id.toString());
}

function take(claim: Claim, id: EntryId, deliveredMs: number, deliveries: number): void {
  const { call, consumer, group, effects } = claim;
  group.assign(id, consumer, deliveredMs, deliveries);
  consumer.activeMs = call.nowMs;
  call.engine.dirty++;
  effects.add(id, group.deliveredMs, group.deliveries);
}

/** Replies the entry of a claimed id, which is there. */
function replyClaimed({ call, stream }: Claim, id: EntryId, justId: boolean): void {
  if (justId) {
    replyId(call.reply, id);
    return;
  }
  cursor.begin(stream.entries, id, id);
  cursor.next();
  replyEntry(call.reply, cursor);
}

function xclaim(call: Call): void {
  const { reply, nowMs } = call;
  const found = findStreamForWrite(call, 1);
  const group = groupForWrite(call, found, 2);
  const stream = found!;
  const options = claimOptions(call);
  const lastIdMoves = options.lastId.compare(group.lastId) > 0;
  if (lastIdMoves) group.lastId.set(options.lastId);
  const claim = beginClaim(call, stream, group);
  const mark = reply.deferred();
  let count = 0;
  let told = false;
  for (let i = 5; i < options.idsEnd; i++) {
    const id = idArg(call, i);
    const pending = group.pending.find(id);
    if (!stream.entries.has(id)) {
      if (pending) forget(claim, id);
      continue;
    }
    if (!pending && !options.force) continue;
    if (pending && options.minIdleMs > 0 && nowMs - group.deliveredMs < options.minIdleMs) continue;
    take(claim, id, options.deliveredMs, deliveriesOf(options, pending ? group.deliveries : 1));
    told = true;
    replyClaimed(claim, id, options.justId);
    count++;
  }
  reply.endDeferred(mark, 'array', count);
  claim.effects.flush();
  if (lastIdMoves && !told) {
    call.engine.dirty++;
    groupIdEffect(call, group, PLACE);
  }
}

function deliveriesOf(options: ClaimOptions, before: number): number {
  if (options.retryCount >= 0) return options.retryCount;
  return options.justId ? before : before + 1;
}

function xautoclaim(call: Call): void {
  const { args, reply } = call;
  const minIdleMs = Math.max(0, call.int(4, BAD_MIN_IDLE));
  const next = boundArg(call, 5, 'start', new EntryId());
  let count = 100;
  let justId = false;
  for (let i = 6; i < args.count; i++) {
    const option = args.keyword(i);
    if (option === 'COUNT' && i + 1 < args.count) {
      count = call.intBetween(++i, 1, COUNT_MAX, BAD_COUNT);
    } else if (option === 'JUSTID') justId = true;
    else throw SYNTAX_ERROR;
  }
  const found = findStreamForWrite(call, 1);
  const group = groupForWrite(call, found, 2);
  const claim = beginClaim(call, found!, group);
  const { claimed, deleted } = claimFrom(claim, next, { minIdleMs, count, justId });
  reply.array(3);
  replyId(reply, next);
  reply.array(claimed.length);
  for (const id of claimed) replyClaimed(claim, id, justId);
  reply.array(deleted.length);
  for (const id of deleted) replyId(reply, id);
}

/** Claims what is pending from an id on; sets the id to where the next call should begin, or 0-0. */
function claimFrom(
  claim: Claim,
  next: EntryId,
  options: { minIdleMs: number; count: number; justId: boolean },
): { claimed: EntryId[]; deleted: EntryId[] } {
  const { call, stream, group } = claim;
  const { pending } = group;
  const claimed: EntryId[] = [];
  const deleted: EntryId[] = [];
  let attempts = options.count * ATTEMPTS_FACTOR;
  let more = pending.seek(next);
  while (more && attempts > 0 && claimed.length + deleted.length < options.count) {
    attempts--;
    const id = new EntryId().read(pending.words, pending.w);
    if (!stream.entries.has(id)) {
      forget(claim, id);
      deleted.push(id);
      more = pending.seek(id);
      continue;
    }
    if (options.minIdleMs === 0 || call.nowMs - group.deliveredMs >= options.minIdleMs) {
      take(claim, id, call.nowMs, group.deliveries + (options.justId ? 0 : 1));
      claimed.push(id);
    }
    more = pending.next();
  }
  if (more) next.read(pending.words, pending.w);
  else next.setZero();
  claim.effects.flush();
  return { claimed, deleted };
}

const claimRow = {
  ...streamFamily,
  arity: -6,
  flags: ['write', 'fast'],
  tips: ['nondeterministic_output'],
} as const;

export const claimCommands: readonly CommandSpec[] = [
  {
    ...claimRow,
    name: 'xclaim',
    keys: keyAt1('RW', 'update'),
    since: '5.0.0',
    complexity: 'O(log N) for each id with N pending entries of the group',
    summary: 'Makes pending entries those of another consumer.',
    syntax:
      'key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]',
    run: xclaim,
  },
  {
    ...claimRow,
    name: 'xautoclaim',
    keys: keyAt1('RW', 'delete'),
    since: '6.2.0',
    complexity: 'O(1) if COUNT is small',
    summary: 'Makes entries that are pending for long those of another consumer.',
    syntax: 'key group consumer min-idle-time start [COUNT count] [JUSTID]',
    run: xautoclaim,
  },
];
