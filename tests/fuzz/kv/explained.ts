/**
 * The differences to Redis 7.0.15, the reference, that are known and meant.
 *
 * Each row is a reason that docs/compatibility.md gives too. Plinth follows Redis 7.2; where
 * 7.2 itself left 7.0 the row says since when. A row matches as narrowly as it can, as it hides.
 */
import { isAggregate, type Reply, show } from '../../support/resp-reply.ts';
import { timeless } from './compare.ts';
import type { KeyState } from './state.ts';

/** What a reader is told of a difference. */
export type Explanation = {
  /** The commands as the document names them. */
  readonly commands: string;
  readonly reason: string;
  /** Whose way Plinth goes: that of Redis 7.2, which left 7.0, or its own. */
  readonly way: '7.2' | 'own';
};

export type ReplyRow = Explanation & {
  /** The servers' states differ from here on: the round ends. */
  readonly parts?: true;
  /** `left` is the reference's reply, `right` Plinth's. */
  readonly matches: (
    args: readonly string[],
    left: Reply,
    right: Reply,
    context: Context,
  ) => boolean;
};

export type StateRow = Explanation & {
  readonly part: 'value' | 'encoding';
  readonly matches: (left: KeyState, right: KeyState, context: Context) => boolean;
};

/** What else was run in the round. */
export type Context = {
  readonly sorts: boolean;
  /** A value goes through DUMP and RESTORE. */
  readonly restores: boolean;
  readonly storesDistances: boolean;
  /** BITFIELD is told to fail where a field would overflow. */
  readonly fails: boolean;
  /** A float beyond a double stands among the arguments. */
  readonly overflows: boolean;
};

const is = (args: readonly string[], command: string, sub?: string) =>
  args[0]?.toUpperCase() === command && (sub === undefined || args[1]?.toUpperCase() === sub);
const text = (reply: Reply) => (isAggregate(reply) ? '' : reply.text);

type Encodings = {
  readonly type: string;
  readonly left: string;
  readonly right: string;
  readonly value?: string;
};

/** Encodings that differ, by type: once for the state, once for OBJECT ENCODING. */
const encodings: readonly (Explanation & {
  readonly matches: (of: Encodings, context: Context) => boolean;
})[] = [
  {
    commands: 'OBJECT ENCODING',
    reason: 'Small lists and sets of strings are listpacks since 7.2 (7.0: quicklist, hashtable).',
    way: '7.2',
    matches: ({ type, left, right }) =>
      right === 'listpack' &&
      ((type === 'list' && left === 'quicklist') || (type === 'set' && left === 'hashtable')),
  },
  {
    commands: 'INCRBYFLOAT',
    reason: 'A whole number that it leaves is an int, as it is in Redis after a restart.',
    way: 'own',
    matches: ({ type, left, right }) => type === 'string' && left === 'embstr' && right === 'int',
  },
  {
    commands: 'PFADD',
    reason:
      'A short HyperLogLog from RESTORE becomes a raw string in Redis also when PFADD adds nothing.',
    way: 'own',
    matches: ({ type, left, right, value }, { restores }) =>
      restores &&
      type === 'string' &&
      (value?.startsWith('$"HYLL') ?? true) &&
      left === 'raw' &&
      right === 'embstr',
  },
  {
    commands: 'SORT, SORT_RO',
    reason:
      'Redis makes a skiplist of a small sorted set that is sorted; here it stays a listpack, as a read changes nothing.',
    way: 'own',
    matches: ({ type, left, right }, { sorts }) =>
      sorts && type === 'zset' && left === 'skiplist' && right === 'listpack',
  },
];

const ofStates: readonly StateRow[] = encodings.map(({ matches, ...row }) => ({
  ...row,
  part: 'encoding',
  matches: (left, right, context) =>
    matches(
      { type: left.type, left: left.encoding, right: right.encoding, value: left.value },
      context,
    ),
}));

/** OBJECT ENCODING does not tell the type: any will do. */
const ofObjectEncoding: readonly ReplyRow[] = encodings.map(({ matches, ...row }) => ({
  ...row,
  matches: (args, left, right, context) =>
    is(args, 'OBJECT', 'ENCODING') &&
    ['list', 'set', 'string', 'zset'].some((type) =>
      matches({ type, left: text(left), right: text(right) }, context),
    ),
}));

type SameNumber = (left: string, right: string) => boolean;

const equal: SameNumber = (left, right) => Number(left) === Number(right);
/** What the last digits of sines and roots make of a distance. */
const near: SameNumber = (left, right) =>
  Math.abs(Number(left) - Number(right)) <= Math.abs(Number(left)) * 1e-14;
