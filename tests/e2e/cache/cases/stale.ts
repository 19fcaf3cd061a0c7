/** RFC 9111 section 4.2.4, RFC 5861 and RFC 8246: responses that are stale, or must not become so. */
import {
  answer,
  behind,
  type Case,
  cc,
  ETAG,
  FRESH,
  fill,
  hit,
  kept,
  type Level,
  type Line,
  line,
  lost,
  miss,
  STALE,
  type Step,
  table,
  validated,
} from '../../../support/origin/cases.ts';

type Row = readonly [Level, string, readonly Step[]];
const age = (value: string): Line => line('Age', value);

const WINDOW = 'stale-while-revalidate=60';
/** The origin goes away without a byte. */
const gone = (): Step => ({ answer: { framing: 'none' } });
const staleOnes = table('9111', '4.2.4', [
  ...['must-revalidate', 'proxy-revalidate', 's-maxage=0'].flatMap((directive): Row[] => [
    [
      'must',
      `${directive}: not used stale when the origin goes away`,
      [
        fill(answer(cc(`max-age=0, ${directive}`), ETAG)),
        { ...gone(), expect: { asked: 'yes', status: [502, 503, 504], body: /.*/ } },
      ],
    ],
    [
      'must',
      `${directive}: not used stale for max-stale`,
      [fill(answer(cc(`max-age=0, ${directive}`), ETAG)), miss({ fields: [cc('max-stale=1000')] })],
    ],
    [
      'must',
      `${directive}: not used stale for stale-while-revalidate`,
      [fill(answer(cc(`max-age=0, ${directive}, ${WINDOW}`), ETAG)), miss()],
    ],
    [
      'must',
      `${directive}: not used stale for stale-if-error`,
      [
        fill(answer(cc(`max-age=0, ${directive}, stale-if-error=60`), ETAG)),
        { ...gone(), expect: { asked: 'yes', status: [502, 503, 504], body: /.*/ } },
      ],
    ],
  ]),
  [
    'must',
    'no-cache: not used stale when the origin goes away',
    [
      fill(answer(cc('no-cache, stale-if-error=60'), ETAG)),
      { ...gone(), expect: { asked: 'yes', status: [502, 503, 504], body: /.*/ } },
    ],
  ],
  [
    'must',
    'no-cache: not used stale for max-stale',
    [fill(answer(cc('no-cache, max-age=0'), ETAG)), miss({ fields: [cc('max-stale')] })],
  ],
  ['must', 'a stale response is not used when nothing allows it', [fill(answer(STALE)), miss()]],
  [
    'must',
    'an error of the origin replaces a stale response that may not be used',
    [
      fill(answer(cc('max-age=0, must-revalidate'), ETAG)),
      miss({ answer: { status: 503, fields: [cc('no-store')] } }, { status: 503 }),
    ],
  ],
  [
    'may',
    'max-stale is enough to use it',
    [fill(answer(cc('max-age=1'))), hit({ waitMs: 2200, fields: [cc('max-stale=1000')] })],
  ],
]);

const staleExtensions = table('5861', '3', [
  [
    'may',
    'it is used at once, and validated behind that',
    [
      fill(answer(cc(`max-age=0, ${WINDOW}`), ETAG)),
      behind({}, { forwarded: { 'if-none-match': '"one"' } }),
    ],
  ],
  [
    'may',
    'a new response is there for the next',
    [fill(answer(cc(`max-age=0, ${WINDOW}`))), behind(), hit({ waitMs: 300 }, { body: 1 })],
  ],
  [
    'must',
    'what is fetched behind a HEAD has its body',
    [
      fill(answer(cc(`max-age=0, ${WINDOW}`))),
      behind({ method: 'HEAD' }),
      hit({ waitMs: 300 }, { body: 1 }),
    ],
  ],
  [
    'may',
    'a 304 makes it fresh for the next',
    [
      fill(answer(cc(`max-age=0, ${WINDOW}`), ETAG)),
      behind({ answer: { status: 304, fields: [FRESH] } }),
      hit({ waitMs: 300 }),
    ],
  ],
  [
    'may',
    'Age says that it is stale',
    [fill(answer(cc(`max-age=10, ${WINDOW}`), age('20'))), behind({}, { age: [20, 40] })],
  ],
  [
    'must',
    'behind the window it is not used',
    [fill(answer(cc('max-age=1, stale-while-revalidate=1'))), miss({ waitMs: 3200 })],
  ],
  [
    'must',
    'a window that is no time is none',
    [fill(answer(cc('max-age=0, stale-while-revalidate=x'))), miss()],
  ],
  [
    'must',
    'a window without a time is none',
    [fill(answer(cc('max-age=0, stale-while-revalidate'))), miss()],
  ],
  [
    'must',
    'a request with no-cache waits for the origin',
    [fill(answer(cc(`max-age=0, ${WINDOW}`))), miss({ fields: [cc('no-cache')] })],
  ],
  [
    'may',
    'many requests have it validated once',
    [fill(answer(cc(`max-age=0, ${WINDOW}`), ETAG)), behind({ times: 20 }, { requests: 1 })],
  ],
  [
    'should',
    'an error behind it does not take its place',
    [
      fill(answer(cc(`max-age=0, ${WINDOW}`), ETAG)),
      behind({ answer: { status: 503, fields: [cc('no-store')] } }),
      behind({ waitMs: 300 }),
    ],
  ],
]);

