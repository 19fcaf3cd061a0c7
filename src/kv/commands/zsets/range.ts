/**
 * ZRANGE and all the commands that are special cases of it.
 *
 * Benchmark: bench/kv (ZRANGE).
 */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1, keyRange } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  indexRange,
  lengthOf,
  lexRanks,
  mirrored,
  NO_RANKS,
  type RankRange,
  scoreRanks,
  ZsetBuilder,
  ZsetCursor,
} from '../../values/zset/index.ts';
import { replyHead, replyMember, storeResult, zsetFamily } from './common.ts';
import { lexRangeAt, scoreRangeAt } from './score-args.ts';

type By = 'rank' | 'score' | 'lex';

/** What a command fixes of a range; undefined leaves it to the options. */
interface Kind {
  /** Argument index of the source key; the range stands behind it. */
  readonly source: 1 | 2;
  readonly by?: By;
  readonly reverse?: boolean;
}

interface Options {
  by: By;
  reverse: boolean;
  withScores: boolean;
  offset: number;
  /** Members at most; -1 for all. */
  limit: number;
}

const LIMIT_BY_RANK = new ReplyError(
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
);
const SCORES_BY_LEX = new ReplyError(
  'ERR syntax error, WITHSCORES not supported in combination with BYLEX',
);

const cursor = new ZsetCursor();

function zrange(call: Call, kind: Kind): void {
  const options = rangeOptions(call, kind);
  const { source } = kind;
  const rangeOf = rangeReader(call, source, options);
  const record = call.findTyped(source, Type.zset);
  const ranks = record === 0 ? NO_RANKS : limited(rangeOf(record), options);
  const count = ranks.to - ranks.from;
  const first = options.reverse ? ranks.to - 1 : ranks.from;
  if (source === 2) {
    storeRange(call, record, first, count, options.reverse);
    return;
  }
  const { reply } = call;
  const { withScores } = options;
  replyHead(reply, count, withScores);
  if (count === 0) return;
  cursor.begin(call.db, record, first, options.reverse);
  for (let i = 0; i < count && cursor.next(); i++) replyMember(reply, cursor, withScores);
}

function storeRange(
  call: Call,
  record: Address,
  first: number,
  count: number,
  reverse: boolean,
): void {
  const result = new ZsetBuilder(call.db, call.engine.settings, count);
  if (count > 0) cursor.begin(call.db, record, first, reverse);
  for (let i = 0; i < count && cursor.next(); i++) {
    result.add(cursor.score, cursor.buf, cursor.start, cursor.length);
  }
  storeResult(call, 1, result, 'zrangestore');
  call.reply.integer(count);
}

function rangeOptions(call: Call, kind: Kind): Options {
  const { args } = call;
  let { by, reverse } = kind;
  let withScores = false;
  let offset = 0;
  let limit = -1;
  for (let i = kind.source + 3; i < call.count; i++) {
    const word = args.keyword(i);
    if (word === 'WITHSCORES' && kind.source === 1) withScores = true;
    else if (word === 'LIMIT' && i + 2 < call.count) {
      offset = call.int(i + 1);
      limit = call.int(i + 2);
      i += 2;
    } else if (word === 'REV' && reverse === undefined) reverse = true;
    else if (word === 'BYLEX' && by === undefined) by = 'lex';
    else if (word === 'BYSCORE' && by === undefined) by = 'score';
    else throw SYNTAX_ERROR;
  }
  by ??= 'rank';
  if (limit !== -1 && by === 'rank') throw LIMIT_BY_RANK;
  if (withScores && by === 'lex') throw SCORES_BY_LEX;
  return { by, reverse: reverse ?? false, withScores, offset, limit };
}

