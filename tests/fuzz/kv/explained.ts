/**
 * The differences to Redis 7.0.15, the reference, that are known and meant.
 *
 * Each row is a reason that `docs` gives too. Plinth follows Redis 7.2; where 7.2 itself
 * left 7.0 the row says since when. A row matches as narrowly as it can, as it hides.
 */
import { isAggregate, type Reply, show } from '../../support/resp-reply.ts';

export type ReplyRow = {
  readonly reason: string;
  /** `left` is the reference's reply, `right` Plinth's. */
  readonly matches: (args: readonly string[], left: Reply, right: Reply) => boolean;
};

const is = (args: readonly string[], command: string, sub?: string) =>
  args[0]?.toUpperCase() === command && (sub === undefined || args[1]?.toUpperCase() === sub);
const text = (reply: Reply) => (isAggregate(reply) ? '' : reply.text);

/** Encodings of 7.2 by those of 7.0; small lists and sets became listpacks in 7.2. */
const newerEncodings: readonly (readonly [string, string])[] = [
  ['quicklist', 'listpack'],
  ['hashtable', 'listpack'],
];

/** Whether 7.2 names this encoding where 7.0 named that one. */
export function sameEncoding(type: string, left: string, right: string): boolean {
  if (left === right) return true;
  // INCRBYFLOAT makes no integers of whole numbers; its effect, a SET, does, in Redis' own log too.
  if (type === 'string') return left === 'embstr' && right === 'int';
  if (type !== 'list' && type !== 'set') return false;
  return newerEncodings.some(([older, newer]) => left === older && right === newer);
}

export const explainedReplies: readonly ReplyRow[] = [
  {
    reason:
      'XREAD and XREADGROUP name themselves in the error for an odd list of streams since 7.2',
    matches: (args, left, right) =>
      (is(args, 'XREAD') || is(args, 'XREADGROUP')) &&
      show(left).startsWith('-ERR Unbalanced XREAD list of streams') &&
      show(right).startsWith(`-ERR Unbalanced '${args[0]?.toLowerCase()}' list of streams`),
  },
  {
    reason: '7.2 keeps small lists and sets of strings as listpacks (7.0: quicklist, hashtable)',
    matches: (args, left, right) =>
      is(args, 'OBJECT', 'ENCODING') &&
      newerEncodings.some(([older, newer]) => text(left) === older && text(right) === newer),
  },
  {
    reason: 'ZRANK and ZREVRANK take WITHSCORE since 7.2; 7.0 calls a fourth argument wrong arity',
    matches: (args, left) =>
      (is(args, 'ZRANK') || is(args, 'ZREVRANK')) &&
      args.length === 4 &&
      show(left).startsWith('-ERR wrong number of arguments'),
  },
  {
    reason: 'BITCOUNT and BITPOS read their arguments before they look at the key since 7.2',
    matches: (args, left, right) =>
      args.some((arg) => /^(?:BITCOUNT|BITPOS)$/i.test(arg)) &&
      (left.type === 'integer' || show(left).startsWith('-WRONGTYPE')) &&
      right.type === 'error',
  },
  {
    reason: 'LPOS refuses the least 64-bit integer as RANK, which has no positive twin, since 7.2',
    matches: (args, _left, right) =>
      is(args, 'LPOS') && show(right).startsWith('-ERR value is out of range, value must between'),
  },
  {
    reason:
      'a timeout of more milliseconds than 64 bits hold is out of range since 7.2, not negative',
    matches: (_args, left, right) =>
      show(left).startsWith('-ERR timeout is negative') &&
      show(right).startsWith('-ERR timeout is out of range'),
  },
  {
    reason: 'the whole number that INCRBYFLOAT leaves is an int, as it is in Redis after a restart',
    matches: (args, left, right) =>
      is(args, 'OBJECT', 'ENCODING') && text(left) === 'embstr' && text(right) === 'int',
  },
];
