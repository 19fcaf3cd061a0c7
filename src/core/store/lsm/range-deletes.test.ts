import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeDeletes, encodeDeletes } from './deletes-block.ts';
import { RangeDeletes } from './range-deletes.ts';

const KEYS = 20;
const key = (nth: number): Buffer => Buffer.from([nth]);
const ranges = fc.array(
  fc
    .tuple(fc.nat(KEYS), fc.nat(KEYS), fc.integer({ min: 1, max: 30 }))
    .filter(([a, b]) => a !== b)
    .map(([a, b, sequence]) => ({ from: Math.min(a, b), to: Math.max(a, b), sequence })),
  { maxLength: 15 },
);

test('each key is covered by the newest delete that a snapshot sees, and fragments stay in order', () => {
  fc.assert(
    fc.property(ranges, (list) => {
      const deletes = new RangeDeletes();
      for (const { from, to, sequence } of list) {
        deletes.add({ from: key(from), to: key(to), sequence });
      }
      const decoded = decodeDeletes(encodeDeletes(deletes.fragments));
      assert.deepEqual(decoded.fragments, deletes.fragments);
      for (let nth = 0; nth <= KEYS; nth++) {
        for (let limit = 0; limit <= 31; limit++) {
          const covering = list
            .filter(({ from, to, sequence }) => from <= nth && nth < to && sequence <= limit)
            .map(({ sequence }) => sequence);
          const expected = Math.max(0, ...covering);
          assert.equal(deletes.covering(key(nth), 0, 1, limit), expected);
        }
      }
      for (const [nth, { from, to, sequences }] of deletes.fragments.entries()) {
        assert.ok(from.compare(to) < 0);
        const next = deletes.fragments[nth + 1];
        if (next !== undefined) assert.ok(to.compare(next.from) <= 0);
        for (let i = 1; i < sequences.length; i++) assert.ok(sequences[i - 1]! > sequences[i]!);
      }
    }),
  );
});
