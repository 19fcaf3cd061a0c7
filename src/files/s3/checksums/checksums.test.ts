import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../../core/base/index.ts';
import { type ChecksumName, checksumRow, checksumTable, isDigest } from './algorithms.ts';
import { compositeChecksum, fullObjectChecksum } from './combine.ts';

function rowOf(name: ChecksumName) {
  const row = checksumRow(name);
  assert.ok(row !== undefined);
  return row;
}

function digest(name: ChecksumName, bytes: Uint8Array): string {
  const running = rowOf(name).begin();
  running.update(bytes);
  return running.digest().toString('base64');
}

// The check values that catalogues of CRCs and FIPS 180 publish for these nine bytes.
const published: readonly [ChecksumName, string][] = [
  ['CRC32', 'cbf43926'],
  ['CRC32C', 'e3069283'],
  ['CRC64NVME', 'ae8b14860a799888'],
  ['SHA1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['SHA256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
];

for (const [name, hex] of published) {
  test(`${name} of 123456789 is the published one`, () => {
    const found = Buffer.from(digest(name, Buffer.from('123456789')), 'base64').toString('hex');
    assert.equal(found, hex);
  });
}

test('a checksum does not depend on the pieces it is made of', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      for (const row of checksumTable) {
        const running = row.begin();
        for (const piece of pieces) running.update(piece);
        const found = running.digest().toString('base64');
        assert.equal(found, digest(row.name, Buffer.concat(pieces)));
        assert.equal(isDigest(row, found), true);
      }
    }),
    { numRuns: 50 },
  );
});

test('long pieces are summed window by window, wherever they begin', () => {
  const bytes = Buffer.alloc(300_007);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 31 + (at >> 8)) & 255;
  for (const start of [0, 1, 7, 114_688, 300_000]) {
    const piece = bytes.subarray(start);
    const expected = Buffer.alloc(4);
    expected.writeUInt32BE(crc32c(piece));
    assert.equal(digest('CRC32C', piece), expected.toString('base64'));
    const running = rowOf('CRC64NVME').begin();
    for (let at = 0; at < piece.length; at += 999) running.update(piece.subarray(at, at + 999));
    assert.equal(digest('CRC64NVME', piece), running.digest().toString('base64'));
  }
});

test('the CRCs of parts make the CRC of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), (parts) => {
      for (const row of checksumTable.filter(({ polynomial }) => polynomial !== 0n)) {
        const found = fullObjectChecksum(
          row,
          parts.map((part) => ({ digest: digest(row.name, part), sizeBytes: part.length })),
        );
        assert.equal(found, digest(row.name, Buffer.concat(parts)));
      }
    }),
    { numRuns: 50 },
  );
});

test('a composite checksum is that of the checksums and says how many they were', () => {
  const digests = ['a', 'b'].map((text) => digest('SHA256', Buffer.from(text)));
  const joined = Buffer.concat(digests.map((each) => Buffer.from(each, 'base64')));
  assert.equal(compositeChecksum(rowOf('SHA256'), digests), `${digest('SHA256', joined)}-2`);
});

test('what is no base64 of the right length is no digest', () => {
  const row = rowOf('CRC32');
  for (const text of ['', 'AAAA', 'AAAAAA=', 'AAAAAA', 'AAAAAAA=', '!!!!!!==']) {
    assert.equal(isDigest(row, text), false, text);
  }
  assert.equal(isDigest(row, 'AAAAAA=='), true);
});
