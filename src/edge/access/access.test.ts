import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../core/http/index.ts';
import { BodyKind, FieldId } from '../../core/wire/index.ts';
import { Visit, type VisitOptions } from '../guard/visit-fixture.ts';
import { Access } from './access.ts';
import { accessMetrics } from './access-metrics.ts';
import { type RulePatch, ruleOf } from './rule-fixture.ts';
import { type SignOptions, signCookie, signUrl } from './sign.ts';

const NOW = Date.UTC(2026, 10, 23);
const SECONDS = NOW / 1000;
const KEY = { name: 'k1', secret: 'a secret of some length' };
const OLD_KEY = { name: 'old', secret: 'another secret of length' };
const HOUR: SignOptions = { key: KEY, until: SECONDS + 3600 };

interface Outcome {
  readonly visit: Visit;
  /** It came to the next stage. */
  readonly passed: boolean;
}

/** What becomes of a request under a rule; the next stage answers with 200 and what it sees. */
function visitUnder(rule: RulePatch, target: string, options: VisitOptions = {}): Outcome {
  const access = new Access([ruleOf(rule)], geo);
  return visitAt(access, target, options);
}

function visitAt(access: Access, target: string, options: VisitOptions = {}): Outcome {
  let passed = false;
  const handler = access.make('r', 'route', (exchange) => {
    passed = true;
    answerAsOrigin(exchange);
  });
  assert.ok(handler !== undefined);
  const visit = new Visit(target, { wallMs: NOW, ...options });
  handler(visit);
  return { visit, passed };
}

function answerAsOrigin(exchange: Exchange): void {
  const { response } = exchange;
  response.reset();
  response.status = 200;
  response.body = BodyKind.length;
  response.contentLength = 0;
  response.fields.addKnown(FieldId.contentLength, '0');
  response.fields.addKnown(FieldId.vary, 'Accept-Encoding');
  response.fields.addKnown(FieldId.accessControlAllowOrigin, 'https://left-over.example');
  exchange.sink.head(response, true);
}

const geo = {
  find: (address: Buffer) =>
    ({ 1: { country: 'DE', asn: 1 }, 2: { country: 'FR', asn: 2 }, 3: { country: 'AQ' } })[
      address[3] ?? 0
    ],
};

const SIGNED = { by: 'either', keys: [OLD_KEY, KEY] } as const;
const relative = (url: string): string => url.slice('https://example.com'.length);

test('a signed address passes, without its signature, for GET and HEAD', () => {
  const target = relative(signUrl('https://example.com/a%20b?x=1&y=2', HOUR));
  for (const method of ['GET', 'HEAD']) {
    const { visit, passed } = visitUnder({ signed: SIGNED }, target, { method });
    assert.ok(passed);
    assert.equal(visit.origin, '/a%20b?x=1&y=2');
  }
  const bare = visitUnder({ signed: SIGNED }, relative(signUrl('https://example.com/a', HOUR)));
  assert.equal(bare.visit.origin, '/a');
});

test('each part that is signed holds, and no refusal says which did not', () => {
  const sign = (url: string, more: Partial<SignOptions> = {}): string =>
    relative(signUrl(url, { ...HOUR, ...more }));
  const right = sign('https://example.com/a?x=1');
  const cases: [string, string, string, VisitOptions?][] = [
    ['no signature', '/a?x=1', 'signature-missing'],
    ['another path', right.replace('/a', '/b'), 'signature-wrong'],
    ['another parameter', right.replace('x=1', 'x=2'), 'signature-wrong'],
    ['one more parameter', `${right}&z=1`, 'signature-wrong'],
    ['another host', right, 'signature-wrong', { host: 'example.org' }],
    ['another method', right, 'signature-wrong', { method: 'DELETE' }],
    ['another end', right.replace(/until=\d+/, `until=${SECONDS + 9999}`), 'signature-wrong'],
    [
      'another key',
      sign('https://example.com/a?x=1', { key: { ...KEY, secret: 'guessed' } }),
      'signature-wrong',
    ],
    [
      'an unknown key',
      sign('https://example.com/a?x=1', { key: { ...KEY, name: 'k9' } }),
      'signature-key',
    ],
    ['cut short', right.slice(0, -1), 'signature-malformed'],
    ['said twice', `${right}&token=${right.split('token=')[1]}`, 'signature-malformed'],
    ['an unknown word', right.replace('until=', 'what=1~until='), 'signature-malformed'],
    ['two ends', right.replace('until=', 'until=1~until='), 'signature-malformed'],
    ['over', sign('https://example.com/a?x=1', { until: SECONDS }), 'signature-late'],
    ['not begun', sign('https://example.com/a?x=1', { from: SECONDS + 60 }), 'signature-early'],
    [
      'of somebody else',
      sign('https://example.com/a?x=1', { client: '198.51.100.0/24' }),
      'signature-client',
    ],
  ];
  const answers = new Set<string>();
  for (const [name, target, reason, options] of cases) {
    const { visit, passed } = visitUnder({ signed: SIGNED }, target, options);
    assert.equal(passed, false, name);
    assert.equal(visit.journey.failure, reason, name);
    answers.add(`${visit.status} ${visit.body}`);
    assert.equal(visit.field('cache-control'), 'no-store', name);
  }
  assert.equal(visitUnder({ signed: SIGNED }, '/a', { method: 'HEAD' }).visit.body, '');
  assert.deepEqual([...answers], ['403 403 This address is not valid, or not any more.\n']);
});

