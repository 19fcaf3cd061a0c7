/** boto3 on the S3 door: one script, which says what it found as JSON. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ann } from '../../support/files/s3-bed.ts';
import { pythonPath, requirePeer } from '../../support/peers.ts';
import { withClient } from './s3-client-bed.ts';

const script = `
import boto3, json, sys, io, hashlib
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError
endpoint, key, secret = sys.argv[1:4]
s3 = boto3.client('s3', endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret,
    region_name='us-east-1', config=Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 1}))
found = {}
def code(work):
    try:
        work()
        return 'none'
    except ClientError as error:
        return error.response['Error']['Code']
s3.create_bucket(Bucket='docs')
s3.put_object(Bucket='docs', Key='a/b', Body=b'hello', ContentType='text/x', Metadata={'who': 'me'}, ContentMD5='XUFAKrxLKna5cZ2REBfFkg==')
got = s3.get_object(Bucket='docs', Key='a/b')
found['get'] = [got['Body'].read().decode(), got['ContentType'], got['Metadata'], got['ETag']]
found['range'] = s3.get_object(Bucket='docs', Key='a/b', Range='bytes=-3')['Body'].read().decode()
big = bytes(range(256)) * 50000
s3.upload_fileobj(io.BytesIO(big), 'docs', 'big', Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
back = io.BytesIO()
s3.download_fileobj('docs', 'big', back, Config=TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20))
found['big'] = [back.getvalue() == big, s3.head_object(Bucket='docs', Key='big')['ETag'][-3:]]
s3.copy({'Bucket': 'docs', 'Key': 'big'}, 'docs', 'copy')
found['copy'] = s3.head_object(Bucket='docs', Key='copy')['ContentLength']
for i in range(25):
    s3.put_object(Bucket='docs', Key='many/%02d' % i, Body=b'x')
pages = s3.get_paginator('list_objects_v2').paginate(Bucket='docs', Prefix='many/', PaginationConfig={'PageSize': 10})
found['pages'] = [len(page['Contents']) for page in pages]
pages = s3.get_paginator('list_objects').paginate(Bucket='docs', Delimiter='/', PaginationConfig={'PageSize': 1})
found['roots'] = [[o['Key'] for o in page.get('Contents', [])] + [p['Prefix'] for p in page.get('CommonPrefixes', [])] for page in pages]
found['deleted'] = len(s3.delete_objects(Bucket='docs', Delete={'Objects': [{'Key': 'many/%02d' % i} for i in range(25)]})['Deleted'])
found['errors'] = [
    code(lambda: s3.get_object(Bucket='docs', Key='none')),
    code(lambda: s3.head_object(Bucket='docs', Key='none')),
    code(lambda: s3.list_objects_v2(Bucket='nobody')),
    code(lambda: s3.put_object(Bucket='docs', Key='x', Body=b'hello', ContentMD5='AAAAAAAAAAAAAAAAAAAAAA==')),
    code(lambda: s3.delete_bucket(Bucket='docs')),
    code(lambda: s3.get_object(Bucket='docs', Key='a/b', IfMatch='"x"')),
    code(lambda: s3.get_object(Bucket='docs', Key='a/b', Range='bytes=99-')),
    code(lambda: s3.upload_part(Bucket='docs', Key='a/b', UploadId='x', PartNumber=1, Body=b'x')),
]
s3.put_bucket_versioning(Bucket='docs', VersioningConfiguration={'Status': 'Enabled'})
one = s3.put_object(Bucket='docs', Key='v', Body=b'one')['VersionId']
two = s3.put_object(Bucket='docs', Key='v', Body=b'two')['VersionId']
s3.delete_object(Bucket='docs', Key='v')
found['versions'] = [
    s3.get_object(Bucket='docs', Key='v', VersionId=one)['Body'].read().decode(),
    code(lambda: s3.get_object(Bucket='docs', Key='v')),
    [v['VersionId'] == i for v, i in zip(s3.list_object_versions(Bucket='docs', Prefix='v')['Versions'], [two, one])],
    len(s3.list_object_versions(Bucket='docs', Prefix='v')['DeleteMarkers']),
]
for algorithm in ['CRC32', 'SHA256', 'SHA1']:
    s3.put_object(Bucket='docs', Key=algorithm, Body=b'hello', ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket='docs', Key=algorithm, ChecksumMode='ENABLED')
    found[algorithm] = [got['Checksum' + algorithm], got['Body'].read().decode()]
bucket = boto3.resource('s3', endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name='us-east-1').Bucket('docs')
bucket.object_versions.delete()
bucket.delete()
found['left'] = s3.list_buckets()['Buckets']
print(json.dumps(found))
`;

test(
  'boto3 uploads, lists, copies, downloads, deletes, and hears the errors',
  requirePeer('python3-boto3'),
  async () => {
    await withClient(async ({ bed, run }) => {
      const args = ['-c', script, bed.endpoint, ann.accessKeyId, ann.secret];
      const { code, stdout, stderr } = await run(pythonPath, args);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), {
        get: ['hello', 'text/x', { who: 'me' }, '"5d41402abc4b2a76b9719d911017c592"'],
        range: 'llo',
        big: [true, '-3"'],
        copy: 12_800_000,
        pages: [10, 10, 5],
        roots: [['a/'], ['big'], ['copy'], ['many/']],
        deleted: 25,
        errors: [
          ...[
            'NoSuchKey',
            '404',
            'NoSuchBucket',
            'BadDigest',
            'BucketNotEmpty',
            'PreconditionFailed',
          ],
          ...['InvalidRange', 'NoSuchUpload'],
        ],
        versions: ['one', 'NoSuchKey', [true, true], 1],
        CRC32: ['NhCmhg==', 'hello'],
        SHA256: ['LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=', 'hello'],
        SHA1: ['qvTGHdzF6KLavt4PO0gs2a6pQ00=', 'hello'],
        left: [],
      });
    });
  },
);
