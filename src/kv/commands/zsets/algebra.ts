/** ZUNION, ZINTER, ZDIFF, their STORE forms, and ZINTERCARD. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, type KeySpec, keyRange } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { type LargeZset, releaseAll, ZsetCursor } from '../../values/zset/index.ts';
import { type Aggregate, difference, intersection, intersectionSize, union } from './combine.ts';
import { replyHead, replyMember, storeResult, zsetFamily } from './common.ts';
import { type Source, sourcesAt } from './sources.ts';

type Operation = 'union' | 'inter' | 'diff';

const BAD_WEIGHT = new ReplyError('ERR weight value is not a float');
const NEGATIVE_LIMIT = new ReplyError("ERR LIMIT can't be negative");

const cursor = new ZsetCursor();

/** Replies or stores the combination of the sources whose number stands at argument `at`. */
function combine(call: Call, operation: Operation, at: 1 | 2): void {
  const store = at === 2;
  const sources = sourcesAt(call, at);
  const options = algebraOptions(call, at + 1 + sources.length, sources, operation, store);
  const { aggregate, withScores } = options;
  const { arena } = call.db;
  let result: LargeZset;
  if (operation === 'union') result = union(arena, sources, aggregate);
  else if (operation === 'inter') result = intersection(arena, sources, aggregate);
  else result = difference(arena, sources);
  const { size } = result;
  if (store) {
    storeResult(call, 1, result, `z${operation}store`);
    call.reply.integer(size);
    return;
  }
  replyHead(call.reply, size, withScores);
  cursor.beginLarge(result, 0);
  while (cursor.next()) replyMember(call.reply, cursor, withScores);
  releaseAll(result);
}

/** Reads the options from argument `from` on; weights go into the sources. */
function algebraOptions(
  call: Call,
  from: number,
  sources: readonly Source[],
  operation: Operation,
  store: boolean,
): { aggregate: Aggregate; withScores: boolean } {
  let aggregate: Aggregate = 'sum';
  let withScores = false;
  for (let i = from; i < call.count; i++) {
    const word = call.args.keyword(i);
    if (word === 'WEIGHTS' && operation !== 'diff' && i + sources.length < call.count) {
      for (const source of sources) source.weight = call.float(++i, BAD_WEIGHT);
    } else if (word === 'AGGREGATE' && operation !== 'diff' && i + 1 < call.count) {
      aggregate = aggregateAt(call, ++i);
    } else if (word === 'WITHSCORES' && !store) withScores = true;
    else throw SYNTAX_ERROR;
  }
  return { aggregate, withScores };
}

function aggregateAt(call: Call, index: number): Aggregate {
  const word = call.args.keyword(index);
  if (word === 'SUM') return 'sum';
  if (word === 'MIN') return 'min';
  if (word === 'MAX') return 'max';
  throw SYNTAX_ERROR;
}

function zintercard(call: Call): void {
  const sources = sourcesAt(call, 1);
  let limit = 0;
  for (let i = 2 + sources.length; i < call.count; i++) {
    if (call.args.keyword(i) !== 'LIMIT' || i + 1 >= call.count) throw SYNTAX_ERROR;
    limit = call.int(++i, NEGATIVE_LIMIT);
    if (limit < 0) throw NEGATIVE_LIMIT;
  }
  call.reply.integer(intersectionSize(sources, limit));
}

const sourceKeys = (begin: number): KeySpec => ({
  access: 'RO',
  purpose: 'access',
  begin,
  find: { keynum: 0, first: 1, step: 1 },
});

const reading = { ...zsetFamily, arity: -3, flags: ['readonly'], keys: [sourceKeys(1)] } as const;

const storing = {
  ...zsetFamily,
  arity: -4,
  flags: ['write', 'denyoom'],
  keys: [keyRange({ access: 'OW', purpose: 'update', begin: 1, last: 0 }), sourceKeys(2)],
} as const;

const UNION_COST = 'O(N)+O(M*log(M)) with N members in all sources and M in the result';
const INTER_COST =
  'O(N*K)+O(M*log(M)) with N members in the smallest of K sources and M in the result';
const DIFF_COST = 'O(N*K)+O(M*log(M)) with N members in the first of K sources and M in the result';
const WEIGHED = 'numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]';

export const algebraCommands: readonly CommandSpec[] = [
  {
    ...reading,
    name: 'zunion',
    since: '6.2.0',
    complexity: UNION_COST,
    summary: 'Returns the union of several sorted sets.',
    syntax: `${WEIGHED} [WITHSCORES]`,
    run: (call) => combine(call, 'union', 1),
  },
  {
    ...reading,
    name: 'zinter',
    since: '6.2.0',
    complexity: INTER_COST,
    summary: 'Returns the intersection of several sorted sets.',
    syntax: `${WEIGHED} [WITHSCORES]`,
    run: (call) => combine(call, 'inter', 1),
  },
  {
    ...reading,
    name: 'zdiff',
    since: '6.2.0',
    complexity: DIFF_COST,
    summary: 'Returns what the first sorted set has and the others have not.',
    syntax: 'numkeys key [key ...] [WITHSCORES]',
    run: (call) => combine(call, 'diff', 1),
  },
  {
    ...reading,
    name: 'zintercard',
    since: '7.0.0',
    complexity: 'O(N*K) with N members in the smallest of K sources',
    summary: 'Counts the members of the intersection of several sorted sets.',
    syntax: 'numkeys key [key ...] [LIMIT limit]',
    run: zintercard,
  },
  {
    ...storing,
    name: 'zunionstore',
    since: '2.0.0',
    complexity: UNION_COST,
    summary: 'Stores the union of several sorted sets in a key.',
    syntax: `destination ${WEIGHED}`,
    run: (call) => combine(call, 'union', 2),
  },
  {
    ...storing,
    name: 'zinterstore',
    since: '2.0.0',
    complexity: INTER_COST,
    summary: 'Stores the intersection of several sorted sets in a key.',
    syntax: `destination ${WEIGHED}`,
    run: (call) => combine(call, 'inter', 2),
  },
  {
    ...storing,
    name: 'zdiffstore',
    since: '6.2.0',
    complexity: DIFF_COST,
    summary: 'Stores what the first sorted set has and the others have not in a key.',
    syntax: 'destination numkeys key [key ...]',
    run: (call) => combine(call, 'diff', 2),
  },
];
