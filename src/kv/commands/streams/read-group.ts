/** XREADGROUP. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import {
  advanceGroup,
  type Consumer,
  EntryCursor,
  EntryId,
  type Group,
  type Stream,
} from '../../values/stream/index.ts';
import { ClaimEffects, type ClaimPlace, groupIdEffect } from './claim-effects.ts';
import {
  consumerOf,
  findStreamForWrite,
  idArg,
  isChar,
  MAX_ID,
  replyEntry,
  replyId,
} from './common.ts';
import { type ReadArgs, ReadReply, readArgs } from './read-args.ts';

const DOLLAR = 36;
const PLUS = 43;
const GREATER = 62;

const LAST_ID = new ReplyError(
  'ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.',
);
const LAST_ENTRY = new ReplyError(
  'ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.',
);

const cursor = new EntryCursor();
const frame = new ReadReply();
const from = new EntryId();

/** One of the streams that are read. */
interface Source {
  readonly stream: Stream;
  readonly group: Group;
  /** History behind this id is wanted; undefined: what is new. */
  readonly after: EntryId | undefined;
}

function xreadgroup(call: Call): void {
  const options = readArgs(call, true);
  const { keys, streams } = options;
  const sources: Source[] = [];
  for (let i = 0; i < streams; i++) sources.push(sourceOf(call, options, i));
  // Whatever changes here is told by claims: the command itself never goes to the log.
  call.noEffect();
  frame.begin();
  for (const [i, source] of sources.entries()) {
    const place = { key: keys + i, group: options.group, consumer: options.group + 1 };
    const consumer = consumerOf(call, source.group, place);
    if (source.after === undefined && !hasNew(source)) continue;
    frame.stream(call, keys + i, streams === 1);
    call.engine.dirty++;
    if (source.after === undefined) deliver(call, source, consumer, place, options);
    else history(call, source, consumer, place, options.count);
  }
  if (frame.served > 0) frame.end(call);
  else if (options.timeoutMs < 0) call.reply.nullArray();
  else wait(call, options);
}

function sourceOf(call: Call, options: ReadArgs, i: number): Source {
  const { args } = call;
  const key = options.keys + i;
  const id = key + options.streams;
  const stream = findStreamForWrite(call, key);
  const group = stream?.groupForWrite(args.text(options.group));
  if (stream === undefined || group === undefined) {
    throw new ReplyError(
      `NOGROUP No such key '${untilZero(args.text(key))}' or consumer group '${untilZero(args.text(options.group))}' in XREADGROUP with GROUP option`,
    );
  }
  if (isChar(call, id, DOLLAR)) throw LAST_ID;
  if (isChar(call, id, PLUS)) throw LAST_ENTRY;
  if (isChar(call, id, GREATER)) return { stream, group, after: undefined };
  const after = idArg(call, id);
  // Nothing can be behind the greatest id: Redis takes it for `>`.
  return { stream, group, after: after.isMax ? undefined : after };
}

function hasNew({ stream, group }: Source): boolean {
  if (stream.length === 0 || group.lastId.compare(stream.lastId) >= 0) return false;
  stream.entries.edge(true, from);
  return from.compare(group.lastId) > 0;
}

/** Replies the entries that the group has not seen, and makes them pending for the consumer. */
function deliver(
  call: Call,
  { stream, group }: Source,
  consumer: Consumer,
  place: ClaimPlace,
  options: ReadArgs,
): void {
  const { reply, nowMs } = call;
  const { count: countMax, noAck } = options;
  const effects = new ClaimEffects(call, group, place);
  from.set(group.lastId).increment();
  cursor.begin(stream.entries, from, MAX_ID);
  const mark = reply.deferred();
  let count = 0;
  while ((countMax === 0 || count < countMax) && cursor.next()) {
    replyEntry(reply, cursor);
    advanceGroup(stream, group, cursor.id);
    count++;
    if (noAck) continue;
    group.assign(cursor.id, consumer, nowMs, 1);
    consumer.activeMs = nowMs;
    effects.add(cursor.id, nowMs, 1);
  }
  reply.endDeferred(mark, 'array', count);
  effects.flush();
  groupIdEffect(call, group, place);
}

/** Replies what is pending for the consumer; an entry that was deleted meanwhile is its id and null. */
function history(
  call: Call,
  { stream, group, after }: Source,
  consumer: Consumer,
  place: ClaimPlace,
  countMax: number,
): void {
  const { reply, nowMs } = call;
  const { pending } = consumer;
  const effects = new ClaimEffects(call, group, place);
  const id = new EntryId();
  const mark = reply.deferred();
  let count = 0;
  let more = from.set(after!).increment() && pending.seek(from);
  for (; more && (countMax === 0 || count < countMax); more = pending.next()) {
    id.read(pending.words, pending.w);
    count++;
    cursor.begin(stream.entries, id, id);
    if (!cursor.next()) {
      reply.array(2);
      replyId(reply, id);
      reply.nullArray();
      continue;
    }
    replyEntry(reply, cursor);
    group.pending.find(id);
    const deliveries = group.deliveries + 1;
    group.setDelivery(nowMs, deliveries);
    effects.add(id, nowMs, deliveries);
  }
  reply.endDeferred(mark, 'array', count);
  effects.flush();
}

function wait(call: Call, options: ReadArgs): void {
  const { keys, streams, timeoutMs } = options;
  call.block({
    keys: Array.from({ length: streams }, (_, i) => keys + i),
    type: Type.stream,
    // Without its stream there is no group to read for.
    anyChange: true,
    timeoutMs,
    onTimeout: (reply) => reply.nullArray(),
  });
}

export const readGroupCommands: readonly CommandSpec[] = [
  {
    acl: ['stream', 'blocking'],
    group: 'stream',
    name: 'xreadgroup',
    arity: -7,
    flags: ['write', 'blocking', 'movablekeys'],
    keys: [
      {
        access: 'RO',
        purpose: 'access',
        begin: { keyword: 'STREAMS', from: 4 },
        find: { last: -1, step: 1, limit: 2 },
      },
    ],
    since: '5.0.0',
    complexity: 'O(N) with N entries returned',
    summary: 'Returns new or pending entries to a consumer of a group; waits if asked to.',
    syntax:
      'GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]',
    run: xreadgroup,
  },
];
