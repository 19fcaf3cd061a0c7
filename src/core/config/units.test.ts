import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

test('sizes follow the convention of Redis: k is 1000, kb is 1024', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['100', 100],
    ['1k', 1000],
    ['1kb', 1024],
    ['1KiB', 1024],
    ['64mb', 64 * 1024 * 1024],
    ['1.5 GB', 1.5 * 1024 ** 3],
    ['2t', 2e12],
    ['1.0001b', undefined],
    ['-1', undefined],
    ['mb', undefined],
    ['1 xb', undefined],
    ['99999999tb', undefined],
    ['', undefined],
  ];
  for (const [text, bytes] of cases) assert.equal(parseSize(text), bytes, text);
});

test('durations need a unit, zero excepted, and may be joined', () => {
  const cases: [string, number | undefined][] = [
    ['0', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['10', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
    ['0.0001ms', undefined],
    ['', undefined],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test('what is written is read back as the same number', () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(1, 1024, 60_000, 86_400_000), (n, unit) => {
      const value = n * unit;
      fc.pre(Number.isSafeInteger(value));
      assert.equal(parseSize(formatSize(value)), value);
      assert.equal(parseDuration(formatDuration(value)), value);
    }),
  );
});
