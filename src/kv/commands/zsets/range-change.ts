/** Commands that count or remove the members of a range. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  indexRange,
  lengthOf,
  lexRanks,
  type RankRange,
  scoreRanks,
  ZsetAccess,
} from '../../values/zset/index.ts';
import { afterRemoval, zsetFamily } from './common.ts';
import { lexRangeAt, scoreRangeAt } from './score-args.ts';

const access = new ZsetAccess();

function count(call: Call, ranksOf: (record: Address) => RankRange): void {
  const record = call.findTyped(1, Type.zset);
  if (record === 0) {
    call.reply.integer(0);
    return;
  }
  const { from, to } = ranksOf(record);
  call.reply.integer(to - from);
}

function remove(call: Call, event: string, ranksOf: (record: Address) => RankRange): void {
  const record = call.findTypedForWrite(1, Type.zset);
  if (record === 0) {
    call.reply.integer(0);
    return;
  }
  const { from, to } = ranksOf(record);
  if (from < to) {
    access.open(call.db, record).removeRange(from, to - from);
    afterRemoval(call, 1, access, event);
  }
  call.reply.integer(to - from);
}

function byScore(call: Call): (record: Address) => RankRange {
  const range = scoreRangeAt(call, 2, 3);
  return (record) => scoreRanks(call.db, record, range);
}

function byLex(call: Call): (record: Address) => RankRange {
  const range = lexRangeAt(call, 2, 3);
  return (record) => lexRanks(call.db, record, range, false);
}

function byRank(call: Call): (record: Address) => RankRange {
  const start = call.int(2);
  const stop = call.int(3);
  return (record) => indexRange(lengthOf(call.db, record), start, stop);
}

const removal = {
  ...zsetFamily,
  arity: 4,
  flags: ['write'],
  keys: keyAt1('RW', 'delete'),
  complexity: 'O(log(N)+M) with N members in the set and M removed',
} as const;

const counting = {
  ...zsetFamily,
  arity: 4,
  flags: ['readonly', 'fast'],
  keys: keyAt1('RO', 'access'),
  complexity: 'O(log(N)) with N members in the set',
} as const;

export const rangeChangeCommands: readonly CommandSpec[] = [
  {
    ...counting,
    name: 'zcount',
    since: '2.0.0',
    summary: 'Counts the members with scores in a range.',
    syntax: 'key min max',
    run: (call) => count(call, byScore(call)),
  },
  {
    ...counting,
    name: 'zlexcount',
    since: '2.8.9',
    summary: 'Counts the members in a range of bytes, all scores being equal.',
    syntax: 'key min max',
    run: (call) => count(call, byLex(call)),
  },
  {
    ...removal,
    name: 'zremrangebyrank',
    since: '2.0.0',
    summary: 'Removes a range of members by rank.',
    syntax: 'key start stop',
    run: (call) => remove(call, 'zremrangebyrank', byRank(call)),
  },
  {
    ...removal,
    name: 'zremrangebyscore',
    since: '1.2.0',
    summary: 'Removes the members with scores in a range.',
    syntax: 'key min max',
    run: (call) => remove(call, 'zremrangebyscore', byScore(call)),
  },
  {
    ...removal,
    name: 'zremrangebylex',
    since: '2.8.9',
    summary: 'Removes the members in a range of bytes, all scores being equal.',
    syntax: 'key min max',
    run: (call) => remove(call, 'zremrangebylex', byLex(call)),
  },
];
