import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from './byte-writer.ts';
import { ByteCursor } from './cursor.ts';
import { RdbFault, RdbStarved } from './fault.ts';
import { text } from './testing/arbitraries.ts';

function written(write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter();
  write(out);
  return out.take();
}

function cursorOn(bytes: Buffer): ByteCursor {
  const cursor = new ByteCursor();
  cursor.load(bytes);
  return cursor;
}

const hex = (bytes: Buffer): string => bytes.toString('hex');

describe('lengths', () => {
  test('have the forms of the format at their edges', () => {
    const forms: [number, string][] = [
      [0, '00'],
      [63, '3f'],
      [64, '4040'],
      [16383, '7fff'],
      [16384, '8000004000'],
      [2 ** 32 - 1, '80ffffffff'],
      [2 ** 32, '810000000100000000'],
      [Number.MAX_SAFE_INTEGER, '81001fffffffffffff'],
    ];
    for (const [value, form] of forms) {
      const bytes = written((out) => out.length(value));
      assert.equal(hex(bytes), form);
      assert.equal(cursorOn(bytes).length(), value);
      assert.equal(cursorOn(bytes).lengthBig(), BigInt(value));
    }
  });

  test('of 64 bits keep them all, and as a count are told as the largest safe number', () => {
    for (const value of [2n ** 53n, 2n ** 63n + 1n, 2n ** 64n - 1n]) {
      const bytes = written((out) => out.lengthBig(value));
      assert.equal(cursorOn(bytes).lengthBig(), value);
      assert.equal(cursorOn(bytes).length(), Number.MAX_SAFE_INTEGER);
    }
  });

  test('in front of what was written already: the bytes behind move up', () => {
    const bytes = written((out) => {
      out.bytes(Buffer.from('head'));
      out.bytes(Buffer.from('tail'));
      out.insertLength(4, 70_000);
    });
    assert.equal(hex(bytes), hex(Buffer.from('head\x80\x00\x01\x11\x70tail', 'latin1')));
  });

  test('of a form that no version has are refused', () => {
    for (const first of [0x82, 0xbf, 0xc0, 0xff]) {
      const cursor = cursorOn(Buffer.from([first, 0, 0, 0, 0, 0, 0, 0, 0]));
      assert.throws(() => cursor.length(), RdbFault);
    }
  });
});

describe('strings', () => {
  test('integers of up to 32 bits are stored as such', () => {
    const forms: [string, string][] = [
      ['0', 'c000'],
      ['-128', 'c080'],
      ['128', 'c18000'],
      ['-32768', 'c10080'],
      ['32768', 'c200800000'],
      ['-2147483648', 'c200000080'],
      ['2147483648', '0a32313437343833363438'],
      ['-0', '022d30'],
      ['01', '023031'],
      ['', '00'],
    ];
    for (const [value, form] of forms) {
      const bytes = written((out) => out.string(Buffer.from(value), true));
      assert.equal(hex(bytes), form);
      assert.equal(cursorOn(bytes).string().toString(), value);
    }
  });

  test('repetitive ones above 20 bytes are compressed if asked for', () => {
    const value = Buffer.alloc(300, 'ab');
    const packed = written((out) => out.string(value, true));
    assert.equal(packed[0], 0xc3);
    assert.ok(packed.length < 30);
    assert.ok(cursorOn(packed).string().equals(value));
    assert.equal(written((out) => out.string(value, false)).length, 302);
    assert.equal(written((out) => out.string(value.subarray(0, 20), true)).length, 21);
  });

  test('any string comes back, and every shorter prefix of it starves the reader', () => {
    fc.assert(
      fc.property(text, fc.boolean(), fc.nat(), (value, compress, cut) => {
        const bytes = written((out) => out.string(Buffer.from(value, 'latin1'), compress));
        assert.equal(cursorOn(bytes).string().toString('latin1'), value);
        const short = cursorOn(bytes.subarray(0, cut % bytes.length));
        assert.throws(
          () => short.string(),
          (cause) => cause instanceof RdbStarved && cause.wanted <= bytes.length,
        );
      }),
    );
  });

  test('claims that cannot be true are refused before anything is allocated', () => {
    const claims = [
      written((out) => out.length(2 ** 32)),
      written((out) => out.lengthBig(2n ** 64n - 1n)),
      // Ten bytes that claim to unpack to 400 MiB.
      written((out) => {
        out.u8(0xc3);
        out.length(10);
        out.length(400 * 1024 * 1024);
        out.bytes(Buffer.alloc(10));
      }),
    ];
    for (const claim of claims) assert.throws(() => cursorOn(claim).string(), RdbFault);
  });
});
