import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  findItem,
  itemBytes,
  itemLength,
  itemStart,
  nextItem,
  PACKED_HEAD_BYTES,
  packedCount,
  setPackedCount,
  skipItems,
  writeItem,
} from './packed.ts';

/** A list of these items that starts at offset 5 of a buffer. */
function pack(items: readonly Buffer[]): { buf: Buffer; start: number; end: number } {
  const start = 5;
  const bytes = items.reduce((sum, item) => sum + itemBytes(item.length), PACKED_HEAD_BYTES);
  const buf = Buffer.alloc(start + bytes + 3, 0xee);
  setPackedCount(buf, start, items.length);
  let at = start + PACKED_HEAD_BYTES;
  for (const item of items) at = writeItem(buf, at, item, 0, item.length);
  assert.equal(at, start + bytes);
  return { buf, start, end: at };
}

test('items of every length class are read back and found', () => {
  const lengths = [0, 1, 28, 29, 41, 253, 254, 255, 256, 65535, 65536, 70_000];
  const items = lengths.map((length, i) => Buffer.alloc(length, 97 + i));
  const { buf, start, end } = pack(items);
  assert.equal(packedCount(buf, start), items.length);
  let at = start + PACKED_HEAD_BYTES;
  for (const [i, item] of items.entries()) {
    assert.equal(itemLength(buf, at), item.length);
    assert.ok(buf.subarray(itemStart(buf, at), nextItem(buf, at)).equals(item));
    assert.equal(findItem(buf, start, end, 1, item, 0, item.length), at);
    assert.equal(skipItems(buf, start + PACKED_HEAD_BYTES, i), at);
    at = nextItem(buf, at);
  }
  assert.equal(at, end);
});

test('a search agrees with a search in an array, also when it looks at every second or third item', () => {
  const item = fc.constantFrom('', 'a', 'b', 'ab', 'x'.repeat(60), 'x'.repeat(300));
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 12 }),
      item,
      fc.constantFrom(1, 2, 3),
      (all, key, stride) => {
        const list = all.slice(0, all.length - (all.length % stride));
        const { buf, start, end } = pack(list.map((text) => Buffer.from(text)));
        const wanted = list.findIndex((text, i) => i % stride === 0 && text === key);
        const at = findItem(buf, start, end, stride, Buffer.from(`--${key}`), 2, key.length);
        const first = start + PACKED_HEAD_BYTES;
        assert.equal(at, wanted < 0 ? -1 : skipItems(buf, first, wanted));
      },
    ),
  );
});
