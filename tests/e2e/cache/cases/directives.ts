/** RFC 9111 sections 5.2.1, 5.2.2 and 5.4: what requests and responses say of caching. */
import {
  answer,
  type Case,
  cc,
  checked,
  dated,
  ETAG,
  FRESH,
  fill,
  hit,
  kept,
  type Line,
  line,
  lost,
  MODIFIED,
  miss,
  STALE,
  type Step,
  table,
  validated,
} from '../../../support/origin/cases.ts';

const age = (value: string): Line => line('Age', value);
/** Stored with this; asked for with that. */
const withRequest = (
  stored: readonly Line[],
  asked: Line,
  step: typeof hit | typeof miss,
): Step[] => [fill(answer(...stored)), step({ fields: [asked] })];

const requestDirectives = table('9111', '5.2.1', [
  [
    'should',
    'max-age: older than the client takes',
    withRequest([FRESH, age('100')], cc('max-age=50'), miss),
  ],
  ['may', 'max-age: young enough', withRequest([FRESH, age('100')], cc('max-age=1000'), hit)],
  [
    'should',
    'max-age=0: never from the store without validation',
    [fill(answer(FRESH, ETAG)), validated({ waitMs: 1100, fields: [cc('max-age=0')] })],
  ],
  [
    'should',
    'max-age: a stale response is not what is asked for',
    withRequest([STALE], cc('max-age=1000'), miss),
  ],
  [
    'should',
    'max-age in capitals and quotes',
    withRequest([FRESH, age('100')], cc('MAX-AGE="50"'), miss),
  ],
  [
    'may',
    'max-age that is no time asks for nothing',
    withRequest([FRESH, age('100')], cc('max-age=x'), hit),
  ],
  [
    'should',
    'max-stale: stale for longer than the client takes',
    withRequest([cc('max-age=10'), age('100')], cc('max-stale=50'), miss),
  ],
  [
    'may',
    'max-stale: stale for less than the client takes',
    withRequest([cc('max-age=10'), age('100')], cc('max-stale=500'), hit),
  ],
  [
    'may',
    'max-stale without a time takes everything',
    withRequest([cc('max-age=10'), age('9999')], cc('max-stale'), hit),
  ],
  [
    'should',
    'max-stale that is no time takes nothing',
    withRequest([cc('max-age=10'), age('100')], cc('max-stale=x'), miss),
  ],
  [
    'should',
    'max-stale beside max-age that it is too old for',
    withRequest([cc('max-age=10'), age('100')], cc('max-stale=500, max-age=50'), miss),
  ],
  [
    'may',
    'max-stale: Age says how old it is',
    [
      fill(answer(cc('max-age=10'), age('100'))),
      hit({ fields: [cc('max-stale=500')] }, { age: [100, 130] }),
    ],
  ],
  [
    'should',
    'min-fresh: not fresh for so long',
    withRequest([cc('max-age=1000')], cc('min-fresh=2000'), miss),
  ],
  [
    'may',
    'min-fresh: fresh for longer',
    withRequest([cc('max-age=1000')], cc('min-fresh=500'), hit),
  ],
  [
    'should',
    'min-fresh counts from the age it has',
    withRequest([cc('max-age=1000'), age('600')], cc('min-fresh=500'), miss),
  ],
  [
    'may',
    'min-fresh that is no time asks for nothing',
    withRequest([cc('max-age=1000')], cc('min-fresh=x'), hit),
  ],
  [
    'should',
    'no-cache: validated first',
    [fill(answer(FRESH, ETAG)), validated({ fields: [cc('no-cache')] })],
  ],
  ['should', 'no-cache in capitals', withRequest([FRESH], cc('No-Cache'), miss)],
  [
    'should',
    'no-cache beside max-stale',
    withRequest([FRESH], cc('max-stale=100, no-cache'), miss),
  ],
  [
    'must',
    'no-store: the response is not stored',
    [fill(answer(FRESH), { fields: [cc('no-store')] }), miss()],
  ],
  [
    'must',
    'no-store: it does not take the place of what is stored',
    [
      fill(answer(FRESH)),
      miss({ fields: [cc('no-store, no-cache')], answer: answer(FRESH) }),
      { answer: {}, expect: { asked: 'any', body: /body [02]$/ } },
    ],
  ],
  [
    'must',
    'no-store: nothing that comes of it freshens what is stored',
    [
      fill(answer(STALE, ETAG)),
      { ...validated({ fields: [cc('no-store')] }), expect: { asked: 'any' } },
      miss(),
    ],
  ],
  ['may', 'no-transform does not matter to us', withRequest([FRESH], cc('no-transform'), hit)],
  [
    'should',
    'only-if-cached: 504 where nothing is stored',
    [hit({ fields: [cc('only-if-cached')] }, { status: 504, body: /.*/ })],
  ],
  ['should', 'only-if-cached: from the store', withRequest([FRESH], cc('only-if-cached'), hit)],
  [
    'should',
    'only-if-cached: 504 where what is stored is stale',
    [
      fill(answer(cc('max-age=0, must-revalidate'), ETAG)),
      hit({ fields: [cc('only-if-cached')] }, { status: 504, body: /.*/ }),
    ],
  ],
  [
    'should',
    'only-if-cached: 504 where another variant is stored',
    [
      fill({ fields: [FRESH, line('Vary', 'Foo')] }, { fields: [line('Foo', '1')] }),
      hit({ fields: [cc('only-if-cached'), line('Foo', '2')] }, { status: 504, body: /.*/ }),
    ],
  ],
  [
    'should',
    'only-if-cached beside max-stale: stale from the store',
    [
      fill(answer(cc('max-age=10'), age('20'))),
      hit({ fields: [cc('only-if-cached, max-stale=100')] }),
    ],
  ],
  [
    'must',
    'a directive nobody knows is ignored',
    withRequest([FRESH], cc('frobnicate, x="no-cache"'), hit),
  ],
  [
    'must',
    'Cache-Control of a request reaches the origin',
    [
      miss(
        { fields: [cc('no-cache, frobnicate=1')] },
        { forwarded: { 'cache-control': /no-cache, frobnicate=1/ } },
      ),
    ],
  ],
  ['may', 'private in a request is nothing', withRequest([FRESH], cc('private'), hit)],
]);