test('what is signed beside the path: client, beginning, method, an older key', () => {
  for (const more of [
    { client: '192.0.2.0/24' },
    { client: '192.0.2.1' },
    { from: SECONDS },
    { key: OLD_KEY },
  ]) {
    const target = relative(signUrl('https://example.com/a', { ...HOUR, ...more }));
    assert.ok(visitUnder({ signed: SIGNED }, target).passed, JSON.stringify(more));
  }
  const target = relative(signUrl('https://example.com/a', { ...HOUR, method: 'PUT' }));
  assert.ok(visitUnder({ signed: SIGNED }, target, { method: 'PUT' }).passed);
  assert.equal(visitUnder({ signed: SIGNED }, target).passed, false);
});

test('a prefix opens what lies below it, and no way out of it', () => {
  const token = signUrl('https://example.com/x', { ...HOUR, prefix: '/films/a~1/' }).split('?')[1];
  const reason = (path: string): string => {
    const { visit, passed } = visitUnder({ signed: SIGNED }, `${path}?n=7&${token}`);
    if (passed) assert.equal(visit.origin, `${path}?n=7`);
    return visit.journey.failure;
  };
  for (const path of [
    '/films/a~1/',
    '/films/a~1/list.m3u8',
    '/films/a~1/0/1.ts',
    '/films/a~1/a..b',
  ]) {
    assert.equal(reason(path), '', path);
  }
  for (const path of [
    ...['/films/a~1', '/films/', '/other', '/films/a~1/../b', '/films/a~1/%2e%2e/b'],
    ...['/films/a~1/.%2E/b', '/films/a~1/..;/b', '/films/a~1/..%2fb', '/films/a~1/%5c..%5cb'],
    ...['/films/a~1/..', '/films/a~1/%252e%252e/b', '/films/a~1/x%00'],
  ]) {
    assert.equal(reason(path), 'signature-path', path);
  }
});

test('a cookie with the same policy passes, and goes no further', () => {
  const value = signCookie('https://example.com/', { ...HOUR, prefix: '/films/' });
  const fields = [`Cookie: a=1; plinth-token=${value}; b=2`];
  const { visit, passed } = visitUnder({ signed: SIGNED }, '/films/1', { fields });
  assert.ok(passed);
  assert.equal(visit.request.fields.get(FieldId.cookie), 'a=1; b=2');
  const alone = visitUnder({ signed: { ...SIGNED, by: 'cookie' } }, '/films/1', {
    fields: [`Cookie: plinth-token=${value}`],
  });
  assert.equal(alone.passed && alone.visit.request.fields.get(FieldId.cookie), undefined);
  assert.equal(
    visitUnder({ signed: { ...SIGNED, by: 'url' } }, '/films/1', { fields }).passed,
    false,
  );
  assert.equal(visitUnder({ signed: SIGNED }, '/other', { fields }).passed, false);
  const twice = { fields: [`Cookie: plinth-token=${value}`, `Cookie: plinth-token=${value}`] };
  assert.equal(visitUnder({ signed: SIGNED }, '/films/1', twice).passed, false);
});

test('settings of signatures: names, all hosts, chosen parameters, how long, how it is answered', () => {
  const named = { ...SIGNED, parameter: 'sig', host: false, query: ['v'] };
  const url = signUrl('https://other.example/a?v=1&w=2', {
    ...HOUR,
    parameter: 'sig',
    host: false,
    query: ['v'],
  });
  const target = url.slice('https://other.example'.length);
  assert.ok(visitUnder({ signed: named }, target).passed);
  assert.ok(visitUnder({ signed: named }, target.replace('w=2', 'w=3')).passed);
  assert.equal(visitUnder({ signed: named }, target.replace('v=1', 'v=3')).passed, false);
  const long = relative(signUrl('https://example.com/a', HOUR));
  const { visit } = visitUnder({ signed: { ...SIGNED, lifetimeMaxMs: 60_000 } }, long);
  assert.equal(visit.journey.failure, 'signature-long');
  const gone = { ...SIGNED, expiredStatus: '410' as const };
  const late = relative(signUrl('https://example.com/a', { ...HOUR, until: SECONDS - 1 }));
  assert.equal(visitUnder({ signed: gone }, late).visit.status, 410);
  assert.equal(visitUnder({ signed: gone }, late.replace('/a', '/b')).visit.status, 403);
});

