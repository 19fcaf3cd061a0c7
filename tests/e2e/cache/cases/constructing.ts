/** RFC 9111 sections 4 and 4.1: when a stored response may answer, and which one. */
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
  line,
  miss,
  STALE,
  type Step,
  table,
  validated,
} from '../../../support/origin/cases.ts';

const section4 = table('9111', '4', [
  ['must', 'another path is another resource', [fill(answer(FRESH)), miss({ path: '/other' })]],
  [
    'must',
    'another query is another resource',
    [fill(answer(FRESH), { path: '?a=1' }), miss({ path: '?a=2' })],
  ],
  [
    'must',
    'no query and an empty query are not the same',
    [fill(answer(FRESH)), miss({ path: '?' })],
  ],
  [
    'must',
    'the order of a query matters',
    [fill(answer(FRESH), { path: '?a=1&b=2' }), miss({ path: '?b=2&a=1' })],
  ],
  [
    'must',
    'the case of a path matters',
    [fill(answer(FRESH), { path: '/a' }), miss({ path: '/A' })],
  ],
  [
    'must',
    'another host is another resource',
    [fill(answer(FRESH), { host: 'a.example' }), miss({ host: 'b.example' })],
  ],
  [
    'must',
    'another port is another resource',
    [fill(answer(FRESH), { host: 'a.example:8001' }), miss({ host: 'a.example:8002' })],
  ],
  [
    'must',
    'an encoded slash is not a slash',
    [fill(answer(FRESH), { path: '/a%2Fb' }), miss({ path: '/a/b' })],
  ],
  [
    'may',
    'the same query is the same resource',
    [fill(answer(FRESH), { path: '?a=1&b=2' }), hit({ path: '?a=1&b=2' })],
  ],
  [
    'may',
    'the case of a host does not matter (RFC 9110, 4.2.3)',
    [fill(answer(FRESH), { host: 'a.example' }), hit({ host: 'A.EXAMPLE' })],
  ],
  [
    'may',
    'the port that is the default does not matter (RFC 9110, 4.2.3)',
    [fill(answer(FRESH), { host: 'a.example' }), hit({ host: 'a.example:80' })],
  ],
  [
    'may',
    'a target in absolute form is the same resource (RFC 9112, 3.2.2)',
    [fill(answer(FRESH), { host: 'a.example' }), hit({ host: 'a.example', absolute: true })],
  ],
  [
    'may',
    'a percent sign before a letter does not matter (RFC 9110, 4.2.3)',
    [fill(answer(FRESH), { path: '/a~b' }), hit({ path: '/a%7Eb' })],
  ],
  [
    'may',
    'the case of percent digits does not matter (RFC 9110, 4.2.3)',
    [fill(answer(FRESH), { path: '/a%2fb' }), hit({ path: '/a%2Fb' })],
  ],
  [
    'must',
    'a GET answers HEAD with the same fields and no body',
    [
      fill({ fields: [FRESH, line('X-A', '1')], body: '0123456789' }),
      hit({ method: 'HEAD' }, { fields: { 'x-a': '1', 'content-length': '10' } }),
    ],
  ],
  [
    'must',
    'a GET does not answer POST',
    [fill(answer(FRESH)), miss({ method: 'POST', body: 'a' })],
  ],
  ['must', 'a GET does not answer OPTIONS', [fill(answer(FRESH)), miss({ method: 'OPTIONS' })]],
  [
    'must',
    'a GET does not answer a method nobody knows',
    [fill(answer(FRESH)), miss({ method: 'FROB' })],
  ],
  [
    'must',
    'an unsafe method is written through',
    [miss({ method: 'DELETE' }, { requests: 1 }), miss({ method: 'DELETE' }, { requests: 1 })],
  ],
  [
    'must',
    'a body of an unsafe method reaches the origin',
    [miss({ method: 'POST', body: 'hello' }, { forwarded: { 'content-length': '5' } })],
  ],
  ['must', 'Age is generated', [fill(answer(FRESH)), hit({}, { age: [0, 30] })]],
  [
    'must',
    'Age is generated in the place of one that came',
    [fill(answer(FRESH, line('Age', '100'))), hit({}, { age: [100, 130] })],
  ],
  [
    'must',
    'Age is one line and a whole number',
    [
      fill(answer(FRESH, line('Age', '100'))),
      hit({ waitMs: 1200 }, { fields: { age: /^10[1-9]$/ } }),
    ],
  ],
  ['must', 'Age grows', [fill(answer(FRESH)), hit({ waitMs: 2100 }, { age: [2, 30] })]],
  [
    'must',
    'Age counts from Date',
    [fill(answer(FRESH, dated('Date', -500))), hit({}, { age: [499, 530] })],
  ],
  [
    'must',
    'Age counts the delay of the origin',
    [fill({ fields: [FRESH], after: 2100 }), hit({}, { age: [2, 30] })],
  ],
  [
    'must',
    'Date stays that of the origin',
    [fill(answer(FRESH, dated('Date', -500))), hit({}, { fields: { date: at(-500) } })],
  ],
  [
    'may',
    'the first response has no Age of ours when it was not stored',
    [miss({ answer: answer(cc('no-store')) }, { fields: { age: null } })],
  ],
  [
    'must',
    'of two stored responses the newer one is used',
    [
      fill(answer(FRESH, dated('Date', -10))),
      miss({ fields: [cc('no-cache')], answer: answer(FRESH) }),
      hit({}, { body: 1 }),
    ],
  ],
  [
    'may',
    'one response answers many requests',
    [fill(answer(FRESH)), hit(), hit(), hit({ times: 20 })],
  ],
  [
    'may',
    'requests that come while it is fetched share the fetch',
    [miss({ times: 20, answer: { fields: [FRESH], after: 300 } }, { requests: 1 })],
  ],
  [
    'must',
    'requests that waited are asked anew when the response may not be shared',
    [miss({ times: 4, answer: { fields: [cc('private')], after: 200 } }, { requests: 4 })],
  ],
  [
    'must',
    'requests that waited for one that has to be validated each time are all asked',
    [miss({ times: 4, answer: { fields: [cc('no-store')], after: 200 } }, { requests: 4 })],
  ],
]);

