import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { RouteSettings } from '../config/routes.ts';
import { requestOf, routeSettings } from '../testing/routes.ts';
import { compileRoutes } from './compile.ts';

type Rules = Record<string, Partial<RouteSettings>>;
type Ask = { host?: string; method?: string; lines?: readonly string[]; listener?: string };

/** Asks a table, made of named rules, for the name of the route that takes a request. */
function asking(rules: Rules): (target: string, ask?: Ask) => string | undefined {
  const table = compileRoutes(
    Object.entries(rules).map(([name, more]) => routeSettings(name, more)),
  );
  return (target, ask = {}) => table.match(ask.listener ?? 'web', requestOf(target, ask))?.name;
}

describe('match by host', () => {
  const asked = asking({
    any: {},
    name: { hosts: ['Example.COM.', 'www.example.com'] },
    below: { hosts: ['*.example.com'] },
    deeper: { hosts: ['*.a.example.com'] },
    v6: { hosts: ['2001:DB8::1', '[::1]'] },
    v4: { hosts: ['192.0.2.1'] },
  });
  const rows: readonly (readonly [string, string])[] = [
    ['example.com', 'name'],
    ['EXAMPLE.com:8080', 'name'],
    ['example.com.', 'name'],
    ['www.example.com.:443', 'name'],
    ['x.example.com', 'below'],
    ['a.example.com', 'below'],
    ['x.a.example.com', 'deeper'],
    ['y.x.a.example.com', 'deeper'],
    ['xexample.com', 'any'],
    ['.example.com', 'any'],
    ['example.com.evil.org', 'any'],
    ['example.com..', 'any'],
    ['.', 'any'],
    ['[2001:db8:0:0::1]:80', 'v6'],
    ['[0:0:0:0:0:0:0:1]', 'v6'],
    ['[::2]', 'any'],
    ['192.0.2.1:80', 'v4'],
    ['192.0.2.01', 'any'],
  ];
  for (const [host, name] of rows) {
    test(`${host} goes to ${name}`, () => assert.equal(asked('/', { host }), name));
  }
  test('an absolute target brings its own host', () => {
    assert.equal(asked('http://x.example.com', { host: 'x.example.com' }), 'below');
  });
});

