/** The npm client of MinIO on the S3 door: it signs bodies in chunks. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, CopyConditions } from 'minio';
import { ann, type S3Bed } from '../../support/files/s3-bed.ts';
import { content, withDiskBed } from './s3-client-bed.ts';

function withMinio(
  work: (client: Client, bed: S3Bed, folder: string) => Promise<void>,
): Promise<void> {
  return withDiskBed(async (bed) => {
    const folder = mkdtempSync(join(tmpdir(), 'plinth-minio-'));
    const client = new Client({
      ...{ endPoint: '127.0.0.1', port: bed.port, useSSL: false, pathStyle: true },
      ...{ accessKey: ann.accessKeyId, secretKey: ann.secret, partSize: 5 * 1024 * 1024 },
    });
    try {
      await client.makeBucket('docs');
      await work(client, bed, folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const rows: T[] = [];
  for await (const row of stream) rows.push(row);
  return rows;
}

test('the MinIO client uploads, in parts too, lists, copies, downloads and deletes', async () => {
  await withMinio(async (client, bed, folder) => {
    const big = content(12_000_001);
    await client.putObject('docs', 'a/smäll file', 'hello', 5, {
      'Content-Type': 'text/x',
      'X-Amz-Meta-Who': 'me',
    });
    await client.putObject('docs', 'big', big);
    assert.ok(bed.calls.includes('CompleteMultipartUpload 200'));
    const stat = await client.statObject('docs', 'a/smäll file');
    assert.deepEqual(
      [stat.size, stat.metaData['content-type'], stat.metaData.who],
      [5, 'text/x', 'me'],
    );
    await client.fGetObject('docs', 'big', join(folder, 'back'));
    assert.ok(readFileSync(join(folder, 'back')).equals(big));
    const part = await client.getPartialObject('docs', 'a/smäll file', 1, 3);
    assert.equal(Buffer.concat(await all<Buffer>(part)).toString(), 'ell');
    await client.copyObject('docs', 'copy', '/docs/big', new CopyConditions());
    const listed = await all<{ name: string }>(client.listObjectsV2('docs', '', true));
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['a/smäll file', 'big', 'copy'],
    );
    const url = await client.presignedGetObject('docs', 'a/smäll file', 60);
    assert.equal(await (await fetch(url)).text(), 'hello');
    const upload = await client.presignedPutObject('docs', 'presigned', 60);
    assert.equal((await fetch(upload, { method: 'PUT', body: 'by url' })).status, 200);
    await client.setObjectTagging('docs', 'copy', { a: 'one' });
    assert.deepEqual(await client.getObjectTagging('docs', 'copy'), [{ Key: 'a', Value: 'one' }]);
    await client.removeObjects('docs', ['a/smäll file', 'big', 'copy', 'presigned']);
    await client.removeBucket('docs');
    assert.deepEqual(await client.listBuckets(), []);
  });
});

test('the MinIO client posts by a signed policy', async () => {
  await withMinio(async (client) => {
    const policy = client.newPostPolicy();
    policy.setBucket('docs');
    policy.setKey('posted');
    policy.setExpires(new Date(Date.now() + 60_000));
    policy.setContentLengthRange(1, 100);
    const { postURL, formData } = await client.presignedPostPolicy(policy);
    const form = new FormData();
    for (const [name, value] of Object.entries(formData)) form.append(name, String(value));
    form.append('file', new Blob(['hello']));
    const posted = await fetch(postURL, { method: 'POST', body: form });
    assert.equal(posted.status, 204, await posted.text());
    assert.equal((await client.statObject('docs', 'posted')).size, 5);
  });
});

test('the MinIO client hears the errors', async () => {
  await withMinio(async (client) => {
    const coded = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'none',
        (error: { code?: string }) => error.code,
      );
    assert.equal(await coded(client.getObject('docs', 'none')), 'NoSuchKey');
    assert.equal(await coded(client.statObject('docs', 'none')), 'NotFound');
    assert.equal(
      await coded(client.makeBucket('docs', 'us-east-1').then(() => client.removeBucket('nobody'))),
      'NoSuchBucket',
    );
    await client.putObject('docs', 'k', 'x');
    assert.equal(await coded(client.removeBucket('docs')), 'BucketNotEmpty');
  });
});