/** Section 5.4: Pragma is for the past; what it says to us must not make anything less correct. */
const pragma = table('9111', '5.4', [
  [
    'must',
    'Pragma: no-cache of a response does not replace Cache-Control',
    kept(FRESH, line('Pragma', 'no-cache')),
  ],
  [
    'may',
    'Pragma nobody knows in a request is ignored',
    [fill(answer(FRESH)), hit({ fields: [line('Pragma', 'foo')] })],
  ],
  [
    'must',
    'Pragma of a request reaches the origin',
    [miss({ fields: [line('Pragma', 'no-cache')] }, { forwarded: { pragma: 'no-cache' } })],
  ],
  [
    'may',
    'Cache-Control of a request has precedence over its Pragma',
    [fill(answer(FRESH)), hit({ fields: [cc('max-age=1000'), line('Pragma', 'no-cache')] })],
  ],
]);

const responseDirectives = table('9111', '5.2.2', [
  ['must', 'no-cache: validated each time', checked(cc('no-cache'))],
  ['must', 'no-cache in capitals: validated each time', checked(cc('No-CACHE'))],
  ['must', 'no-cache beside max-age: validated each time', checked(cc('max-age=3600, no-cache'))],
  ['must', 'no-cache in a second line: validated each time', checked(FRESH, cc('no-cache'))],
  [
    'must',
    'no-cache beside Expires: validated each time',
    checked(cc('no-cache'), dated('Expires', 3600)),
  ],
  ['must', 'no-cache without a validator: fetched each time', lost(cc('max-age=3600, no-cache'))],
  [
    'must',
    'no-cache: validated each time, the second time too',
    [
      fill(answer(cc('no-cache'), ETAG)),
      validated({ answer: { status: 304 } }),
      validated({ answer: { status: 304 } }),
    ],
  ],
  [
    'must',
    'no-cache: a 304 that allows it makes it fresh',
    [fill(answer(cc('no-cache'), ETAG)), validated(), hit()],
  ],
  [
    'must',
    'no-cache with an argument that is no name: validated each time',
    checked(cc('max-age=3600, no-cache=""')),
  ],
  [
    'must',
    'no-cache="field": that field is not sent without validation',
    [
      fill(answer(cc('max-age=3600, no-cache="X-A"'), line('X-A', '1'), line('X-B', '2'), ETAG)),
      {
        answer: { status: 304 },
        expect: { asked: 'any', body: 0, fields: { 'x-b': '2' } },
      },
    ],
  ],
  [
    'may',
    'no-cache="field": the rest is used without validation',
    [
      fill(answer(cc('max-age=3600, no-cache="X-A"'), line('X-A', '1'), line('X-B', '2'))),
      hit({}, { fields: { 'x-a': null, 'x-b': '2' } }),
    ],
  ],
  ['must', 'must-revalidate: fresh until it is stale', kept(cc('max-age=3600, must-revalidate'))],
  [
    'must',
    'must-revalidate: validated when it is stale',
    checked(cc('max-age=0, must-revalidate')),
  ],
  [
    'must',
    'must-revalidate in capitals: not used for max-stale',
    withRequest([cc('max-age=0, MUST-revalidate')], cc('max-stale'), miss),
  ],
  ['must', 'proxy-revalidate: fresh until it is stale', kept(cc('max-age=3600, proxy-revalidate'))],
  [
    'must',
    'proxy-revalidate: validated when it is stale',
    checked(cc('max-age=0, proxy-revalidate')),
  ],
  [
    'must',
    's-maxage: validated when it is stale',
    [fill(answer(cc('s-maxage=10, max-age=3600'), age('20'), ETAG)), validated()],
  ],
  [
    'must',
    's-maxage: not used stale for max-stale',
    withRequest([cc('s-maxage=10'), age('20')], cc('max-stale'), miss),
  ],
  [
    'should',
    'must-understand: a status that is understood is stored in spite of no-store',
    [fill(answer(cc('must-understand, no-store, max-age=3600'))), hit()],
  ],
  [
    'must',
    'must-understand: a status nobody knows is not stored',
    [fill({ status: 599, fields: [cc('must-understand, max-age=3600')] }), miss()],
  ],
  [
    'must',
    'must-understand: a status nobody knows is not stored, public or not',
    [fill({ status: 299, fields: [cc('public, must-understand, max-age=3600')] }), miss()],
  ],
  [
    'must',
    'must-understand beside private is still private',
    lost(cc('must-understand, private, max-age=3600')),
  ],
  [
    'must',
    'no-transform: the body is sent as it came',
    [
      fill(answer(cc('max-age=3600, no-transform'), line('Content-Type', 'text/html')), {
        fields: [line('Accept-Encoding', 'gzip, br, zstd')],
      }),
      hit(
        { fields: [line('Accept-Encoding', 'gzip, br, zstd')] },
        { fields: { 'content-encoding': null } },
      ),
    ],
  ],
  ['must', 'no-store="field" is no-store', lost(cc('max-age=3600, no-store="X-A"'))],
  ['should', 'private with an empty argument is private', lost(cc('max-age=3600, private=""'))],
  ['may', 'public with Last-Modified alone', kept(cc('public'), MODIFIED)],
  ['must', 'public alone does not make it fresh', lost(cc('public'))],
  [
    'must',
    'a directive nobody knows changes nothing',
    kept(cc('frob="no-store", max-age=3600, x=no-cache')),
  ],
  [
    'must',
    'Cache-Control is sent on as it came',
    [
      fill(answer(cc('max-age=3600,   x="a, b" , S-MaxAge=3600'))),
      hit({}, { fields: { 'cache-control': 'max-age=3600,   x="a, b" , S-MaxAge=3600' } }),
    ],
  ],
]);