describe('match by path', () => {
  const asked = asking({
    all: {},
    exact: { path: '/api/health' },
    api: { prefix: '/api' },
    long: { prefix: '/api/v2/' },
    tilde: { prefix: '/%7Eme' },
    number: { pattern: '/items/(\\d+)' },
    word: { pattern: '/items/\\w+' },
  });
  const rows: readonly (readonly [string, string])[] = [
    ['/', 'all'],
    ['/?a=/api', 'all'],
    ['/api', 'api'],
    ['/api/', 'api'],
    ['/api?x', 'api'],
    ['/apis', 'all'],
    ['/api/health', 'exact'],
    ['/api/health/', 'api'],
    ['/api/health/x', 'api'],
    ['/api/v2', 'long'],
    ['/api/v2/x/y', 'long'],
    ['/api/v22', 'api'],
    ['/~me/x', 'tilde'],
    ['/items/12', 'number'],
    ['/items/1a', 'word'],
    ['/items/1-a', 'all'],
    ['/items/12/', 'all'],
    ['http://example.com', 'all'],
    // Other spellings of the same path.
    ['/%61pi/%76%32/x', 'long'],
    ['/x/../api/./v2', 'long'],
    ['/%2e/api/%2e%2e/api', 'api'],
    ['/items/%31%32', 'number'],
    ['/API', 'all'],
    // Paths without one meaning.
    ['/..', 'bad-path'],
    ['/api/%2e%2e/%2e%2e/x', 'bad-path'],
    ['/api/%00', 'bad-path'],
    ['/api/%zz', 'bad-path'],
    ['/api/%c0%af', 'bad-path'],
    ['//api', 'ambiguous-path'],
    ['/api%2Fv2', 'ambiguous-path'],
    ['/x/..%2fapi', 'bad-path'],
    ['/x/..%5Capi', 'bad-path'],
    ['/x/..;/api', 'bad-path'],
    ['/api;v=1/x', 'ambiguous-path'],
    ['/;%5cx/api', 'ambiguous-path'],
    ['/api/health;x', 'ambiguous-path'],
    ['/api//v2', 'ambiguous-path'],
    ['/api/v2/..;/x', 'bad-path'],
    // Odd, but one route however it is read.
    ['/api/v2//x', 'long'],
    ['/api/v2/a%2Fb', 'long'],
    ['/api/v2/a;jsessionid=1', 'long'],
    ['/x//y', 'all'],
    ['/%252e%252e/api', 'all'],
  ];
  for (const [target, name] of rows) {
    test(`${target} goes to ${name}`, () => assert.equal(asked(target), name));
  }

  test('* and CONNECT have no path, so only routes for all paths take them', () => {
    assert.equal(asked('*', { method: 'OPTIONS' }), 'all');
    assert.equal(asked('example.com:1', { method: 'CONNECT', host: 'example.com:1' }), 'all');
    const without = asking({ api: { prefix: '/api' }, star: { path: '/*' } });
    assert.equal(without('*', { method: 'OPTIONS' }), undefined);
  });

  test('a path with dot-segments is replaced by its form, the query stays; others stay as they are', () => {
    const table = compileRoutes([routeSettings('all')]);
    const sent = (target: string): string => {
      const request = requestOf(target);
      assert.equal(table.match('web', request)?.name, 'all');
      return request.fields.text(request.originStart, request.originLength);
    };
    assert.equal(sent('/a/../%62/%2e/c%20?x=/../y'), '/b/c%20?x=/../y');
    assert.equal(sent('/a/..?'), '/?');
    assert.equal(sent('/%62//c;d%2fe?x'), '/%62//c;d%2fe?x');
  });

  test('the longest prefix that a rule may have is found below it too', () => {
    const longest = '/d'.repeat(64);
    const deep = asking({ all: {}, longest: { prefix: longest }, shorter: { prefix: '/d/d/d/d' } });
    for (const end of ['', '/', '/x', '/x/y/z', '/d/d']) {
      assert.equal(deep(`${longest}${end}`), 'longest');
    }
    assert.equal(deep(longest.slice(2)), 'shorter');
  });

  test('paths of any length are matched', () => {
    const deep = `/${'a/'.repeat(3000)}`;
    assert.equal(asked(`/api${deep}`), 'api');
    assert.equal(asked(`/api${deep}%61`), 'api');
    assert.equal(asked(`/api/${'%61'.repeat(2600)}`), 'api');
  });
});

describe('match by conditions', () => {
  const asked = asking({
    rest: {},
    get: { methods: ['GET', 'BREW'] },
    gold: { headers: ['X-Tier: gold'] },
    goldGet: { headers: ['x-tier: gold'], methods: ['GET'] },
    both: { headers: ['x-tier: gold', 'Accept'], methods: ['POST'] },
    page: { query: ['page=a b', '!debug'], methods: ['PUT'] },
    beta: { headers: ['!x-tier'], methods: ['DELETE'] },
  });
  const rows: readonly (readonly [string, Ask, string])[] = [
    ['/', {}, 'get'],
    ['/', { method: 'BREW' }, 'get'],
    ['/', { method: 'BREWS' }, 'rest'],
    ['/', { method: 'HEAD' }, 'rest'],
    ['/', { lines: ['X-TIER: gold'] }, 'goldGet'],
    ['/', { lines: ['x-tier: silver', 'x-tier:  gold '] }, 'goldGet'],
    ['/', { lines: ['x-tier: Gold'] }, 'get'],
    ['/', { method: 'HEAD', lines: ['x-tier: gold'] }, 'gold'],
    ['/', { method: 'POST', lines: ['x-tier: gold', 'accept: x'] }, 'both'],
    ['/', { method: 'POST', lines: ['x-tier: gold'] }, 'gold'],
    ['/?page=a+b', { method: 'PUT' }, 'page'],
    ['/?x&p%61ge=a%20b&', { method: 'PUT' }, 'page'],
    ['/?page=&page=a+b', { method: 'PUT' }, 'page'],
    ['/?page=a+b&%64ebug', { method: 'PUT' }, 'rest'],
    ['/?page=a+b&debug=0', { method: 'PUT' }, 'rest'],
    ['/?page=a+bc', { method: 'PUT' }, 'rest'],
    ['/?page', { method: 'PUT' }, 'rest'],
    ['/?mypage=a+b', { method: 'PUT' }, 'rest'],
    ['/', { method: 'DELETE' }, 'beta'],
    ['/', { method: 'DELETE', lines: ['x-tier: a'] }, 'rest'],
  ];
  for (const [target, ask, name] of rows) {
    test(`${target} ${JSON.stringify(ask)} goes to ${name}`, () =>
      assert.equal(asked(target, ask), name));
  }
});

