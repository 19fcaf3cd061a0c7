import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { crc32c } from '../../../core/base/index.ts';
import { md5OfMd5s } from './read.ts';

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();

/** As the definition reads: cut into blocks, those into chunks. */
function slowMd5OfMd5s(data: Buffer, blockBytes: number): Buffer {
  const digests: Buffer[] = [];
  for (let block = 0; block < data.length; block += blockBytes) {
    const end = Math.min(data.length, block + blockBytes);
    const sums: Buffer[] = [];
    for (let at = block; at < end; at += 512) {
      const sum = Buffer.alloc(4);
      sum.writeUInt32BE(crc32c(data.subarray(at, Math.min(end, at + 512))));
      sums.push(sum);
    }
    digests.push(md5(Buffer.concat(sums)));
  }
  return md5(Buffer.concat(digests));
}

async function* cut(data: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const at of [...cuts.toSorted((a, b) => a - b), data.length]) {
    const to = Math.min(at, data.length);
    yield data.subarray(from, to);
    from = to;
  }
}

test('the checksum of a file does not depend on how its bytes come, and is as HDFS defines it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(5000),
      fc.constantFrom(512, 1000, 1024, 1500, 4096),
      fc.array(fc.nat(5000), { maxLength: 5 }),
      async (length, blockBytes, cuts) => {
        const data = Buffer.from(Array.from({ length }, (_, nth) => (nth * 31) % 251));
        const found = await md5OfMd5s(cut(data, cuts), blockBytes);
        assert.equal(found.toString('hex'), slowMd5OfMd5s(data, blockBytes).toString('hex'));
      },
    ),
    { numRuns: 60 },
  );
});
