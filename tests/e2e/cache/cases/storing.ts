/** RFC 9111 section 3: what may be stored, of what, and what never may. */
import {
  answer,
  type Case,
  cc,
  dated,
  ETAG,
  FRESH,
  fill,
  hit,
  kept,
  type Level,
  type Line,
  line,
  lost,
  MODIFIED,
  miss,
  type Step,
  table,
} from '../../../support/origin/cases.ts';

/** Statuses that RFC 9110 section 15 names, and some that nobody does; all final and with a time of their own. */
const FINAL = [
  ...[
    200, 201, 202, 203, 204, 205, 299, 300, 301, 302, 303, 307, 308, 400, 402, 403, 404, 405, 409,
  ],
  ...[410, 414, 418, 422, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599],
];
const withStatus = (status: number, ...fields: Line[]): Step => {
  return fill({ status, fields, ...(status === 205 && { body: '' }) });
};

const statuses = FINAL.map((status): [Level, string, Step[]] => [
  'may',
  `${status} with max-age is stored and used`,
  [withStatus(status, FRESH), hit()],
]);
const refused = [200, 404, 503, 599].map((status): [Level, string, Step[]] => [
  'must',
  `${status} with no-store is not stored`,
  [withStatus(status, cc('no-store, max-age=3600')), miss()],
]);

/** Not stored, whatever else the response has. */
const FORBIDDEN: readonly (readonly [name: string, ...Line[]])[] = [
  ['no-store', cc('no-store')],
  ['no-store beside max-age', cc('max-age=3600, no-store')],
  ['no-store in capitals', cc('max-age=3600, No-StoRe')],
  ['no-store in a line of its own', FRESH, cc('no-store')],
  ['no-store beside Expires', cc('no-store'), dated('Expires', 3600)],
  ['no-store beside public and s-maxage', cc('public, s-maxage=3600, no-store')],
  ['no-store that has an argument', cc('max-age=3600, no-store=yes')],
  ['private', cc('private, max-age=3600')],
  ['private in capitals', cc('PRIVATE, max-age=3600')],
  ['private beside public', cc('public, private, max-age=3600')],
  ['private beside s-maxage', cc('s-maxage=3600, private')],
  ['private without any time, with Last-Modified', cc('private'), MODIFIED],
];

const section3 = table('9111', '3', [
  ...statuses,
  ...refused,
  ...FORBIDDEN.map(([name, ...fields]): [Level, string, readonly Step[]] => [
    'must',
    `${name}: not stored`,
    lost(...fields),
  ]),
  ['may', 'max-age is enough to be stored', kept(FRESH)],
  ['may', 's-maxage is enough to be stored', kept(cc('s-maxage=3600'))],
  ['may', 'Expires is enough to be stored', kept(dated('Expires', 3600))],
  [
    'may',
    'an unknown directive beside max-age changes nothing',
    kept(cc('max-age=3600, hello="a, b"')),
  ],
  [
    'may',
    'a status nobody knows is stored when public and with a time',
    [withStatus(599, cc('public, max-age=3600')), hit()],
  ],
  [
    'must',
    'an interim response is not stored',
    [
      fill({
        interim: [[103, [FRESH, line('Link', '</a>; rel=preload')]]],
        fields: [cc('no-store')],
      }),
      miss({}, { fields: { link: null } }),
    ],
  ],
  [
    'must',
    'a response to POST is not used for GET',
    [fill(answer(FRESH), { method: 'POST', body: 'a' }), miss()],
  ],
  [
    'must',
    'a response to a method nobody knows is not used for GET',
    [fill(answer(FRESH), { method: 'FROB' }), miss()],
  ],
  [
    'must',
    'a response to PUT is not used for GET',
    [fill(answer(FRESH), { method: 'PUT', body: 'a' }), miss()],
  ],
  [
    'must',
    'a response to OPTIONS is not used for GET',
    [fill(answer(FRESH), { method: 'OPTIONS' }), miss()],
  ],
  [
    'must',
    'a response to a method nobody knows is not used for the same method',
    [fill(answer(FRESH), { method: 'FROB' }), miss({ method: 'FROB' })],
  ],
  [
    'must',
    'a request with no-store leaves nothing behind',
    [fill(answer(FRESH), { fields: [cc('no-store')] }), miss()],
  ],
  [
    'may',
    'a newer response takes the place of the stored one',
    [
      fill(answer(FRESH)),
      miss({ fields: [cc('no-cache')], answer: answer(FRESH) }),
      hit({}, { body: 1 }),
    ],
  ],
  [
    'may',
    'the body of a response without a length is stored when its connection ends',
    [fill({ fields: [FRESH], framing: 'close', version: '1.0' }), hit()],
  ],
  ['may', 'a chunked response is stored', [fill({ fields: [FRESH], framing: 'chunked' }), hit()]],
  ['may', 'an empty body is stored', [fill({ fields: [FRESH], body: '' }), hit()]],
  [
    'may',
    'a response with Cookie in its request is stored',
    [
      fill(answer(FRESH), { fields: [line('Cookie', 'a=1')] }),
      hit({ fields: [line('Cookie', 'a=2')] }),
    ],
  ],
  [
    'may',
    'a response to a request with Range ignored by the origin is stored whole',
    [
      fill(answer(FRESH), {
        fields: [line('Range', 'bytes=0-3')],
        expect: { asked: 'yes', body: /.*/ },
      }),
      hit(),
    ],
  ],
]);

