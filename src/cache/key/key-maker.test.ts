import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import { DEFAULT_KEY_RULE, type KeyRule, keyConflicts } from './key-fields.ts';
import { requestFor } from './key-fixture.ts';
import { KEY_BYTES_MAX, KeyMaker, linesOfKey, urlOfKey } from './key-maker.ts';

const makerOf = (rule: Partial<KeyRule> = {}): KeyMaker =>
  new KeyMaker({ ...DEFAULT_KEY_RULE, ...rule });

function keyOf(
  target: string,
  rule: Partial<KeyRule> = {},
  more: Parameters<typeof requestFor>[1] = {},
): string {
  return makerOf(rule).keyOf(requestFor(target, more), true);
}

test('RFC 9110 section 4.2.3: URLs that mean the same have one key', () => {
  const same: readonly (readonly [string, string, string?, string?])[] = [
    ['/a', '/a', 'example.com', 'EXAMPLE.com'],
    ['/a', '/a', 'example.com', 'example.com:443'],
    ['/%7Eann', '/~ann'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/?q=%61%2D', '/?q=a-'],
    ['https://example.com', '/'],
    ['https://EXAMPLE.com:443/a', '/a'],
    ['https://example.com?a', '/?a'],
  ];
  for (const [a, b, hostA = 'example.com', hostB = 'example.com'] of same) {
    assert.equal(keyOf(a, {}, { host: hostA }), keyOf(b, {}, { host: hostB }), `${a} and ${b}`);
  }
  assert.equal(keyOf('/A?b=C'), 'https://example.com/A?b=C');
  assert.equal(keyOf('/', {}, { host: '[2001:DB8::1]:8443' }), 'https://[2001:db8::1]:8443/');
});

test('sites that are remembered hold no block of memory', () => {
  const maker = makerOf();
  const pinned = pinnedBytes(200, (i) => {
    const request = requestFor('/', { host: `site-${i}.example.com` });
    assert.equal(maker.keyOf(request, true), `https://site-${i}.example.com/`);
  });
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});

test('URLs that may mean different things have different keys', () => {
  const targets = [
    ...[
      '/a',
      '/B',
      '/a/',
      '//a',
      '/a?',
      '/a?b',
      '/a?b=',
      '/a?b&',
      '/a?&b',
      '/a?B',
      '/a;',
      '/a;b',
      '/a%3Bb',
    ],
    ...[
      '/a%2Fb',
      '/a/b',
      '/a%5Cb',
      '/a%3Fb',
      '/a?b=1&b=2',
      '/a?b=2&b=1',
      '/a?b=1;b=2',
      '/a?b=1%26b=2',
    ],
    ...[
      '/a%00',
      '/a%0A',
      '/a%20b',
      '/a+b',
      '/a?b=x+y',
      '/a?b=x%20y',
      '/a/./b',
      '/a/%2E/b',
      '/a/../b',
    ],
    ...['/%zz', '/%25zz', '/%', '/%25', '/%4', '/%%341', '/%41', '/%4%31', '/a?%', '/a?%25'],
  ];
  const keys = new Map(targets.map((target) => [keyOf(target), target]));
  assert.equal(keys.size, targets.length);
  const sites = [
    makerOf().keyOf(requestFor('/a'), true),
    makerOf().keyOf(requestFor('/a'), false),
    ...[
      'example.com:80',
      'example.com:8443',
      'example.com.',
      'www.example.com',
      'xexample.com',
    ].map((host) => keyOf('/a', {}, { host })),
  ];
  assert.equal(new Set(sites).size, sites.length);
});

test('a target without path, and a key that would be too long, have none', () => {
  const maker = makerOf();
  assert.equal(maker.keyOf(requestFor('*', { method: 'OPTIONS' }), true), '');
  assert.equal(maker.keyOf(requestFor('example.com:443', { method: 'CONNECT' }), true), '');
  const room = KEY_BYTES_MAX - 'https://example.com/'.length;
  assert.equal(keyOf(`/${'a'.repeat(room)}`).length, KEY_BYTES_MAX);
  assert.equal(keyOf(`/${'a'.repeat(room + 1)}`), '');
  assert.equal(keyOf(`/${'%41'.repeat(2000)}`), '');
  const rule = { headers: ['x-a'] };
  assert.equal(keyOf('/', rule, { lines: [`X-A: ${'a'.repeat(KEY_BYTES_MAX)}`] }), '');
});

test('parameters of the query: kept, ignored, sorted', () => {
  const rows: readonly (readonly [string, Partial<KeyRule>, string])[] = [
    ['/?a=1&utm_id=2&b=3', { queryIgnore: ['utm_*'] }, '/?a=1&b=3'],
    ['/?utm_id=2', { queryIgnore: ['utm_*'] }, '/'],
    ['/?%75tm_id=2&a', { queryIgnore: ['utm_*'] }, '/?a'],
    ['/?UTM_id=2', { queryIgnore: ['utm_*'] }, '/?UTM_id=2'],
    ['/?a=1', { queryIgnore: ['*'] }, '/'],
    ['/?', { queryIgnore: ['utm_*'] }, '/?'],
    ['/?a=1&b=2&c=3', { queryOnly: ['a', 'c'] }, '/?a=1&c=3'],
    ['/?b=2', { queryOnly: ['a'] }, '/'],
    ['/?a=1&ab=2&abc=3', { queryOnly: ['a*'], queryIgnore: ['*c'] }, '/?a=1&ab=2'],
    ['/?b=2&a=2&a=1', { querySort: true }, '/?a=2&a=1&b=2'],
    ['/?b&a', { querySort: true }, '/?a&b'],
    // Servers that part parameters at semicolons would see one that the key hides.
    ['/?utm_id=1;admin=1', { queryIgnore: ['utm_*'] }, '/?utm_id=1;admin=1'],
    ['/?x=1;a=2', { queryOnly: ['a'] }, '/?x=1;a=2'],
    ['/?a=1%26utm_id=2', { queryIgnore: ['utm_*'] }, '/?a=1%26utm_id=2'],
    ['/?a=1&&b=2&', { equivalent: true }, '/?a=1&b=2'],
    ['/?&', { equivalent: true }, '/'],
  ];
  for (const [target, rule, wanted] of rows) {
    assert.equal(keyOf(target, rule), `https://example.com${wanted}`, target);
  }
});

test('paths of a rule that takes equivalent ones for one', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/%2e%2E/b', '/b'],
    ['/../../a', '/a'],
    ['/a/..', '/'],
    ['/a/.', '/a/'],
    ['/a//b///', '/a/b/'],
    ['//', '/'],
    ['/a%2F..%2Fb', '/a%2F..%2Fb'],
    ['/...', '/...'],
  ];
  for (const [path, wanted] of rows) {
    assert.equal(keyOf(path, { equivalent: true }), `https://example.com${wanted}`, path);
  }
  assert.equal(
    keyOf('/Caf%C3%A9?A', { ignoreCase: true }),
    keyOf('/cAF%c3%a9?A', { ignoreCase: true }),
  );
  assert.notEqual(keyOf('/?A', { ignoreCase: true }), keyOf('/?a', { ignoreCase: true }));
});

