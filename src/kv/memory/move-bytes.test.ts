import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { moveBytes } from './move-bytes.ts';

const SIZE = 100_000;

test('bytes are moved as by copyWithin, however source and target overlap, in memory of either kind', () => {
  const offset = fc.integer({ min: 0, max: 40_000 });
  const length = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 60_000 }));
  for (const memory of [new ArrayBuffer(SIZE), new SharedArrayBuffer(SIZE)]) {
    const bytes = Buffer.from(memory);
    for (let i = 0; i < SIZE; i++) bytes[i] = (i * 2_654_435_761) >>> 13;
    const expected = Buffer.from(bytes);
    fc.assert(
      fc.property(offset, offset, length, (from, to, count) => {
        moveBytes(bytes, from, bytes, to, count);
        expected.copyWithin(to, from, from + count);
        assert.ok(bytes.equals(expected));
      }),
    );
  }
});

test('bytes are moved between two buffers', () => {
  const from = Buffer.from(new SharedArrayBuffer(50_000)).fill(7);
  const to = Buffer.from(new SharedArrayBuffer(50_000));
  moveBytes(from, 10, to, 20, 40_000);
  assert.equal(to.indexOf(7), 20);
  assert.equal(to.lastIndexOf(7), 40_019);
});
