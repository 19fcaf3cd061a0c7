import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRangeFlood } from './ranges.ts';
import { Visit } from './visit-fixture.ts';

test('RFC 9110 section 14.2: which ranges are a flood', () => {
  const many = (count: number): string =>
    Array.from({ length: count }, (_, i) => `${i * 10}-${i * 10 + 4}`).join(',');
  for (const [ranges, expected] of [
    ['', false],
    ['bytes=0-', false],
    ['bytes=0-99,200-299', false],
    ['bytes=0-99,50-150', false],
    ['bytes=0-,0-', false],
    ['bytes=0-99,50-60,70-80', false],
    ['bytes=0-99,50-60,70-80,90-95', true],
    ['bytes=0-,0-,0-,0-', true],
    // The last bytes overlap what has no end.
    ['bytes=5-,-10,-20,-30', true],
    ['bytes=0-4,-10', false],
    ['bytes=0-0,2-2,4-4,6-6', false],
    ['bytes=x,y,z,,', false],
    [`bytes=${many(32)}`, false],
    [`bytes=${many(33)}`, true],
    [`bytes=${'0-,'.repeat(1200)}`, true],
  ] as const) {
    const visit = new Visit('/', { fields: ranges === '' ? [] : [`Range: ${ranges}`] });
    assert.equal(isRangeFlood(visit.request.fields, 32), expected, ranges.slice(0, 60));
  }
});
