import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bodyHolds } from '../blocks/format.ts';
import { chunkBytes } from '../limits.ts';
import { bodyOf, checkBody, openBody, wireBytes } from './body.ts';
import { DATA_BYTES_MAX, FrameProblem } from './frames.ts';
import { Piece } from './piece.ts';

const place = fc.record({
  block: fc.nat(2 ** 40),
  offset: fc.oneof(
    fc.nat(300_000),
    fc.nat(8).map((nth) => nth * chunkBytes),
  ),
  length: fc.oneof(
    fc.integer({ min: 1, max: 200_000 }),
    fc.constantFrom(1, chunkBytes - 1, chunkBytes, chunkBytes + 1, DATA_BYTES_MAX),
  ),
});

function dataOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, nth) => (nth * 31 + (nth >> 8)) & 0xff));
}

test('a body gives its data back, and is as long as was reckoned', () => {
  fc.assert(
    fc.property(place, ({ block, offset, length }) => {
      const data = dataOf(length);
      const body = Buffer.concat(bodyOf({ block, offset }, data));
      assert.equal(body.length, wireBytes(offset, length));
      assert.equal(checkBody({ block, offset }, body, 0), length);
      const before = Buffer.from('12345');
      const opened = openBody({ block, offset }, Buffer.concat([before, body]), 5);
      assert.ok(opened.equals(data));
    }),
    { numRuns: 60 },
  );
});

test('a bit that flips, another block, another place are seen', () => {
  fc.assert(
    fc.property(place, fc.nat(), fc.nat(7), ({ block, offset, length }, where, bit) => {
      const body = Buffer.concat(bodyOf({ block, offset }, dataOf(length)));
      assert.throws(() => checkBody({ block: block + 1, offset }, body, 0), FrameProblem);
      assert.throws(() => checkBody({ block, offset: offset + chunkBytes }, body, 0), FrameProblem);
      body[where % body.length]! ^= 1 << bit;
      assert.throws(() => checkBody({ block, offset }, body, 0), FrameProblem);
    }),
    { numRuns: 40 },
  );
});

test('a piece is sealed as it stands on the disk, and again as a part of another block', () => {
  const data = dataOf(3 * chunkBytes + 100);
  const piece = new Piece();
  let at = 0;
  while (at < data.length) at += piece.fill(data.subarray(at, at + 70_001), 0);
  assert.ok(bodyHolds(7, piece.seal(7, 0)));
  const again = piece.seal(9, 2 * chunkBytes);
  assert.ok(openBody({ block: 9, offset: 2 * chunkBytes }, Buffer.from(again), 0).equals(data));
});
