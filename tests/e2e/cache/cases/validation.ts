/** RFC 9111 sections 4.3.1 and 4.3.3 to 4.3.5: validation by the cache. */
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
  type Line,
  line,
  MODIFIED,
  miss,
  STALE,
  table,
  validated,
} from '../../../support/origin/cases.ts';

const tag = (value: string): Line => line('ETag', value);
const none = (value: string): Line => line('If-None-Match', value);
const OLD = -172_800;
const fresh304 = (...fields: Line[]) => ({ answer: { status: 304, fields: [FRESH, ...fields] } });

const sending = table('9111', '4.3.1', [
  [
    'must',
    'the entity tag is sent in If-None-Match',
    [fill(answer(STALE, ETAG)), validated({}, { forwarded: { 'if-none-match': '"one"' } })],
  ],
  [
    'must',
    'a weak entity tag is sent as it is',
    [
      fill(answer(STALE, tag('W/"one"'))),
      validated({}, { forwarded: { 'if-none-match': 'W/"one"' } }),
    ],
  ],
  [
    'should',
    'Last-Modified is sent in If-Modified-Since',
    [fill(answer(STALE, MODIFIED)), validated({}, { forwarded: { 'if-modified-since': at(OLD) } })],
  ],
  [
    'should',
    'both are sent where both are there',
    [
      fill(answer(STALE, MODIFIED, ETAG)),
      validated({}, { forwarded: { 'if-none-match': '"one"', 'if-modified-since': at(OLD) } }),
    ],
  ],
  [
    'should',
    'Last-Modified in an old form is sent as it came',
    [
      fill(answer(STALE, line('Last-Modified', 'Sunday, 06-Nov-94 08:49:37 GMT'))),
      validated({}, { forwarded: { 'if-modified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' } }),
    ],
  ],
  [
    'must',
    'without a validator the origin is asked without a condition',
    [fill(answer(STALE)), miss({}, { asked: 'anew' })],
  ],
  [
    'must',
    'a tag of a whole response is not sent for a variant that was not asked for',
    [
      fill({ fields: [STALE, ETAG, line('Vary', 'Foo')] }, { fields: [line('Foo', '1')] }),
      miss({ fields: [line('Foo', '2')] }, { body: 1 }),
    ],
  ],
  [
    'should',
    'the request of the client is otherwise sent as it is',
    [
      fill(answer(STALE, ETAG)),
      validated(
        { fields: [line('Foo', 'bar'), line('Accept', 'text/html')] },
        {
          forwarded: { foo: 'bar', accept: 'text/html', 'if-none-match': '"one"' },
        },
      ),
    ],
  ],
  [
    'must',
    'conditions of the client do not replace those of the cache',
    [
      fill(answer(STALE, ETAG)),
      validated({ fields: [none('"two"')] }, { forwarded: { 'if-none-match': /"one"/ } }),
    ],
  ],
]);

const outcome = table('9111', '4.3.3', [
  ['must', 'a 304 lets the stored response be used', [fill(answer(STALE, ETAG)), validated()]],
  ['may', 'a 304 makes it fresh again', [fill(answer(STALE, ETAG)), validated(), hit()]],
  [
    'must',
    'a 200 takes its place',
    [
      fill(answer(STALE, ETAG)),
      miss({ answer: answer(FRESH, tag('"two"')) }, { asked: 'validation' }),
      hit({}, { body: 1, fields: { etag: '"two"' } }),
    ],
  ],
  [
    'must',
    'a 404 is sent to the client',
    [
      fill(answer(STALE, ETAG)),
      miss({ answer: { status: 404, fields: [cc('no-store')] } }, { status: 404 }),
    ],
  ],
  [
    'may',
    'a 404 that may be stored takes its place',
    [
      fill(answer(STALE, ETAG)),
      miss({ answer: { status: 404, fields: [FRESH] } }, { status: 404 }),
      hit({}, { status: 404, body: 1 }),
    ],
  ],
  [
    'must',
    'a 503 is sent to the client where nothing allows a stale response',
    [
      fill(answer(cc('max-age=0, must-revalidate'), ETAG)),
      miss({ answer: { status: 503, fields: [cc('no-store')] } }, { status: 503 }),
    ],
  ],
  [
    'must',
    'a 503 to a validation does not take its place',
    [
      fill(answer(cc('max-age=0, must-revalidate'), ETAG)),
      miss({ answer: { status: 503, fields: [cc('no-store')] } }, { status: 503 }),
      validated(),
    ],
  ],
]);

