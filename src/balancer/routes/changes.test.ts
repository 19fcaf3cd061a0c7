import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FieldId, type Fields, ResponseHead } from '../../core/wire/index.ts';
import type { RouteSettings } from '../config/routes.ts';
import { requestOf, routeSettings } from '../testing/routes.ts';
import { compileRoutes } from './compile.ts';
import type { Route } from './route.ts';

function only(more: Partial<RouteSettings>): Route {
  return compileRoutes([routeSettings('r', more)]).routes[0] as Route;
}

/** The target that the server sees; null when the request is refused, undefined when it was not matched. */
function sent(
  more: Partial<RouteSettings>,
  target: string,
  method = 'GET',
): string | null | undefined {
  const table = compileRoutes([routeSettings('r', more)]);
  const request = requestOf(target, { method });
  const route = table.match('web', request);
  if (route?.name !== 'r') return undefined;
  if (!route.rewrite(request)) return null;
  return request.originLength === 0
    ? request.target()
    : request.fields.text(request.originStart, request.originLength);
}

function lines(fields: Fields): string[] {
  return Array.from({ length: fields.count }, (_, i) => i)
    .filter((i) => !fields.isRemoved(i))
    .map((i) => `${fields.name(i)}: ${fields.value(i)}`);
}

describe('rewriting of paths', () => {
  const rows: readonly (readonly [Partial<RouteSettings>, string, string | null | undefined])[] = [
    [{}, '/a//%62;c?d', '/a//%62;c?d'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/api/x%20y?z', '/v1/x%20y?z'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/api', '/v1'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/api?', '/v1?'],
    [{ prefix: '/api/', rewritePrefix: '/v1/' }, '/api/x', '/v1/x'],
    [{ prefix: '/api', rewritePrefix: '/' }, '/api', '/'],
    [{ prefix: '/api', rewritePrefix: '' }, '/api/x', '/x'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/%61pi/%78%20/y', '/v1/x%20/y'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/api/%78%20/y', '/v1/%78%20/y'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/x/../api/./y?q', '/v1/y?q'],
    [{ prefix: '/api', rewritePrefix: '/' }, '/api//evil.example', '/evil.example'],
    [{ prefix: '/api', rewritePrefix: '/v1' }, '/apis', undefined],
    [{ prefix: '/', rewritePrefix: '/v1' }, '/x', '/v1/x'],
    [{ prefix: '/', rewritePrefix: '/v1' }, 'http://example.com?q', '/v1?q'],
    [{ prefix: '/', rewritePrefix: '/caf\u00e9 1' }, '/x', '/caf%C3%A9%201/x'],
    [{ path: '/a', rewritePath: '/b/c' }, '/a?x=/y', '/b/c?x=/y'],
    [{ rewritePath: '/$1' }, '/a', '/$1'],
    [{ pattern: '/u/(\\d+)/(.*)', rewritePath: '/$2/by/$1' }, '/u/7/a/b?c', '/a/b/by/7?c'],
    [{ pattern: '/u/(\\d+)/(.*)', rewritePath: '/$2/by/$1' }, '/u/7/%61%2fb', '/a%2Fb/by/7'],
    [{ pattern: '/(a)?(b)?', rewritePath: '/x$1-$2$$' }, '/b', '/x-b$'],
    [{ pattern: '/go/(.*)', rewritePath: '/$1' }, '/go//evil.example', '/evil.example'],
    // Dots that only the rewriting brings together.
    [{ pattern: '/(.)(.*)', rewritePath: '/x/$1$1/$2' }, '/.well', '/well'],
    [{ pattern: '/(.)(.*)', rewritePath: '/$1$1/$2' }, '/.well', null],
  ];
  for (const [more, target, expected] of rows) {
    test(`${JSON.stringify(more)} makes of ${target} ${expected}`, () => {
      assert.equal(sent(more, target), expected);
    });
  }

  test('* is left alone', () => {
    assert.equal(sent({ prefix: '/', rewritePrefix: '/v1' }, '*', 'OPTIONS'), '*');
  });

  test('whatever a path holds, a rewritten target has one slash first, no dots and no byte it must not', () => {
    const pieces = [
      '/',
      '.',
      '..',
      'a',
      '%2e',
      '%2f',
      '%0d%0a',
      ';',
      '$1',
      '{path}',
      '//h',
      '%3f',
      '%23',
    ];
    const path = fc
      .array(fc.constantFrom(...pieces), { maxLength: 8 })
      .map((parts) => `/p/${parts.join('')}`);
    const settings = fc.constantFrom<Partial<RouteSettings>[]>(
      { prefix: '/p', rewritePrefix: '/' },
      { prefix: '/p', rewritePrefix: '/q/' },
      { pattern: '/p/(.*)', rewritePath: '/$1' },
      { pattern: '/p(/*)(.*)', rewritePath: '/$1$2' },
      { pattern: '/p/(.?)(.*)', rewritePath: '/a/$1$1/$2' },
    );
    fc.assert(
      fc.property(settings, path, (more, text) => {
        const target = sent(more, `${text}?q`);
        if (target === null || target === undefined) return;
        assert.match(target, /^\/(?!\/)[\x21-\x7e]*\?q$/);
        assert.doesNotMatch(target.slice(0, -2), /\/(\.|%2e){1,2}(\/|$)|[?#]/i);
      }),
      { numRuns: 3000 },
    );
  });

  test('the Host of a rewriting replaces the one received', () => {
    const request = requestOf('/', { host: 'a.example:1' });
    assert.equal(only({ rewriteHost: 'b.example:81' }).rewrite(request), true);
    assert.deepEqual(lines(request.fields), ['Host: b.example:81']);
  });
});

describe('redirects', () => {
  const rows: readonly (readonly [Partial<RouteSettings>, string, string])[] = [
    [{ redirect: 'https://{host}{path}?{query}' }, '/a%20b?c=d', 'https://example.com/a%20b?c=d'],
    [{ redirect: 'https://{host}{path}?{query}' }, '/a', 'https://example.com/a'],
    [{ redirect: 'https://{host}{path}?{query}' }, '/a?', 'https://example.com/a'],
    [{ redirect: '{path}/' }, '//evil.example', '/evil.example/'],
    [
      { redirect: 'https://new.example{path}?from=old&{query}' },
      '/?x',
      'https://new.example/?from=old&x',
    ],
    [{ redirect: '/caf\u00e9#top' }, '/', '/caf%C3%A9#top'],
    [
      { redirect: 'https://{host}{path}', prefix: '/old', rewritePrefix: '/new' },
      '/old/x',
      'https://example.com/new/x',
    ],
    [
      { redirect: 'https://{host}{path}', prefix: '/old', rewritePrefix: '/' },
      '/old/',
      'https://example.com/',
    ],
    [{ redirect: 'https://{host}{path}' }, '/x?{host}', 'https://example.com/x'],
    [
      { redirect: 'https://{host}{path}' },
      '/%0d%0aSet-Cookie:x',
      'https://example.com/%0d%0aSet-Cookie:x',
    ],
  ];
  for (const [more, target, expected] of rows) {
    test(`${more.redirect} for ${target} is ${expected}`, () => {
      const table = compileRoutes([routeSettings('r', more)]);
      const request = requestOf(target, { host: 'example.com:8080' });
      const route = table.match('web', request) as Route;
      assert.deepEqual([route.kind, route.status], ['redirect', 308]);
      assert.equal(route.redirect(request), expected);
    });
  }

  test('there is none to a host that the request does not name', () => {
    const request = requestOf('/');
    request.hostLength = 0;
    assert.equal(only({ redirect: 'https://{host}{path}' }).redirect(request), undefined);
    assert.equal(
      only({ redirect: 'https://x.example{path}' }).redirect(request),
      'https://x.example/',
    );
  });
});

describe('edits of fields', () => {
  const fields = ['X-A: 1', 'x-b: 2', 'X-a: 3', 'Cookie: c', 'X-C: 4'];

  test('set leaves one line in the place of the first, add appends, remove removes all', () => {
    const request = requestOf('/', { lines: fields });
    const route = only({
      requestHeaders: ['x-A: new', 'X-New: n', '-X-B', '+X-C: 5', '-cookie', 'Via:', '-absent'],
    });
    assert.equal(route.editRequest(request), true);
    assert.deepEqual(lines(request.fields), [
      'Host: example.com',
      'X-A: new',
      'X-C: 4',
      'X-New: n',
      'X-C: 5',
      'Via: ',
    ]);
    assert.equal(request.fields.get(FieldId.via), '');
  });

  test('edits of responses are carried out on responses, values are sent as UTF-8', () => {
    const head = new ResponseHead();
    head.fields.addKnown(FieldId.server, 'x');
    const route = only({ responseHeaders: ['Server: caf\u00e9', '+Link: <a>', '+Link: <b>'] });
    assert.equal(route.editResponse(head), true);
    const expected = Buffer.from('Server: caf\u00e9').toString('latin1');
    assert.deepEqual(lines(head.fields), [expected, 'Link: <a>', 'Link: <b>']);
  });

  test('a set for which there is no room leaves nothing of what it was to replace', () => {
    const request = requestOf('/', { lines: fields });
    while (request.fields.add(Buffer.from('fill'), 'x'.repeat(1000)));
    while (request.fields.put(Buffer.from('f')) !== -1);
    assert.equal(only({ requestHeaders: ['X-A: new'] }).editRequest(request), false);
    assert.equal(request.fields.findName(Buffer.from('x-a')), -1);
  });
});

test('a split gives every pool its exact share of any whole period, spread evenly', () => {
  const weights = fc
    .array(fc.nat(9), { minLength: 1, maxLength: 6 })
    .filter((list) => list.some((weight) => weight > 0));
  fc.assert(
    fc.property(weights, (list) => {
      const split = list.map((weight, i) => ({ name: `s${i}`, pool: `p${i}`, weight }));
      const route = only({ split });
      assert.deepEqual([route.kind, route.pools], ['split', split.map(({ pool }) => pool)]);
      const sum = list.reduce((total, weight) => total + weight, 0);
      for (let period = 0; period < 3; period++) {
        const counts = list.map(() => 0);
        for (let turn = 1; turn <= sum; turn++) {
          const index = route.next();
          counts[index] = (counts[index] as number) + 1;
          list.forEach((weight, i) => {
            // Never a whole pool's turns ahead of its share, nor behind it.
            assert.ok(Math.abs((counts[i] as number) - (weight * turn) / sum) < list.length);
          });
        }
        assert.deepEqual(counts, list);
      }
    }),
  );
});

test('a canary of one in a hundred has each hundredth request', () => {
  const split = [
    { name: 'a', pool: 'stable', weight: 99 },
    { name: 'b', pool: 'canary', weight: 1 },
  ];
  const route = only({ split });
  const turns = Array.from({ length: 1000 }, () => route.next());
  const canary = turns.flatMap((index, turn) => (index === 1 ? [turn] : []));
  assert.equal(canary.length, 10);
  assert.deepEqual(
    new Set(canary.slice(1).map((turn, i) => turn - (canary[i] as number))),
    new Set([100]),
  );
});
