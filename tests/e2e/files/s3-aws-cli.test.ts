/** The AWS CLI on the S3 door. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ann } from '../../support/files/s3-bed.ts';
import { awsPath, requirePeer } from '../../support/peers.ts';
import { type ClientBed, content, type Ran, withClient } from './s3-client-bed.ts';

type Aws = (...args: string[]) => Promise<Ran>;

async function withAws(work: (aws: Aws, client: ClientBed) => Promise<void>): Promise<void> {
  await withClient(async (client) => {
    writeFileSync(
      join(client.folder, 'config'),
      '[default]\nregion = us-east-1\ns3 =\n  multipart_threshold = 5MB\n  multipart_chunksize = 5MB\n  addressing_style = path\n',
    );
    const env = {
      AWS_ACCESS_KEY_ID: ann.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ann.secret,
      AWS_CONFIG_FILE: join(client.folder, 'config'),
      AWS_EC2_METADATA_DISABLED: 'true',
    };
    const aws: Aws = (...args) =>
      client.run(
        awsPath,
        [...args, '--endpoint-url', client.bed.endpoint, '--output', 'json'],
        env,
      );
    await work(aws, client);
  });
}

async function well(ran: Promise<Ran>): Promise<string> {
  const { code, stdout, stderr } = await ran;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return stdout;
}

test(
  'the AWS CLI uploads, lists, copies, downloads and deletes',
  requirePeer('awscli'),
  async () => {
    await withAws(async (aws, { folder, bed }) => {
      const big = content(12_000_001);
      writeFileSync(join(folder, 'small.txt'), 'hello');
      writeFileSync(join(folder, 'big.bin'), big);
      await well(aws('s3', 'mb', 's3://docs'));
      await well(aws('s3', 'cp', 'small.txt', 's3://docs/a/smäll file.txt'));
      await well(aws('s3', 'cp', 'big.bin', 's3://docs/big.bin'));
      assert.ok(bed.calls.includes('CompleteMultipartUpload 200'));
      const listed = await well(aws('s3', 'ls', 's3://docs', '--recursive'));
      assert.match(listed, /5 a\/smäll file\.txt\n.*12000001 big\.bin\n$/);
      assert.match(await well(aws('s3', 'ls', 's3://docs/')), /PRE a\/\n/);
      await well(aws('s3', 'cp', 's3://docs/big.bin', 's3://docs/copy.bin'));
      assert.ok(bed.calls.includes('UploadPartCopy 200'));
      await well(aws('s3', 'cp', 's3://docs/copy.bin', 'back.bin'));
      assert.ok(readFileSync(join(folder, 'back.bin')).equals(big));
      await well(aws('s3', 'sync', 's3://docs', 'synced'));
      assert.equal(readFileSync(join(folder, 'synced/a/smäll file.txt'), 'utf8'), 'hello');
      await well(aws('s3', 'rm', 's3://docs', '--recursive'));
      await well(aws('s3', 'rb', 's3://docs'));
      assert.deepEqual(JSON.parse(await well(aws('s3api', 'list-buckets'))).Buckets, []);
    });
  },
);

test('the AWS CLI is told what is wrong', requirePeer('awscli'), async () => {
  await withAws(async (aws, { folder, run, bed }) => {
    await well(aws('s3', 'mb', 's3://docs'));
    const cases: readonly [string[], RegExp][] = [
      [['s3api', 'get-object', '--bucket', 'docs', '--key', 'none', 'out'], /NoSuchKey/],
      [['s3api', 'list-objects-v2', '--bucket', 'nobody'], /NoSuchBucket/],
      [['s3api', 'head-object', '--bucket', 'docs', '--key', 'none'], /404/],
      [['s3api', 'create-bucket', '--bucket', 'Bad_Name'], /InvalidBucketName/],
      [
        ['s3api', 'abort-multipart-upload', '--bucket', 'docs', '--key', 'k', '--upload-id', 'x'],
        /NoSuchUpload/,
      ],
    ];
    for (const [args, expected] of cases) {
      const { code, stderr } = await aws(...args);
      assert.notEqual(code, 0);
      assert.match(stderr, expected);
    }
    const wrong = await run(awsPath, ['s3', 'ls', '--endpoint-url', bed.endpoint], {
      AWS_ACCESS_KEY_ID: ann.accessKeyId,
      AWS_SECRET_ACCESS_KEY: 'another',
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    assert.match(wrong.stderr, /SignatureDoesNotMatch/);
  });
});

test(
  'a URL that the AWS CLI presigns is good for whoever has it',
  requirePeer('awscli'),
  async () => {
    await withAws(async (aws, { folder }) => {
      writeFileSync(join(folder, 'small.txt'), 'hello');
      await well(aws('s3', 'mb', 's3://docs'));
      await well(aws('s3', 'cp', 'small.txt', 's3://docs/a b.txt'));
      const url = (await well(aws('s3', 'presign', 's3://docs/a b.txt'))).trim();
      assert.equal(await (await fetch(url)).text(), 'hello');
      const changed = await fetch(url.replace('b.txt', 'c.txt'));
      assert.equal(changed.status, 403);
    });
  },
);
