/** How fast the checksums of S3 are, MiB a second, beside CRC-32C by tables in JavaScript. `node bench/files-checksums.ts` */
import { createHash } from 'node:crypto';
import { crc32c } from '../src/core/base/index.ts';
import { checksumTable } from '../src/files/s3/checksums/algorithms.ts';

const PIECE = Buffer.alloc(256 * 1024, 'abcdefghijk');
const PIECES = 400;
const ROUNDS = 5;

const subjects: readonly [string, () => void][] = [
  ...checksumTable.map(({ name, begin }): [string, () => void] => [
    name,
    () => {
      const running = begin();
      for (let i = 0; i < PIECES; i++) running.update(PIECE);
      running.digest();
    },
  ]),
  [
    'MD5',
    () => {
      const hash = createHash('md5');
      for (let i = 0; i < PIECES; i++) hash.update(PIECE);
      hash.digest();
    },
  ],
  [
    'CRC32C by tables',
    () => {
      let crc = 0;
      for (let i = 0; i < PIECES; i++) crc = crc32c(PIECE, 0, PIECE.length, crc);
    },
  ],
];

for (const [name, run] of subjects) {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    rates.push((PIECES * PIECE.length) / 1024 ** 2 / ((performance.now() - start) / 1000));
  }
  rates.sort((a, b) => a - b);
  console.log(`${name.padEnd(18)} ${Math.round(rates[ROUNDS >> 1] ?? 0)} MiB/s`);
}
