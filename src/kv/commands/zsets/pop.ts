/** ZPOPMIN, ZPOPMAX, ZMPOP and their blocking forms. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { NOT_POSITIVE, ReplyError, SYNTAX_ERROR, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { lengthOf, ZsetAccess, ZsetCursor } from '../../values/zset/index.ts';
import { blockTimeout } from '../shared/timeout.ts';
import { afterRemoval, zsetFamily } from './common.ts';

type End = 'min' | 'max';

const BAD_KEY_COUNT = new ReplyError('ERR numkeys should be greater than 0');
const BAD_COUNT = new ReplyError('ERR count should be greater than 0');

const access = new ZsetAccess();
const cursor = new ZsetCursor();

/** Replies `count` members from an end of the set, each as a pair or not, and removes them. */
function take(
  call: Call,
  index: number,
  record: Address,
  end: End,
  count: number,
  paired: boolean,
): void {
  const { db, reply } = call;
  const { size } = access.open(db, record);
  cursor.begin(db, record, end === 'min' ? 0 : size - 1, end === 'max');
  for (let i = 0; i < count && cursor.next(); i++) {
    if (paired) reply.array(2);
    reply.bulk(cursor.buf, cursor.start, cursor.start + cursor.length);
    reply.double(cursor.score);
  }
  access.removeRange(end === 'min' ? 0 : size - count, count);
  afterRemoval(call, index, access, end === 'min' ? 'zpopmin' : 'zpopmax');
}

function zpop(call: Call, end: End): void {
  if (call.count > 3) throw SYNTAX_ERROR;
  const counted = call.count === 3;
  const wanted = counted ? call.int(2, NOT_POSITIVE) : 1;
  if (wanted < 0) throw NOT_POSITIVE;
  const { reply } = call;
  const record = call.findTypedForWrite(1, Type.zset);
  const count = record === 0 ? 0 : Math.min(wanted, lengthOf(call.db, record));
  const paired = counted && reply.protocol === 3;
  reply.array(paired ? count : count * 2);
  if (count > 0) take(call, 1, record, end, count, paired);
}

/** The index of the first key from `from` to `to` - 1 with a sorted set, 0 for none. */
function firstKey(call: Call, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const record = call.findForWrite(i);
    if (record === 0) continue;
    if (call.db.typeOf(record) === Type.zset) return i;
    // A waiting client is woken by a sorted set only; keys of other types do not disturb it.
    if (!call.retrying) throw WRONG_TYPE;
  }
  return 0;
}

function effect(call: Call, index: number, end: End, count: number): void {
  const name = end === 'min' ? 'ZPOPMIN' : 'ZPOPMAX';
  call.effect(name, call.args.copy(index), count);
}

function bzpop(call: Call, end: End): void {
  const { args, reply } = call;
  const last = call.count - 1;
  const timeoutMs = blockTimeout(call, last);
  const index = firstKey(call, 1, last);
  if (index === 0) {
    waitFor(call, 1, last, timeoutMs);
    return;
  }
  reply.array(3);
  reply.bulk(args.buf, args.start(index), args.end(index));
  effect(call, index, end, 1);
  take(call, index, call.findForWrite(index), end, 1, false);
}

function waitFor(call: Call, from: number, to: number, timeoutMs: number): void {
  const keys = Array.from({ length: to - from }, (_, i) => from + i);
  call.block({ keys, type: Type.zset, timeoutMs, onTimeout: (reply) => reply.nullArray() });
}

/** ZMPOP with the number of keys at argument `at`; `waits` with the timeout before it. */
function zmpop(call: Call, at: 1 | 2, waits: boolean): void {
  const { args, reply } = call;
  const keyCount = call.int(at, BAD_KEY_COUNT);
  if (keyCount < 1) throw BAD_KEY_COUNT;
  const keysEnd = at + 1 + keyCount;
  if (keysEnd >= call.count) throw SYNTAX_ERROR;
  const where = args.keyword(keysEnd);
  if (where !== 'MIN' && where !== 'MAX') throw SYNTAX_ERROR;
  const end = where === 'MIN' ? 'min' : 'max';
  const wanted = countOption(call, keysEnd + 1);
  const timeoutMs = waits ? blockTimeout(call, 1) : 0;
  const index = firstKey(call, at + 1, keysEnd);
  if (index === 0) {
    if (waits) waitFor(call, at + 1, keysEnd, timeoutMs);
    else reply.nullArray();
    return;
  }
  const record = call.findForWrite(index);
  const count = Math.min(wanted, lengthOf(call.db, record));
  effect(call, index, end, count);
  reply.array(2);
  reply.bulk(args.buf, args.start(index), args.end(index));
  reply.array(count);
  take(call, index, record, end, count, true);
}