test('hotlinks: who may embed', () => {
  const hotlink = { hosts: ['*.friend.example', 'one.example'] };
  const passes = (rule: NonNullable<RulePatch['hotlink']>, referrer?: string): boolean =>
    visitUnder({ hotlink: rule }, '/a', {
      fields: referrer === undefined ? [] : [`Referer: ${referrer}`],
    }).passed;
  for (const [referrer, expected] of [
    [undefined, true],
    ['', true],
    ['https://example.com/page', true],
    ['https://one.example', true],
    ['https://ONE.example:8443/x', true],
    ['http://a.b.friend.example/?q', true],
    ['https://user@one.example/', true],
    ['https://friend.example/', false],
    ['https://notfriend.example/', false],
    ['https://one.example.evil.example/', false],
    ['https://evil.example/https://one.example/', false],
    ['https://one.example@evil.example/', false],
    ['https://.friend.example/', false],
    ['about:blank', false],
    ['one.example', false],
  ] as const) {
    assert.equal(passes(hotlink, referrer), expected, String(referrer));
  }
  assert.equal(passes({ ...hotlink, allowEmpty: false }), false);
  assert.equal(passes({ ...hotlink, sameHost: false }, 'https://example.com/'), false);
  const redirect = 'https://example.com/no.png';
  const { visit } = visitUnder({ hotlink: { ...hotlink, redirect } }, '/a', {
    fields: ['Referer: https://evil.example/'],
  });
  assert.deepEqual([visit.status, visit.field('location')], [302, redirect]);
});

test('places: networks before systems before countries, and what is unknown', () => {
  const reason = (rule: RulePatch['geo'], from: string): string =>
    visitUnder({ geo: rule ?? {} }, '/a', { from }).visit.journey.failure;
  assert.equal(reason({ denyCountries: ['de'] }, '10.0.0.1'), 'geo-country');
  assert.equal(reason({ denyCountries: ['DE'], allowNetworks: ['10.0.0.0/24'] }, '10.0.0.1'), '');
  assert.equal(reason({ denyCountries: ['DE'] }, '10.0.0.2'), '');
  assert.equal(reason({ denyCountries: ['DE'] }, '10.0.0.9'), '');
  assert.equal(reason({ denyNetworks: ['10.0.0.2'] }, '10.0.0.2'), 'geo-network');
  assert.equal(reason({ denyNetworks: ['10.0.0.2'] }, '::ffff:10.0.0.2'), 'geo-network');
  assert.equal(reason({ denyNetworks: ['2001:db8::/32'] }, '2001:db8::2'), 'geo-network');
  assert.equal(reason({ denyAsns: ['2'] }, '10.0.0.2'), 'geo-asn');
  assert.equal(reason({ onlyAsns: ['2'] }, '10.0.0.1'), 'geo-asn');
  assert.equal(reason({ onlyAsns: ['2'] }, '10.0.0.3'), 'geo-unknown');
  assert.equal(reason({ onlyCountries: ['FR'] }, '10.0.0.1'), 'geo-country');
  assert.equal(reason({ onlyCountries: ['FR'] }, '10.0.0.2'), '');
  assert.equal(reason({ onlyCountries: ['FR'] }, '10.0.0.9'), 'geo-unknown');
  assert.equal(reason({ onlyCountries: ['FR'] }, '/run/socket'), 'geo-unknown');
  assert.equal(reason({ onlyCountries: ['FR'], unknown: 'allow' }, '10.0.0.9'), '');
  const { visit } = visitUnder(
    { geo: { denyCountries: ['DE'], status: '451', blockedBy: 'https://law.example/1' } },
    '/a',
    { from: '10.0.0.1' },
  );
  assert.equal(visit.status, 451);
  assert.equal(visit.field('link'), '<https://law.example/1>; rel="blocked-by"');
});

const PREFLIGHT = [
  'Access-Control-Request-Method: PUT',
  'Access-Control-Request-Headers: x-a, x-b',
];

