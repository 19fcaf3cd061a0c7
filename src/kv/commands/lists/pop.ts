/** LPOP, RPOP, LMPOP and their blocking forms. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { NOT_POSITIVE, ReplyError, SYNTAX_ERROR, WRONG_TYPE } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  dropEnd,
  each,
  endElement,
  lengthOf,
  limitsOf,
  removeElements,
} from '../../values/list/index.ts';
import { blockTimeout } from '../shared/timeout.ts';
import { afterRemoval, type ListEnd, listFamily } from './common.ts';

const BAD_KEY_COUNT = new ReplyError('ERR numkeys should be greater than 0');
const BAD_COUNT = new ReplyError('ERR count should be greater than 0');

/** Replies and removes one element of a list. */
function takeOne(call: Call, index: number, record: Address, end: ListEnd): void {
  const { db, reply } = call;
  const head = end === 'left';
  const element = endElement(db, record, head);
  reply.bulk(element.bytes, element.start, element.end);
  const rest = dropEnd(db, record, limitsOf(call.engine.settings), head);
  afterRemoval(call, index, rest, head ? 'lpop' : 'rpop');
}

/** Replies an array of `count` elements, which are there, and removes them. */
function takeMany(call: Call, index: number, record: Address, end: ListEnd, count: number): void {
  const { db, reply } = call;
  const head = end === 'left';
  const length = lengthOf(db, record);
  reply.array(count);
  let left = count;
  if (left > 0) {
    each(db, record, head ? 0 : length - 1, head, (element) => {
      reply.bulk(element.bytes, element.start, element.end);
      return --left > 0;
    });
  }
  if (count === 0) return;
  const limits = limitsOf(call.engine.settings);
  const rest = removeElements(db, record, limits, head ? 0 : length - count, count);
  afterRemoval(call, index, rest, head ? 'lpop' : 'rpop');
}

function pop(call: Call, end: ListEnd): void {
  if (call.count > 3) {
    throw new ReplyError(`ERR wrong number of arguments for '${call.spec.name}' command`);
  }
  const counted = call.count === 3;
  const wanted = counted ? call.int(2, NOT_POSITIVE) : 1;
  if (wanted < 0) throw NOT_POSITIVE;
  const record = call.findTypedForWrite(1, Type.list);
  if (record === 0) {
    if (counted) call.reply.nullArray();
    else call.reply.null();
  } else if (counted) {
    takeMany(call, 1, record, end, Math.min(wanted, lengthOf(call.db, record)));
  } else takeOne(call, 1, record, end);
}

/** The index of the first key from `from` to `to` - 1 with a list, 0 for none. */
function firstKey(call: Call, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const record = call.findForWrite(i);
    if (record === 0) continue;
    if (call.db.typeOf(record) === Type.list) return i;
    // A waiting client is woken by a list only; keys of other types do not disturb it.
    if (!call.retrying) throw WRONG_TYPE;
  }
  return 0;
}

function waitFor(call: Call, from: number, to: number, timeoutMs: number): void {
  const keys = Array.from({ length: to - from }, (_, i) => from + i);
  call.block({ keys, type: Type.list, timeoutMs, onTimeout: (reply) => reply.nullArray() });
}

function blockingPop(call: Call, end: ListEnd): void {
  const { args, reply } = call;
  const last = call.count - 1;
  const timeoutMs = blockTimeout(call, last);
  const index = firstKey(call, 1, last);
  if (index === 0) {
    waitFor(call, 1, last, timeoutMs);
    return;
  }
  reply.array(2);
  reply.bulk(args.buf, args.start(index), args.end(index));
  call.effect(end === 'left' ? 'LPOP' : 'RPOP', args.copy(index));
  takeOne(call, index, call.findForWrite(index), end);
}

/** LMPOP with the number of keys at argument `at`; `waits` with the timeout before it. */
function multiPop(call: Call, at: 1 | 2, waits: boolean): void {
  const { args, reply } = call;
  const keyCount = call.int(at, BAD_KEY_COUNT);
  if (keyCount < 1) throw BAD_KEY_COUNT;
  const keysEnd = at + 1 + keyCount;
  if (keysEnd >= call.count) throw SYNTAX_ERROR;
  const where = args.keyword(keysEnd);
  if (where !== 'LEFT' && where !== 'RIGHT') throw SYNTAX_ERROR;
  const end = where === 'LEFT' ? 'left' : 'right';
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
  call.effect(end === 'left' ? 'LPOP' : 'RPOP', args.copy(index), count);
  reply.array(2);
  reply.bulk(args.buf, args.start(index), args.end(index));
  takeMany(call, index, record, end, count);
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
  ...listFamily,
  arity: -2,
  flags: ['write', 'fast'],
  keys: keyAt1('RW', 'delete', true),
  since: '1.0.0',
  complexity: 'O(N) with N elements popped',
  syntax: 'key [count]',
} as const;

const blockingRow = {
  acl: ['list', 'blocking'],
  group: 'list',
  arity: -3,
  flags: ['write', 'blocking'],
  keys: [keyRange({ access: 'RW', purpose: 'delete', alsoRead: true, begin: 1, last: -2 })],
  since: '2.0.0',
  complexity: 'O(N) with N keys',
  syntax: 'key [key ...] timeout',
} as const;

export const popCommands: readonly CommandSpec[] = [
  {
    ...popRow,
    name: 'lpop',
    summary: 'Returns and removes elements from the head of a list.',
    run: (call) => pop(call, 'left'),
  },
  {
    ...popRow,
    name: 'rpop',
    summary: 'Returns and removes elements from the tail of a list.',
    run: (call) => pop(call, 'right'),
  },
  {
    ...blockingRow,
    name: 'blpop',
    summary: 'As LPOP on the first of several keys; waits when none has elements.',
    run: (call) => blockingPop(call, 'left'),
  },
  {
    ...blockingRow,
    name: 'brpop',
    summary: 'As RPOP on the first of several keys; waits when none has elements.',
    run: (call) => blockingPop(call, 'right'),
  },
  {
    ...listFamily,
    name: 'lmpop',
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
    complexity: 'O(N+M) with N keys and M elements popped',
    summary: 'Returns and removes elements of the first key that has some.',
    syntax: 'numkeys key [key ...] <LEFT | RIGHT> [COUNT count]',
    run: (call) => multiPop(call, 1, false),
  },
  {
    acl: ['list', 'blocking'],
    group: 'list',
    name: 'blmpop',
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
    complexity: 'O(N+M) with N keys and M elements popped',
    summary: 'As LMPOP; waits when no key has elements.',
    syntax: 'timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]',
    run: (call) => multiPop(call, 2, true),
  },
];