test('fields, cookies and devices have lines of their own', () => {
  const rule = { headers: ['X-Tenant'], cookies: ['plan'], device: true };
  const key = keyOf('/a', rule, {
    lines: ['X-Tenant: a', 'x-tenant: b', 'Cookie: x=1; plan=gold', 'Cookie: plan=free'],
  });
  assert.equal(urlOfKey(key), 'https://example.com/a');
  assert.deepEqual(linesOfKey(key), [
    'header x-tenant: a,b',
    'cookie plan: gold;free',
    'device desktop',
  ]);
  assert.deepEqual(linesOfKey(keyOf('/a', rule)), [
    'header x-tenant',
    'cookie plan',
    'device desktop',
  ]);
  const empty = keyOf('/a', rule, { lines: ['X-Tenant:', 'Cookie: plan='] });
  assert.deepEqual(linesOfKey(empty).slice(0, 2), ['header x-tenant: ', 'cookie plan: ']);
  const apart = keyOf('/a', { headers: ['a', 'b'] }, { lines: ['A: x', 'B: y'] });
  assert.notEqual(apart, keyOf('/a', { headers: ['a', 'b'] }, { lines: ['A: y', 'B: x'] }));
});

test('purges by URL and by prefix meet the keys of their rule', () => {
  const maker = makerOf({ queryIgnore: ['utm_*'], ignoreCase: true, headers: ['x-tenant'] });
  const key = maker.keyOf(requestFor('/Caf%c3%a9?a=1&utm_id=1', { lines: ['X-Tenant: t'] }), true);
  assert.equal(maker.keyedUrl('https://Example.com:443/café?a=1'), urlOfKey(key));
  assert.ok(key.startsWith(maker.keyedPrefix('https://example.com/CAF') as string));
  assert.equal(maker.keyedUrl('http://example.com'), 'http://example.com/');
  for (const text of [
    '',
    '/a',
    'ftp://a/',
    'https://',
    'https://a b/',
    'https://a/#b',
    'https://u@a/',
  ]) {
    assert.equal(maker.keyedUrl(text), undefined, text);
  }
  assert.equal(maker.keyedPrefix('https://example.com/a?b'), undefined);
});

test('settings: what is no name is told', () => {
  const rule = { ...DEFAULT_KEY_RULE, headers: ['x a', 'Cookie', 'ok'], cookies: ['a=b', ''] };
  assert.deepEqual(
    keyConflicts(rule).map(({ key, says }) => `${key} ${says}`),
    [
      'headers has "x a", no field name',
      'headers has cookie; name single ones in cookies',
      'cookies has "a=b", no name of a cookie',
      'cookies has "", no name of a cookie',
    ],
  );
  assert.deepEqual(keyConflicts(DEFAULT_KEY_RULE), []);
});

