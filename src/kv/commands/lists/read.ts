/** LLEN, LRANGE, LINDEX, LPOS. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { equalBytes } from '../../memory/index.ts';
import { each, elementOf, lengthOf } from '../../values/list/index.ts';
import { listFamily } from './common.ts';

const BAD_RANK = new ReplyError(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
);
const RANK_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
);
const BAD_COUNT = new ReplyError("ERR COUNT can't be negative");
const BAD_MAXLEN = new ReplyError("ERR MAXLEN can't be negative");
const INT64_MIN = -(2n ** 63n);

function llen(call: Call): void {
  const record = call.findTyped(1, Type.list);
  call.reply.integer(record === 0 ? 0 : lengthOf(call.db, record));
}

function lrange(call: Call): void {
  const { db, reply } = call;
  let start = call.int(2);
  let stop = call.int(3);
  const record = call.findTyped(1, Type.list);
  const length = record === 0 ? 0 : lengthOf(db, record);
  if (start < 0) start = Math.max(0, length + start);
  if (stop < 0) stop = length + stop;
  stop = Math.min(stop, length - 1);
  if (start > stop) {
    reply.array(0);
    return;
  }
  reply.array(stop - start + 1);
  each(db, record, start, true, (element, index) => {
    reply.bulk(element.bytes, element.start, element.end);
    return index < stop;
  });
}

function lindex(call: Call): void {
  const { db, reply } = call;
  const record = call.findTyped(1, Type.list);
  if (record === 0) {
    reply.null();
    return;
  }
  const wanted = call.int(2);
  const length = lengthOf(db, record);
  const index = wanted < 0 ? length + wanted : wanted;
  if (index < 0 || index >= length) {
    reply.null();
    return;
  }
  const element = elementOf(db, record, index);
  reply.bulk(element.bytes, element.start, element.end);
}

function lpos(call: Call): void {
  const { args, db, reply } = call;
  let rank = 1;
  let count = -1;
  let maxLength = 0;
  for (let i = 3; i < call.count; i += 2) {
    if (i + 1 >= call.count) throw SYNTAX_ERROR;
    const keyword = args.keyword(i);
    if (keyword === 'RANK') {
      if (call.bigInt(i + 1) === INT64_MIN) throw RANK_RANGE;
      rank = call.int(i + 1);
      if (rank === 0) throw BAD_RANK;
    } else if (keyword === 'COUNT') {
      count = call.intBetween(i + 1, 0, Number.POSITIVE_INFINITY, BAD_COUNT);
    } else if (keyword === 'MAXLEN') {
      maxLength = call.intBetween(i + 1, 0, Number.POSITIVE_INFINITY, BAD_MAXLEN);
    } else throw SYNTAX_ERROR;
  }
  const record = call.findTyped(1, Type.list);
  const found: number[] = [];
  if (record !== 0) {
    const length = lengthOf(db, record);
    const forward = rank > 0;
    const start = args.start(2);
    const wantedLength = args.length(2);
    let skip = Math.abs(rank) - 1;
    let looked = 0;
    each(db, record, forward ? 0 : length - 1, forward, (element, index) => {
      if (
        element.end - element.start === wantedLength &&
        equalBytes(element.bytes, element.start, args.buf, start, wantedLength)
      ) {
        if (skip > 0) skip--;
        else found.push(index);
      }
      looked++;
      if (maxLength !== 0 && looked >= maxLength) return false;
      return count === 0 || found.length < Math.max(count, 1);
    });
  }
  if (count < 0) {
    if (found.length === 0) reply.null();
    else reply.integer(found[0]!);
    return;
  }
  reply.array(found.length);
  for (const index of found) reply.integer(index);
}

export const readCommands: readonly CommandSpec[] = [
  {
    ...listFamily,
    name: 'llen',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    since: '1.0.0',
    complexity: 'O(1)',
    summary: 'Returns the number of elements of a list.',
    syntax: 'key',
    run: llen,
  },
  {
    ...listFamily,
    name: 'lrange',
    arity: 4,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '1.0.0',
    complexity: 'O(S+N) with S elements passed over and N returned',
    summary: 'Returns a range of elements.',
    syntax: 'key start stop',
    run: lrange,
  },
  {
    ...listFamily,
    name: 'lindex',
    arity: 3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '1.0.0',
    complexity: 'O(N) with N chunks and elements passed over; O(1) at the ends',
    summary: 'Returns the element at an index.',
    syntax: 'key index',
    run: lindex,
  },
  {
    ...listFamily,
    name: 'lpos',
    arity: -3,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '6.0.6',
    complexity: 'O(N) with N elements looked at',
    summary: 'Returns the index of matching elements.',
    syntax: 'key element [RANK rank] [COUNT num-matches] [MAXLEN len]',
    run: lpos,
  },
];
