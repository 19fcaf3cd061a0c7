/** RFC 9111 section 4.4: what a request that changes something makes stale. */
import {
  type Answer,
  answer,
  type Case,
  FRESH,
  fill,
  hit,
  type Level,
  line,
  miss,
  type Step,
  table,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];
const METHODS = ['POST', 'PUT', 'DELETE', 'PATCH', 'FROB', 'M-SEARCH'];
const ask = (method: string, given: Answer = {}): Partial<Step> => ({
  method,
  answer: given,
  ...(['POST', 'PUT', 'PATCH'].includes(method) && { body: 'changed' }),
});
/** Something is stored under `path`; then a request to the case's own path; then that is asked for again. */
const elsewhere = (path: string, method: string, given: Answer): readonly Step[] => [
  fill(answer(FRESH), { path }),
  miss(ask(method, given)),
  miss({ path }),
];
const untouched = (path: string, method: string, given: Answer): readonly Step[] => [
  fill(answer(FRESH), { path }),
  miss(ask(method, given), { status: given.status ?? 200 }),
  hit({ path }),
];
const OTHER = '/other?a=1';

export const unsafe: readonly Case[] = table('9111', '4.4', [
  ...METHODS.flatMap((method): Row[] => [
    ['must', `${method} makes what is stored stale`, elsewhere('', method, {})],
    [
      'must',
      `${method} answered with a redirect makes what is stored stale`,
      [
        fill(answer(FRESH)),
        miss(ask(method, { status: 303, fields: [line('Location', '/x')] }), { status: 303 }),
        miss(),
      ],
    ],
    [
      'may',
      `${method} that failed with 500 leaves what is stored`,
      untouched('', method, { status: 500 }),
    ],
    [
      'may',
      `${method} that was refused with 403 leaves what is stored`,
      untouched('', method, { status: 403 }),
    ],
    [
      'should',
      `${method} makes what Location names stale`,
      elsewhere(OTHER, method, { status: 201, fields: [line('Location', '{base}/other?a=1')] }),
    ],
    [
      'should',
      `${method} makes what Content-Location names stale`,
      elsewhere(OTHER, method, { fields: [line('Content-Location', '{base}/other?a=1')] }),
    ],
    [
      'must',
      `${method} does not make what another origin's Location names stale`,
      untouched(OTHER, method, {
        status: 201,
        fields: [line('Location', 'http://other.example{base}/other?a=1')],
      }),
    ],
    [
      'must',
      `${method} does not make what another origin's Content-Location names stale`,
      untouched(OTHER, method, {
        fields: [line('Content-Location', 'http://other.example{base}/other?a=1')],
      }),
    ],
    [
      'may',
      `${method} that failed leaves what Location names`,
      untouched(OTHER, method, { status: 500, fields: [line('Location', '{base}/other?a=1')] }),
    ],
  ]),
  ...['GET', 'HEAD', 'OPTIONS'].map(
    (method): Row => [
      'must',
      `${method} makes nothing stale`,
      [fill(answer(FRESH), { path: '/a' }), miss({ method, path: '/b' }), hit({ path: '/a' })],
    ],
  ),
  [
    'may',
    'OPTIONS leaves what is stored under its own path',
    [fill(answer(FRESH)), miss({ method: 'OPTIONS' }), hit()],
  ],
  [
    'should',
    'Location by its whole URI names it',
    elsewhere(OTHER, 'POST', {
      status: 201,
      fields: [line('Location', 'http://{host}{base}/other?a=1')],
    }),
  ],
  [
    'should',
    'a relative Location names it',
    [
      fill(answer(FRESH), { path: '/dir/other' }),
      miss({
        method: 'POST',
        body: 'a',
        path: '/dir/this',
        answer: { status: 201, fields: [line('Location', 'other')] },
      }),
      miss({ path: '/dir/other' }),
    ],
  ],
  [
    'should',
    'both Location and Content-Location count',
    [
      fill(answer(FRESH), { path: '/a' }),
      miss({ path: '/b', answer: answer(FRESH) }),
      miss(
        ask('POST', {
          fields: [line('Location', '{base}/a'), line('Content-Location', '{base}/b')],
        }),
      ),
      miss({ path: '/a' }),
      miss({ path: '/b' }),
    ],
  ],
  [
    'must',
    'the Location of a GET makes nothing stale',
    [
      fill(answer(FRESH), { path: '/a' }),
      miss(
        { path: '/b', answer: { status: 302, fields: [line('Location', '{base}/a')] } },
        { status: 302 },
      ),
      hit({ path: '/a' }),
    ],
  ],
  [
    'must',
    'a Location that is no reference does no harm',
    [
      fill(answer(FRESH)),
      miss(ask('POST', { status: 201, fields: [line('Location', 'http://[')] }), { status: 201 }),
      miss(),
    ],
  ],
  [
    'must',
    'all variants become stale',
    [
      fill({ fields: [FRESH, line('Vary', 'Foo')] }, { fields: [line('Foo', '1')] }),
      miss({ fields: [line('Foo', '2')], answer: { fields: [FRESH, line('Vary', 'Foo')] } }),
      miss(ask('POST')),
      miss({ fields: [line('Foo', '1')] }),
      miss({ fields: [line('Foo', '2')] }),
    ],
  ],
  [
    'must',
    'another query is another resource and stays',
    [
      fill(answer(FRESH), { path: '?a=1' }),
      miss({ ...ask('POST'), path: '?a=2' }),
      hit({ path: '?a=1' }),
    ],
  ],
  [
    'may',
    'what is fetched behind it is stored',
    [fill(answer(FRESH)), miss(ask('POST')), miss({ answer: answer(FRESH) }), hit({}, { body: 2 })],
  ],
  [
    'must',
    'a request with a body that fails at the origin has its answer',
    [miss({ ...ask('POST', { status: 400 }) }, { status: 400 })],
  ],
]);
