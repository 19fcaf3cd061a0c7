/** Messages as they come and go: interim responses, trailers, lengths, versions, RFC 9211 and what errors look like. */
import {
  answer,
  type Case,
  cc,
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

type Row = readonly [Level, string, readonly Step[]];
const BODY = '0123456789';
const LINK = line('Link', '</a.css>; rel=preload');

const framing = table('9112', '6', [
  [
    'must',
    'a chunked body is sent on whole from the store',
    [
      fill(
        { fields: [FRESH], framing: 'chunked', body: BODY },
        { expect: { asked: 'yes', body: 0 } },
      ),
      hit({}, { body: BODY }),
    ],
  ],
  [
    'may',
    'a chunked body has a length from the store',
    [
      fill({ fields: [FRESH], framing: 'chunked', body: BODY }),
      hit({}, { fields: { 'content-length': '10', 'transfer-encoding': null } }),
    ],
  ],
  [
    'must',
    'a body until the end of the connection is sent on whole',
    [
      miss({ answer: { fields: [FRESH], framing: 'close', body: BODY } }, { body: 0 }),
      hit({}, { body: BODY }),
    ],
  ],
  [
    'must',
    'a server of HTTP/1.0 is understood',
    [
      miss({ answer: { fields: [FRESH], version: '1.0', body: BODY } }, { body: 0 }),
      hit({}, { body: BODY }),
    ],
  ],
  [
    'must',
    'an empty chunked body is empty',
    [fill({ fields: [FRESH], framing: 'chunked', body: '' }), hit({}, { body: '' })],
  ],
  ['must', 'a 204 has no body', [fill({ status: 204, fields: [FRESH] }), hit({}, { status: 204 })]],
  [
    'must',
    'a large body is sent from the store as it came',
    [
      fill({ fields: [FRESH], body: 'abcdefghij'.repeat(60_000) }),
      hit({}, { body: 0, fields: { 'content-length': '600000' } }),
    ],
  ],
  [
    'must',
    'a large chunked body is sent from the store as it came',
    [
      fill({ fields: [FRESH], framing: 'chunked', body: 'klmnopqrst'.repeat(60_000) }),
      hit({}, { body: 0 }),
    ],
  ],
  [
    'must',
    'bytes that are no text are sent from the store as they came',
    [
      fill({
        fields: [FRESH],
        body: String.fromCharCode(...Array.from({ length: 127 }, (_, i) => i)),
      }),
      hit({}, { body: 0 }),
    ],
  ],
  [
    'must',
    'trailers of the origin do not break what is stored',
    [
      fill({ fields: [FRESH], framing: 'chunked', body: BODY, trailers: [line('X-T', '1')] }),
      hit({}, { body: BODY }),
    ],
  ],
  [
    'must',
    'a HEAD of what came in chunks has no body',
    [fill({ fields: [FRESH], framing: 'chunked', body: BODY }), hit({ method: 'HEAD' })],
  ],
]);

const interims = table('9110', '15.2', [
  [
    'must',
    'a 103 is passed on where it is met',
    [
      miss(
        { answer: { interim: [[103, [LINK]]], fields: [FRESH] } },
        { interim: [103], status: 200 },
      ),
    ],
  ],
  [
    'must',
    'a 102 is passed on where it is met',
    [miss({ answer: { interim: [[102, []]], fields: [FRESH] } }, { interim: [102], status: 200 })],
  ],
  [
    'must',
    'a 103 does not keep the final response from being stored',
    [fill({ interim: [[103, [LINK]]], fields: [FRESH] }), hit({}, { status: 200, interim: [] })],
  ],
  [
    'must',
    'fields of a 103 are not those of the final response',
    [
      fill({ interim: [[103, [LINK, line('X-A', '1')]]], fields: [FRESH] }),
      hit({}, { fields: { link: null, 'x-a': null } }),
    ],
  ],
  [
    'must',
    'Cache-Control of a 103 is not that of the final response',
    [fill({ interim: [[103, [cc('no-store')]]], fields: [FRESH] }), hit()],
  ],
  [
    'must',
    'several interim responses are passed on',
    [
      miss(
        {
          answer: {
            interim: [
              [102, []],
              [103, [LINK]],
              [103, [LINK]],
            ],
            fields: [FRESH],
          },
        },
        { interim: [102, 103, 103] },
      ),
    ],
  ],
  [
    'must',
    'an interim response to a validation does no harm',
    [
      fill(answer(STALE, ETAG)),
      validated({ answer: { status: 304, interim: [[103, [LINK]]], fields: [FRESH] } }),
      hit(),
    ],
  ],
]);

const errors = table('9110', '15.6', [
  [
    'must',
    'an origin that goes away without a byte is 502 or 504, and is not stored',
    [
      {
        answer: { framing: 'none' },
        expect: { asked: 'yes', status: [502, 503, 504], body: /.*/ },
      },
      miss({ answer: answer(FRESH) }),
    ],
  ],
  [
    'must',
    'our own error is not stored',
    [
      {
        answer: { framing: 'none' },
        expect: { asked: 'yes', status: [502, 503, 504], body: /.*/ },
      },
      {
        answer: { framing: 'none' },
        expect: { asked: 'yes', status: [502, 503, 504], body: /.*/ },
      },
    ],
  ],
  [
    'must',
    'a head that is far too large is 502, and is not stored',
    [
      {
        answer: answer(
          FRESH,
          ...Array.from({ length: 2000 }, (_, i) => line(`X-${i}`, 'abcdefgh'.repeat(20))),
        ),
        expect: { asked: 'yes', status: [502], body: /.*/ },
      },
      miss({ answer: answer(FRESH) }),
    ],
  ],
  [
    'must',
    'two lengths that differ are 502, and are not stored',
    [
      {
        answer: answer(FRESH, line('Content-Length', '3')),
        expect: { asked: 'yes', status: [502], body: /.*/ },
      },
      miss({ answer: answer(FRESH) }),
    ],
  ],
]);

/** RFC 9211; other caches are not asked for it. */
const status = (rows: readonly Row[]) => table('9211', '2', rows);
const statuses = status([
  [
    'must',
    'a hit says so',
    [fill(answer(FRESH)), hit({}, { cacheStatus: /^plinth; hit(; [a-z]|$)/ })],
  ],
  [
    'may',
    'a hit says for how long it is fresh',
    [fill(answer(cc('max-age=1000'))), hit({}, { cacheStatus: /; ttl=(1000|99\d|98\d)\b/ })],
  ],
  [
    'may',
    'a stale hit has a negative ttl',
    [
      fill(answer(cc('max-age=10'), line('Age', '110'))),
      hit({ fields: [cc('max-stale=1000')] }, { cacheStatus: /; hit.*; ttl=-1\d\d\b/ }),
    ],
  ],
  [
    'must',
    'a miss says why it was forwarded',
    [miss({ answer: answer(FRESH) }, { cacheStatus: /^plinth; fwd=uri-miss\b/ })],
  ],
  [
    'must',
    'a miss does not say hit',
    [miss({ answer: answer(FRESH) }, { cacheStatus: /^(?!.*; hit)/ })],
  ],
  [
    'may',
    'a miss that is stored says so',
    [miss({ answer: answer(FRESH) }, { cacheStatus: /; stored\b/ })],
  ],
  [
    'must',
    'a miss that is not stored does not say so',
    [
      miss(
        { answer: answer(cc('no-store')) },
        { cacheStatus: /^plinth; fwd=uri-miss(?!.*stored)/ },
      ),
    ],
  ],
  [
    'must',
    'another variant is a vary-miss',
    [
      fill({ fields: [FRESH, line('Vary', 'Foo')] }, { fields: [line('Foo', '1')] }),
      miss({ fields: [line('Foo', '2')] }, { cacheStatus: /; fwd=vary-miss\b/ }),
    ],
  ],
  [
    'must',
    'a stale response is forwarded because of that',
    [fill(answer(STALE, ETAG)), validated({}, { cacheStatus: /; fwd=stale\b/ })],
  ],
  [
    'may',
    'a validation says what the origin said',
    [fill(answer(STALE, ETAG)), validated({}, { cacheStatus: /; fwd-status=304\b/ })],
  ],
  [
    'must',
    'a wish of the client is the reason',
    [fill(answer(FRESH)), miss({ fields: [cc('no-cache')] }, { cacheStatus: /; fwd=request\b/ })],
  ],
  [
    'must',
    'a method is the reason',
    [miss({ method: 'POST', body: 'a' }, { cacheStatus: /; fwd=method\b/ })],
  ],
  [
    'must',
    'it stands behind those of caches before',
    [
      miss(
        { answer: answer(FRESH, line('Cache-Status', 'OriginCache; hit; ttl=5')) },
        {
          cacheStatus: /^OriginCache; hit; ttl=5, plinth; fwd=/,
        },
      ),
    ],
  ],
  [
    'must',
    'a hit has only one member of ours',
    [
      fill(answer(FRESH, line('Cache-Status', 'OriginCache; hit'))),
      hit({}, { cacheStatus: /^OriginCache; hit, plinth; hit(?!.*plinth)/ }),
    ],
  ],
  [
    'may',
    'one that waited for another says so',
    [
      miss({ times: 3, answer: { fields: [FRESH], after: 300 } }, { requests: 1 }),
      hit({}, { cacheStatus: /; hit/ }),
    ],
  ],
  [
    'may',
    'an error of ours has it',
    [
      {
        answer: { framing: 'none' },
        expect: {
          asked: 'yes',
          status: [502, 503, 504],
          body: /.*/,
          cacheStatus: /^plinth; fwd=uri-miss/,
        },
      },
    ],
  ],
  [
    'may',
    'a 504 for only-if-cached has it',
    [
      hit(
        { fields: [cc('only-if-cached')] },
        { status: 504, body: /.*/, cacheStatus: /^plinth\b/ },
      ),
    ],
  ],
]);

export const messages: readonly Case[] = [...framing, ...interims, ...errors];
export const cacheStatuses: readonly Case[] = statuses;