/** `[COUNT count]` from argument `from` to the end. */
function countOption(call: Call, from: number): number {
  let count = -1;
  for (let i = from; i < call.count; i += 2) {
    if (count !== -1 || call.args.keyword(i) !== 'COUNT' || i + 1 >= call.count) {
      throw SYNTAX_ERROR;
    }
    count = call.int(i + 1, BAD_COUNT);
    if (count < 1) throw BAD_COUNT;
  }
  return count === -1 ? 1 : count;
}

const popRow = {
  ...zsetFamily,
  arity: -2,
  flags: ['write', 'fast'],
  keys: keyAt1('RW', 'delete', true),
  since: '5.0.0',
  complexity: 'O(log(N)*M) with N members in the set and M removed',
} as const;

const blockingPopRow = {
  acl: ['sortedset', 'blocking'],
  group: 'sorted-set',
  arity: -3,
  flags: ['write', 'blocking', 'fast'],
  keys: [keyRange({ access: 'RW', purpose: 'delete', alsoRead: true, begin: 1, last: -2 })],
  since: '5.0.0',
  complexity: 'O(log(N)) with N members in the set',
} as const;

export const popCommands: readonly CommandSpec[] = [
  {
    ...popRow,
    name: 'zpopmin',
    summary: 'Returns and removes the members with the lowest scores.',
    syntax: 'key [count]',
    run: (call) => zpop(call, 'min'),
  },
  {
    ...popRow,
    name: 'zpopmax',
    summary: 'Returns and removes the members with the highest scores.',
    syntax: 'key [count]',
    run: (call) => zpop(call, 'max'),
  },
  {
    ...blockingPopRow,
    name: 'bzpopmin',
    summary: 'As ZPOPMIN on the first of several keys; waits when none has members.',
    syntax: 'key [key ...] timeout',
    run: (call) => bzpop(call, 'min'),
  },
  {
    ...blockingPopRow,
    name: 'bzpopmax',
    summary: 'As ZPOPMAX on the first of several keys; waits when none has members.',
    syntax: 'key [key ...] timeout',
    run: (call) => bzpop(call, 'max'),
  },
  {
    ...zsetFamily,
    name: 'zmpop',
    arity: -4,
    flags: ['write'],
    keys: [
      {
        access: 'RW',
        purpose: 'delete',
        alsoRead: true,
        begin: 1,
        find: { keynum: 0, first: 1, step: 1 },
      },
    ],
    since: '7.0.0',
    complexity: 'O(K) + O(M*log(N)) with K keys, N members in the set and M removed',
    summary: 'Returns and removes members from an end of the first set that has any.',
    syntax: 'numkeys key [key ...] <MIN | MAX> [COUNT count]',
    run: (call) => zmpop(call, 1, false),
  },
  {
    acl: ['sortedset', 'blocking'],
    group: 'sorted-set',
    name: 'bzmpop',
    arity: -5,
    flags: ['write', 'blocking'],
    keys: [
      {
        access: 'RW',
        purpose: 'delete',
        alsoRead: true,
        begin: 2,
        find: { keynum: 0, first: 1, step: 1 },
      },
    ],
    since: '7.0.0',
    complexity: 'O(K) + O(M*log(N)) with K keys, N members in the set and M removed',
    summary: 'As ZMPOP; waits when no set has members.',
    syntax: 'timeout numkeys key [key ...] <MIN | MAX> [COUNT count]',
    run: (call) => zmpop(call, 2, true),
  },
];