test('a route whose conditions fail leaves the request to the next, up to those for all hosts', () => {
  const asked = asking({
    everything: {},
    host: { hosts: ['example.com'], methods: ['PUT'] },
    prefix: { hosts: ['example.com'], prefix: '/a', methods: ['POST'] },
    below: { hosts: ['*.com'], prefix: '/a', methods: ['PATCH'] },
    exact: { hosts: ['example.com'], path: '/a', methods: ['GET'] },
  });
  const takers = ['GET', 'POST', 'PUT', 'PATCH', 'HEAD'].map((method) => asked('/a', { method }));
  assert.deepEqual(takers, ['exact', 'prefix', 'host', 'below', 'everything']);
});

test('listeners have the routes that name them and those that name none', () => {
  const asked = asking({ public: {}, admin: { listeners: ['inner'], prefix: '/admin' } });
  assert.equal(asked('/admin', { listener: 'inner' }), 'admin');
  assert.equal(asked('/', { listener: 'inner' }), 'public');
  assert.equal(asked('/admin', { listener: 'web' }), 'public');
});

/** What a route is worth for a request, null when it does not hold: the slow obvious twin. */
function worthOf(
  route: RouteSettings,
  host: string,
  path: string,
  method: string,
  tier: string,
): number[] | null {
  const hosts = route.hosts.map((each) => {
    if (each === '*') return 0;
    if (!each.startsWith('*')) return each === host ? 1000 : -1;
    return host.endsWith(each.slice(1)) ? each.length : -1;
  });
  const byHost = hosts.length === 0 || route.hosts.includes('*') ? 0 : Math.max(...hosts);
  let byPath = 0;
  let order = 0;
  if (route.path !== undefined) byPath = route.path === path ? 10_000 : -1;
  else if (route.prefix !== undefined && route.prefix !== '/') {
    const prefix = route.prefix.replace(/\/$/, '');
    byPath = path === prefix || path.startsWith(`${prefix}/`) ? 1 + prefix.length : -1;
  } else if (route.pattern !== undefined) {
    byPath = new RegExp(`^(?:${route.pattern})$`).test(path) ? 1 : -1;
    order = PATTERNS.indexOf(route.pattern);
  }
  const byMethod = route.methods.length === 0 ? 0 : route.methods.includes(method) ? 1 : -1;
  const byField = route.headers.length === 0 ? 0 : route.headers[0] === `tier: ${tier}` ? 1 : -1;
  const worth = [byHost, byPath, -order, byMethod, byField];
  return [byHost, byPath, byMethod, byField].includes(-1) ? null : worth;
}

const PATTERNS = ['/[ab]/b?', '/a/.*', '/.*b', '/b/a.*', '/a/b/.*', '.*'];
const segment = fc.constantFrom('a', 'b', 'c', 'aa');
const somePath = fc
  .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '', '/'))
  .map(([parts, end]) => (parts.length === 0 ? '/' : `/${parts.join('/')}${end}`));
