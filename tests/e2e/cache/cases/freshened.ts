/** RFC 9111 section 3.2: what a 304 brings to what is stored. */
import {
  answer,
  type Case,
  cc,
  dated,
  ETAG,
  FRESH,
  fill,
  hit,
  type Level,
  type Line,
  line,
  miss,
  STALE,
  type Step,
  table,
  validated,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];
const fresh304 = (...fields: Line[]) => ({ answer: { status: 304, fields: [FRESH, ...fields] } });

/** RFC 9111 section 3.2: what a 304 brings to what is stored. */
const BROUGHT: readonly Line[] = [
  line('X-Test', 'new'),
  line('Content-Type', 'text/plain'),
  line('Content-Language', 'fr'),
  line('Content-Location', '/new'),
  line('Content-Disposition', 'inline'),
  line('Content-Security-Policy', "default-src 'none'"),
  line('Content-Foo', 'new'),
  line('X-Content-Foo', 'new'),
  line('Server', 'new/2'),
  line('Link', '</new>; rel=next'),
  line('Allow', 'GET'),
  line('Access-Control-Allow-Origin', 'https://new.example'),
  line('Strict-Transport-Security', 'max-age=5'),
  line('Warning', '299 - "new"'),
  line('X-Frame-Options', 'DENY'),
  dated('Expires', 7200),
];
const NEVER_BROUGHT: readonly (readonly [Line, Line])[] = [
  [line('Content-Encoding', 'gzip'), line('Content-Encoding', 'br')],
  [line('Content-Range', 'bytes 0-0/1'), line('Content-Range', 'bytes 1-1/2')],
];
const before = ([name]: Line): Line =>
  name === 'Expires' ? dated(name, -7200) : line(name, 'old');
