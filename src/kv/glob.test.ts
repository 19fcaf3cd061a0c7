import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchGlob } from './glob.ts';

function matches(pattern: string, text: string, nocase = false): boolean {
  const bytes = Buffer.from(text, 'latin1');
  return matchGlob(Buffer.from(pattern, 'latin1'), bytes, 0, bytes.length, nocase);
}

test('patterns match as in Redis', () => {
  const cases: [string, string, boolean][] = [
    ['', '', true],
    ['', 'a', false],
    ['*', 'anything', true],
    ['a*', 'a', true],
    ['a**', 'a', true],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['h?llo', 'hello', true],
    ['h?llo', 'hllo', false],
    ['h[ae]llo', 'hallo', true],
    ['h[ae]llo', 'hillo', false],
    ['h[^e]llo', 'hallo', true],
    ['h[^e]llo', 'hello', false],
    ['h[a-c]llo', 'hbllo', true],
    ['h[c-a]llo', 'hbllo', true],
    ['h[a-c]llo', 'hdllo', false],
    ['[a-]', '-', false],
    ['[a-]', '^', true],
    ['[\\]]', ']', true],
    ['[\\a-c]', 'b', false],
    ['[]', 'a', false],
    ['[^]', 'a', true],
    ['[', '[', false],
    ['[^', 'x', true],
    ['[ab', 'b', true],
    ['[a-', '-', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['a\\', 'a\\', true],
    ['\\?', '?', true],
    ['*\\', 'x\\', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'aXbYcZ', false],
    ['*abc*', 'xxababcx', true],
    ['\xff?', '\xff\x00', true],
  ];
  for (const [pattern, text, wanted] of cases) {
    assert.equal(matches(pattern, text), wanted, `${pattern} on ${text}`);
  }
});

test('only the empty pattern matches empty text', () => {
  assert.equal(matches('*', ''), false);
  assert.equal(matches('', ''), true);
});

test('without regard to case letters of both cases are one, in ranges too', () => {
  assert.equal(matches('HeLLo*', 'hEllO world', true), true);
  assert.equal(matches('[A-C]x', 'bX', true), true);
  assert.equal(matches('HELLO', 'hello'), false);
  assert.equal(matches('[a]', 'A', true), true);
  assert.equal(matches('[\\a]', 'A', true), false);
});

test('a range of the text is matched, not all of it', () => {
  assert.equal(matchGlob(Buffer.from('b?'), Buffer.from('abcd'), 1, 3), true);
  assert.equal(matchGlob(Buffer.from('b?'), Buffer.from('abcd'), 1, 4), false);
});

/** The obvious twin: recursion over the pattern, exponential. */
function slow(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') {
    for (let i = 0; i <= text.length; i++) if (slow(pattern.slice(1), text.slice(i))) return true;
    return false;
  }
  if (text === '') return false;
  const hit = pattern[0] === '?' || pattern[0] === text[0];
  return hit && slow(pattern.slice(1), text.slice(1));
}

test('stars and question marks agree with a recursive matcher', () => {
  const letters = (alphabet: string) =>
    fc.array(fc.constantFrom(...alphabet), { minLength: 1, maxLength: 8 }).map((l) => l.join(''));
  fc.assert(
    fc.property(letters('ab*?'), letters('ab'), (pattern, text) => {
      assert.equal(matches(pattern, text), slow(pattern, text), `${pattern} on ${text}`);
    }),
    { numRuns: 2000 },
  );
});

test('any pattern on any text ends, also one made to be slow', () => {
  assert.equal(matches('a*'.repeat(2000), 'a'.repeat(2000)), true);
  assert.equal(matches(`${'a*'.repeat(500)}b`, 'a'.repeat(2000)), false);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20 }), (p, t) => {
      assert.equal(typeof matchGlob(Buffer.from(p), Buffer.from(t)), 'boolean');
    }),
  );
});
