import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pattern } from './pattern.ts';
import { PatternError } from './pattern-syntax.ts';

/** The groups of a match as JavaScript has them, null without a match. */
function groupsOf(pattern: Pattern, text: string): string[] | null {
  const buf = Buffer.from(`<${text}>`);
  const matches = pattern.matches(buf, 1, buf.length - 1);
  const positions = pattern.positions(buf, 1, buf.length - 1);
  assert.equal(positions !== undefined, matches);
  if (positions === undefined) return null;
  return Array.from({ length: pattern.groups }, (_, i) =>
    positions[i * 2 + 2] === -1
      ? ''
      : buf.toString('latin1', positions[i * 2 + 2], positions[i * 2 + 3]),
  );
}

function groupsByRegExp(source: string, text: string): string[] | null {
  const found = new RegExp(`^(?:${source})$`).exec(text);
  return found === null ? null : found.slice(1).map((group) => group ?? '');
}

const rows: readonly (readonly [string, string, readonly string[] | null])[] = [
  ['/a', '/a', []],
  ['/a', '/ab', null],
  ['/a', '/', null],
  ['^/a$', '/a', []],
  ['/users/(\\d+)', '/users/42', ['42']],
  ['/users/(\\d+)', '/users/4x', null],
  ['/(.*)/(.*)', '/a/b/c', ['a/b', 'c']],
  ['/(.*?)/(.*)', '/a/b/c', ['a', 'b/c']],
  ['/(?<year>[0-9]{4})-(?:0[1-9]|1[0-2])', '/2024-11', ['2024']],
  ['/(?<year>[0-9]{4})-(?:0[1-9]|1[0-2])', '/2024-13', null],
  ['/([^/]+)\\.(js|css)', '/app.min.css', ['app.min', 'css']],
  ['(?:/(a)|/(b))*', '/a/b', ['', 'b']],
  ['/[\\w-]{2,3}', '/a-b', []],
  ['/[\\w-]{2,3}', '/a-bc', null],
  ['/[a-]', '/-', []],
  ['/[^\\d]*\\/x', '/ab/x', []],
  ['/caf\u00e9', '/caf%C3%A9', []],
  ['', '', []],
  ['a|b|', '', []],
];

test('patterns match as regular expressions do', () => {
  for (const [source, text, groups] of rows) {
    assert.deepEqual(groupsOf(new Pattern(source), text), groups, `${source} on ${text}`);
  }
});

test('a pattern that needs backtracking, or that nobody can read alike, is refused with the reason', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['/(a)\\1', /\\1 cannot be used/],
    ['/(?=a)', /assertions/],
    ['/(?<!a)b', /assertions/],
    ['/(a*)*', /can be empty/],
    ['/(a|b?)+', /can be empty/],
    ['/(', /\( is not closed/],
    ['/)', /\) stands alone/],
    ['/[a', /\[ is not closed/],
    ['/[b-a]', /wrong order/],
    ['/a**', /repeated/],
    ['*', /nothing to repeat/],
    ['/a{3,2}', /no number of times/],
    ['/a{', /must be written/],
    ['/\\', /ends with a backslash/],
    ['/\\bx', /\\b cannot be used/],
    ['((((a{99}){99}){99}){99})', /too long/],
    ['/(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)', /more than 9 groups/],
    [`/${'a'.repeat(1000)}`, /more than 1000 characters/],
  ];
  for (const [source, reason] of refused) {
    assert.throws(
      () => new Pattern(source),
      (error: unknown) => error instanceof PatternError && reason.test(error.message),
      source,
    );
  }
});

/** Sources of any shape from what may be repeated. */
const { source } = fc.letrec<{ source: string; term: string; solid: string }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'pattern' },
    tie('term'),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `${a}|${b}`),
    fc.tuple(tie('source'), tie('source')).map(([a, b]) => `(?:${a})(${b})`),
  ),
  term: fc
    .array(
      fc.tuple(
        tie('solid'),
        fc.constantFrom(
          '',
          '',
          '',
          '*',
          '+',
          '?',
          '*?',
          '+?',
          '??',
          '{2}',
          '{1,}',
          '{0,2}',
          '{1,3}?',
        ),
      ),
      { maxLength: 4, depthIdentifier: 'pattern' },
    )
    .map((parts) => parts.map((part) => part.join('')).join('')),
  solid: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'pattern' },
    fc.constantFrom('a', 'b', '/', '.', '[ab]', '[^a]', '\\w', '\\/', '(?:b$|a)', '(?:^|b)a'),
    fc.tuple(fc.constantFrom('a', 'b', '/'), tie('term')).map(([a, b]) => `(${a}${b})`),
    fc.tuple(tie('term'), fc.constantFrom('a', 'b', '.')).map(([a, b]) => `(?:${a}${b})`),
    fc.tuple(fc.constantFrom('a', 'b'), tie('term')).map(([a, b]) => `(?:(${a})|(b${b}))`),
  ),
}));

test('any pattern gives the match and the groups that a regular expression gives', () => {
  fc.assert(
    fc.property(source, fc.stringMatching(/^[ab/]{0,8}$/), (pattern, text) => {
      let made: Pattern;
      try {
        made = new Pattern(pattern);
      } catch (error) {
        assert.match((error as Error).message, /more than 9 groups|too long|more than 1000/);
        return;
      }
      assert.deepEqual(groupsOf(made, text), groupsByRegExp(pattern, text));
    }),
    { numRuns: 3000 },
  );
});

test('a pattern with more states than are kept is matched all the same', () => {
  // The state tells which of the last ten bytes were an a.
  const source = '/[ab]*a[ab]{10}';
  const pattern = new Pattern(source);
  fc.assert(
    fc.property(fc.stringMatching(/^\/[ab]{10,40}$/), (text) => {
      assert.deepEqual(groupsOf(pattern, text), groupsByRegExp(source, text));
    }),
    { numRuns: 500 },
  );
});

test('a pattern that keeps backtracking engines busy for ages is done at once', () => {
  const path = Buffer.from(`/${'a'.repeat(8000)}!`);
  for (const pattern of ['/(a+)+', '/(a|a)+', '/(a|aa)+b', '/.*.*.*.*.*=']) {
    assert.equal(new Pattern(pattern).matches(path, 0, path.length), false);
  }
});