const selecting = table('9111', '4.3.4', [
  [
    'must',
    'a 304 with the strong tag of the store freshens it',
    [fill(answer(STALE, ETAG)), validated(fresh304(ETAG)), hit()],
  ],
  [
    'must',
    'a 304 with the weak tag of the store freshens it',
    [fill(answer(STALE, tag('W/"one"'))), validated(fresh304(tag('W/"one"'))), hit()],
  ],
  [
    'must',
    'a 304 with another strong tag freshens nothing',
    [
      fill(answer(STALE, ETAG)),
      // Asked again without a condition, or answered with what the 304 is about.
      { ...fresh304(tag('"two"')), expect: { asked: 'yes', body: /^(?!.* body 0$)/ } },
      { answer: {}, expect: { asked: 'any', body: /^(?!.* body 0$)/ } },
    ],
  ],
  [
    'must',
    'a 304 with the same Last-Modified freshens it',
    [fill(answer(STALE, MODIFIED)), validated(fresh304(MODIFIED)), hit()],
  ],
  [
    'must',
    'a 304 without a validator freshens the one that was asked about',
    [fill(answer(STALE, ETAG)), validated(fresh304()), hit()],
  ],
  [
    'must',
    'a 304 for one variant leaves the other stale',
    [
      fill({ fields: [STALE, line('Vary', 'Foo'), ETAG] }, { fields: [line('Foo', '1')] }),
      miss({
        fields: [line('Foo', '2')],
        answer: { fields: [STALE, line('Vary', 'Foo'), tag('"two"')] },
      }),
      validated({ fields: [line('Foo', '1')], ...fresh304(line('Vary', 'Foo'), ETAG) }),
      hit({ fields: [line('Foo', '1')] }),
      validated(
        { fields: [line('Foo', '2')], ...fresh304(line('Vary', 'Foo'), tag('"two"')) },
        { body: 1 },
      ),
    ],
  ],
]);

/** RFC 9111 section 4.3.5. */
const head = (...fields: Line[]) => ({ method: 'HEAD', answer: { fields, body: '0123456789' } });
const BODY = { body: '0123456789' };
const byHead = table('9111', '4.3.5', [
  [
    'may',
    'a HEAD with the same validator and length freshens what is stored',
    [fill({ fields: [STALE, ETAG], ...BODY }), miss(head(FRESH, ETAG)), hit()],
  ],
  [
    'should',
    'a HEAD brings its fields to what is stored',
    [
      fill({ fields: [cc('max-age=0'), ETAG, line('X-A', 'old')], ...BODY }),
      miss(head(FRESH, ETAG, line('X-A', 'new'))),
      hit({}, { fields: { 'x-a': 'new' } }),
    ],
  ],
  [
    'should',
    'a HEAD with another tag makes what is stored stale',
    [
      fill({ fields: [FRESH, ETAG], ...BODY }),
      miss({ ...head(FRESH, tag('"two"')), fields: [cc('no-cache')] }),
      miss(),
    ],
  ],
  [
    'should',
    'a HEAD with another length makes what is stored stale',
    [
      fill({ fields: [FRESH, ETAG], ...BODY }),
      miss({
        method: 'HEAD',
        fields: [cc('no-cache')],
        answer: { fields: [FRESH, ETAG], body: '0123' },
      }),
      miss(),
    ],
  ],
  [
    'should',
    'a HEAD with another Last-Modified makes what is stored stale',
    [
      fill({ fields: [FRESH, MODIFIED], ...BODY }),
      miss({ ...head(FRESH, dated('Last-Modified', -100)), fields: [cc('no-cache')] }),
      miss(),
    ],
  ],
  [
    'should',
    'a HEAD answered 410 does not change what a 200 said, or makes it stale',
    [
      fill({ fields: [STALE, ETAG], ...BODY }),
      miss({ method: 'HEAD', answer: { status: 410, fields: [cc('no-store')] } }, { status: 410 }),
      miss({}, { asked: 'yes' }),
    ],
  ],
  [
    'may',
    'a fresh response answers HEAD with Age',
    [
      fill({ fields: [FRESH, ETAG], ...BODY }),
      hit({ method: 'HEAD' }, { age: [0, 30], fields: { 'content-length': '10', etag: '"one"' } }),
    ],
  ],
  [
    'must',
    'a stale response does not answer HEAD without validation',
    [fill({ fields: [STALE, ETAG], ...BODY }), miss(head(FRESH, ETAG))],
  ],
  [
    'must',
    'a HEAD reaches the origin as HEAD, or as a GET',
    [
      miss(
        { method: 'HEAD', answer: { fields: [FRESH], ...BODY } },
        { fields: { 'content-length': '10' } },
      ),
    ],
  ],
]);

export const validation: readonly Case[] = [...sending, ...outcome, ...selecting, ...byHead];
