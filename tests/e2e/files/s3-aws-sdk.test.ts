/** @aws-sdk/client-s3 on the S3 door: it sends checksums as trailers and checks those that come. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ann, type S3Bed } from '../../support/files/s3-bed.ts';
import { content, withDiskBed } from './s3-client-bed.ts';

function withSdk(work: (client: S3Client, bed: S3Bed) => Promise<void>): Promise<void> {
  return withDiskBed(async (bed) => {
    const client = new S3Client({
      endpoint: bed.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: ann.accessKeyId, secretAccessKey: ann.secret },
    });
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'docs' }));
      await work(client, bed);
    } finally {
      client.destroy();
    }
  });
}

const docs = { Bucket: 'docs' } as const;

test('the AWS SDK uploads with every checksum, and checks what it reads', async () => {
  await withSdk(async (client) => {
    const body = content(300_000);
    await client.send(new PutObjectCommand({ ...docs, Key: 'plain', Body: body }));
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const) {
      const Key = `a b/${ChecksumAlgorithm}`;
      // A stream has no length known beforehand, so its checksum comes behind it.
      const Body = ChecksumAlgorithm === 'SHA256' ? body : Readable.from([body]);
      const ContentLength = body.length;
      await client.send(
        new PutObjectCommand({ ...docs, Key, Body, ContentLength, ChecksumAlgorithm }),
      );
      const got = await client.send(
        new GetObjectCommand({ ...docs, Key, ChecksumMode: 'ENABLED' }),
      );
      const bytes = await got.Body?.transformToByteArray();
      assert.ok(body.equals(Buffer.from(bytes ?? [])), ChecksumAlgorithm);
      assert.equal(got.ChecksumType, 'FULL_OBJECT');
    }
    const { Contents } = await client.send(new ListObjectsV2Command({ ...docs, Prefix: 'a b/' }));
    assert.deepEqual(
      Contents?.map(({ Key, Size }) => `${Key} ${Size}`),
      ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'].map((name) => `a b/${name} 300000`),
    );
    const attributes = await client.send(
      new GetObjectAttributesCommand({
        ...docs,
        Key: 'plain',
        ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize'],
      }),
    );
    assert.equal(attributes.ObjectSize, 300_000);
    assert.ok(attributes.Checksum?.ChecksumCRC32 !== undefined);
  });
});

test('the AWS SDK uploads in parts, lists, copies and deletes', async () => {
  await withSdk(async (client) => {
    const body = content(6_000_000);
    const target = { ...docs, Key: 'big' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
    const parts = [];
    for (const [i, Body] of [body.subarray(0, 5_500_000), body.subarray(5_500_000)].entries()) {
      const PartNumber = i + 1;
      const { ETag, ChecksumCRC32 } = await client.send(
        new UploadPartCommand({ ...target, UploadId, PartNumber, Body }),
      );
      parts.push({ ETag, ChecksumCRC32, PartNumber });
    }
    assert.equal(
      (await client.send(new ListPartsCommand({ ...target, UploadId }))).Parts?.length,
      2,
    );
    const done = await client.send(
      new CompleteMultipartUploadCommand({
        ...target,
        UploadId,
        MultipartUpload: { Parts: parts },
      }),
    );
    assert.match(done.ETag ?? '', /-2"$/);
    const other = await client.send(new CreateMultipartUploadCommand({ ...docs, Key: 'other' }));
    await client.send(
      new AbortMultipartUploadCommand({ ...docs, Key: 'other', UploadId: other.UploadId }),
    );
    assert.equal((await client.send(new ListMultipartUploadsCommand(docs))).Uploads, undefined);
    await client.send(new CopyObjectCommand({ ...docs, Key: 'copy', CopySource: 'docs/big' }));
    const head = await client.send(new HeadObjectCommand({ ...docs, Key: 'copy' }));
    assert.equal(head.ContentLength, 6_000_000);
    const got = await client.send(new GetObjectCommand({ ...docs, Key: 'copy' }));
    assert.ok(body.equals(Buffer.from((await got.Body?.transformToByteArray()) ?? [])));
    await client.send(new DeleteObjectCommand({ ...docs, Key: 'copy' }));
    const deleted = await client.send(
      new DeleteObjectsCommand({ ...docs, Delete: { Objects: [{ Key: 'big' }, { Key: 'none' }] } }),
    );
    assert.equal(deleted.Deleted?.length, 2);
    await client.send(new DeleteBucketCommand(docs));
  });
});

test('the AWS SDK throws the errors that it knows by name', async () => {
  await withSdk(async (client, bed) => {
    const named = async (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => 'none',
        (error: Error) => error.name,
      );
    assert.equal(
      await named(client.send(new GetObjectCommand({ ...docs, Key: 'none' }))),
      'NoSuchKey',
    );
    assert.equal(
      await named(client.send(new HeadObjectCommand({ ...docs, Key: 'none' }))),
      'NotFound',
    );
    assert.equal(await named(client.send(new HeadBucketCommand({ Bucket: 'nobody' }))), 'NotFound');
    assert.equal(
      await named(client.send(new ListObjectsV2Command({ Bucket: 'nobody' }))),
      'NoSuchBucket',
    );
    const twice = new PutObjectCommand({ ...docs, Key: 'k', Body: 'x', IfNoneMatch: '*' });
    assert.equal(await named(client.send(twice)), 'none');
    assert.equal(await named(client.send(twice)), 'PreconditionFailed');
    assert.equal(await named(client.send(new DeleteBucketCommand(docs))), 'BucketNotEmpty');
    const stranger = new S3Client({
      ...{ endpoint: bed.endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 },
      credentials: { accessKeyId: 'NOBODY', secretAccessKey: 'x' },
    });
    assert.equal(await named(stranger.send(new ListObjectsV2Command(docs))), 'InvalidAccessKeyId');
    stranger.destroy();
  });
});
