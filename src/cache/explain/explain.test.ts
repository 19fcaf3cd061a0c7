import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_KEY_RULE, KeyMaker, type KeyRule } from '../key/index.ts';
import { storingRefusals } from '../policy/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import { readAsked } from './asked-request.ts';
import { explain, type FoundResponse, type ToExplain } from './explain.ts';
import { explanationLines } from './explain-text.ts';
import { explanationValue } from './explained-sink.ts';
import { ownRefusals, refusalSays } from './refusal-says.ts';

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0);
const HEURISTICS = { share: 0.1, secondsMax: 86_400 };

interface Case {
  readonly request?: readonly string[];
  readonly method?: string;
  readonly url?: string;
  readonly key?: Partial<KeyRule>;
  /** Fields of what is stored; null: nothing is. */
  readonly fields?: readonly string[] | null;
  readonly found?: Partial<FoundResponse>;
  readonly more?: Partial<ToExplain>;
  readonly clientDirectives?: boolean;
}

function explained({ request = [], method = 'GET', url = 'https://a.test/x', ...rest }: Case) {
  const asked = readAsked({ method, url, headers: request });
  assert.ok(asked.ok);
  const { fields = ['Cache-Control: max-age=60'] } = rest;
  const found: FoundResponse | null =
    fields === null
      ? null
      : {
          status: 200,
          fields: fieldsOf(...fields),
          tier: 'memory',
          bodyBytes: 5,
          varyNames: [],
          variant: '',
          tags: [],
          responseMs: NOW_MS - 10_000,
          initialAgeSeconds: 2,
          lifetimeSeconds: 60,
          invalidated: false,
          seq: 3,
          purged: undefined,
          ...rest.found,
        };
  return explain({
    route: 'web',
    rule: {
      name: 'default',
      heuristics: HEURISTICS,
      lifetimes: { byStatus: new Map([[404, 8]]), jitterShare: 0.1 },
      graceSeconds: 600,
      clientDirectives: rest.clientDirectives ?? true,
    },
    request: asked.request,
    key: new KeyMaker({ ...DEFAULT_KEY_RULE, ...rest.key }).keyOf(asked.request, asked.encrypted),
    nowMs: NOW_MS,
    found,
    otherVariants: 0,
    ...rest.more,
  });
}

test('verdicts are those of the policy, each with what decided', () => {
  const rows: readonly (readonly [string, RegExp, Case])[] = [
    ['hit', /RFC 9111 section 4\.2: it is fresh/, {}],
    ['hit', /it is fresh/, { method: 'HEAD' }],
    [
      'validate',
      /section 4\.2\.4/,
      { found: { lifetimeSeconds: 12, responseMs: NOW_MS - 11_000 } },
    ],
    ['validate', /section 5\.2\.1\.4/, { request: ['Cache-Control: no-cache'] }],
    ['validate', /section 5\.2\.1\.4/, { request: ['Pragma: no-cache'] }],
    ['hit', /fresh/, { request: ['Cache-Control: no-cache'], clientDirectives: false }],
    ['hit', /fresh/, { request: ['Pragma: no-cache', 'Cache-Control: max-age=30'] }],
    ['validate', /section 5\.2\.1\.1/, { request: ['Cache-Control: max-age=11'] }],
    [
      'hit-and-refresh',
      /RFC 5861 section 3/,
      {
        fields: ['Cache-Control: max-age=5, stale-while-revalidate=60'],
        found: { lifetimeSeconds: 5 },
      },
    ],
    ['miss', /nothing is stored/, { fields: null }],
    ['miss', /the disk is asked/, { fields: null, more: { isOnDisk: true } }],
    ['miss', /section 4\.1/, { fields: null, more: { otherVariants: 2 } }],
    ['miss', /5\.2\.1\.7.*504/, { fields: null, request: ['Cache-Control: only-if-cached'] }],
    ['miss', /a purge/, { found: { purged: 'hard' } }],
    ['validate', /soft purge/, { found: { purged: 'soft' } }],
    ['validate', /section 4\.2\.4/, { found: { invalidated: true } }],
    ['pass', /only responses to GET/, { method: 'POST' }],
    ['pass', /13\.1\.1/, { request: ['If-Match: "a"'] }],
    ['pass', /key would be too long/, { url: `https://a.test/${'a'.repeat(5000)}` }],
  ];
  for (const [verdict, why, one] of rows) {
    const explanation = explained(one);
    assert.equal(explanation.verdict, verdict, explanation.why);
    assert.match(explanation.why, why);
  }
});

