/** XREAD. */
import type { Call } from '../../command/call.ts';
import type { CommandSpec } from '../../command/spec.ts';
import { ReplyError, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { EntryCursor, EntryId, type Stream, streamOf } from '../../values/stream/index.ts';
import { idArg, isChar, MAX_ID, replyEntries } from './common.ts';
import { type ReadArgs, ReadReply, readArgs } from './read-args.ts';

const DOLLAR = 36;
const PLUS = 43;
const GREATER = 62;

const NEW_IN_XREAD = new ReplyError(
  'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
);

const cursor = new EntryCursor();
const frame = new ReadReply();
const from = new EntryId();
const last = new EntryId();

function xread(call: Call): void {
  const options = readArgs(call, false);
  const { keys, streams } = options;
  const ids: EntryId[] = [];
  for (let i = 0; i < streams; i++) {
    ids.push(afterArg(call, keys + streams + i, streamAt(call, keys + i)));
  }
  frame.begin();
  for (let i = 0; i < streams; i++) {
    const stream = streamAt(call, keys + i);
    if (stream === undefined || ids[i]!.compare(stream.lastId) >= 0) continue;
    if (!stream.entries.edge(true, last) || last.compare(ids[i]!) <= 0) continue;
    from.set(ids[i]!).increment();
    cursor.begin(stream.entries, from, MAX_ID);
    frame.stream(call, keys + i, streams === 1);
    replyEntries(call.reply, cursor, options.count);
  }
  if (frame.served > 0) frame.end(call);
  else if (options.timeoutMs < 0) call.reply.nullArray();
  else wait(call, options, ids);
}

function streamAt(call: Call, index: number): Stream | undefined {
  const record = call.find(index);
  if (record === 0) return undefined;
  if (call.db.typeOf(record) === Type.stream) return streamOf(call.db, record);
  // A waiting client is woken by a stream only; keys of other types do not disturb it.
  if (call.retrying) return undefined;
  throw WRONG_TYPE;
}

/** The id behind which entries are wanted. */
function afterArg(call: Call, index: number, stream: Stream | undefined): EntryId {
  if (isChar(call, index, DOLLAR))
    return stream === undefined ? new EntryId() : stream.lastId.clone();
  if (isChar(call, index, PLUS)) return beforeLast(stream);
  if (isChar(call, index, GREATER)) throw NEW_IN_XREAD;
  return idArg(call, index);
}

/** The id behind which there is the last entry alone (`+`, Redis 7.4). */
function beforeLast(stream: Stream | undefined): EntryId {
  const id = new EntryId();
  if (stream === undefined) return id;
  if (!stream.entries.edge(true, id)) return stream.lastId.clone();
  id.decrement();
  return id;
}

/** Waits for entries behind the ids, `$` resolved, or it would move on with every retry. */
function wait(call: Call, options: ReadArgs, ids: readonly EntryId[]): void {
  const { keys, streams, timeoutMs } = options;
  const args: (Buffer | string)[] = call.args.ownCopies();
  for (const [i, id] of ids.entries()) args[keys + streams + i] = id.toString();
  call.block({
    keys: Array.from({ length: streams }, (_, i) => keys + i),
    type: Type.stream,
    timeoutMs,
    args,
    onTimeout: (reply) => reply.nullArray(),
  });
}

export const readCommands: readonly CommandSpec[] = [
  {
    acl: ['stream', 'blocking'],
    group: 'stream',
    name: 'xread',
    arity: -4,
    flags: ['readonly', 'blocking', 'movablekeys'],
    keys: [
      {
        access: 'RO',
        purpose: 'access',
        begin: { keyword: 'STREAMS', from: 1 },
        find: { last: -1, step: 1, limit: 2 },
      },
    ],
    since: '5.0.0',
    complexity: 'O(N) with N entries returned',
    summary: 'Returns the entries behind the ids given, of several streams; waits if asked to.',
    syntax: '[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]',
    run: xread,
  },
];
