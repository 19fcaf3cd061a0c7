/** RFC 9110 section 14 with 13.1.5, RFC 9111 sections 3.3 and 3.4: parts of what is stored, and parts that are stored. */
import {
  type Answer,
  answer,
  at,
  type Case,
  dated,
  ETAG,
  type Expected,
  FRESH,
  fill,
  hit,
  type Level,
  type Line,
  line,
  MODIFIED,
  miss,
  STALE,
  type Step,
  table,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];
const BODY = '0123456789abcdefghij';
const range = (value: string): Line => line('Range', value);
const whole = (...fields: Line[]): Answer => ({ fields: [FRESH, ...fields], body: BODY });
const part = (first: number, last: number, ...fields: Line[]): Answer => ({
  status: 206,
  fields: [FRESH, line('Content-Range', `bytes ${first}-${last}/${BODY.length}`), ...fields],
  body: BODY.slice(first, last + 1),
});
const got = (first: number, last: number): Partial<Expected> => ({
  status: 206,
  body: BODY.slice(first, last + 1),
  fields: {
    'content-range': `bytes ${first}-${last}/${BODY.length}`,
    'content-length': `${last - first + 1}`,
  },
});
/** Asked of a whole stored response. */
const ofWhole = (
  value: string,
  expected: Partial<Expected>,
  ...stored: Line[]
): readonly Step[] => [fill(whole(...stored)), hit({ fields: [range(value)] }, expected)];

const SINGLE: readonly (readonly [value: string, first: number, last: number])[] = [
  ['bytes=0-4', 0, 4],
  ['bytes=5-9', 5, 9],
  ['bytes=0-0', 0, 0],
  ['bytes=10-', 10, 19],
  ['bytes=0-', 0, 19],
  ['bytes=-5', 15, 19],
  ['bytes=-1', 19, 19],
  ['bytes=-99', 0, 19],
  ['bytes=15-99', 15, 19],
  ['bytes=0-19', 0, 19],
  ['BYTES=0-4', 0, 4],
  ['bytes=0-99999999999999999999', 0, 19],
  ['bytes=,0-4', 0, 4],
  ['bytes=0-4,', 0, 4],
  ['bytes=0-4,100-', 0, 4],
];
/** No ranges that mean anything: the whole is sent. */
const IGNORED = [
  ...[
    'bytes=5-2',
    'bytes=a-b',
    'bytes=',
    'bytes',
    'bytes=-',
    'items=0-4',
    'bytes=0',
    'bytes=0-4-6',
    'bytes=0x1-4',
  ],
  ...['bytes=0-4;5-6', '0-4', 'bytes 0-4', 'bytes=0.5-4'],
];
const UNSATISFIABLE = [
  'bytes=20-',
  'bytes=20-30',
  'bytes=-0',
  'bytes=999999999999999999999-',
  'bytes=20-,30-40',
];

