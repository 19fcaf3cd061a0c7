import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addLongDoubles, formatLongDouble, parseLongDouble } from './long-double.ts';

function sum(a: string, b: string): string | undefined {
  const left = parseLongDouble(a);
  const right = parseLongDouble(b);
  assert.ok(typeof left === 'object' && typeof right === 'object', `${a} ${b}`);
  const result = addLongDoubles(left, right);
  return result && formatLongDouble(result);
}

test('sums print as an 80-bit long double does', () => {
  // Expected values come from redis-server 7.0.15 on x86-64.
  const cases: [string, string, string][] = [
    ['10.50', '0.1', '10.6'],
    ['5.0e3', '2.0e2', '5200'],
    ['0.1', '0.2', '0.3'],
    ['3', '1.1', '4.1'],
    ['-5', '5', '0'],
    ['-0', '0', '0'],
    ['1e17', '0.1', '100000000000000000.1015625'],
    ['18446744073709551616', '1', '18446744073709551616'],
    ['18446744073709551615', '0', '18446744073709551615'],
    ['1e-20', '0', '0'],
    ['-1e-20', '0', '0'],
    ['0x10', '0x1.8p3', '28'],
    ['.5', '5.', '5.5'],
    ['1', '-0.99999999999999999', '0.00000000000000001'],
  ];
  for (const [a, b, wanted] of cases) assert.equal(sum(a, b), wanted, `${a} + ${b}`);
});

test('what is no number, or too large or small, is refused', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    'nan',
    'e5',
    '.',
    '0x',
    '1e',
    '1e5000',
    '1e-5000',
    '--1',
    '1e99999999',
  ]) {
    assert.equal(parseLongDouble(text), undefined, text);
  }
  assert.equal(parseLongDouble('-inf'), 'infinite');
  assert.equal(parseLongDouble('Infinity'), 'infinite');
});

test('a sum beyond the largest long double is none', () => {
  assert.equal(sum('1.18e4932', '1.18e4932'), undefined);
});
