import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import { inOwnMemory, ownBytes, ownCopy } from './bytes.ts';

test('bytes of their own: what the text is in its encoding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.deepEqual(ownBytes(text), Buffer.from(text));
      assert.deepEqual(ownBytes(text, 'latin1'), Buffer.from(text, 'latin1'));
    }),
  );
});

test('a copy of its own: what the bytes were, whatever becomes of them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (array) => {
      const bytes = Buffer.from(array);
      const copy = ownCopy(bytes);
      const before = [...bytes];
      bytes.fill(0);
      assert.deepEqual([...copy], before);
    }),
  );
});

test('bytes in own memory: copied only where they lie in a larger block', () => {
  const own = ownBytes('x'.repeat(100));
  assert.equal(inOwnMemory(own), own);
  const piece = own.subarray(1);
  const copy = inOwnMemory(piece);
  assert.deepEqual(copy, piece);
  assert.equal(copy.buffer.byteLength, 99);
});

test('bytes of their own: nothing beside them is held', () => {
  const kept: Buffer[] = [];
  const pinned = pinnedBytes(200, (i) => {
    kept.push(ownBytes(`name ${i}`), ownBytes('x'.repeat(i)));
    kept.push(ownCopy(Buffer.from(`name ${i}`)), ownCopy(Buffer.alloc(i)));
  });
  assert.equal(kept.length, 800);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
