/**
 * A byte of one replica is flipped on the disk of one of three DataNodes, and three replicas are wanted: S3 gives the
 * right bytes, and what is damaged is made good without anybody's doing.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { FilesStatus, FsckLine } from '../../../src/files/index.ts';
import { FilesCluster } from '../../fault/files/cluster.ts';
import { runHere } from '../../support/files/files-process.ts';
import { freePort, waitUntil } from '../../support/process.ts';
import { content } from './s3-client-bed.ts';

const OBJECTS = { large: content(3_500_000), small: content(30_000) };
const WAIT_MS = 60_000;
let cluster: FilesCluster;
let client: S3Client;

before(async () => {
  const port = await freePort();
  cluster = await FilesCluster.start(['a', 'a', 'b'], {
    'files.s3.enabled': true,
    'files.s3.port': port,
  });
  const key = readFileSync(join(cluster.nameData, 'files', 's3-key.env'), 'latin1');
  const [, accessKeyId = '', secretAccessKey = ''] =
    /_ID=(\S+)\nAWS_SECRET_ACCESS_KEY=(\S+)\n/.exec(key) ?? [];
  client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
});

after(async () => {
  client?.destroy();
  await cluster?.stop();
});

async function readAll(): Promise<void> {
  for (const [key, bytes] of Object.entries(OBJECTS)) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'docs', Key: key }));
    const met = Buffer.from((await Body?.transformToByteArray()) ?? []);
    assert.ok(met.equals(bytes), `${key} is as it was written`);
  }
}

async function status(): Promise<{ code: number | string; shown: FilesStatus }> {
  const { address } = cluster.admin;
  const { code, out, err } = await runHere(['files', 'status', '--json', '--admin', address]);
  assert.ok(out.length > 0, err);
  return { code, shown: JSON.parse(out.toString()) as FilesStatus };
}

async function fsck(): Promise<{ code: number | string; problems: unknown[] }> {
  const { address, tokenFile } = cluster.admin;
  const args = ['--json', '--admin', address, '--token-file', tokenFile];
  const { code, out } = await runHere(['files', 'fsck', ...args]);
  const lines = out.toString().trim().split('\n');
  const problems = lines.flatMap((text) => {
    const line = JSON.parse(text) as FsckLine;
    return 'problem' in line ? [line.problem] : [];
  });
  return { code, problems };
}

/** Nothing is damaged, nothing is lacking, and `status` says so. */
async function untilWell(): Promise<void> {
  let last: unknown;
  try {
    await waitUntil(
      'all to be well',
      async () => {
        const { code, shown } = await status();
        const { corruptReplicas, lackingCopies, safeMode, counts } = shown.cluster!;
        last = { code, corruptReplicas, lackingCopies, safeMode, counts };
        return code === 0 && !safeMode && corruptReplicas === 0 && lackingCopies === 0;
      },
      WAIT_MS,
    );
  } catch (error) {
    throw new Error(`${JSON.stringify(last)}\n${cluster.output()}`, { cause: error });
  }
}

/** Flips a byte of one replica of a block. @param folder of a disk: `blocks` or `packs` */
function damage(nth: number, folder: string): void {
  const root = join(cluster.dataOf(nth), 'files', 'disk', folder);
  const name = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((each) =>
    /\.(blk|pack)$/.test(each),
  );
  assert.ok(name !== undefined, `node ${nth} has no ${folder}`);
  const bytes = readFileSync(join(root, name));
  bytes[9000]! ^= 0x10;
  writeFileSync(join(root, name), bytes);
}

/** Whoever reads may be given another replica: so often until the damaged one was met. */
async function readUntilFound(copied: number): Promise<void> {
  await waitUntil(
    'the damage to be found',
    async () => {
      await readAll();
      const { cluster: seen } = (await status()).shown;
      return seen!.corruptReplicas > 0 || seen!.totals.copied > copied;
    },
    WAIT_MS,
  );
}

test('damage to one of three replicas on three nodes is never read, and made good by itself', async () => {
  await client.send(new CreateBucketCommand({ Bucket: 'docs' }));
  for (const [Key, Body] of Object.entries(OBJECTS)) {
    await client.send(new PutObjectCommand({ Bucket: 'docs', Key, Body }));
  }
  await untilWell();
  for (const [nth, folder] of ['blocks', 'packs'].entries()) {
    const { totals } = (await status()).shown.cluster!;
    damage(nth, folder);
    await readUntilFound(totals.copied);
    await untilWell();
    assert.deepEqual(await fsck(), { code: 0, problems: [] });
    assert.ok((await status()).shown.cluster!.totals.copied > totals.copied);
  }
  await readAll();
});

test('damage that a check finds is made good, and nothing of it is left after a restart', async () => {
  damage(2, 'blocks');
  const found = await fsck();
  assert.equal(found.code, 1);
  assert.equal(found.problems.length, 1);
  await untilWell();
  await cluster.killNode(2);
  cluster.restartNode(2);
  // It is noticed some time later that it was away.
  await waitUntil('all to be well again', async () => (await fsck()).code === 0, WAIT_MS);
  await untilWell();
  await readAll();
});
