/** Encodings that differ, by type: one table for the state at the end and for OBJECT ENCODING. */
import {
  type Context,
  type Explanation,
  is,
  type ReplyRow,
  type StateRow,
  text,
} from './explanation.ts';

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

export const encodingStates: readonly StateRow[] = encodings.map(({ matches, ...row }) => ({
  ...row,
  part: 'encoding',
  matches: (left, right, context) =>
    matches(
      { type: left.type, left: left.encoding, right: right.encoding, value: left.value },
      context,
    ),
}));

/** OBJECT ENCODING does not tell the type: any will do. */
export const encodingReplies: readonly ReplyRow[] = encodings.map(({ matches, ...row }) => ({
  ...row,
  matches: (args, left, right, context) =>
    is(args, 'OBJECT', 'ENCODING') &&
    ['list', 'set', 'string', 'zset'].some((type) =>
      matches({ type, left: text(left), right: text(right) }, context),
    ),
}));
