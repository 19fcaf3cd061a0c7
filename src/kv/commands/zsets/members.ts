/** ZREM, ZSCORE, ZRANK and the other commands on single members. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { SYNTAX_ERROR, wrongArity } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { lengthOf, ZsetAccess } from '../../values/zset/index.ts';
import { afterRemoval, zsetFamily } from './common.ts';

const access = new ZsetAccess();

function zrem(call: Call): void {
  const { args, db } = call;
  const record = call.findTypedForWrite(1, Type.zset);
  if (record === 0) {
    call.reply.integer(0);
    return;
  }
  access.open(db, record);
  let removed = 0;
  for (let i = 2; i < call.count && access.size > 0; i++) {
    if (!access.find(args.buf, args.start(i), args.length(i))) continue;
    access.remove();
    removed++;
  }
  if (removed > 0) afterRemoval(call, 1, access, 'zrem');
  call.reply.integer(removed);
}

function zcard(call: Call): void {
  const record = call.findTyped(1, Type.zset);
  call.reply.integer(record === 0 ? 0 : lengthOf(call.db, record));
}

function zscore(call: Call): void {
  const { args, reply } = call;
  const record = call.findTyped(1, Type.zset);
  if (record === 0) reply.null();
  else if (!access.open(call.db, record).find(args.buf, args.start(2), args.length(2))) {
    reply.null();
  } else reply.double(access.score);
}

function zmscore(call: Call): void {
  const { args, reply } = call;
  const record = call.findTyped(1, Type.zset);
  reply.array(call.count - 2);
  if (record !== 0) access.open(call.db, record);
  for (let i = 2; i < call.count; i++) {
    if (record !== 0 && access.find(args.buf, args.start(i), args.length(i))) {
      reply.double(access.score);
    } else reply.null();
  }
}

function rank(call: Call, reverse: boolean): void {
  const { args, reply } = call;
  if (call.count > 4) throw wrongArity(call.spec.name);
  const withScore = call.count === 4;
  if (withScore && args.keyword(3) !== 'WITHSCORE') throw SYNTAX_ERROR;
  const record = call.findTyped(1, Type.zset);
  const found =
    record !== 0 && access.open(call.db, record).find(args.buf, args.start(2), args.length(2));
  if (!found) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  const before = access.rank();
  if (withScore) reply.array(2);
  reply.integer(reverse ? access.size - 1 - before : before);
  if (withScore) reply.double(access.score);
}

export const memberCommands: readonly CommandSpec[] = [
  {
    ...zsetFamily,
    name: 'zrem',
    arity: -3,
    flags: ['write', 'fast'],
    keys: keyAt1('RW', 'delete'),
    since: '1.2.0',
    complexity: 'O(M*log(N)) with N members in the set and M to remove',
    summary: 'Removes members from a sorted set; the key goes with the last.',
    syntax: 'key member [member ...]',
    run: zrem,
  },
  {
    ...zsetFamily,
    name: 'zcard',
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO'),
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Returns the number of members of a sorted set.',
    syntax: 'key',
    run: zcard,
  },
  {
    ...zsetFamily,
    name: 'zscore',
    arity: 3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '1.2.0',
    complexity: 'O(1)',
    summary: 'Returns the score of a member.',
    syntax: 'key member',
    run: zscore,
  },
  {
    ...zsetFamily,
    name: 'zmscore',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '6.2.0',
    complexity: 'O(N) with N members given',
    summary: 'Returns the scores of several members.',
    syntax: 'key member [member ...]',
    run: zmscore,
  },
  {
    ...zsetFamily,
    name: 'zrank',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '2.0.0',
    complexity: 'O(log(N))',
    summary: 'Returns the position of a member, lowest score first.',
    syntax: 'key member [WITHSCORE]',
    run: (call) => rank(call, false),
  },
  {
    ...zsetFamily,
    name: 'zrevrank',
    arity: -3,
    flags: ['readonly', 'fast'],
    keys: keyAt1('RO', 'access'),
    since: '2.0.0',
    complexity: 'O(log(N))',
    summary: 'Returns the position of a member, highest score first.',
    syntax: 'key member [WITHSCORE]',
    run: (call) => rank(call, true),
  },
];
