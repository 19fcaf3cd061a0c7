import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from './crc32c.ts';

test('crc32c gives the checksums of RFC 3720 B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(ascending), 0x46dd794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('crc32c of a whole equals its parts in turn, wherever it is cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, seed) => {
      const cut = seed % (bytes.length + 1);
      const first = crc32c(bytes, 0, cut);
      assert.equal(crc32c(bytes, cut, bytes.length, first), crc32c(bytes));
    }),
  );
});
