/** GEOADD, GEODIST, GEOHASH and GEOPOS: points by their names. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { ZsetAccess } from '../../values/zset/index.ts';
import { Add, putMembers } from '../zsets/index.ts';
import { pointAt, replyDistance, replyPoint, unitAt } from './arguments.ts';
import { distanceM } from './distance.ts';
import { decodeScore, encodePoint, geohashString, type Point } from './geohash.ts';

const OPTIONS: Readonly<Record<string, number>> = { NX: Add.nx, XX: Add.xx, CH: Add.ch };

const access = new ZsetAccess();

function geoadd(call: Call): void {
  let options = 0;
  let from = 2;
  for (; from < call.count; from++) {
    const option = OPTIONS[call.args.keyword(from)];
    if (option === undefined) break;
    options |= option;
  }
  const words = call.count - from;
  const both = Add.nx | Add.xx;
  if (words === 0 || words % 3 !== 0 || (options & both) === both) throw SYNTAX_ERROR;
  const count = words / 3;
  const scores = new Float64Array(count);
  for (let i = 0; i < count; i++) scores[i] = encodePoint(pointAt(call, from + i * 3));
  putMembers(call, options, scores, { from: from + 2, step: 3, count });
}

function geodist(call: Call): void {
  const { reply } = call;
  if (call.count > 5) throw SYNTAX_ERROR;
  const unitM = call.count === 5 ? unitAt(call, 4) : 1;
  const points = pointReader(call);
  const a = points(2);
  const b = a && points(3);
  if (b === undefined || a === undefined) reply.null();
  else replyDistance(reply, distanceM(a, b) / unitM);
}

function geohash(call: Call): void {
  const { reply } = call;
  const points = pointReader(call);
  reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const point = points(i);
    if (point === undefined) reply.null();
    else reply.bulkText(geohashString(point));
  }
}

function geopos(call: Call): void {
  const { reply } = call;
  const points = pointReader(call);
  reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const point = points(i);
    if (point === undefined) reply.nullArray();
    else replyPoint(reply, point);
  }
}

/** Looks up the points of members of the set at argument 1, undefined for those that are not there. */
function pointReader(call: Call): (index: number) => Point | undefined {
  const { args } = call;
  const record = call.findTyped(1, Type.zset);
  if (record === 0) return () => undefined;
  access.open(call.db, record);
  return (index) =>
    access.find(args.buf, args.start(index), args.length(index))
      ? decodeScore(access.score)
      : undefined;
}

const reading = {
  acl: ['geo'],
  group: 'geo',
  flags: ['readonly'],
  keys: keyAt1('RO', 'access'),
  since: '3.2.0',
} as const;

export const pointCommands: readonly CommandSpec[] = [
  {
    acl: ['geo'],
    group: 'geo',
    name: 'geoadd',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: keyAt1('RW', 'update'),
    since: '3.2.0',
    complexity: 'O(log(N)) for each point, N members in the set',
    summary: 'Adds points to a geospatial index, or moves them.',
    syntax: 'key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]',
    run: geoadd,
  },
  {
    ...reading,
    name: 'geodist',
    arity: -4,
    complexity: 'O(1)',
    summary: 'Returns the distance between two points.',
    syntax: 'key member1 member2 [M | KM | FT | MI]',
    run: geodist,
  },
  {
    ...reading,
    name: 'geohash',
    arity: -2,
    complexity: 'O(N) with N members given',
    summary: 'Returns the geohash strings of points.',
    syntax: 'key [member [member ...]]',
    run: geohash,
  },
  {
    ...reading,
    name: 'geopos',
    arity: -2,
    complexity: 'O(N) with N members given',
    summary: 'Returns the longitudes and latitudes of points.',
    syntax: 'key [member [member ...]]',
    run: geopos,
  },
];
