/** Replies in which Plinth goes its own way, also against Redis 7.2. */
import { isAggregate, type Reply, show } from '../../../support/resp-reply.ts';
import { is, type ReplyRow, text } from './explanation.ts';

export const repliesOfPlinth: readonly ReplyRow[] = [
  {
    commands: 'BITFIELD with OVERFLOW FAIL',
    reason:
      'A string that grew, though no field was written, has changed for those who WATCH it; in Redis nobody is told.',
    way: 'own',
    parts: true,
    matches: (args, left, right, { fails }) =>
      fails && is(args, 'EXEC') && isAggregate(left) && right.type.startsWith('null'),
  },
  {
    commands: 'SORT, SORT_RO',
    reason:
      'After a command that was refused for a float out of range Redis may refuse to sort good numbers: the error of the earlier one is left over.',
    way: 'own',
    parts: true,
    matches: (args, left, right, { overflows }) =>
      overflows &&
      /^SORT(?:_RO)?$/i.test(args[0] ?? '') &&
      show(left).includes("scores can't be converted into double") &&
      right.type !== 'error',
  },
  {
    commands: 'GEOSEARCH and its kin',
    reason: 'Scores that no GEOADD made are no places: what is found among them is undefined.',
    way: 'own',
    parts: true,
    matches: (args) =>
      /^GEO/i.test(args[0] ?? '') &&
      !/^g[12]$/.test((is(args, 'GEOSEARCHSTORE') ? args[2] : args[1]) ?? ''),
  },
  {
    commands: 'COMMAND GETKEYS',
    reason:
      'A number of keys that is no integer is refused; Redis reads the digits it begins with.',
    way: 'own',
    matches: (args, left, right) =>
      is(args, 'COMMAND', 'GETKEYS') &&
      left.type === 'array' &&
      show(right).startsWith('-ERR Invalid arguments specified'),
  },
  {
    commands: 'RESTORE',
    parts: true,
    reason:
      'A time to live that ends beyond 64 bits is refused, as EXPIRE does; in Redis the sum overflows and the key is gone.',
    way: 'own',
    matches: (_args, _left, right) => show(right).includes("invalid expire time in 'restore'"),
  },
  {
    commands: 'SORT ALPHA, SORT_RO ALPHA',
    reason:
      'Texts are compared whole and as bytes; strcoll, which Redis uses without STORE, stops at a zero byte.',
    way: 'own',
    matches: sortsZeroBytes,
  },
  {
    commands: 'EVAL, FCALL',
    reason: 'Scripts have the library `os` with `os.clock`, as in later versions of Redis.',
    way: 'own',
    matches: (args, left) =>
      /\bos\./.test(args[1] ?? '') && show(left).includes("nonexistent global variable 'os'"),
  },
];

/** The reply of a SORT may depend on bytes behind a zero byte. */
function sortsZeroBytes(args: readonly string[], left: Reply, right: Reply): boolean {
  const words = args.map((arg) => arg.toUpperCase());
  if (!/^SORT(?:_RO)?$/.test(words[0] ?? '') || !words.includes('ALPHA')) return false;
  if (!isAggregate(left) || !isAggregate(right)) return false;
  if (left.items.length !== right.items.length) return false;
  const hasZero = [...left.items, ...right.items].some((item) => text(item).includes('\0'));
  // With GET or BY what was compared is not in the reply.
  return hasZero || words.includes('GET') || words.includes('BY');
}
