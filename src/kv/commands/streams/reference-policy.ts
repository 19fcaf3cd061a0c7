/**
 * What XDELEX and XACKDEL do about the groups that know of an entry (Redis 8.2,
 * https://redis.io/docs/latest/commands/xdelex/), and the arguments that they share.
 */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
import type { EntryId, Stream } from '../../values/stream/index.ts';
import { idArgs } from './common.ts';

/** keep: pending lists stay as they are. drop: the entry goes from all of them. acked: see below. */
export type Policy = 'keep' | 'drop' | 'acked';

/** Replies for one id. */
export const Outcome = { missing: -1, deleted: 1, referenced: 2 } as const;

const BAD_COUNT = new ReplyError('ERR Number of IDs must be a positive integer');
const COUNT_MISMATCH = new ReplyError(
  'ERR The `numids` parameter must match the number of arguments',
);
/** Policies by the words that name them. */
export const POLICIES: Readonly<Record<string, Policy>> = {
  KEEPREF: 'keep',
  DELREF: 'drop',
  ACKED: 'acked',
};

/** Reads `[KEEPREF | DELREF | ACKED] IDS numids id [id ...]` from an argument on. */
export function policyArgs(call: Call, from: number): { policy: Policy; ids: EntryId[] } {
  const { args } = call;
  let policy: Policy | undefined;
  for (let i = from; i < args.count; i++) {
    const option = args.keyword(i);
    if (option === 'IDS' && i + 1 < args.count) {
      const count = call.intBetween(i + 1, 1, Number.MAX_SAFE_INTEGER, BAD_COUNT);
      if (count !== args.count - i - 2) throw COUNT_MISMATCH;
      return { policy: policy ?? 'keep', ids: idArgs(call, i + 2) };
    }
    const wanted = POLICIES[option];
    if (wanted === undefined || policy !== undefined) throw SYNTAX_ERROR;
    policy = wanted;
  }
  throw SYNTAX_ERROR;
}

/**
 * Deletes an entry under a policy. `acked` spares an entry that some group has not read yet or that is
 * pending in one.
 */
export function deleteUnder(stream: Stream, id: EntryId, policy: Policy): number {
  if (!stream.entries.has(id)) return Outcome.missing;
  if (policy === 'acked' && isReferenced(stream, id)) return Outcome.referenced;
  stream.delete(id);
  if (policy === 'drop') stream.acknowledge(id);
  return Outcome.deleted;
}

function isReferenced(stream: Stream, id: EntryId): boolean {
  for (const group of stream.groups.values()) {
    if (group.lastId.compare(id) < 0 || group.pending.find(id)) return true;
  }
  return false;
}
