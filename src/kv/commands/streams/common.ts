/** What several stream commands do: reading ids, finding groups, replying entries. */
import type { RespWriter } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import { ReplyError, untilZero } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import {
  type Consumer,
  type EntryCursor,
  EntryId,
  formatId,
  type Group,
  ID_TEXT_BYTES,
  Parsed,
  parseId,
  type Stream,
  streamOf,
} from '../../values/stream/index.ts';

/** ACL category and group of the whole family. */
export const streamFamily = { acl: ['stream'], group: 'stream' } as const;

const INVALID_ID = new ReplyError('ERR Invalid stream ID specified as stream command argument');
const INVALID_START = new ReplyError('ERR invalid start ID for the interval');
const INVALID_END = new ReplyError('ERR invalid end ID for the interval');
const OPEN_BRACKET = 40;
const MINUS = 45;
const PLUS = 43;

/** Where counts of entries that clients give end: a double counts no further one by one. */
export const COUNTED_MAX = Number.MAX_SAFE_INTEGER;
export const ZERO_ID = new EntryId();
export const MAX_ID = EntryId.max();

/** An id that is written out; a missing sequence is 0. */
export function idArg(call: Call, index: number, into = new EntryId()): EntryId {
  const { args } = call;
  if (parseId(args.buf, args.start(index), args.end(index), false, into) !== Parsed.whole) {
    throw INVALID_ID;
  }
  return into;
}

/** Ids from argument `from` to `to` - 1. */
export function idArgs(call: Call, from: number, to = call.count): EntryId[] {
  const ids: EntryId[] = [];
  for (let i = from; i < to; i++) ids.push(idArg(call, i));
  return ids;
}

/** Whether an argument is one character. */
export function isChar(call: Call, index: number, code: number): boolean {
  const { args } = call;
  return args.length(index) === 1 && args.buf[args.start(index)] === code;
}

/** An end of an interval: `-`, `+`, an id, or `(` and an id for the one behind or before it. */
export function boundArg(call: Call, index: number, end: 'start' | 'end', into: EntryId): EntryId {
  const { args } = call;
  if (isChar(call, index, MINUS)) {
    into.setZero();
    return into;
  }
  if (isChar(call, index, PLUS)) {
    into.setMax();
    return into;
  }
  const start = args.start(index);
  const exclusive = args.length(index) > 1 && args.buf[start] === OPEN_BRACKET;
  const from = exclusive ? start + 1 : start;
  if (parseId(args.buf, from, args.end(index), end === 'end', into) !== Parsed.whole) {
    throw INVALID_ID;
  }
  if (exclusive) {
    if (end === 'start' && !into.increment()) throw INVALID_START;
    if (end === 'end' && !into.decrement()) throw INVALID_END;
  }
  return into;
}

/** The stream of the key at an argument for reading, undefined when there is none. */
export function findStream(call: Call, index: number): Stream | undefined {
  const record = call.findTyped(index, Type.stream);
  return record === 0 ? undefined : streamOf(call.db, record);
}

/** As `findStream`, and it may be changed. */
export function findStreamForWrite(call: Call, index: number): Stream | undefined {
  const record = call.findTypedForWrite(index, Type.stream);
  return record === 0 ? undefined : streamOf(call.db, record);
}

/** Adds a stream at a key that is not there. */
export function createStream(call: Call, index: number, stream: Stream): Stream {
  call.db.setLarge(call.create(index, Type.stream, 0), stream);
  return stream;
}

/** The group of a stream that is named at an argument. */
export function groupOf(call: Call, stream: Stream | undefined, index: number, hint = ''): Group {
  return stream?.groups.get(call.args.text(index)) ?? noGroup(call, index, hint);
}

/** As `groupOf`, and it may be changed. */
export function groupForWrite(call: Call, stream: Stream | undefined, index: number): Group {
  return stream?.groupForWrite(call.args.text(index)) ?? noGroup(call, index, '');
}

function noGroup(call: Call, index: number, hint: string): never {
  const { args } = call;
  throw new ReplyError(
    `NOGROUP No such key '${untilZero(args.text(1))}' or consumer group '${untilZero(args.text(index))}'${hint}`,
  );
}

/**
 * Something of a group has changed, the entries have not: nobody who waits for entries, watches the
 * key or has it cached is told, as in Redis.
 */
export function groupChanged(call: Call, index: number, event: string): void {
  call.engine.dirty++;
  call.notify(index, Notify.stream, event);
}

/** The consumer named at an argument, added when it is not there, and then the log is told. */
export function consumerOf(
  call: Call,
  group: Group,
  at: { readonly key: number; readonly group: number; readonly consumer: number },
): Consumer {
  const { args, nowMs } = call;
  const name = args.text(at.consumer);
  const known = group.consumers.get(name);
  if (known !== undefined) {
    known.seenMs = nowMs;
    return known;
  }
  groupChanged(call, at.key, 'xgroup-createconsumer');
  call.effect(
    'XGROUP',
    'CREATECONSUMER',
    args.bytes(at.key),
    args.bytes(at.group),
    args.bytes(at.consumer),
  );
  return group.addConsumer(name, nowMs);
}

const idText = Buffer.alloc(ID_TEXT_BYTES);

export function replyId(reply: RespWriter, id: EntryId): void {
  reply.bulk(idText, 0, formatId(id, idText, 0));
}

/** The entry that a cursor is at: its id, and an array of fields and values. */
export function replyEntry(reply: RespWriter, cursor: EntryCursor): void {
  reply.array(2);
  replyId(reply, cursor.id);
  const { pairs } = cursor;
  reply.array(pairs * 2);
  for (let i = 0; i < pairs; i++) {
    cursor.nextPair();
    reply.bulk(cursor.buf, cursor.fieldStart, cursor.fieldEnd);
    reply.bulk(cursor.buf, cursor.valueStart, cursor.valueEnd);
  }
}

/** An array of up to `countMax` (0: all) entries that a cursor comes to. Returns how many. */
export function replyEntries(reply: RespWriter, cursor: EntryCursor, countMax: number): number {
  const mark = reply.deferred();
  let count = 0;
  while ((countMax === 0 || count < countMax) && cursor.next()) {
    replyEntry(reply, cursor);
    count++;
  }
  reply.endDeferred(mark, 'array', count);
  return count;
}

/** Bytes of a group's or consumer's name. */
export function replyName(reply: RespWriter, name: string): void {
  reply.bulkText(name);
}
