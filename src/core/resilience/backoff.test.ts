import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../runtime/sim/index.ts';
import { backoffCeilingMs, backoffMs } from './backoff.ts';

const options = { baseMs: 25, maxMs: 1000 };

test('the ceiling doubles with each retry up to the greatest wait', () => {
  assert.deepEqual(
    [1, 2, 3, 6, 7, 5000].map((retry) => backoffCeilingMs(retry, options)),
    [25, 50, 100, 800, 1000, 1000],
  );
});

test('a wait lies below its ceiling and covers all of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer(), (retry, seed) => {
      const random = createSimRandom(seed);
      const ceiling = backoffCeilingMs(retry, options);
      const waits = Array.from({ length: 400 }, () => backoffMs(retry, options, random));
      assert.ok(waits.every((wait) => wait >= 0 && wait < ceiling));
      for (const quarter of [0, 1, 2, 3]) {
        assert.ok(waits.some((wait) => Math.floor((wait * 4) / ceiling) === quarter));
      }
    }),
    { numRuns: 30 },
  );
});