const SIE = cc('max-age=0, stale-if-error=60');
const staleOnError = table('5861', '4', [
  ...[500, 502, 503, 504].map(
    (status): Row => [
      'may',
      `it is used when the origin answers ${status}`,
      [
        fill(answer(SIE)),
        miss({ answer: { status, fields: [cc('no-store')] } }, { status: 200, body: 0 }),
      ],
    ],
  ),
  [
    'may',
    'it is used when the origin goes away',
    [fill(answer(SIE)), miss({ answer: { framing: 'none' } }, { status: 200, body: 0 })],
  ],
  [
    'may',
    'it is used when the origin answers a validation with an error',
    [
      fill(answer(SIE, ETAG)),
      miss(
        { answer: { status: 503 } },
        { status: 200, body: 0, forwarded: { 'if-none-match': '"one"' } },
      ),
    ],
  ],
  ...[400, 404, 410].map(
    (status): Row => [
      'must',
      `it is not used when the origin answers ${status}`,
      [fill(answer(SIE)), miss({ answer: { status } }, { status })],
    ],
  ),
  [
    'must',
    'behind its time it is not used',
    [
      fill(answer(cc('max-age=1, stale-if-error=1'))),
      miss({ waitMs: 3200, answer: { status: 503, fields: [cc('no-store')] } }, { status: 503 }),
    ],
  ],
  [
    'must',
    'a time that is none does not allow it',
    [
      fill(answer(cc('max-age=0, stale-if-error=x'))),
      miss({ answer: { status: 503, fields: [cc('no-store')] } }, { status: 503 }),
    ],
  ],
  [
    'may',
    'the request may allow it',
    [
      fill(answer(STALE)),
      miss(
        { fields: [cc('stale-if-error=60')], answer: { status: 503, fields: [cc('no-store')] } },
        { status: 200, body: 0 },
      ),
    ],
  ],
  [
    'may',
    'Age says that it is stale',
    [
      fill(answer(cc('max-age=10, stale-if-error=600'), age('20'))),
      miss({ answer: { status: 503 } }, { status: 200, body: 0, age: [20, 60] }),
    ],
  ],
  [
    'may',
    'the origin is asked again the next time',
    [
      fill(answer(SIE)),
      miss({ answer: { status: 503, fields: [cc('no-store')] } }, { status: 200, body: 0 }),
      miss({ answer: answer(FRESH) }, { status: 200, body: 2 }),
    ],
  ],
]);

const immutable = table('8246', '2', [
  ['may', 'immutable does not keep it from being stored', kept(cc('max-age=3600, immutable'))],
  ['must', 'immutable does not make it fresh for longer', lost(cc('max-age=0, immutable'))],
  ['must', 'immutable alone makes nothing fresh', lost(cc('immutable'))],
  [
    'must',
    'a stale immutable response is validated',
    [fill(answer(cc('max-age=0, immutable'), ETAG)), validated()],
  ],
  [
    'must',
    'an immutable body that was cut short is not used',
    [
      fill(
        { fields: [cc('max-age=3600, immutable')], framing: 'short' },
        { expect: { asked: 'yes', broken: true } },
      ),
      miss(),
    ],
  ],
]);

export const stale: readonly Case[] = [
  ...[...staleOnes, ...staleExtensions, ...staleOnError, ...immutable],
];
