import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Http2Stream } from './stream.ts';
import { StreamTable } from './stream-table.ts';

test('finds what a Map finds, whatever comes and goes', () => {
  // Few ids far apart, so that many stand in each other's slots.
  const id = fc.integer({ min: 0, max: 40 }).map((n) => 1 + 2 * ((n % 5) + Math.floor(n / 5) * 64));
  fc.assert(
    fc.property(fc.array(id, { maxLength: 200 }), (ids) => {
      const table = new StreamTable<null>();
      const model = new Map<number, Http2Stream<null>>();
      for (const each of ids) {
        const found = model.get(each);
        if (found === undefined) {
          const stream = new Http2Stream<null>();
          stream.open(each, 0, 0);
          table.add(stream);
          model.set(each, stream);
        } else {
          table.delete(found);
          model.delete(each);
        }
        assert.equal(table.size, model.size);
        for (const every of ids) assert.equal(table.get(every), model.get(every));
        assert.deepEqual(new Set(table.list()), new Set(model.values()));
      }
    }),
    { numRuns: 60 },
  );
});