/** Fields that are stored and sent again as they came. */
const ANY: readonly Line[] = [
  line('X-Unknown', 'a value nobody knows'),
  line('Test-Empty', ''),
  line('Content-Type', 'text/plain; charset="utf-8"'),
  line('Content-Language', 'de, en'),
  line('Content-Disposition', 'attachment; filename="a;b.txt"'),
  line('Content-Location', '{base}/other'),
  line('Content-Security-Policy', "default-src 'self'; img-src *"),
  line('Link', '</style.css>; rel=preload, </a>; rel="next"'),
  line('Server', 'origin/1.0 (a comment)'),
  line('Strict-Transport-Security', 'max-age=100'),
  line('Access-Control-Allow-Origin', 'https://a.example'),
  line('Alt-Svc', 'h3=":443"'),
  line('Accept-Ranges', 'bytes'),
  line('Allow', 'GET, HEAD'),
  line('Retry-After', '120'),
  line('Location', '/elsewhere'),
  line('Pragma', 'unknown'),
  line('Warning', '299 - "old"'),
  line('Last-Modified', 'Sun, 06 Nov 1994 08:49:37 GMT'),
  line('ETag', '"with, comma and \\ backslash"'),
  line('X-Obs', 'caf\u00e9'),
];
/** Fields of one connection or one proxy. */
const HOP: readonly Line[] = [
  line('Keep-Alive', 'timeout=5'),
  line('Proxy-Connection', 'keep-alive'),
  line('Proxy-Authenticate', 'Basic realm="a"'),
  line('Proxy-Authentication-Info', 'nextnonce="a"'),
  line('Upgrade', 'example/1'),
  line('TE', 'trailers'),
];

const section31 = table('9111', '3.1', [
  ...ANY.map(([name, value]): [Level, string, Step[]] => [
    'must',
    `${name} is stored as it came`,
    [fill(answer(FRESH, [name, value])), hit({}, { fields: { [name.toLowerCase()]: value } })],
  ]),
  [
    'must',
    'all lines of a field are stored, in order',
    [
      fill(
        answer(
          FRESH,
          line('X-Many', '1'),
          line('X-Other', 'x'),
          line('X-Many', '2'),
          line('X-Many', '1'),
        ),
      ),
      hit({}, { fields: { 'x-many': '1, 2, 1', 'x-other': 'x' } }),
    ],
  ],
  [
    'must',
    'a long value is stored as it came',
    [
      fill(answer(FRESH, line('X-Long', 'abcdefgh'.repeat(800)))),
      hit({}, { fields: { 'x-long': 'abcdefgh'.repeat(800) } }),
    ],
  ],
  ...HOP.map(([name, value]): [Level, string, Step[]] => [
    'must',
    `${name} is not stored`,
    [
      fill(
        answer(
          FRESH,
          [name, value],
          ...(name === 'Upgrade' || name === 'TE' ? [line('Connection', name)] : []),
        ),
      ),
      hit({}, { fields: { [name.toLowerCase()]: null } }),
    ],
  ]),
  ...['TE', 'Upgrade', 'Proxy-Authorization'].map((name): [Level, string, Step[]] => [
    'must',
    `${name} is not stored, whether Connection names it or not`,
    [
      fill(answer(FRESH, line(name, 'example'))),
      hit({}, { fields: { [name.toLowerCase()]: null } }),
    ],
  ]),
  [
    'must',
    'fields that Connection names are not stored',
    [
      fill(
        answer(
          FRESH,
          line('Connection', 'X-One, x-TWO'),
          line('X-One', '1'),
          line('X-Two', '2'),
          line('X-Three', '3'),
        ),
      ),
      hit({}, { fields: { 'x-one': null, 'x-two': null, 'x-three': '3' } }),
    ],
  ],
  [
    'must',
    'fields that Connection names in a second line are not stored',
    [
      fill(
        answer(
          FRESH,
          line('Connection', 'X-One'),
          line('Connection', 'X-Two'),
          line('X-One', '1'),
          line('X-Two', '2'),
        ),
      ),
      hit({}, { fields: { 'x-one': null, 'x-two': null } }),
    ],
  ],
  [
    'must',
    'trailers do not become fields of the head',
    [
      fill({
        fields: [FRESH, line('Trailer', 'X-Behind')],
        framing: 'chunked',
        trailers: [line('X-Behind', 'yes')],
      }),
      hit({}, { fields: { 'x-behind': null } }),
    ],
  ],
  [
    'must',
    'trailers do not change how long it is fresh',
    [fill({ fields: [cc('max-age=0')], framing: 'chunked', trailers: [FRESH] }), miss()],
  ],
  [
    'should',
    'fields that private names are not stored, the rest is',
    [
      fill(
        answer(cc('max-age=3600, private="X-Mine"'), line('X-Mine', 'secret'), line('X-All', '1')),
      ),
      hit({}, { fields: { 'x-mine': null, 'x-all': '1' } }),
    ],
  ],
  [
    'must',
    'two fields that private names are not stored, whatever their case',
    [
      fill(
        answer(cc('max-age=3600, private="x-one, X-TWO"'), line('X-One', '1'), line('X-Two', '2')),
      ),
      hit({}, { fields: { 'x-one': null, 'x-two': null } }),
    ],
  ],
]);