/** Both beyond what a double counts one by one. */
const huge: SameNumber = (left, right) =>
  Math.min(Math.abs(Number(left)), Math.abs(Number(right))) >= 2 ** 52;

/** Whether two trees differ only in numbers that are the same in this sense. */
function sameNumbers(left: Reply, right: Reply, same: SameNumber = equal): boolean {
  if (isAggregate(left) || isAggregate(right)) {
    if (!isAggregate(left) || !isAggregate(right) || left.type !== right.type) return false;
    if (left.items.length !== right.items.length) return false;
    return left.items.every((item, index) => sameNumbers(item, right.items[index] as Reply, same));
  }
  if (show(left) === show(right)) return true;
  if (left.type !== right.type || !['bulk', 'double', 'integer'].includes(left.type)) return false;
  return left.text.trim() !== '' && same(left.text, right.text);
}

/** As `sameNumbers` for texts, whose numbers stand between blanks and brackets. */
function sameTexts(left: string, right: string, same: SameNumber): boolean {
  const [lefts, rights] = [left.split(/[\s[\]]+/), right.split(/[\s[\]]+/)];
  return (
    lefts.length === rights.length &&
    lefts.every((word, index) => {
      const other = rights[index] ?? '';
      return word === other || same(word.replace(/^:/, ''), other.replace(/^:/, ''));
    })
  );
}

const lastDigit: Explanation = {
  commands: 'GEOSEARCHSTORE, GEORADIUS, GEORADIUSBYMEMBER with STOREDIST',
  reason:
    'The last of the 17 digits of a stored distance may differ: sines differ between C libraries too.',
  way: 'own',
};
const countsEnd: Explanation = {
  commands: 'XGROUP, XSETID',
  reason: 'ENTRIESREAD and ENTRIESADDED end at 2^53 - 1, where Redis counts to 2^63 - 1.',
  way: 'own',
};

export const explainedStates: readonly StateRow[] = [
  ...ofStates,
  {
    ...lastDigit,
    part: 'value',
    matches: (left, right, { storesDistances }) =>
      storesDistances && left.type === 'zset' && sameTexts(left.value, right.value, near),
  },
  {
    ...countsEnd,
    part: 'value',
    matches: (left, right) => left.type === 'stream' && sameTexts(left.value, right.value, huge),
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

const ownReplies: readonly ReplyRow[] = [
  {
    commands: 'ZRANGE, ZSCORE and all that reply with scores',
    reason: 'Scores are written with the fewest digits that tell them since 7.2 (7.0: 17 digits).',
    way: '7.2',
    matches: (args, left, right) =>
      /^(?:B?Z[A-Z]+|EVAL|EVAL_RO)$/i.test(args[0] ?? '') && sameNumbers(left, right),
  },
  {
    ...lastDigit,
    matches: (args, left, right, { storesDistances }) =>
      storesDistances && /^B?Z[A-Z]+$/i.test(args[0] ?? '') && sameNumbers(left, right, near),
  },
  {
    ...countsEnd,
    matches: (args, left, right) =>
      is(args, 'XINFO') && sameTexts(timeless(left), timeless(right), huge),
  },
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
    commands: 'XSETID',
    reason: 'An id below that of an entry deleted is refused since 7.2, also for an empty stream.',
    way: '7.2',
    parts: true,
    matches: (args, _left, right) =>
      is(args, 'XSETID') && show(right).includes('smaller than current max_deleted_entry_id'),
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
    reason: 'It takes a command without arguments since 7.2, as any command.',
    way: '7.2',
    matches: (args, left) =>
      is(args, 'COMMAND', 'GETKEYS') &&
      args.length === 3 &&
      /wrong number of arg/i.test(show(left)),
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

/** Like replies after which the states may differ. */
export const partings: readonly (Explanation & { matches(reply: Reply): boolean })[] = [
  {
    commands: 'PFADD, PFMERGE',
    reason:
      'A damaged HyperLogLog that is refused is left as it was; Redis may have written a part.',
    way: 'own',
    matches: (reply) => show(reply).startsWith('-INVALIDOBJ'),
  },
];

export const explainedReplies: readonly ReplyRow[] = [...ownReplies, ...ofObjectEncoding];

/** Every explanation once, for docs/compatibility.md. */
export const explanations: readonly Explanation[] = [
  ...new Map(
    [...ownReplies, ...partings, ...explainedStates].map((row) => [row.reason, row]),
  ).values(),
];
