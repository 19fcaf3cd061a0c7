/**
 * What public suites expect of S3 (ceph/s3-tests, mint, versitygw's), area by area: the programs in `behaviour/` ask
 * by boto3 and by raw requests, and tell each answer that is not the one expected.
 */
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ann, bob } from '../../support/files/s3-bed.ts';
import { pythonPath, requirePeer } from '../../support/peers.ts';
import { withClient } from './s3-client-bed.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'behaviour');

/** Each with how many answers it looks at, at least: a program that stops early must not pass. */
const areas = {
  lists: 75,
  objects: 120,
  uploads: 66,
  access: 63,
  settings: 94,
  browsers: 114,
  versions: 42,
} as const;

for (const [area, least] of Object.entries(areas)) {
  test(`S3 answers as suites expect: ${area}`, requirePeer('python3-boto3'), async () => {
    await withClient(async ({ bed, run }) => {
      const keys = [ann, bob].flatMap(({ accessKeyId, secret }) => [accessKeyId, secret]);
      const program = join(folder, `${area}.py`);
      const { code, stdout, stderr } = await run(pythonPath, [
        ...['-B', program],
        ...[bed.endpoint, ...keys],
      ]);
      assert.equal(code, 0, stderr);
      const { kept, differences } = JSON.parse(stdout) as { kept: number; differences: string[] };
      assert.deepEqual(differences, []);
      assert.ok(kept >= least, `${kept} answers`);
    });
  });
}