const SET = line('Set-Cookie', 'a=1; Path=/');
/** RFC 9111 section 7.3, RFC 6265 section 3: a cookie is for one user unless the response says that it is for all. */
const cookies = table('9111', '7.3', [
  ['should', 'Set-Cookie is not stored by a heuristic', lost(SET, MODIFIED)],
  [
    'must',
    'Set-Cookie reaches the first client',
    [miss({ answer: answer(FRESH, SET) }, { fields: { 'set-cookie': 'a=1; Path=/' } })],
  ],
  [
    'should',
    'Set-Cookie of one client is not sent to another',
    [
      fill(answer(FRESH, SET)),
      { answer: answer(FRESH), expect: { asked: 'any', fields: { 'set-cookie': null } } },
    ],
  ],
  [
    'may',
    'fields that no-cache names, such as Set-Cookie, do not keep the rest from being used',
    [
      fill(answer(cc('max-age=3600, no-cache="Set-Cookie"'), SET)),
      hit({}, { fields: { 'set-cookie': null } }),
    ],
  ],
  [
    'may',
    'fields that private names, such as Set-Cookie, do not keep the rest from being used',
    [
      fill(answer(cc('max-age=3600, private="Set-Cookie"'), SET)),
      hit({}, { fields: { 'set-cookie': null } }),
    ],
  ],
  [
    'should',
    'Set-Cookie of a 304 to one client is not sent to others',
    [
      fill(answer(STALE, ETAG)),
      validated({ answer: { status: 304, fields: [FRESH, SET] } }),
      hit({}, { fields: { 'set-cookie': null } }),
    ],
  ],
  [
    'must',
    'Cookie reaches the origin',
    [miss({ fields: [line('Cookie', 'a=1; b=2')] }, { forwarded: { cookie: 'a=1; b=2' } })],
  ],
]);

export const directives: readonly Case[] = [
  ...[...requestDirectives, ...responseDirectives, ...pragma, ...cookies],
];
