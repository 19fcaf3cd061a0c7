/** Numbers that differ in replies and in values alike: last digits of distances, counts beyond a double. */
import { timeless } from '../compare.ts';
import { type Explanation, is, type ReplyRow, type StateRow } from './explanation.ts';
import { huge, near, sameNumbers, sameTexts } from './same-numbers.ts';

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

export const numberStates: readonly StateRow[] = [
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

export const numberReplies: readonly ReplyRow[] = [
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
];