const label = fc.constantFrom('a', 'b');
const someHost = fc
  .array(label, { minLength: 1, maxLength: 3 })
  .map((parts) => `${parts.join('.')}.x`);
const rule = fc.record({
  hosts: fc.array(
    fc.oneof(
      someHost,
      someHost.map((name) => `*.${name}`),
      fc.constantFrom('*.x', '*'),
    ),
    { maxLength: 2 },
  ),
  end: fc.oneof(
    somePath.map((path) => ({ path })),
    somePath.map((prefix) => ({ prefix })),
    fc.constantFrom(...PATTERNS).map((pattern) => ({ pattern })),
    fc.constant({}),
  ),
  methods: fc.constantFrom([], [], ['GET'], ['PUT', 'X-OWN']),
  headers: fc.constantFrom([], [], ['tier: 1'], ['tier: 2']),
});

test('any table takes the route that a look at all of them finds best', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 12 }),
      fc.array(
        fc.tuple(
          someHost,
          somePath,
          fc.constantFrom('GET', 'PUT', 'X-OWN'),
          fc.constantFrom('1', '2', '3'),
        ),
        { minLength: 1, maxLength: 8 },
      ),
      (rules, requests) => {
        // Patterns are tried in the order they are first met: there the model has an order of its own.
        const order = (pattern?: string): number =>
          pattern === undefined ? -1 : PATTERNS.indexOf(pattern);
        const sorted = rules.toSorted(
          (a, b) =>
            order((a.end as { pattern?: string }).pattern) -
            order((b.end as { pattern?: string }).pattern),
        );
        const settings = sorted.map(({ hosts, end, methods, headers }, i) =>
          routeSettings(`r${i}`, { hosts, methods, headers, ...end }),
        );
        const table = compileRoutes(settings);
        for (const [host, path, method, tier] of requests) {
          let best: RouteSettings | undefined;
          let most: number[] = [];
          for (const route of settings) {
            const worth = worthOf(route, host, path, method, tier);
            if (worth === null || (best !== undefined && !exceeds(worth, most))) continue;
            best = route;
            most = worth;
          }
          const request = requestOf(path, { host, method, lines: [`Tier: ${tier}`] });
          assert.equal(table.match('web', request)?.name, best?.name, `${method} ${host}${path}`);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

function exceeds(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at !== -1 && (a[at] as number) > (b[at] as number);
}

/** A server that decodes, takes parameters off, merges slashes and removes dots, in the orders met in the wild. */
const servers: readonly ((path: string) => string)[] = [
  (path) => decodeURIComponent(path),
  (path) => new URL(`http://h${path.replace(/^\/+/, '/')}`).pathname,
  (path) => decodeURIComponent(new URL(`http://h${path.replace(/^\/+/, '/')}`).pathname),
  (path) =>
    new URL(`http://h${decodeURIComponent(path).replaceAll('\\', '/').replace(/^\/+/, '/')}`)
      .pathname,
  (path) => new URL(`http://h${path.replace(/;[^/]*/g, '').replace(/\/+/g, '/')}`).pathname,
];

test('no spelling of a path under a guarded prefix gets past its route', () => {
  const table = compileRoutes([
    routeSettings('open'),
    routeSettings('guard', { prefix: '/admin', respond: 403 }),
  ]);
  const pieces = ['/', '/', '.', '..', 'admin', '%61dmin', 'x', ';', '%2e', '%2F', '%5c', '%3b'];
  const path = fc
    .array(fc.constantFrom(...pieces), { maxLength: 10 })
    .map((parts) => `/${parts.join('')}`);
  let open = 0;
  fc.assert(
    fc.property(path, (text) => {
      const request = requestOf(text);
      if (table.match('web', request)?.name !== 'open') return;
      open++;
      const sent = request.path();
      for (const server of servers) assert.doesNotMatch(server(sent), /^\/admin(\/|$)/, sent);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(open > 100);
});