test('preflights are answered here, for origins that may', () => {
  const cors = { origins: ['https://*.app.example'], methods: ['GET', 'PUT'], headers: ['x-a'] };
  const ask = (origin: string, rule: RulePatch['cors'] = cors): Outcome =>
    visitUnder({ cors: rule, signed: SIGNED }, '/a', {
      method: 'OPTIONS',
      fields: [`Origin: ${origin}`, ...PREFLIGHT],
    });
  const { visit, passed } = ask('https://x.app.example');
  assert.equal(passed, false);
  assert.equal(visit.status, 204);
  assert.equal(visit.field('access-control-allow-origin'), 'https://x.app.example');
  assert.equal(visit.field('access-control-allow-methods'), 'GET, PUT');
  assert.equal(visit.field('access-control-allow-headers'), 'x-a');
  assert.equal(visit.field('access-control-max-age'), '600');
  assert.equal(visit.field('access-control-allow-credentials'), undefined);
  assert.match(visit.field('vary') ?? '', /^Origin, /);
  for (const origin of [
    'https://app.example',
    'http://x.app.example',
    'https://x.app.example:8443',
    'null',
  ]) {
    assert.deepEqual(
      [ask(origin).visit.status, ask(origin).visit.journey.failure],
      [403, 'cors-origin'],
      origin,
    );
  }
  const open = ask('https://any.example', { origins: ['*'], methods: ['*'], headers: ['*'] }).visit;
  assert.equal(open.field('access-control-allow-origin'), '*');
  assert.equal(open.field('access-control-allow-methods'), 'PUT');
  assert.equal(open.field('access-control-allow-headers'), 'x-a, x-b');
  const withCookies = ask('https://x.app.example', { ...cors, credentials: true }).visit;
  assert.equal(withCookies.field('access-control-allow-credentials'), 'true');
});

test('answers get the fields of the rule and lose those of the origin', () => {
  const cors = { origins: ['https://app.example'], expose: ['X-Total'], credentials: true };
  const fields = ['Origin: https://app.example'];
  const { visit } = visitUnder({ cors }, '/a', { fields });
  assert.equal(visit.field('access-control-allow-origin'), 'https://app.example');
  assert.equal(visit.field('access-control-expose-headers'), 'X-Total');
  assert.equal(visit.field('access-control-allow-credentials'), 'true');
  assert.equal(visit.field('vary'), 'Accept-Encoding, Origin');
  for (const other of [[], ['Origin: https://evil.example']]) {
    const stranger = visitUnder({ cors }, '/a', { fields: other }).visit;
    assert.equal(stranger.field('access-control-allow-origin'), undefined);
    assert.equal(stranger.field('access-control-allow-credentials'), undefined);
    assert.equal(stranger.field('vary'), 'Accept-Encoding, Origin');
  }
  const open = visitUnder({ cors: { origins: ['*'] } }, '/a').visit;
  assert.equal(open.field('access-control-allow-origin'), '*');
  assert.equal(open.field('vary'), 'Accept-Encoding');
});

test('a script may read that it was refused', () => {
  const cors = { origins: ['https://app.example'] };
  const fields = ['Origin: https://app.example'];
  const { visit } = visitUnder({ cors, signed: SIGNED }, '/a', { fields });
  assert.equal(visit.status, 403);
  assert.equal(visit.field('access-control-allow-origin'), 'https://app.example');
});

test('a request without a rule for it passes untouched; a rule that is gone is none', () => {
  const { visit, passed } = visitUnder({}, '/a?token=1');
  assert.ok(passed);
  assert.equal(visit.origin, '/a?token=1');
  assert.equal(
    new Access([ruleOf({})]).make('other', 'route', () => {}),
    undefined,
  );
});

test('a rule that changes holds from the next request on, and goes on counting', () => {
  const access = new Access([ruleOf({})], geo);
  const handler = access.make('r', 'route', answerAsOrigin);
  const ask = (): number => {
    const visit = new Visit('/a', { from: '10.0.0.1' });
    handler?.(visit);
    return visit.status;
  };
  assert.equal(ask(), 200);
  access.setRules([ruleOf({ geo: { denyCountries: ['DE'] } })]);
  assert.equal(ask(), 403);
  assert.equal(ask(), 403);
  const emitted: string[] = [];
  for (const row of accessMetrics(access)) {
    if (row.type === 'histogram') continue;
    row.collect((value, ...labels) => emitted.push(`${row.name} ${labels.join(' ')} ${value}`));
  }
  assert.deepEqual(emitted, [
    'plinth_edge_access_passed_total r 1',
    'plinth_edge_access_preflights_total r 0',
    'plinth_edge_access_refused_total r geo-country 2',
  ]);
  access.setRules([]);
  assert.equal(access.make('r', 'route', answerAsOrigin), undefined);
});
