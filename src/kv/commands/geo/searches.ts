/** GEOSEARCH, GEOSEARCHSTORE, GEORADIUS and GEORADIUSBYMEMBER. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, type KeySpec, keyAt1, keyRange } from '../../command/spec.ts';
import { Type } from '../../keyspace/index.ts';
import { ZsetBuilder } from '../../values/zset/index.ts';
import { storeResult } from '../zsets/index.ts';
import { replyDistance, replyPoint } from './arguments.ts';
import { type Hit, search } from './search.ts';
import { type SearchKind, type SearchOptions, searchOptions } from './search-options.ts';

function geosearch(call: Call, kind: SearchKind): void {
  const record = call.findTyped(kind.source, Type.zset);
  const options = searchOptions(call, kind, record);
  const { shape, selection } = options;
  const found = record !== 0 && shape !== undefined;
  const hits = found ? search(call.db, record, shape, selection) : [];
  if (options.storeIndex === 0) replyHits(call, hits, options);
  else
    storeHits(
      call,
      hits,
      options,
      kind.store === 'destination' ? 'geosearchstore' : 'georadiusstore',
    );
}

function replyHits(call: Call, hits: readonly Hit[], options: SearchOptions): void {
  const { reply } = call;
  const { withDistance, withHash, withPoint, unitM } = options;
  const extras = Number(withDistance) + Number(withHash) + Number(withPoint);
  reply.array(hits.length);
  for (const hit of hits) {
    if (extras > 0) reply.array(1 + extras);
    reply.bulk(hit.buf, hit.start, hit.start + hit.length);
    if (withDistance) replyDistance(reply, hit.distanceM / unitM);
    if (withHash) replyHash(call, hit.score);
    if (withPoint) replyPoint(reply, hit.point);
  }
}

function replyHash(call: Call, score: number): void {
  const { reply } = call;
  if (Number.isSafeInteger(score)) reply.integer(score);
  else if (Number.isFinite(score)) reply.bigInteger(BigInt.asIntN(64, BigInt(Math.trunc(score))));
  else reply.bigInteger(-(2n ** 63n));
}

function storeHits(
  call: Call,
  hits: readonly Hit[],
  { storeIndex, storeDistance, unitM }: SearchOptions,
  event: string,
): void {
  const result = new ZsetBuilder(call.db, call.engine.settings, hits.length);
  for (const hit of hits) {
    const score = storeDistance ? hit.distanceM / unitM : hit.score;
    result.add(score, hit.buf, hit.start, hit.length);
  }
  storeResult(call, storeIndex, result, event);
  call.reply.integer(hits.length);
}

const SEARCH_COST = 'O(N+log(M)) with N members in the cells around the shape and M in the set';

/** The key behind STORE or STOREDIST. */
function storeKey(keyword: string, from: number): KeySpec {
  return {
    access: 'OW',
    purpose: 'update',
    begin: { keyword, from },
    find: { last: 0, step: 1 },
  };
}

const family = { acl: ['geo'], group: 'geo', complexity: SEARCH_COST } as const;
const reading = { ...family, flags: ['readonly'], keys: keyAt1('RO', 'access') } as const;
const storing = { ...family, flags: ['write', 'denyoom'] } as const;

const OPTIONS = '[WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]';
const STORE = '[STORE key | STOREDIST key]';
const CIRCLE = 'key longitude latitude radius <M | KM | FT | MI>';
const MEMBER_CIRCLE = 'key member radius <M | KM | FT | MI>';
const SHAPE =
  '<FROMMEMBER member | FROMLONLAT longitude latitude> <BYRADIUS radius <M | KM | FT | MI> | BYBOX width height <M | KM | FT | MI>>';

export const searchCommands: readonly CommandSpec[] = [
  {
    ...reading,
    name: 'geosearch',
    arity: -7,
    since: '6.2.0',
    summary: 'Returns the points in a circle or box.',
    syntax: `key ${SHAPE} [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]`,
    run: (call) => geosearch(call, { center: 'options', source: 1, store: 'none' }),
  },
  {
    ...storing,
    name: 'geosearchstore',
    arity: -8,
    keys: [
      keyRange({ access: 'OW', purpose: 'update', begin: 1, last: 0 }),
      keyRange({ access: 'RO', purpose: 'access', begin: 2, last: 0 }),
    ],
    since: '6.2.0',
    summary: 'Stores the points in a circle or box in a key.',
    syntax: `destination source ${SHAPE} [ASC | DESC] [COUNT count [ANY]] [STOREDIST]`,
    run: (call) => geosearch(call, { center: 'options', source: 2, store: 'destination' }),
  },
  {
    ...storing,
    name: 'georadius',
    arity: -6,
    keys: [...keyAt1('RO', 'access'), storeKey('STORE', 6), storeKey('STOREDIST', 6)],
    since: '3.2.0',
    summary: 'Returns or stores the points in a circle around coordinates.',
    syntax: `${CIRCLE} ${OPTIONS} ${STORE}`,
    run: (call) => geosearch(call, { center: 'coordinates', source: 1, store: 'keys' }),
  },
  {
    ...storing,
    name: 'georadiusbymember',
    arity: -5,
    keys: [...keyAt1('RO', 'access'), storeKey('STORE', 5), storeKey('STOREDIST', 5)],
    since: '3.2.0',
    summary: 'Returns or stores the points in a circle around a member.',
    syntax: `${MEMBER_CIRCLE} ${OPTIONS} ${STORE}`,
    run: (call) => geosearch(call, { center: 'member', source: 1, store: 'keys' }),
  },
  {
    ...reading,
    name: 'georadius_ro',
    arity: -6,
    since: '3.2.10',
    summary: 'Returns the points in a circle around coordinates.',
    syntax: `${CIRCLE} ${OPTIONS}`,
    run: (call) => geosearch(call, { center: 'coordinates', source: 1, store: 'none' }),
  },
  {
    ...reading,
    name: 'georadiusbymember_ro',
    arity: -5,
    since: '3.2.10',
    summary: 'Returns the points in a circle around a member.',
    syntax: `${MEMBER_CIRCLE} ${OPTIONS}`,
    run: (call) => geosearch(call, { center: 'member', source: 1, store: 'none' }),
  },
];
