import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Crc64 } from './crc64.ts';

/** The definition, bit by bit. */
function slowCrc64(bytes: Uint8Array): bigint {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n;
    }
  }
  return crc;
}

describe('Crc64', () => {
  test('the published check value', () => {
    assert.equal(new Crc64().update(Buffer.from('123456789')).value(), 0xe9c6d914c4b8d9can);
  });

  test('any bytes, in any pieces, sum up as the definition says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), fc.nat(), (bytes, a, b) => {
        const expected = slowCrc64(bytes);
        const [from, to] = [a % (bytes.length + 1), b % (bytes.length + 1)].toSorted(
          (x, y) => x - y,
        ) as [number, number];
        const crc = new Crc64().update(bytes, 0, from).update(bytes, from, to).update(bytes, to);
        assert.equal(crc.value(), expected);
        const stored = Buffer.alloc(10);
        crc.writeTo(stored, 1);
        assert.equal(stored.readBigUInt64LE(1), expected);
        assert.ok(crc.equalsAt(stored, 1));
        stored.writeUInt8(stored.readUInt8(8) ^ 0x80, 8);
        assert.ok(!crc.equalsAt(stored, 1));
      }),
    );
  });
});
