import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sliceConflicts } from './config.ts';

test('slices that are too small, or would not be stored, are refused', () => {
  const says = (sliceBytes: number): string[] =>
    sliceConflicts(sliceBytes, 1 << 24).map(({ key, says }) => `${key} ${says}`);
  assert.deepEqual([0, 65_536, 1 << 24].flatMap(says), []);
  assert.deepEqual(says(65_535), ['slice is less than 65536 bytes']);
  assert.match(says((1 << 24) + 1).join(), /^slice is more than cache.object_max/);
});