test('the lifetime names the field that it comes from', () => {
  const rows: readonly (readonly [RegExp, number, readonly string[]])[] = [
    [/^s-maxage \(RFC 9111 section 5\.2\.2\.10\)/, 60, ['Cache-Control: max-age=5, s-maxage=60']],
    [/^max-age \(RFC 9111 section 5\.2\.2\.1\)/, 60, ['Cache-Control: max-age=60']],
    [
      /^max-age of CDN-Cache-Control \(RFC 9213/,
      9,
      ['CDN-Cache-Control: max-age=9', 'Cache-Control: max-age=1'],
    ],
    [
      /^Expires \(RFC 9111 section 5\.3\)/,
      30,
      ['Date: Thu, 01 Jan 2026 11:59:50 GMT', 'Expires: Thu, 01 Jan 2026 12:00:20 GMT'],
    ],
    [
      /section 4\.2\.2/,
      100,
      ['Date: Thu, 01 Jan 2026 11:59:50 GMT', 'Last-Modified: Thu, 01 Jan 2026 11:43:10 GMT'],
    ],
    [/section 4\.2\.1/, 0, ['X: y']],
    [/rule that held/, 7, ['Cache-Control: max-age=60']],
  ];
  for (const [by, seconds, fields] of rows) {
    const { stored } = explained({ fields, found: { lifetimeSeconds: seconds } });
    assert.match(stored?.lifetime.by ?? '', by);
    assert.equal(stored?.lifetime.seconds, seconds);
  }
});

test('the lifetime names the rule that gives it, and the chance that shortens it', () => {
  const lifetime = (found: Partial<FoundResponse>, ...fields: string[]): string =>
    explained({ fields, found }).stored?.lifetime.by ?? '';
  assert.equal(lifetime({ status: 404, lifetimeSeconds: 8 }), 'what the rule says of 404');
  assert.match(lifetime({ lifetimeSeconds: 55 }, 'Cache-Control: max-age=60'), /^max-age .*jitter/);
  assert.match(lifetime({ lifetimeSeconds: 50 }, 'Cache-Control: max-age=60'), /rule that held/);
  assert.match(lifetime({ lifetimeSeconds: 61 }, 'Cache-Control: max-age=60'), /rule that held/);
});

test('the arithmetic of age and freshness adds up', () => {
  const { stored } = explained({
    fields: ['Cache-Control: max-age=60', 'Date: Thu, 01 Jan 2026 11:59:49 GMT'],
  });
  assert.deepEqual(stored?.age, {
    apparentSeconds: 1,
    initialSeconds: 2,
    residentSeconds: 10,
    currentSeconds: 12,
  });
  assert.equal(stored.ttlSeconds, 48);
  assert.equal(stored.servedOnError, true);
  const strict = explained({ fields: ['Cache-Control: max-age=60, must-revalidate'] });
  assert.equal(strict.stored?.servedOnError, false);
});

test('an explanation for people', () => {
  const explanation = explained({
    url: 'https://A.test/x?b=1',
    request: ['X-Tenant: t'],
    key: { headers: ['x-tenant'], cookies: ['plan'] },
    fields: ['Cache-Control: max-age=60', 'Date: Thu, 01 Jan 2026 11:59:50 GMT'],
    found: {
      varyNames: ['accept', 'accept-encoding'],
      variant: 'accept\naccept-encoding:gzip,identity\n',
      tags: ['news', 'home'],
      initialAgeSeconds: 0,
    },
    more: { otherVariants: 1, refused: { reason: 'private', untilMs: NOW_MS + 2500 } },
  });
  assert.deepEqual(explanationLines(explanation), [
    'route      web, rule default',
    'key        https://a.test/x?b=1',
    '           header x-tenant: t',
    '           cookie plan',
    'verdict    hit: RFC 9111 section 4.2: it is fresh',
    'variants   1 for requests with other fields',
    'not stored RFC 9111 section 5.2.2.7: the response is for one user; remembered for 2.5 s',
    'stored     200, 5 bytes, in memory',
    'varies by  accept, which the request had not',
    'varies by  accept-encoding: gzip,identity',
    'tags       news, home',
    'says       max-age=60',
    'lifetime   60 s by max-age (RFC 9111 section 5.2.2.1)',
    'age        10 s = 0 s when it came, by its Date, and 10 s here (RFC 9111 section 4.2.3)',
    'ttl        50 s = 60 s - 10 s',
    'on error   would be served if the origin failed (RFC 5861 section 4)',
  ]);
  const stale = explanationLines(explained({ found: { lifetimeSeconds: 5, tier: 'disk' } })).join(
    '\n',
  );
  assert.match(stale, /ttl {8}stale for 7 s: 5 s - 12 s/);
  assert.match(stale, /on the disk/);
  const none = explanationLines(explained({ fields: null, method: 'POST' }));
  assert.equal(none.length, 3);
});

test('what is remembered of a response that was not stored ends', () => {
  const at = (untilMs: number) =>
    explained({ fields: null, more: { refused: { reason: 'too-large', untilMs } } }).refused;
  assert.equal(at(NOW_MS), null);
  assert.deepEqual(at(NOW_MS + 1000), {
    reason: 'too-large',
    says: ownRefusals['too-large'],
    forSeconds: 1,
  });
  for (const reason of Object.keys(storingRefusals)) {
    assert.match(refusalSays(reason), /^RFC 9111 section/);
  }
  assert.equal(refusalSays('toString'), 'toString');
});

test('requests that are described wrongly are told what is wrong', () => {
  const rows: readonly (readonly [string, string, readonly string[], RegExp])[] = [
    ['GET', '/x', [], /no absolute URL/],
    ['GET', 'https://a.test/x#y', [], /no absolute URL/],
    ['GET', 'https://a.test/x', ['no field'], /no field/],
    ['GET', 'https://a.test/x', ['A: b\r\nC: d'], /no field/],
    ['GET', 'https://a.test/x', ['Host: b.test'], /host is that of the URL/],
    ['GET', 'https://a b/', [], /no such request/],
    ['GET x', 'https://a.test/', [], /no such request/],
    ['GET', 'https://a.test/x y', [], /no such request/],
    ['GET', 'https://a.test/', ['Content-Length: x'], /no such request/],
  ];
  for (const [method, url, headers, says] of rows) {
    const read = readAsked({ method, url, headers });
    assert.ok(!read.ok, url);
    assert.match(read.says, says);
  }
  const read = readAsked({ method: 'GET', url: 'HTTP://a.test?y', headers: [] });
  assert.ok(read.ok && !read.encrypted);
  assert.equal(read.request.target(), '/?y');
});

test('as the value of a field an explanation is one line that may stand there', () => {
  const value = explanationValue(
    explained({
      request: ['X-Tenant: \u00e9'],
      key: { headers: ['x-tenant'] },
      url: `https://a.test/${'x'.repeat(4000)}`,
    }),
  );
  assert.match(value, /^route web, rule default \| key https:\/\/a\.test\/x+ \| /);
  const fields = fieldsOf();
  assert.ok(fields.add(Buffer.from('Plinth-Explain'), value));
  assert.ok(value.length <= 4096);
  const short = explanationValue(explained({ request: ['X: y'] }));
  assert.match(
    short,
    / \| verdict hit: RFC 9111 section 4\.2: it is fresh \| .* \| ttl 48 s = 60 s - 12 s \| /,
  );
});
