import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { lzfCompress, lzfDecompress } from './lzf.ts';

/** Bytes with repetitions near and far. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.uint8Array({ maxLength: 6 }), fc.nat({ max: 200 })).map(([unit, times]) => {
        return Buffer.concat(Array.from({ length: times }, () => unit));
      }),
      fc.constant(Buffer.from('a phrase that comes back')),
      fc.nat({ max: 9000 }).map((length) => Buffer.alloc(length, 0x61)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

describe('LZF', () => {
  test('what is compressed comes back, and stays within its limit', () => {
    fc.assert(
      fc.property(bytes, fc.nat({ max: 100 }), (source, percent) => {
        const limit = Math.floor((source.length * percent) / 100);
        const target = Buffer.alloc(source.length + 8, 0x5a);
        const packed = lzfCompress(source, target, 4, limit);
        assert.ok(packed <= limit);
        assert.ok(target.subarray(0, 4).every((byte) => byte === 0x5a));
        assert.ok(target.subarray(4 + limit).every((byte) => byte === 0x5a));
        if (packed === 0) return;
        const back = Buffer.alloc(source.length);
        assert.ok(lzfDecompress(target, 4, 4 + packed, back));
        assert.ok(back.equals(source));
      }),
    );
  });

  test('a repetitive text shrinks to a few percent', () => {
    const source = Buffer.from('the same again and '.repeat(1000));
    const packed = lzfCompress(source, Buffer.alloc(source.length), 0, source.length);
    assert.ok(packed > 0 && packed < source.length / 20);
  });

  test('a stream spelled by hand is read: literals, a copy, an overlapping copy', () => {
    const stream = Buffer.from([2, 0x61, 0x62, 0x63, (1 << 5) | 0, 2, (7 << 5) | 0, 1, 0]);
    const target = Buffer.alloc(16);
    assert.ok(lzfDecompress(stream, 0, stream.length, target));
    assert.equal(target.toString(), `abcabc${'c'.repeat(10)}`);
    assert.ok(!lzfDecompress(stream, 0, stream.length, Buffer.alloc(17)), 'target not filled');
    assert.ok(!lzfDecompress(stream, 0, stream.length, Buffer.alloc(15)), 'target too small');
    assert.ok(!lzfDecompress(stream, 0, stream.length - 1, target), 'cut short');
  });

  test('a copy from before the start is refused', () => {
    assert.ok(!lzfDecompress(Buffer.from([0, 0x61, 1 << 5, 1]), 0, 4, Buffer.alloc(4)));
  });

  test('any bytes are decompressed or refused, never more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 2000 }), (stream, size) => {
        assert.equal(typeof lzfDecompress(stream, 0, stream.length, Buffer.alloc(size)), 'boolean');
      }),
    );
  });
});