const BODY = '0123456789abcdef';
const section33 = table('9111', '3.3', [
  [
    'must',
    'a body shorter than its Content-Length is not used',
    [
      fill(
        { fields: [FRESH], framing: 'short', body: BODY },
        { expect: { asked: 'yes', broken: true } },
      ),
      miss(),
    ],
  ],
  [
    'must',
    'chunks without an end are not used',
    [
      fill(
        { fields: [FRESH], framing: 'cut', body: BODY },
        { expect: { asked: 'yes', broken: true } },
      ),
      miss(),
    ],
  ],
  [
    'must',
    'a body that was cut short does not take the place of a whole one',
    [
      fill(answer(cc('max-age=3600'), ETAG)),
      miss(
        { fields: [cc('no-cache')], answer: { fields: [FRESH], framing: 'short', body: BODY } },
        { broken: true },
      ),
      hit(),
    ],
  ],
  [
    'must',
    'a response to HEAD does not become one to GET with an empty body',
    [fill({ fields: [FRESH], body: BODY }, { method: 'HEAD' }), miss({ answer: { body: BODY } })],
  ],
]);

const AUTH = line('Authorization', 'Basic YTpi');
const section35 = table('9111', '3.5', [
  [
    'must',
    'a response to a request with Authorization is not used for others',
    [fill(answer(FRESH), { fields: [AUTH] }), miss()],
  ],
  [
    'must',
    'nor for the same user without validation',
    [fill(answer(FRESH), { fields: [AUTH] }), miss({ fields: [AUTH] })],
  ],
  [
    'must',
    'nor when it has Expires alone',
    [fill(answer(dated('Expires', 3600)), { fields: [AUTH] }), miss()],
  ],
  [
    'must',
    'nor when it has Last-Modified alone',
    [fill(answer(MODIFIED), { fields: [AUTH] }), miss()],
  ],
  [
    'may',
    'public allows it',
    [fill(answer(cc('public, max-age=3600')), { fields: [AUTH] }), hit()],
  ],
  ['may', 's-maxage allows it', [fill(answer(cc('s-maxage=3600')), { fields: [AUTH] }), hit()]],
  [
    'may',
    'must-revalidate allows it',
    [fill(answer(cc('must-revalidate, max-age=3600')), { fields: [AUTH] }), hit()],
  ],
  [
    'must',
    'proxy-revalidate alone does not allow it',
    [fill(answer(cc('proxy-revalidate, max-age=3600')), { fields: [AUTH] }), miss()],
  ],
  [
    'must',
    's-maxage=0 allows storing, not use without validation',
    [fill(answer(cc('s-maxage=0'), ETAG), { fields: [AUTH] }), miss()],
  ],
  [
    'must',
    'private forbids it beside public',
    [
      fill(answer(cc('public, private, max-age=3600')), { fields: [AUTH] }),
      miss({ fields: [AUTH] }),
    ],
  ],
  [
    'may',
    'a stored response to a request without Authorization answers one with it',
    [fill(answer(FRESH)), hit({ fields: [AUTH] })],
  ],
  [
    'must',
    'Authorization reaches the origin',
    [miss({ fields: [AUTH] }, { forwarded: { authorization: 'Basic YTpi' } })],
  ],
]);

export const storing: readonly Case[] = [...section3, ...section31, ...section33, ...section35];
