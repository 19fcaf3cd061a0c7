import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AskedLately } from './asked-lately.ts';

const MEMORY = 16 * 1024 * 1024;

test('what is asked for again soon is known, what comes behind many others is not', () => {
  const lately = new AskedLately(MEMORY);
  const hash = (n: number): readonly [number, number] => [
    Math.imul(n + 1, 0x9e3779b1) >>> 0,
    Math.imul(n + 1, 0x85ebca6b) >>> 0,
  ];
  assert.equal(lately.note(...hash(1)), false);
  assert.equal(lately.note(...hash(1)), true);
  let known = 0;
  for (let n = 0; n < 100; n++) lately.note(...hash(n));
  for (let n = 0; n < 100; n++) if (lately.note(...hash(n))) known++;
  assert.ok(known > 90, `${known} of 100`);
  // In turn, many more than it remembers: none of them is worth a place.
  known = 0;
  for (let round = 0; round < 2; round++) {
    for (let n = 1000; n < 51_000; n++) if (lately.note(...hash(n))) known++;
  }
  assert.ok(known < 5000, `${known} of 100,000`);
});

test('an equal slot is not the same hash', () => {
  const lately = new AskedLately(MEMORY);
  assert.equal(lately.note(1, 5), false);
  assert.equal(lately.note(2, 5), false);
  assert.equal(lately.note(1, 5), false);
  assert.equal(lately.note(1, 5), true);
});
