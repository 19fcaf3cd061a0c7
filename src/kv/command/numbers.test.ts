import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFloat64 } from './numbers.ts';

test('floats are read as strtod reads the whole of them', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['1.5', 1.5],
    ['+1', 1],
    ['.5e1', 5],
    ['-infinity', -Infinity],
    ['0x10', 16],
    ['0x1p3', 8],
    ['-0X1.8P-1', -0.75],
    ['0x.8', 0.5],
    ['0x1.', 1],
    ['0x1p-1074', 5e-324],
    ['0x0.0000000000000001p1080', 2 ** 1016],
    ['0x0p99999', 0],
    ['-0x0', -0],
  ];
  for (const [text, n] of cases) assert.ok(Object.is(parseFloat64(text), n), text);
});

test('what is no float as a whole, or beyond a double, is not a number', () => {
  const texts = ['', ' 1', '1 ', 'nan', '1e400', '1e-400', '0x', '0xp1', '0x1p', '0x1p1.5', '1p3'];
  texts.push('0x1p1024', '0x1p-1075', '0x.', 'infinit', '--1');
  for (const text of texts) assert.ok(Number.isNaN(parseFloat64(text)), text);
});
