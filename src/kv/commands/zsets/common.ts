/** What several sorted set commands do. */

import type { RespWriter } from '../../../core/wire/index.ts';
import type { Call } from '../../command/call.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import {
  type LargeZset,
  releaseAll,
  storeLarge,
  type ZsetAccess,
  type ZsetBuilder,
  type ZsetCursor,
} from '../../values/zset/index.ts';

/** ACL category and group of the whole family. */
export const zsetFamily = { acl: ['sortedset'], group: 'sorted-set' } as const;

/** Head of a reply of `count` members with or without their scores. */
export function replyHead(reply: RespWriter, count: number, withScores: boolean): void {
  reply.array(withScores && reply.protocol === 2 ? count * 2 : count);
}

/** The member that a cursor stands at; with its score as a pair in RESP3, one after the other in RESP2. */
export function replyMember(reply: RespWriter, cursor: ZsetCursor, withScores: boolean): void {
  if (withScores && reply.protocol === 3) reply.array(2);
  reply.bulk(cursor.buf, cursor.start, cursor.start + cursor.length);
  if (withScores) reply.double(cursor.score);
}

/** Members were removed: says so, and removes the key at `index` when it has none any more. */
export function afterRemoval(call: Call, index: number, access: ZsetAccess, event: string): void {
  const emptied = access.size === 0;
  if (emptied) call.db.remove(access.record);
  call.changed(index, Notify.zset, event);
  if (emptied) call.notify(index, Notify.generic, 'del');
}

/**
 * Makes a result the value of the key at `index`, whatever was there; an empty one removes the key.
 * The result is used up. Replies nothing.
 */
export function storeResult(
  call: Call,
  index: number,
  result: ZsetBuilder | LargeZset,
  event: string,
): void {
  const { args, db } = call;
  const old: Address = call.findForWrite(index);
  if (old !== 0) db.remove(old);
  if (result.size === 0) {
    discard(result);
    if (old !== 0) call.changed(index, Notify.generic, 'del');
    return;
  }
  const start = args.start(index);
  const length = args.length(index);
  if ('finish' in result) result.finish(args.buf, start, length);
  else storeLarge(db, call.engine.settings, result, { buf: args.buf, start, length });
  if (old === 0) call.notify(index, Notify.new, 'new');
  call.changed(index, Notify.zset, event);
}

function discard(result: ZsetBuilder | LargeZset): void {
  if ('finish' in result) result.drop();
  else releaseAll(result);
}
