/** RFC 9213: CDN-Cache-Control, a Dictionary (RFC 9651), and what it takes precedence over. */
import {
  answer,
  type Case,
  cc,
  cdn,
  dated,
  ETAG,
  FRESH,
  fill,
  hit,
  kept,
  type Level,
  line,
  lost,
  MODIFIED,
  miss,
  STALE,
  type Step,
  table,
  validated,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];

/** Beside Cache-Control: max-age=0, so that it is fresh only by the targeted field. */
const LONG = [
  ...[
    'max-age=3600',
    'max-age=3600, foo',
    'foo=bar, max-age=3600',
    'max-age=3600;x=1',
    '  max-age=3600  ',
  ],
  ...[
    'max-age=3600, foo="a, b"',
    'max-age=3600,\tfoo',
    'max-age=0, max-age=3600',
    'public, max-age=3600',
  ],
  ...[
    'max-age=3600, no-store=?0',
    'max-age=3600, foo=(a b);c',
    'max-age=3600, foo=:YQ==:',
    'max-age=3600, foo=1.5',
  ],
  ...[
    'max-age=3600, foo=?1',
    's-maxage=3600',
    'max-age=3600, foo=@1659578233',
    'max-age=3600, NO_STORE'.toLowerCase(),
  ],
];
/** Beside Cache-Control: max-age=3600: stale by the targeted field. */
const SHORT = [
  ...[
    'max-age=0',
    'no-store',
    'no-cache',
    'private',
    'max-age=3600, no-store',
    'max-age=3600, max-age=0',
  ],
  ...['max-age=3600, no-store=?1', 'max-age=3600, private', 'no-store;x=1', 'max-age=-1'],
  ...['max-age="3600"', 'max-age=a', 'max-age=3600.0', 'max-age=?1', 'max-age', 'max-age=(3600)'],
];
/** No Dictionary: ignored, and Cache-Control decides. */
const INVALID = [
  ...[
    'max-age=3600,',
    ',max-age=3600',
    'max-age =3600',
    'max-age= 3600',
    'Max-Age=3600',
    'max-age=3600 foo',
  ],
  ...[
    'max-age=3600;',
    'max-age=3600, "foo"',
    'max-age=3600, &',
    'foo="',
    'max-age=1000000000000000',
    'foo=?2',
  ],
  ...[
    'max-age=3600,,foo',
    'max-age=3600, foo=(a',
    'foo=é',
    'max-age=--1',
    'max-age=3600, foo=1.',
    '"max-age=3600"',
  ],
];

export const targeted: readonly Case[] = table('9213', '2', [
  ...LONG.map(
    (text): Row => ['may', `fresh by CDN-Cache-Control: ${text.trim()}`, kept(STALE, cdn(text))],
  ),
  ...SHORT.map(
    (text): Row => ['must', `not fresh by CDN-Cache-Control: ${text}`, lost(FRESH, cdn(text))],
  ),
  ...INVALID.flatMap((text): Row[] => [
    ['must', `no Dictionary, Cache-Control is fresh: ${text}`, kept(FRESH, cdn(text))],
    ['must', `no Dictionary, Cache-Control is stale: ${text}`, lost(STALE, cdn(text))],
  ]),
  ['must', 'an empty field is as if it were not there: fresh', kept(FRESH, cdn(''))],
  ['must', 'an empty field is as if it were not there: stale', lost(STALE, cdn(''))],
  ['must', 'two lines are one Dictionary', kept(STALE, cdn('foo'), cdn('max-age=3600'))],
  ['must', 'two lines of which one is wrong are none', lost(STALE, cdn('max-age=3600'), cdn('&'))],
  ['must', 'it takes precedence over no-store', kept(cc('no-store'), cdn('max-age=3600'))],
  ['must', 'it takes precedence over private', kept(cc('private'), cdn('max-age=3600'))],
  ['must', 'it takes precedence over no-cache', kept(cc('no-cache'), cdn('max-age=3600'))],
  ['must', 'it takes precedence over s-maxage', kept(cc('s-maxage=0'), cdn('max-age=3600'))],
  [
    'must',
    'it takes precedence over an old Expires',
    kept(dated('Expires', -100), cdn('max-age=3600')),
  ],
  [
    'must',
    'it takes precedence over a later Expires',
    lost(dated('Expires', 3600), cdn('max-age=0')),
  ],
  [
    'must',
    'it takes precedence over must-revalidate of Cache-Control',
    [
      fill(answer(cc('max-age=0, must-revalidate'), cdn('max-age=1'))),
      hit({ waitMs: 2200, fields: [cc('max-stale=1000')] }),
    ],
  ],
  [
    'must',
    'Expires does not count where it is there without a time',
    lost(dated('Expires', 3600), cdn('foo')),
  ],
  ['may', 'without a time a heuristic may count', kept(MODIFIED, cdn('foo'))],
  [
    'must',
    'stale directives of Cache-Control do not count where it is there',
    [
      fill(answer(cc('stale-if-error=1000, stale-while-revalidate=1000'), cdn('max-age=0'))),
      miss(),
    ],
  ],
  ['must', 'Pragma does not count', kept(line('Pragma', 'no-cache'), cdn('max-age=3600'))],
  ['must', 'Age counts against it', lost(cdn('max-age=3600'), line('Age', '7200'))],
  ['must', 'Date counts against it', lost(cdn('max-age=3600'), dated('Date', -7200))],
  [
    'must',
    'its no-cache has it validated each time',
    [
      fill(answer(FRESH, cdn('no-cache'), ETAG)),
      validated({ answer: { status: 304 } }),
      validated({ answer: { status: 304 } }),
    ],
  ],
  [
    'must',
    'must-revalidate in it counts',
    [
      fill(answer(cdn('max-age=0, must-revalidate'), ETAG)),
      miss({ fields: [cc('max-stale=1000')] }),
    ],
  ],
  [
    'must',
    'it lets what was authorized be shared when it says so',
    [
      fill(answer(cc('private'), cdn('public, max-age=3600')), {
        fields: [line('Authorization', 'Basic YTpi')],
      }),
      hit(),
    ],
  ],
  [
    'must',
    'it does not let what was authorized be shared when it does not say so',
    [
      fill(answer(cc('public, max-age=3600'), cdn('max-age=3600')), {
        fields: [line('Authorization', 'Basic YTpi')],
      }),
      miss(),
    ],
  ],
  [
    'must',
    'private fields in it are those that are not stored',
    [
      fill(answer(cdn('max-age=3600, private="X-A"'), line('X-A', '1'), line('X-B', '2'))),
      hit({}, { fields: { 'x-a': null, 'x-b': '2' } }),
    ],
  ],
  ['must', 'in a request it is nothing', [fill(answer(FRESH)), hit({ fields: [cdn('no-cache')] })]],
  [
    'must',
    'a 304 brings a new one',
    [
      fill(answer(cdn('max-age=0'), ETAG)),
      validated({ answer: { status: 304, fields: [cdn('max-age=3600')] } }),
      hit(),
    ],
  ],
  [
    'may',
    'it is sent on',
    [
      fill(answer(cdn('max-age=3600'))),
      hit({}, { fields: { 'cdn-cache-control': 'max-age=3600' } }),
    ],
  ],
]);
