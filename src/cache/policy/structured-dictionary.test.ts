import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Member, parseDictionary } from './structured-dictionary.ts';

const parsed = (text: string): Record<string, Member> | null => {
  const members = parseDictionary(text);
  return members === null ? null : Object.fromEntries(members);
};

test('RFC 9651 section 3.2: members with values of every type', () => {
  assert.deepEqual(parsed('a=1, b="x\\"\\\\y", c=tok/en:, d, e=?0, f=-7;q=0.5;r'), {
    a: { kind: 'integer', value: 1 },
    b: { kind: 'string', value: 'x"\\y' },
    c: { kind: 'token', value: 'tok/en:' },
    d: { kind: 'boolean', value: true },
    e: { kind: 'boolean', value: false },
    f: { kind: 'integer', value: -7 },
  });
  const other: Member = { kind: 'other' };
  assert.deepEqual(parsed('a=(1 "b";c  d);e, b=:aGk=:, c=@1659578233, d=%"caf%c3%a9", e=1.5'), {
    ...{ a: other, b: other, c: other, d: other, e: other },
  });
  assert.deepEqual(parsed(''), {});
  assert.deepEqual(parsed('  a ,\tb  '), {
    a: { kind: 'boolean', value: true },
    b: { kind: 'boolean', value: true },
  });
});

test('section 4.2.2: the last of equal keys counts', () => {
  assert.deepEqual(parsed('a=1, b, a=2')?.a, { kind: 'integer', value: 2 });
});

test('what is no Dictionary is refused whole', () => {
  for (const text of [
    ...[',', 'a,', 'a,,b', 'a b', 'a = 1', 'a= 1', 'a=', 'A=1', '1=a', '"a"', 'a=1 b'],
    ...['a="x', 'a="x\ny"', 'a="\\x"', 'a=1.', 'a=1.2345', 'a=1234567890123456', 'a=-', 'a=--1'],
    ...['a=?2', 'a=:a$:', 'a=@1.5', 'a=%"%C3"', 'a=(1', 'a=(1"b")', 'a;=1', 'a;b=', 'a=ü', '\ta'],
    'a=1234567890123.1',
  ]) {
    assert.equal(parsed(text), null, text);
  }
});

test('any text is read or refused, and what is appended to it cannot make it one', () => {
  const texts = fc.array(fc.constantFrom(...'ab1=,;"\\()?:@%. \t-*'), {
    size: 'max',
    maxLength: 24,
  });
  fc.assert(
    fc.property(texts, (characters) => {
      const text = characters.join('');
      if (parseDictionary(text) !== null && text.trim() !== '') {
        assert.equal(parseDictionary(`${text} !`), null);
        assert.notEqual(parseDictionary(`${text}, z`), null);
      }
    }),
  );
});
