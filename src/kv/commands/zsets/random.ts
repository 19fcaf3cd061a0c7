/** ZRANDMEMBER: members by chance. */
import type { Call } from '../../command/call.ts';
import { type CommandSpec, keyAt1 } from '../../command/spec.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { AddressSet } from '../../values/address-set.ts';
import { lengthOf, ZsetCursor } from '../../values/zset/index.ts';
import { signedCount } from '../shared/signed-count.ts';
import { replyHead, replyMember, zsetFamily } from './common.ts';

/** Below one in so many, distinct members are drawn one by one; else the set is walked once. */
const SPARSE = 3;
const COUNT_MAX = (2 ** 63 - 1) / 2;
const OUT_OF_RANGE = new ReplyError('ERR value is out of range');

const cursor = new ZsetCursor();

function zrandmember(call: Call): void {
  const { db, reply } = call;
  if (call.count === 2) {
    const record = call.findTyped(1, Type.zset);
    if (record === 0) reply.null();
    else replyAt(call, record, randomBelow(call, lengthOf(db, record)), false);
    return;
  }
  const count = signedCount(call, 2);
  if (call.count > 4) throw SYNTAX_ERROR;
  const withScores = call.count === 4;
  if (withScores && call.args.keyword(3) !== 'WITHSCORES') throw SYNTAX_ERROR;
  if (withScores && Math.abs(count) > COUNT_MAX) throw OUT_OF_RANGE;
  const record = call.findTyped(1, Type.zset);
  if (record === 0 || count === 0) {
    reply.array(0);
    return;
  }
  const size = lengthOf(db, record);
  const replies = count < 0 ? -count : Math.min(count, size);
  replyHead(reply, replies, withScores);
  if (count < 0) {
    for (let i = 0; i < replies; i++) replyAt(call, record, randomBelow(call, size), withScores);
  } else if (replies * SPARSE < size && db.isLarge(record)) {
    replyDistinct(call, record, replies, withScores);
  } else {
    replySelected(call, record, replies, withScores);
  }
}

function replyAt(call: Call, record: Address, rank: number, withScores: boolean): void {
  cursor.begin(call.db, record, rank);
  cursor.next();
  replyMember(call.reply, cursor, withScores);
}

function replyDistinct(call: Call, record: Address, count: number, withScores: boolean): void {
  const size = lengthOf(call.db, record);
  const drawn = new AddressSet(count);
  while (drawn.size < count) {
    const rank = randomBelow(call, size);
    // Zero is no address.
    if (drawn.add(rank + 1)) replyAt(call, record, rank, withScores);
  }
}

/**
 * One walk; each member is taken with the chance that the members still to take leave it. It begins at
 * the end as Redis' does, which shows when all are wanted.
 */
function replySelected(call: Call, record: Address, count: number, withScores: boolean): void {
  let left = lengthOf(call.db, record);
  let wanted = count;
  cursor.begin(call.db, record, left - 1, true);
  for (; wanted > 0 && cursor.next(); left--) {
    if (wanted < left && randomBelow(call, left) >= wanted) continue;
    replyMember(call.reply, cursor, withScores);
    wanted--;
  }
}

function randomBelow(call: Call, limit: number): number {
  return Math.floor(call.engine.random.float() * limit);
}

export const randomCommands: readonly CommandSpec[] = [
  {
    ...zsetFamily,
    name: 'zrandmember',
    arity: -2,
    flags: ['readonly'],
    keys: keyAt1('RO', 'access'),
    since: '6.2.0',
    complexity: 'O(N*log(M)) with N members returned and M in the set',
    summary: 'Returns random members of a sorted set.',
    syntax: 'key [count [WITHSCORES]]',
    tips: ['nondeterministic_output'],
    run: zrandmember,
  },
];
