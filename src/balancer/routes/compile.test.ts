import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteSettings } from '../config/routes.ts';
import { routeSettings } from '../testing/routes.ts';
import { compileRoutes, routeProblems } from './compile.ts';
import { RouteError } from './route-problems.ts';

const rows: readonly (readonly [Partial<RouteSettings>, string, RegExp])[] = [
  [{ hosts: ['a.*.b'] }, 'hosts', /a\.\*\.b, which may have \* only as its first label/],
  [{ hosts: ['a:80'] }, 'hosts', /without a port/],
  [{ hosts: ['[::1]:80'] }, 'hosts', /without a port/],
  [{ hosts: ['b\u00fccher.de'] }, 'hosts', /ASCII form/],
  [{ hosts: [''] }, 'hosts', /no name/],
  [{ hosts: ['*.'] }, 'hosts', /no name/],
  [{ hosts: ['a b'] }, 'hosts', /no name/],
  [{ path: 'a' }, 'path', /must begin with \//],
  [{ path: '/a?b' }, 'path', /without \? and #/],
  [{ path: '/a//b' }, 'path', /two ways/],
  [{ prefix: '/a%2fb' }, 'prefix', /two ways/],
  [{ prefix: '/a/..;/b' }, 'prefix', /two ways/],
  [{ prefix: '/%' }, 'prefix', /hexadecimal/],
  [{ prefix: '/..' }, 'prefix', /above the root/],
  [{ path: '/%00' }, 'path', /%00/],
  [{ path: '/%c0%af' }, 'path', /no UTF-8/],
  [{ prefix: '/a'.repeat(65) }, 'prefix', /more than 64 segments/],
  [{ pattern: '/(a+)+\\1' }, 'pattern', /no pattern that can be used: \\1/],
  [{ methods: ['get'] }, 'methods', /get, which is no method/],
  [{ headers: ['a b'] }, 'headers', /names no field/],
  [{ headers: ['!a: b'] }, 'headers', /without a value/],
  [{ query: ['=b'] }, 'query', /names no parameter/],
  [{ query: ['!a=b'] }, 'query', /without a value/],
  [{ split: [{ name: 'a', pool: 'b', weight: 0 }] }, 'split', /no weight/],
  [{ respond: 101 }, 'respond', /200 to 599/],
  [{ redirect: 'ftp://a' }, 'redirect', /must begin with/],
  [{ redirect: 'https://{path}' }, 'redirect', /must begin with/],
  [{ redirect: 'https:///{path}' }, 'redirect', /must begin with/],
  [{ redirect: '/{path}' }, 'redirect', /must not have \/ before \{path\}/],
  [{ redirect: '/{name}' }, 'redirect', /has \{name\}/],
  [{ redirect: 'https://a.example{query}' }, 'redirect', /\? before \{query\}/],
  [{ redirect: '/a?{host}' }, 'redirect', /only where a host stands/],
  [{ prefix: '/a', rewritePrefix: 'b' }, 'rewrite_prefix', /must begin with \//],
  [{ prefix: '/a', rewritePrefix: '/b?c' }, 'rewrite_prefix', /without \? and #/],
  [{ prefix: '/a', rewritePrefix: '/b', rewritePath: '/c' }, 'rewrite_path', /exclude each other/],
  [{ pattern: '/a', rewritePath: '/$1' }, 'rewrite_path', /has \$1, and pattern has no groups/],
  [
    { pattern: '/(a)', rewritePath: '/$2' },
    'rewrite_path',
    /has \$2, and pattern has groups up to \$1/,
  ],
  [{ pattern: '/(a)', rewritePath: '$1' }, 'rewrite_path', /must begin with \//],
  [{ rewriteHost: 'a b' }, 'rewrite_host', /no host/],
  [{ rewriteHost: 'a\r\nX: y' }, 'rewrite_host', /no host/],
  [{ requestHeaders: ['X-A'] }, 'request_headers', /no value/],
  [{ requestHeaders: ['-X-A: b'] }, 'request_headers', /without a value/],
  [{ requestHeaders: ['X A: b'] }, 'request_headers', /names no field/],
  [{ requestHeaders: ['X-A: b\r\nc: d'] }, 'request_headers', /control character/],
  [{ requestHeaders: ['Host: a'] }, 'request_headers', /rewrite_host/],
  [{ requestHeaders: ['-Transfer-Encoding'] }, 'request_headers', /belongs to the connection/],
  [{ responseHeaders: ['Content-Length: 1'] }, 'response_headers', /belongs to the connection/],
  [{ responseHeaders: ['+Connection: a'] }, 'response_headers', /belongs to the connection/],
];

test('settings that cannot be used are named, each by its key, and make no table', () => {
  for (const [more, setting, says] of rows) {
    const settings = [routeSettings('good'), routeSettings('bad', more)];
    const problems = routeProblems(settings);
    assert.equal(problems.length, 1, JSON.stringify(more));
    assert.equal(problems[0]?.key, `routes.bad.${setting}`);
    assert.match(problems[0]?.says ?? '', says);
    assert.throws(
      () => compileRoutes(settings),
      (error) => error instanceof RouteError && error.problems.length === 1,
    );
  }
});

test('all problems of all routes are named at once', () => {
  const problems = routeProblems([
    routeSettings('a', { path: 'x', methods: ['get', 'put'] }),
    routeSettings('b', { pattern: '(' }),
  ]);
  assert.deepEqual(
    problems.map(({ key }) => key),
    ['routes.a.path', 'routes.a.methods', 'routes.a.methods', 'routes.b.pattern'],
  );
});
