import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasDotSegment, looseFormOf, PathProblem, strictFormOf } from './normal-path.ts';

function forms(path: string): (string | number)[] {
  const strict = strictFormOf(Buffer.from(path, 'latin1'));
  if (typeof strict === 'number') return [strict];
  const loose = looseFormOf(strict);
  return [strict.toString('latin1'), typeof loose === 'number' ? loose : loose.toString('latin1')];
}

const rows: readonly (readonly [string, string | number, (string | number)?])[] = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/', '/a/'],
  ['/%61%7e%41', '/a~A'],
  ['/%40%5b', '/@['],
  ['/caf%c3%a9', '/caf%C3%A9'],
  ['/a%20b%3f%23', '/a%20b%3F%23'],
  // What decodes to a percent sign is decoded once and no more.
  ['/%252e%252e/a', '/%252e%252e/a'],
  ['/%2541', '/%2541'],
  // RFC 3986 section 5.2.4 and 5.4.
  ['/a/b/c/./../../g', '/a/g'],
  ['/a/.', '/a/'],
  ['/a/..', '/'],
  ['/a/./', '/a/'],
  ['/a/b/../', '/a/'],
  ['/a/%2e%2E/b', '/b'],
  ['/a/.%2e/b', '/b'],
  ['/./a', '/a'],
  ['/.a/..b/c../...', '/.a/..b/c../...'],
  ['/..', PathProblem.aboveRoot],
  ['/a/../../b', PathProblem.aboveRoot],
  ['/a//..//b', '/a//b', '/a/b'],
  ['//a', '//a', '/a'],
  ['/a///', '/a///', '/a/'],
  ['//', '//', '/'],
  ['/a%2fb', '/a%2Fb', '/a/b'],
  ['/a%5Cb', '/a%5Cb', '/a/b'],
  ['/a/..%2fb', '/a/..%2Fb', PathProblem.hiddenDots],
  ['/a%2f..%2f..%2fb', '/a%2F..%2F..%2Fb', PathProblem.hiddenDots],
  ['/a;x=1/b', '/a;x=1/b', '/a/b'],
  ['/a%3bx/b', '/a%3Bx/b', '/a/b'],
  ['/a/..;/b', '/a/..;/b', PathProblem.hiddenDots],
  ['/a;x%2Fb', '/a;x%2Fb', '/a/b'],
  ['/a/.%3b', '/a/.%3B', PathProblem.hiddenDots],
  ['/a%', PathProblem.encoding],
  ['/a%4', PathProblem.encoding],
  ['/a%4g', PathProblem.encoding],
  ['/a%u002e', PathProblem.encoding],
  ['/a%00b', PathProblem.nul],
  ['/%c0%af', PathProblem.overlong],
  ['/%C1%81', PathProblem.overlong],
  ['/%e0%80%af', PathProblem.overlong],
  ['/%f0%80%80%af', PathProblem.overlong],
  ['/%e0%a4%a4', '/%E0%A4%A4'],
  ['/%c0', '/%C0'],
];

test('paths have the normal forms of the table', () => {
  for (const [path, strict, loose = strict] of rows) {
    const expected = typeof strict === 'number' ? [strict] : [strict, loose];
    assert.deepEqual(forms(path), expected, path);
  }
});

const pieces = fc.constantFrom(
  ...[
    '/',
    '/',
    '/',
    '.',
    '..',
    'a',
    'b',
    ';',
    ';x',
    '%2e',
    '%2F',
    '%5c',
    '%61',
    '%25',
    '%3b',
    '%20',
  ],
);
const path = fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

test('any form is its own form, without dot-segments and no longer than the path', () => {
  fc.assert(
    fc.property(path, (text) => {
      const strict = strictFormOf(Buffer.from(text));
      if (typeof strict === 'number') return;
      assert.deepEqual(strictFormOf(strict), strict);
      assert.ok(strict.length <= text.length);
      assert.equal(hasDotSegment(strict, 0, strict.length), false);
      const loose = looseFormOf(strict);
      if (typeof loose === 'number') return;
      assert.deepEqual(looseFormOf(loose), loose);
      assert.deepEqual(strictFormOf(loose), loose);
      assert.doesNotMatch(loose.toString(), /\/\/|;|%2F|%5C/);
    }),
    { numRuns: 2000 },
  );
});

test('dot-segments are removed from any path as the URL standard removes them', () => {
  fc.assert(
    fc.property(path, (text) => {
      const strict = strictFormOf(Buffer.from(text));
      // A URL stays at its root where we refuse; and its parser takes a // at the beginning for a host.
      if (typeof strict === 'number' || text.startsWith('//')) return;
      const { pathname } = new URL(`http://h${text}`);
      assert.equal(strictFormOf(Buffer.from(pathname)).toString(), strict.toString());
      assert.equal(hasDotSegment(Buffer.from(text), 0, text.length), pathname !== text);
    }),
    { numRuns: 2000 },
  );
});
