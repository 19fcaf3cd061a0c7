/** Replies in which Redis 7.2, which Plinth follows, itself left 7.0. */
import { show } from '../../../support/resp-reply.ts';
import { is, type ReplyRow } from './explanation.ts';
import { sameNumbers } from './same-numbers.ts';

export const repliesOf72: readonly ReplyRow[] = [
  {
    commands: 'ZRANGE, ZSCORE and all that reply with scores',
    reason: 'Scores are written with the fewest digits that tell them since 7.2 (7.0: 17 digits).',
    way: '7.2',
    matches: (args, left, right) =>
      /^(?:B?Z[A-Z]+|EVAL|EVAL_RO)$/i.test(args[0] ?? '') && sameNumbers(left, right),
  },
  {
    commands: 'XSETID',
    reason: 'An id below that of an entry deleted is refused since 7.2, also for an empty stream.',
    way: '7.2',
    parts: true,
    matches: (args, _left, right) =>
      is(args, 'XSETID') && show(right).includes('smaller than current max_deleted_entry_id'),
  },
  {
    commands: 'COMMAND GETKEYS',
    reason: 'It takes a command without arguments since 7.2, as any command.',
    way: '7.2',
    matches: (args, left) =>
      is(args, 'COMMAND', 'GETKEYS') &&
      args.length === 3 &&
      /wrong number of arg/i.test(show(left)),
  },
  {
    commands: 'XREAD, XREADGROUP',
    reason: 'The error for an odd list of streams names the command, and `>`, since 7.2.',
    way: '7.2',
    matches: (args, left, right) =>
      (is(args, 'XREAD') || is(args, 'XREADGROUP')) &&
      show(left).startsWith('-ERR Unbalanced XREAD list of streams') &&
      show(right).startsWith(`-ERR Unbalanced '${args[0]?.toLowerCase()}' list of streams`),
  },
  {
    commands: 'ZRANK, ZREVRANK',
    reason: 'They take WITHSCORE since 7.2; 7.0 calls a fourth argument a wrong arity.',
    way: '7.2',
    matches: (args, left) =>
      (is(args, 'ZRANK') || is(args, 'ZREVRANK')) &&
      args.length === 4 &&
      /wrong number of arg/i.test(show(left)),
  },
  {
    commands: 'BITCOUNT, BITPOS',
    reason: 'They read their arguments before they look at the key since 7.2.',
    way: '7.2',
    matches: (args, left, right) =>
      (is(args, 'BITCOUNT') || is(args, 'BITPOS')) &&
      (left.type === 'integer' || show(left).startsWith('-WRONGTYPE')) &&
      right.type === 'error',
  },
  {
    commands: 'LPOS',
    reason: 'The least 64-bit integer, which has no positive twin, is refused as RANK since 7.2.',
    way: '7.2',
    matches: (args, _left, right) =>
      is(args, 'LPOS') && show(right).startsWith('-ERR value is out of range, value must between'),
  },
  {
    commands: 'BLPOP, BZPOPMIN and all that wait',
    reason:
      'A timeout of more milliseconds than 64 bits hold is out of range since 7.2, not negative.',
    way: '7.2',
    matches: (_args, left, right) =>
      show(left).startsWith('-ERR timeout is negative') &&
      show(right).startsWith('-ERR timeout is out of range'),
  },
];
