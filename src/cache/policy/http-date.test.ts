import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHttpDate } from './http-date.ts';

const NOW = Date.UTC(2026, 10, 22);
const AT = Date.UTC(1994, 10, 6, 8, 49, 37);

test('RFC 9110 section 5.6.7: the three forms are read, without case', () => {
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'sun, 06 nov 1994 08:49:37 gmt',
    'SUN NOV 06 08:49:37 1994',
  ]) {
    assert.equal(parseHttpDate(text, NOW), AT, text);
  }
});

test('what is no HTTP-date, or in another zone, is none', () => {
  for (const text of [
    ...['', '0', '-1', 'now', '1994-11-06T08:49:37Z', '784111777'],
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 EST',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 8:49:37 GMT',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
    ' Sun, 06 Nov 1994 08:49:37 GMT',
  ]) {
    assert.ok(Number.isNaN(parseHttpDate(text, NOW)), text);
  }
});

test('a year of two digits is at most 50 years ahead', () => {
  const year = (twoDigits: string): number =>
    new Date(parseHttpDate(`Sunday, 06-Nov-${twoDigits} 08:49:37 GMT`, NOW)).getUTCFullYear();
  assert.equal(year('26'), 2026);
  assert.equal(year('76'), 2076);
  assert.equal(year('77'), 1977);
  assert.equal(year('00'), 2000);
});

test('every second that can be written is read back', () => {
  const seconds = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) / 1000 });
  fc.assert(
    fc.property(seconds, (second) => {
      assert.equal(parseHttpDate(new Date(second * 1000).toUTCString(), NOW), second * 1000);
    }),
  );
});