/** The same, the slow way: all that a rule looks at, as data. */
function meaningOf(target: string, host: string, lines: readonly string[], rule: KeyRule): string {
  const question = target.indexOf('?');
  const path = question === -1 ? target : target.slice(0, question);
  const query = question === -1 ? undefined : target.slice(question + 1);
  const decodedPiece = (piece: string): string =>
    /%(?![0-9a-f]{2})/i.test(piece)
      ? piece
      : piece.replace(/%[0-9a-f]{2}/gi, (triplet) => {
          const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
          return /[a-z0-9_~-]/i.test(character) ? character : triplet.toUpperCase();
        });
  const decoded = (text: string): string =>
    text
      .split(/([/&])/)
      .map(decodedPiece)
      .join('');
  let parameters = query === undefined ? undefined : decoded(query).split('&');
  const is = (pattern: string, name: string): boolean =>
    new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
  const name = (parameter: string): string => /^[^=]*/.exec(parameter)?.[0] ?? '';
  parameters = parameters?.filter(
    (parameter) =>
      parameter.includes(';') ||
      ((rule.queryOnly.length === 0 || rule.queryOnly.some((one) => is(one, name(parameter)))) &&
        (parameter === '' || !rule.queryIgnore.some((one) => is(one, name(parameter))))),
  );
  if (rule.querySort) {
    const names = [...new Set(parameters?.map(name))].sort();
    parameters &&= names.flatMap((each) => (parameters ?? []).filter((one) => name(one) === each));
  }
  if (parameters?.length === 0) parameters = undefined;
  const values = (field: string): string | null => {
    const found = lines.filter((line) => line.toLowerCase().startsWith(`${field}:`));
    return found.length === 0
      ? null
      : found.map((line) => line.slice(field.length + 1).trim()).join();
  };
  const form = decoded(path);
  return JSON.stringify([
    host.toLowerCase().replace(/:443$/, ''),
    rule.ignoreCase ? form.toLowerCase() : form,
    parameters ?? null,
    rule.headers.map(values),
  ]);
}

const piece = fc.constantFrom(
  ...[
    'a',
    'A',
    'b',
    '/',
    '//',
    '%61',
    '%2f',
    '%2F',
    '%',
    '%4',
    '%%',
    '%00',
    ';',
    '~',
    '%7e',
    '.',
    '%2e',
    '..',
  ],
);
const queryPiece = fc.constantFrom(
  ...[
    'a',
    'b',
    '=',
    '=1',
    '&',
    '&&',
    ';',
    '%26',
    '%3d',
    '%61',
    '?',
    'utm_x',
    '/',
    '+',
    '%20',
    '\\',
    '%',
  ],
);
const target = fc
  .tuple(fc.array(piece, { maxLength: 5 }), fc.option(fc.array(queryPiece, { maxLength: 6 })))
  .map(([path, query]) => `/${path.join('')}${query === null ? '' : `?${query.join('')}`}`);
const host = fc.constantFrom('a.test', 'A.test', 'a.test:443', 'a.test:80', 'b.test');
const lines = fc.array(fc.constantFrom('X-A: 1', 'x-a: 2', 'X-B: 1', 'X-A:', 'X-B: 1,2'), {
  maxLength: 3,
});
const rule = fc.record({
  queryOnly: fc.constantFrom<readonly string[]>([], [], ['a', 'u*x'], ['b*']),
  queryIgnore: fc.constantFrom<readonly string[]>([], [], ['utm_*'], ['b'], ['*']),
  querySort: fc.boolean(),
  headers: fc.constantFrom<readonly string[]>([], ['x-a'], ['x-a', 'x-b']),
  cookies: fc.constant([]),
  device: fc.constant(false),
  ignoreCase: fc.boolean(),
  equivalent: fc.constant(false),
});

test('property: two requests have one key if and only if all that the rule looks at is the same', () => {
  const request = fc.tuple(target, host, lines);
  fc.assert(
    fc.property(rule, request, request, fc.boolean(), (read, one, other, near) => {
      // Half of the pairs differ little, so that equal keys occur.
      const second = near ? ([one[0], other[1], other[2]] as const) : other;
      const maker = makerOf(read);
      const [a, b] = [one, second].map(([to, at, more]) =>
        maker.keyOf(requestFor(to, { host: at, lines: more }), true),
      );
      const [meantA, meantB] = [one, second].map(([to, at, more]) => meaningOf(to, at, more, read));
      assert.equal(a === b, meantA === meantB, `${a} and ${b}`);
    }),
    { numRuns: 3000 },
  );
});

test('property: the URL of a key, asked for again, has that key, whatever its rule', () => {
  const any = fc.record({ ...ruleParts(), equivalent: fc.boolean() });
  fc.assert(
    fc.property(any, target, host, (read, to, at) => {
      const maker = makerOf(read);
      const url = urlOfKey(maker.keyOf(requestFor(to, { host: at }), true));
      assert.equal(maker.keyedUrl(`https://${at}${to}`), url);
      assert.equal(maker.keyedUrl(url), url);
    }),
    { numRuns: 2000 },
  );
});

function ruleParts() {
  return {
    queryOnly: fc.constantFrom<readonly string[]>([], ['a', 'u*x']),
    queryIgnore: fc.constantFrom<readonly string[]>([], ['utm_*']),
    querySort: fc.boolean(),
    ignoreCase: fc.boolean(),
  };
}