const fromWhole = table('9110', '14.2', [
  ...SINGLE.map(
    ([value, first, last]): Row => [
      'may',
      `part of what is stored: ${value}`,
      ofWhole(value, got(first, last)),
    ],
  ),
  ...IGNORED.map(
    (value): Row => ['must', `ignored: ${value}`, ofWhole(value, { status: 200, body: 0 })],
  ),
  ...UNSATISFIABLE.map(
    (value): Row => [
      'should',
      `416: ${value}`,
      ofWhole(value, {
        status: 416,
        body: /.*/,
        fields: { 'content-range': `bytes */${BODY.length}` },
      }),
    ],
  ),
  [
    'must',
    'two lines of Range are none',
    [
      fill(whole()),
      hit({ fields: [range('bytes=0-4'), range('bytes=5-9')] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'Range of a HEAD is ignored',
    [
      fill(whole()),
      hit(
        { method: 'HEAD', fields: [range('bytes=0-4')] },
        { status: 200, fields: { 'content-length': '20' } },
      ),
    ],
  ],
  [
    'must',
    'Range for a stored 404 is ignored',
    [
      fill({ status: 404, fields: [FRESH], body: BODY }),
      hit({ fields: [range('bytes=0-4')] }, { status: 404, body: 0 }),
    ],
  ],
  [
    'must',
    'a 206 has the fields that a 200 would have',
    [
      fill(
        whole(
          ETAG,
          MODIFIED,
          line('Content-Type', 'text/x'),
          line('Content-Location', '/x'),
          line('X-A', '1'),
        ),
      ),
      hit(
        { fields: [range('bytes=0-4')] },
        {
          ...got(0, 4),
          fields: {
            etag: '"one"',
            'content-type': 'text/x',
            'content-location': '/x',
            date: /GMT$/,
            'cache-control': 'max-age=3600',
            'content-range': 'bytes 0-4/20',
            'x-a': '1',
          },
          age: [0, 30],
        },
      ),
    ],
  ],
  [
    'must',
    'a part of a stale response waits for a validation',
    [
      fill({ fields: [STALE, ETAG], body: BODY }),
      {
        fields: [range('bytes=0-4')],
        answer: { status: 304, fields: [FRESH] },
        expect: { asked: 'validation', ...got(0, 4) },
      },
    ],
  ],
  [
    'may',
    'the whole is still there behind a part',
    [
      ...ofWhole('bytes=0-4', got(0, 4)),
      hit({}, { status: 200, fields: { 'content-range': null } }),
    ],
  ],
  [
    'must',
    'a condition comes before a range: 304',
    [
      fill(whole(ETAG)),
      hit(
        { fields: [range('bytes=0-4'), line('If-None-Match', '"one"')] },
        { status: 304, body: null },
      ),
    ],
  ],
  [
    'must',
    'a condition comes before a range: 206',
    [
      fill(whole(ETAG)),
      hit({ fields: [range('bytes=0-4'), line('If-None-Match', '"two"')] }, got(0, 4)),
    ],
  ],
  [
    'may',
    'two parts come as multipart/byteranges',
    [
      fill(whole(line('Content-Type', 'text/x'))),
      hit(
        { fields: [range('bytes=0-1,5-6')] },
        {
          status: 206,
          fields: { 'content-type': /^multipart\/byteranges; *boundary=/, 'content-range': null },
          body: /^(\r\n)?--\S+\r\n(?=[\s\S]*?content-type: text\/x)(?=[\s\S]*?content-range: bytes 0-1\/20)[\s\S]*?\r\n\r\n01\r\n--\S+\r\n[\s\S]*?content-range: bytes 5-6\/20[\s\S]*?\r\n\r\n56\r\n--\S+--(\r\n)?$/i,
        },
      ),
    ],
  ],
  [
    'must',
    'many small parts are not answered one by one',
    [
      fill(whole()),
      hit(
        { fields: [range(`bytes=${Array.from({ length: 1000 }, () => '0-0').join()}`)] },
        {
          status: [200, 416],
          body: /^.{0,20}$/,
        },
      ),
    ],
  ],
  [
    'must',
    'overlapping parts do not multiply what is sent',
    [fill(whole()), hit({ fields: [range('bytes=0-,0-,0-,0-,0-,0-')] }, { status: 200, body: 0 })],
  ],
  [
    'may',
    'a part of an empty body can not be had',
    [
      fill({ fields: [FRESH], body: '' }),
      hit({ fields: [range('bytes=0-')] }, { status: [200, 416], body: /.*/ }),
    ],
  ],
]);

const ifRange = table('9110', '13.1.5', [
  [
    'must',
    'the same strong tag: the part',
    [
      fill(whole(ETAG)),
      hit({ fields: [range('bytes=0-4'), line('If-Range', '"one"')] }, got(0, 4)),
    ],
  ],
  [
    'must',
    'another tag: the whole',
    [
      fill(whole(ETAG)),
      hit({ fields: [range('bytes=0-4'), line('If-Range', '"two"')] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'a weak tag: the whole',
    [
      fill(whole(line('ETag', 'W/"one"'))),
      hit({ fields: [range('bytes=0-4'), line('If-Range', 'W/"one"')] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'no tag is stored: the whole',
    [
      fill(whole()),
      hit({ fields: [range('bytes=0-4'), line('If-Range', '"one"')] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'the same date, long ago: the part',
    [
      fill(whole(MODIFIED)),
      hit({ fields: [range('bytes=0-4'), line('If-Range', at(-172_800))] }, got(0, 4)),
    ],
  ],
  [
    'must',
    'a later date is not the same: the whole',
    [
      fill(whole(MODIFIED)),
      hit({ fields: [range('bytes=0-4'), line('If-Range', at(-100))] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'a date that is that of the response is weak: the whole',
    [
      fill(whole(dated('Last-Modified', 0), dated('Date', 0))),
      hit({ fields: [range('bytes=0-4'), line('If-Range', at(0))] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'something that is neither: the whole',
    [
      fill(whole(ETAG)),
      hit({ fields: [range('bytes=0-4'), line('If-Range', 'one')] }, { status: 200, body: 0 }),
    ],
  ],
  [
    'must',
    'without Range it is nothing',
    [fill(whole(ETAG)), hit({ fields: [line('If-Range', '"two"')] }, { status: 200 })],
  ],
]);

const partAsked = (value: string, given: Answer, expected: Partial<Expected> = {}): Step =>
  miss({ fields: [range(value)], answer: given }, expected);
const incomplete = table('9111', '3.3', [
  [
    'must',
    'a stored part does not answer for the whole',
    [
      partAsked('bytes=0-4', part(0, 4, ETAG), got(0, 4)),
      // Fetched anew, or what is missing is.
      { answer: whole(ETAG), expect: { asked: 'yes', status: 200, body: BODY } },
    ],
  ],
  [
    'must',
    'a stored part does not answer for another part',
    [
      partAsked('bytes=0-4', part(0, 4, ETAG), got(0, 4)),
      partAsked('bytes=10-14', part(10, 14, ETAG), got(10, 14)),
    ],
  ],
  [
    'must',
    'a 206 without Content-Range is not used for anything',
    [
      partAsked(
        'bytes=0-4',
        { status: 206, fields: [FRESH, ETAG], body: '01234' },
        { status: [206, 502], body: /.*/ },
      ),
      miss({ answer: whole() }, { status: 200 }),
    ],
  ],
  [
    'must',
    'a 206 to a request without Range is not used for one',
    [
      { answer: part(0, 4, ETAG), expect: { asked: 'yes', status: [206, 502, 200], body: /.*/ } },
      miss({ answer: whole() }, { status: 200 }),
    ],
  ],
  [
    'must',
    'a part in units nobody knows is not used for bytes',
    [
      partAsked(
        'bytes=0-4',
        {
          status: 206,
          fields: [FRESH, ETAG, line('Content-Range', 'items 0-4/20')],
          body: '01234',
        },
        {
          status: 206,
          body: /.*/,
        },
      ),
      partAsked('bytes=0-4', part(0, 4, ETAG), got(0, 4)),
    ],
  ],
]);

const combining = table('9111', '3.4', [
  [
    'may',
    'a stored part answers for itself',
    [
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
      hit({ fields: [range('bytes=0-9')] }, got(0, 9)),
    ],
  ],
  [
    'may',
    'a stored part answers for what lies within it',
    [
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
      hit({ fields: [range('bytes=2-4')] }, got(2, 4)),
    ],
  ],
  [
    'may',
    'the last part answers for its own end',
    [
      partAsked('bytes=-10', part(10, 19, ETAG), got(10, 19)),
      hit({ fields: [range('bytes=-5')] }, got(15, 19)),
    ],
  ],
  [
    'may',
    'two parts that meet are one',
    [
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
      partAsked('bytes=10-14', part(10, 14, ETAG), got(10, 14)),
      hit({ fields: [range('bytes=5-12')] }, got(5, 12)),
    ],
  ],
  [
    'may',
    'all parts together answer for the whole',
    [
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
      partAsked('bytes=10-', part(10, 19, ETAG), got(10, 19)),
      hit(
        {},
        { status: 200, body: BODY, fields: { 'content-range': null, 'content-length': '20' } },
      ),
    ],
  ],
  [
    'may',
    'a part that is the whole answers for the whole',
    [
      partAsked('bytes=0-', part(0, 19, ETAG), got(0, 19)),
      hit({}, { status: 200, body: BODY, fields: { 'content-range': null } }),
    ],
  ],
  [
    'must',
    'parts with other tags are not put together',
    [
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
      partAsked('bytes=10-', part(10, 19, line('ETag', '"two"')), {
        status: 206,
        body: BODY.slice(10),
      }),
      miss({ answer: whole(line('ETag', '"two"')) }, { status: 200, body: BODY }),
    ],
  ],
  [
    'must',
    'parts with weak tags are not put together',
    [
      partAsked('bytes=0-9', part(0, 9, line('ETag', 'W/"one"')), got(0, 9)),
      partAsked('bytes=10-', part(10, 19, line('ETag', 'W/"one"')), got(10, 19)),
      miss({ answer: whole(line('ETag', 'W/"one"')) }, { status: 200, body: BODY }),
    ],
  ],
  [
    'must',
    'parts without a validator are not put together',
    [
      partAsked('bytes=0-9', part(0, 9), got(0, 9)),
      partAsked('bytes=10-', part(10, 19), got(10, 19)),
      miss({ answer: whole() }, { status: 200, body: BODY }),
    ],
  ],
  [
    'must',
    'a part with another tag does not touch the whole that is stored',
    [
      fill(whole(ETAG)),
      miss(
        {
          fields: [range('bytes=0-4'), line('Cache-Control', 'no-cache')],
          answer: { status: 200, fields: [FRESH, line('ETag', '"two"')], body: 'other' },
        },
        { status: [200, 206], body: /^other$/ },
      ),
      hit({}, { status: 200, body: 'other' }),
    ],
  ],
  [
    'must',
    'of a stale part nothing is used without validation',
    [
      partAsked(
        'bytes=0-9',
        { ...part(0, 9, ETAG), fields: [STALE, ETAG, line('Content-Range', 'bytes 0-9/20')] },
        got(0, 9),
      ),
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
    ],
  ],
  [
    'must',
    'a part of a body that was cut short is not stored as that part',
    [
      {
        fields: [range('bytes=0-9')],
        answer: { ...part(0, 9, ETAG), framing: 'short' },
        expect: { asked: 'yes', broken: true },
      },
      partAsked('bytes=0-9', part(0, 9, ETAG), got(0, 9)),
    ],
  ],
  [
    'must',
    'Range reaches the origin where nothing is stored',
    [
      partAsked('bytes=0-4', part(0, 4), {
        status: 206,
        body: '01234',
        forwarded: { range: /^bytes=0-/ },
      }),
    ],
  ],
  [
    'must',
    'a 416 of the origin is sent on',
    [
      partAsked(
        'bytes=50-',
        { status: 416, fields: [line('Content-Range', 'bytes */20')], body: '' },
        {
          status: 416,
          body: /.*/,
          fields: { 'content-range': 'bytes */20' },
        },
      ),
    ],
  ],
]);

export const ranges: readonly Case[] = [...fromWhole, ...ifRange, ...incomplete, ...combining];
/** A whole response that was asked for by a range. */
export const wholeForRange: readonly Case[] = table('9110', '15.3.7', [
  [
    'must',
    'a 200 to a request with Range is the whole',
    [
      miss(
        { fields: [range('bytes=0-4')], answer: answer(FRESH) },
        { status: [200, 206], body: /.+/ },
      ),
      hit(),
    ],
  ],
]);