/** Reads the range's arguments now, so that their errors come first, and finds its ranks later. */
function rangeReader(call: Call, source: number, options: Options): (record: Address) => RankRange {
  const { db } = call;
  const { by, reverse } = options;
  const from = source + 1;
  const to = source + 2;
  if (by === 'rank') {
    const start = call.int(from);
    const stop = call.int(to);
    return (record) => {
      const length = lengthOf(db, record);
      const range = indexRange(length, start, stop);
      return reverse ? mirrored(range, length) : range;
    };
  }
  // Reversed ranges name their upper end first.
  const min = reverse ? to : from;
  const max = reverse ? from : to;
  if (by === 'score') {
    const range = scoreRangeAt(call, min, max);
    return (record) => scoreRanks(db, record, range);
  }
  const range = lexRangeAt(call, min, max);
  return (record) => lexRanks(db, record, range, reverse);
}

/** Cuts a range to its LIMIT, counted from the end where it begins. */
function limited(range: RankRange, { by, offset, limit, reverse }: Options): RankRange {
  // `LIMIT x -1` is no error there, and does nothing.
  if (by === 'rank') return range;
  const size = range.to - range.from;
  if (offset < 0 || offset >= size) return NO_RANKS;
  const count = limit < 0 ? size - offset : Math.min(limit, size - offset);
  if (reverse) return { from: range.to - offset - count, to: range.to - offset };
  return { from: range.from + offset, to: range.from + offset + count };
}

const rangeRow = {
  ...zsetFamily,
  flags: ['readonly'],
  keys: keyAt1('RO', 'access'),
  complexity: 'O(log(N)+M) with N members in the set and M returned',
} as const;

export const rangeCommands: readonly CommandSpec[] = [
  {
    ...rangeRow,
    name: 'zrange',
    arity: -4,
    since: '1.2.0',
    summary: 'Returns a range of members by rank, score or bytes, in either order.',
    syntax: 'key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]',
    run: (call) => zrange(call, { source: 1 }),
  },
  {
    ...zsetFamily,
    name: 'zrangestore',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: [
      keyRange({ access: 'OW', purpose: 'update', begin: 1, last: 0 }),
      keyRange({ access: 'RO', purpose: 'access', begin: 2, last: 0 }),
    ],
    since: '6.2.0',
    complexity: 'O(log(N)+M) with N members in the set and M stored',
    summary: 'Stores a range of members in a key.',
    syntax: 'dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]',
    run: (call) => zrange(call, { source: 2 }),
  },
  {
    ...rangeRow,
    name: 'zrevrange',
    arity: -4,
    since: '1.2.0',
    summary: 'Returns a range of members by rank, highest score first.',
    syntax: 'key start stop [WITHSCORES]',
    run: (call) => zrange(call, { source: 1, by: 'rank', reverse: true }),
  },
  {
    ...rangeRow,
    name: 'zrangebyscore',
    arity: -4,
    since: '1.0.5',
    summary: 'Returns the members with scores in a range.',
    syntax: 'key min max [WITHSCORES] [LIMIT offset count]',
    run: (call) => zrange(call, { source: 1, by: 'score', reverse: false }),
  },
  {
    ...rangeRow,
    name: 'zrevrangebyscore',
    arity: -4,
    since: '2.2.0',
    summary: 'Returns the members with scores in a range, highest score first.',
    syntax: 'key max min [WITHSCORES] [LIMIT offset count]',
    run: (call) => zrange(call, { source: 1, by: 'score', reverse: true }),
  },
  {
    ...rangeRow,
    name: 'zrangebylex',
    arity: -4,
    since: '2.8.9',
    summary: 'Returns the members in a range of bytes, all scores being equal.',
    syntax: 'key min max [LIMIT offset count]',
    run: (call) => zrange(call, { source: 1, by: 'lex', reverse: false }),
  },
  {
    ...rangeRow,
    name: 'zrevrangebylex',
    arity: -4,
    since: '2.8.9',
    summary: 'Returns the members in a range of bytes, last first, all scores being equal.',
    syntax: 'key max min [LIMIT offset count]',
    run: (call) => zrange(call, { source: 1, by: 'lex', reverse: true }),
  },
];