const lang = (value: string) => line('Accept-Language', value);
const foo = (value: string) => line('Foo', value);
const bar = (value: string) => line('Bar', value);
const varies = (...names: string[]) => ({
  fields: [FRESH, ...names.map((name) => line('Vary', name))],
});

/** Vary has an asterisk: nothing matches. */
const STARS = ['*', '*, *', ', *', 'Foo, *', '*, Foo'];

const section41 = table('9111', '4.1', [
  [
    'may',
    'the same value matches',
    [fill(varies('Foo'), { fields: [foo('1')] }), hit({ fields: [foo('1')] })],
  ],
  [
    'must',
    'another value does not',
    [
      fill(varies('Foo'), { fields: [foo('1')] }),
      miss({ fields: [foo('2')], answer: varies('Foo') }),
    ],
  ],
  [
    'must',
    'a value does not match none',
    [fill(varies('Foo'), { fields: [foo('1')] }), miss({ answer: varies('Foo') })],
  ],
  [
    'must',
    'none does not match a value',
    [fill(varies('Foo')), miss({ fields: [foo('1')], answer: varies('Foo') })],
  ],
  [
    'must',
    'an empty value does not match none',
    [fill(varies('Foo')), miss({ fields: [foo('')], answer: varies('Foo') })],
  ],
  ['may', 'none matches none', [fill(varies('Foo')), hit()]],
  [
    'may',
    'two variants are stored beside each other',
    [
      fill(varies('Foo'), { fields: [foo('1')] }),
      miss({ fields: [foo('2')], answer: varies('Foo') }),
      hit({ fields: [foo('1')] }),
      hit({ fields: [foo('2')] }, { body: 1 }),
    ],
  ],
  [
    'may',
    'ten variants are stored beside each other',
    [
      fill(varies('Foo'), { fields: [foo('0')] }),
      ...Array.from({ length: 9 }, (_, i) =>
        miss({ fields: [foo(`${i + 1}`)], answer: varies('Foo') }),
      ),
      ...Array.from({ length: 10 }, (_, i) => hit({ fields: [foo(`${i}`)] }, { body: i })),
    ],
  ],
  [
    'must',
    'names are without case',
    [
      fill(varies('fOO'), { fields: [foo('1')] }),
      miss({ fields: [foo('2')], answer: varies('Foo') }),
    ],
  ],
  [
    'must',
    'values are with case',
    [
      fill(varies('Foo'), { fields: [foo('a')] }),
      miss({ fields: [foo('A')], answer: varies('Foo') }),
    ],
  ],
  [
    'must',
    'all of two names must match: the first does not',
    [
      fill(varies('Foo, Bar'), { fields: [foo('1'), bar('a')] }),
      miss({ fields: [foo('2'), bar('a')], answer: varies('Foo, Bar') }),
    ],
  ],
  [
    'must',
    'all of two names must match: the second does not',
    [
      fill(varies('Foo, Bar'), { fields: [foo('1'), bar('a')] }),
      miss({ fields: [foo('1'), bar('b')], answer: varies('Foo, Bar') }),
    ],
  ],
  [
    'may',
    'all of two names match',
    [
      fill(varies('Foo, Bar'), { fields: [foo('1'), bar('a')] }),
      hit({ fields: [bar('a'), foo('1')] }),
    ],
  ],
  [
    'must',
    'two lines of Vary are one list',
    [
      fill(varies('Foo', 'Bar'), { fields: [foo('1'), bar('a')] }),
      miss({ fields: [foo('1'), bar('b')], answer: varies('Foo', 'Bar') }),
    ],
  ],
  [
    'may',
    'the order of the names in Vary does not matter',
    [
      fill(varies('Foo, Bar'), { fields: [foo('1'), bar('a')] }),
      miss({ fields: [foo('2'), bar('a')], answer: varies('Bar, Foo') }),
      hit({ fields: [foo('1'), bar('a')] }),
      hit({ fields: [foo('2'), bar('a')] }, { body: 1 }),
    ],
  ],
  [
    'must',
    'fields that Vary does not name do not matter, those it names do',
    [
      fill(varies('Foo'), { fields: [foo('1'), bar('a')] }),
      hit({ fields: [foo('1'), bar('b')] }),
      miss({ fields: [foo('2'), bar('a')], answer: varies('Foo') }),
    ],
  ],
  [
    'must',
    'values of two fields do not flow into each other',
    [
      fill(varies('Foo, Bar'), { fields: [foo('1'), bar('2')] }),
      miss({ fields: [foo('1 bar:2')], answer: varies('Foo, Bar') }),
      miss({ fields: [foo(''), bar('12')], answer: varies('Foo, Bar') }),
    ],
  ],
  [
    'must',
    'two lines of a field are its list',
    [
      fill(varies('Foo'), { fields: [foo('1'), foo('2')] }),
      miss({ fields: [foo('1')], answer: varies('Foo') }),
    ],
  ],
  [
    'may',
    'two lines of a field match one line with both',
    [fill(varies('Foo'), { fields: [foo('1, 2')] }), hit({ fields: [foo('1'), foo('2')] })],
  ],
  [
    'may',
    'blanks about commas do not matter',
    [fill(varies('Foo'), { fields: [foo('1,2')] }), hit({ fields: [foo('1 ,  2')] })],
  ],
  [
    'must',
    'the order of values matters where nobody knows what they mean',
    [
      fill(varies('Foo'), { fields: [foo('1, 2')] }),
      miss({ fields: [foo('2, 1')], answer: varies('Foo') }),
    ],
  ],
  [
    'may',
    'an empty element of Vary is nothing',
    [fill(varies(', Foo,'), { fields: [foo('1')] }), hit({ fields: [foo('1')] })],
  ],
  ['may', 'an empty Vary is none', [fill(varies('')), hit()]],
  ...STARS.map((value): [Level, string, Step[]] => [
    'must',
    `Vary: ${value} matches nothing`,
    [fill(varies(value), { fields: [foo('1')] }), miss({ fields: [foo('1')] })],
  ]),
  [
    'must',
    'an asterisk in a second line matches nothing',
    [fill(varies('Foo', '*'), { fields: [foo('1')] }), miss({ fields: [foo('1')] })],
  ],
  [
    'may',
    'codings in another order and spelling are the same wish (normalized)',
    [
      fill(varies('Accept-Encoding'), { fields: [line('Accept-Encoding', 'gzip, br')] }),
      hit({ fields: [line('Accept-Encoding', 'br,GZIP;q=1.0')] }),
    ],
  ],
  [
    'must',
    'other codings are another wish',
    [
      fill(varies('Accept-Encoding'), { fields: [line('Accept-Encoding', 'gzip')] }),
      miss({ fields: [line('Accept-Encoding', 'br')], answer: varies('Accept-Encoding') }),
    ],
  ],
  [
    'must',
    'a coding that is refused is another wish',
    [
      fill(varies('Accept-Encoding'), { fields: [line('Accept-Encoding', 'gzip')] }),
      miss({ fields: [line('Accept-Encoding', 'gzip;q=0')], answer: varies('Accept-Encoding') }),
    ],
  ],
  [
    'must',
    'another language is another wish',
    [
      fill(varies('Accept-Language'), { fields: [lang('de')] }),
      miss({ fields: [lang('en')], answer: varies('Accept-Language') }),
    ],
  ],
  [
    'may',
    'languages in other case, with their weights in another order, are the same wish',
    [
      fill(varies('Accept-Language'), { fields: [lang('de-CH, en;q=0.5')] }),
      hit({ fields: [lang('EN;q=0.5 , DE-ch;q=1.0')] }),
    ],
  ],
  [
    'must',
    'languages with other weights are another wish',
    [
      fill(varies('Accept-Language'), { fields: [lang('de, en;q=0.5')] }),
      miss({ fields: [lang('en, de;q=0.5')], answer: varies('Accept-Language') }),
    ],
  ],
  [
    'may',
    'languages with other blanks are the same wish',
    [
      fill(varies('Accept-Language'), { fields: [lang('de, en;q=0.5')] }),
      hit({ fields: [lang('de,en;q=0.5')] }),
    ],
  ],
  [
    'must',
    'a variant that is stale is validated with its own tag',
    [
      fill({ fields: [STALE, line('Vary', 'Foo'), ETAG] }, { fields: [foo('1')] }),
      miss({
        fields: [foo('2')],
        answer: { fields: [STALE, line('Vary', 'Foo'), line('ETag', '"two"')] },
      }),
      validated({ fields: [foo('1')] }, { forwarded: { 'if-none-match': /"one"/ } }),
    ],
  ],
  [
    'may',
    'the newest response without Vary answers all',
    [
      fill(varies('Foo'), { fields: [foo('1')] }),
      miss({ fields: [foo('2')], answer: answer(FRESH) }),
      hit({ fields: [foo('3')] }, { body: 1 }),
    ],
  ],
  [
    'must',
    'a response that varies is not used where a newer one varies by more',
    [
      fill(varies('Foo'), { fields: [foo('1'), bar('a')] }),
      miss({ fields: [foo('2'), bar('b')], answer: varies('Foo, Bar') }),
      miss({ fields: [foo('2'), bar('c')], answer: varies('Foo, Bar') }),
    ],
  ],
]);

export const constructing: readonly Case[] = [...section4, ...section41];
