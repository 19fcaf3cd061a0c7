/** RFC 9111 section 4.3.2, RFC 9110 sections 8.8 and 13: requests with conditions of the client. */
import {
  answer,
  at,
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
  MODIFIED,
  miss,
  STALE,
  type Step,
  table,
  validated,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];
const tag = (value: string): Line => line('ETag', value);
const none = (value: string): Line => line('If-None-Match', value);
const since = (seconds: number): Line => dated('If-Modified-Since', seconds);
const OLD = -172_800;
const fresh304 = (...fields: Line[]) => ({ answer: { status: 304, fields: [FRESH, ...fields] } });
const NOT_MODIFIED = { status: 304, body: null } as const;

/** RFC 9111 section 4.3.2: answered from a fresh response. Of the client's condition and what is stored. */
const LAST = dated('Last-Modified', OLD);
const CONDITIONS_HELD: readonly (readonly [name: string, stored: Line[], asked: Line[]])[] = [
  ['the same strong tag', [ETAG], [none('"one"')]],
  ['the same weak tag', [tag('W/"one"')], [none('W/"one"')]],
  ['a weak tag for a strong one', [ETAG], [none('W/"one"')]],
  ['a strong tag for a weak one', [tag('W/"one"')], [none('"one"')]],
  ['the first of a list', [ETAG], [none('"one", "two", "three"')]],
  ['one within a list', [ETAG], [none('"two", "one", "three"')]],
  ['the last of a list', [ETAG], [none('"two", "three", "one"')]],
  ['a list without blanks', [ETAG], [none('"two","one"')]],
  ['a list with empty elements', [ETAG], [none('"two",, "one",')]],
  ['a list in two lines', [ETAG], [none('"two"'), none('"one"')]],
  ['an asterisk', [ETAG], [none('*')]],
  ['an asterisk where there is no tag', [], [none('*')]],
  ['a tag with a comma in it', [tag('"a,b"')], [none('"x", "a,b"')]],
  ['an empty tag', [tag('""')], [none('""')]],
  ['a tag with letters beyond ASCII', [tag('"caf\u00e9"')], [none('"caf\u00e9"')]],
  ['the same date', [LAST], [since(OLD)]],
  ['a later date', [LAST], [since(OLD + 100)]],
  [
    'a later date in the form of RFC 850',
    [line('Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT')],
    [line('If-Modified-Since', 'Sunday, 06-Nov-94 08:49:38 GMT')],
  ],
  [
    'the same date in the form of asctime',
    [line('Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT')],
    [line('If-Modified-Since', 'Sun Nov  6 08:49:37 1994')],
  ],
  ['the tag, whatever the date', [ETAG, LAST], [none('"one"'), since(OLD - 100)]],
];
const CONDITIONS_FAILED: typeof CONDITIONS_HELD = [
  ['another tag', [ETAG], [none('"two"')]],
  ['a tag that only begins so', [ETAG], [none('"on"')]],
  ['a tag in other case', [ETAG], [none('"ONE"')]],
  ['a tag without quotes', [ETAG], [none('one')]],
  ['a small w', [ETAG], [none('w/"one"')]],
  ['another list', [ETAG], [none('"two", "three"')]],
  ['a tag where none is stored', [], [none('"one"')]],
  ['an earlier date', [LAST], [since(OLD - 100)]],
  ['a date that is none', [LAST], [line('If-Modified-Since', 'yesterday')]],
  ['another tag, whatever the date', [ETAG, LAST], [none('"two"'), since(OLD)]],
];
export const conditions: readonly Case[] = table('9111', '4.3.2', [
  ...CONDITIONS_HELD.map(
    ([name, stored, fields]): Row => [
      name.includes('date') ? 'should' : 'must',
      `304 from the store: ${name}`,
      [fill(answer(FRESH, ...stored)), hit({ fields }, NOT_MODIFIED)],
    ],
  ),
  ...CONDITIONS_FAILED.map(
    ([name, stored, fields]): Row => [
      'must',
      `200 from the store: ${name}`,
      [fill(answer(FRESH, ...stored)), hit({ fields })],
    ],
  ),
  [
    'should',
    'without Last-Modified the Date is compared: later',
    [fill(answer(FRESH, dated('Date', -100))), hit({ fields: [since(-50)] }, NOT_MODIFIED)],
  ],
  [
    'must',
    'without Last-Modified the Date is compared: earlier',
    [fill(answer(FRESH, dated('Date', -100))), hit({ fields: [since(-200)] })],
  ],
  [
    'must',
    'a 304 from the store has what a 200 would have',
    [
      fill(
        answer(
          FRESH,
          ETAG,
          MODIFIED,
          line('Vary', 'Foo'),
          line('Content-Location', '/x'),
          dated('Expires', 3600),
        ),
      ),
      hit(
        { fields: [none('"one"')] },
        {
          ...NOT_MODIFIED,
          fields: {
            etag: '"one"',
            'cache-control': 'max-age=3600',
            vary: 'Foo',
            'content-location': '/x',
            date: /GMT$/,
            expires: at(3600),
          },
          age: [0, 30],
        },
      ),
    ],
  ],
  [
    'must',
    'a HEAD with a condition is answered 304 from the store',
    [fill(answer(FRESH, ETAG)), hit({ method: 'HEAD', fields: [none('"one"')] }, NOT_MODIFIED)],
  ],
  [
    'must',
    'a condition does not turn a stored 404 into a 304',
    [fill({ status: 404, fields: [FRESH, ETAG] }), hit({ fields: [none('"one"')] })],
  ],
  [
    'must',
    'a condition does not turn a stored redirect into a 304',
    [
      fill({ status: 301, fields: [FRESH, ETAG, line('Location', '/x')] }),
      hit({ fields: [none('"one"')] }),
    ],
  ],
  [
    'should',
    'If-Match goes to the origin',
    [
      fill(answer(FRESH, ETAG)),
      miss(
        { fields: [line('If-Match', '"two"')], answer: { status: 412, fields: [cc('no-store')] } },
        {
          status: 412,
          forwarded: { 'if-match': '"two"' },
        },
      ),
    ],
  ],
  [
    'should',
    'If-Unmodified-Since goes to the origin',
    [
      fill(answer(FRESH, MODIFIED)),
      miss(
        {
          fields: [dated('If-Unmodified-Since', OLD - 100)],
          answer: { status: 412, fields: [cc('no-store')] },
        },
        { status: 412, forwarded: { 'if-unmodified-since': at(OLD - 100) } },
      ),
    ],
  ],
  [
    'must',
    'a 412 does not take the place of what is stored',
    [
      fill(answer(FRESH, ETAG)),
      miss({ fields: [line('If-Match', '"two"')], answer: { status: 412 } }, { status: 412 }),
      hit(),
    ],
  ],
  [
    'should',
    'a condition goes to the origin where nothing is stored',
    [
      miss(
        { fields: [none('"abc"')], answer: { status: 304, fields: [tag('"abc"')] } },
        {
          ...NOT_MODIFIED,
          forwarded: { 'if-none-match': '"abc"' },
        },
      ),
    ],
  ],
  [
    'must',
    'a 304 where nothing is stored is not stored',
    [
      miss(
        { fields: [none('"abc"')], answer: { status: 304, fields: [FRESH, tag('"abc"')] } },
        NOT_MODIFIED,
      ),
      miss(),
    ],
  ],
  [
    'must',
    'a 304 to the condition of the client where another response is stored goes to the client',
    [
      fill(answer(STALE, ETAG)),
      miss(
        { fields: [none('"two"')], answer: { status: 304, fields: [FRESH, tag('"two"')] } },
        NOT_MODIFIED,
      ),
    ],
  ],
  [
    'must',
    'a 304 for the tag of the client does not freshen another response',
    [
      fill(answer(STALE, ETAG)),
      miss(
        { fields: [none('"two"')], answer: { status: 304, fields: [FRESH, tag('"two"')] } },
        NOT_MODIFIED,
      ),
      miss({}, { body: 2 }),
    ],
  ],
  [
    'must',
    'a client whose tag is that of the store gets 304 behind a validation',
    [fill(answer(STALE, ETAG)), validated({ fields: [none('"one"')] }, NOT_MODIFIED)],
  ],
  [
    'must',
    'a client with another tag gets the whole response behind a validation',
    [fill(answer(STALE, ETAG)), validated({ fields: [none('"two"')], ...fresh304(ETAG) })],
  ],
  [
    'must',
    'a client without a condition gets the whole response behind a validation',
    [fill(answer(STALE, ETAG)), validated({}, { status: 200 })],
  ],
  [
    'must',
    'a client whose tag is the new one gets 304 or the new response',
    [
      fill(answer(STALE, ETAG)),
      miss(
        { fields: [none('"two"')], answer: { fields: [FRESH, tag('"two"')], body: 'new' } },
        {
          status: [200, 304],
          body: /^(new)?$/,
        },
      ),
      hit({}, { body: 1 }),
    ],
  ],
]);