export const freshened: readonly Case[] = table('9111', '3.2', [
  ...BROUGHT.map(
    (fresh): Row => [
      'must',
      `a 304 replaces ${fresh[0]}`,
      [
        fill(answer(STALE, ETAG, before(fresh))),
        validated(fresh304(ETAG, fresh), { fields: { [fresh[0].toLowerCase()]: fresh[1] } }),
        hit({}, { fields: { [fresh[0].toLowerCase()]: fresh[1] } }),
      ],
    ],
  ),
  ...NEVER_BROUGHT.map(
    ([old, fresh]): Row => [
      'must',
      `a 304 does not replace ${fresh[0]}`,
      [
        fill(answer(STALE, ETAG, old)),
        validated(fresh304(ETAG, fresh), { fields: { [fresh[0].toLowerCase()]: old[1] } }),
        hit({}, { fields: { [fresh[0].toLowerCase()]: old[1] } }),
      ],
    ],
  ),
  [
    'must',
    'a 304 does not replace Content-Length',
    [
      fill({ fields: [STALE, ETAG], body: '0123456789' }),
      validated(fresh304(ETAG, line('Content-Length', '3')), {
        fields: { 'content-length': '10' },
      }),
      hit({}, { fields: { 'content-length': '10' } }),
    ],
  ],
  [
    'must',
    'a 304 brings fields that were not there',
    [
      fill(answer(STALE, ETAG)),
      validated(fresh304(ETAG, line('X-New', '1')), { fields: { 'x-new': '1' } }),
      hit({}, { fields: { 'x-new': '1' } }),
    ],
  ],
  [
    'must',
    'a 304 leaves fields alone that it does not have',
    [
      fill(answer(STALE, ETAG, line('X-Old', '1'), line('Content-Type', 'text/html'))),
      validated(fresh304(ETAG), { fields: { 'x-old': '1', 'content-type': 'text/html' } }),
      hit({}, { fields: { 'x-old': '1', 'content-type': 'text/html' } }),
    ],
  ],
  [
    'must',
    'all lines of a field are replaced',
    [
      fill(answer(STALE, ETAG, line('X-Many', '1'), line('X-Many', '2'), line('X-Many', '3'))),
      validated(fresh304(ETAG, line('X-Many', 'a'), line('X-Many', 'b')), {
        fields: { 'x-many': 'a, b' },
      }),
      hit({}, { fields: { 'x-many': 'a, b' } }),
    ],
  ],
  [
    'must',
    'a 304 brings a new Cache-Control: how long it is fresh',
    [
      fill(answer(cc('max-age=1'), ETAG)),
      validated({ waitMs: 2200 }),
      hit({ waitMs: 2200 }, { fields: { 'cache-control': 'max-age=3600' } }),
    ],
  ],
  [
    'must',
    'a 304 may make it stale for the next',
    [
      fill(answer(FRESH, ETAG)),
      validated({ fields: [cc('no-cache')], answer: { status: 304, fields: [STALE] } }),
      miss(),
    ],
  ],
  [
    'must',
    'a 304 brings a new Date, and Age begins anew',
    [
      fill(answer(cc('max-age=10'), dated('Date', -500), ETAG)),
      validated({ answer: { status: 304, fields: [FRESH] } }, { fields: { date: /GMT$/ } }),
      hit({}, { age: [0, 30] }),
    ],
  ],
  [
    'must',
    'a 304 with Age: it counts from there',
    [
      fill(answer(STALE, ETAG)),
      validated(fresh304(line('Age', '100'))),
      hit({}, { age: [100, 130] }),
    ],
  ],
  [
    'must',
    'a 304 does not bring fields of its connection',
    [
      fill(answer(STALE, ETAG, line('X-A', '1'))),
      validated(
        fresh304(line('Connection', 'X-A'), line('X-A', '2'), line('Keep-Alive', 'timeout=9')),
        {
          fields: { 'x-a': '1', 'keep-alive': null },
        },
      ),
      hit({}, { fields: { 'x-a': '1', 'keep-alive': null } }),
    ],
  ],
  [
    'must',
    'a 304 that brings Vary parts requests that it was not for',
    [
      fill(answer(STALE, ETAG), { fields: [line('Foo', '1')] }),
      validated({ fields: [line('Foo', '1')], ...fresh304(ETAG, line('Vary', 'Foo')) }),
      hit({ fields: [line('Foo', '1')] }),
      miss({ fields: [line('Foo', '2')] }),
    ],
  ],
  [
    'must',
    'a 304 that brings another Vary parts requests that it was not for',
    [
      fill(answer(STALE, ETAG, line('Vary', 'Bar')), {
        fields: [line('Foo', '1'), line('Bar', '1')],
      }),
      validated({
        fields: [line('Foo', '1'), line('Bar', '1')],
        ...fresh304(ETAG, line('Vary', 'Foo, Bar')),
      }),
      hit({ fields: [line('Foo', '1'), line('Bar', '1')] }),
      miss({ fields: [line('Foo', '2'), line('Bar', '1')] }),
    ],
  ],
  [
    'must',
    'a 304 with Vary: * is not a reason to keep it',
    [fill(answer(STALE, ETAG)), validated(fresh304(ETAG, line('Vary', '*'))), miss()],
  ],
  [
    'must',
    'a 304 with private is not a reason to keep it',
    [
      fill(answer(STALE, ETAG)),
      validated({ answer: { status: 304, fields: [cc('private, max-age=3600')] } }),
      miss(),
    ],
  ],
  [
    'must',
    'fields that private names in a 304 are not sent to others',
    [
      fill(answer(STALE, ETAG, line('X-Mine', 'old'))),
      validated({
        answer: {
          status: 304,
          fields: [cc('max-age=3600, private="X-Mine"'), line('X-Mine', 'secret')],
        },
      }),
      { answer: {}, expect: { asked: 'any', fields: { 'x-mine': /^(?!secret)/ }, body: /./ } },
    ],
  ],
  [
    'must',
    'a 304 with no-store is not a reason to keep it',
    [
      fill(answer(STALE, ETAG)),
      validated({ answer: { status: 304, fields: [cc('no-store')] } }),
      miss(),
    ],
  ],
]);
