import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../../tests/support/pinned-bytes.ts';
import { createSimRandom } from '../../runtime/sim/index.ts';
import { BatchReader, WriteBatch } from './batch.ts';
import { MemoryPool, MemorySlot } from './memory-slot.ts';

test('ranges deleted one by one: their ends hold no block of memory', () => {
  const pool = new MemoryPool(65_536);
  const slot = new MemorySlot(pool.take(0), createSimRandom(1), pool);
  const reader = new BatchReader();
  const batch = new WriteBatch();
  const pinned = pinnedBytes(200, (i) => {
    batch.clear();
    batch.deleteRange(Buffer.from(`key ${1000 + i}`), Buffer.from(`key ${2000 + i}`));
    batch.seal(i + 1);
    reader.open(batch.buffer, 0, batch.bytes, '/wal');
    slot.apply(reader);
  });
  assert.equal(slot.rangeDeletes.length, 200);
  assert.equal(slot.rangeDeletes[199]?.from.toString(), 'key 1199');
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
