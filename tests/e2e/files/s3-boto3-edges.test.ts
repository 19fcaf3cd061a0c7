/** boto3 in its less usual ways: Signature V2, forms, empty bodies, conditions, locks, another user. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ann, bob } from '../../support/files/s3-bed.ts';
import { pythonPath, requirePeer } from '../../support/peers.ts';
import { withClient } from './s3-client-bed.ts';

const script = `
import boto3, json, sys, urllib.request
from botocore.config import Config
from botocore import UNSIGNED
from botocore.exceptions import ClientError
endpoint, key, secret, key2, secret2 = sys.argv[1:6]
def client(key, secret, version='s3v4'):
    return boto3.client('s3', endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name='us-east-1',
        config=Config(signature_version=version, s3={'addressing_style': 'path'}, read_timeout=10, retries={'total_max_attempts': 1}))
s3, other, nobody, old = client(key, secret), client(key2, secret2), client('', '', UNSIGNED), client(key, secret, 's3')
found = {}
def code(work):
    try:
        work()
        return 'ok'
    except ClientError as error:
        return error.response['Error']['Code']
s3.create_bucket(Bucket='docs')
# Each on the connection of the one before: none may hang.
for body in [b'', b'x', b'', b'']:
    s3.put_object(Bucket='docs', Key='empty', Body=body)
code(lambda: s3.put_object(Bucket='docs', Key='k' * 1025, Body=b''))
s3.put_object(Bucket='docs', Key='empty', Body=b'y')
found['empty'] = s3.head_object(Bucket='docs', Key='empty')['ContentLength']

name = 'a b+c%/\\u00fc'
old.put_object(Bucket='docs', Key=name, Body=b'old', Metadata={'who': 'me'})
url = old.generate_presigned_url('get_object', Params={'Bucket': 'docs', 'Key': name, 'ResponseContentType': 'text/x'})
with urllib.request.urlopen(url) as answer:
    found['v2'] = [answer.read().decode(), answer.headers['content-type'], answer.headers['x-amz-meta-who']]
upload = s3.create_multipart_upload(Bucket='docs', Key='parts')['UploadId']
part = s3.upload_part(Bucket='docs', Key='parts', UploadId=upload, PartNumber=1, Body=b'p')
s3.complete_multipart_upload(Bucket='docs', Key='parts', UploadId=upload, MultipartUpload={'Parts': [{'PartNumber': 1, 'ETag': part['ETag']}]})
found['v2 lists'] = [o['Key'] for o in old.list_objects(Bucket='docs')['Contents']]
found['attributes'] = s3.get_object_attributes(Bucket='docs', Key='parts', ObjectAttributes=['ObjectParts'])['ObjectParts']['TotalPartsCount']

def send(form, file=b'hello'):
    body = b''.join(('--B\\r\\nContent-Disposition: form-data; name="%s"\\r\\n\\r\\n%s\\r\\n' % pair).encode() for pair in form['fields'].items())
    body += b'--B\\r\\nContent-Disposition: form-data; name="file"; filename="f.txt"\\r\\n\\r\\n' + file + b'\\r\\n--B--\\r\\n'
    request = urllib.request.Request(form['url'], data=body, headers={'Content-Type': 'multipart/form-data; boundary=B'})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
found['forms'] = []
for who in [s3, old]:
    form = who.generate_presigned_post('docs', 'up/' + '$' + '{filename}', Conditions=[['content-length-range', 1, 5]])
    found['forms'] += [send(form), send(form, b'too long')]
found['form'] = s3.get_object(Bucket='docs', Key='up/f.txt')['Body'].read().decode()

s3.put_bucket_acl(Bucket='docs', ACL='public-read-write')
other.put_object(Bucket='docs', Key='theirs', Body=b'secret')
other.put_object(Bucket='docs', Key='given', Body=b'given', GrantFullControl='id=ann')
found['others'] = [
    code(lambda: s3.get_object(Bucket='docs', Key='theirs')),
    code(lambda: s3.get_object(Bucket='docs', Key='given')),
    code(lambda: nobody.get_object(Bucket='docs', Key='given')),
    code(lambda: nobody.list_objects(Bucket='docs')),
    code(lambda: s3.delete_object(Bucket='docs', Key='theirs')),
]
copy = {'Bucket': 'docs', 'Key': 'empty'}
s3.copy_object(Bucket='docs', Key='copy', CopySource=copy, Metadata={'no': 'directive'})
found['copy'] = s3.head_object(Bucket='docs', Key='copy')['Metadata']
found['conditions'] = [
    code(lambda: s3.copy_object(Bucket='docs', Key='copy', CopySource=copy, CopySourceIfNoneMatch='*')),
    code(lambda: s3.copy_object(Bucket='docs', Key='empty', CopySource=copy)),
]
found['configurations'] = [
    code(lambda: s3.put_bucket_logging(Bucket='docs', BucketLoggingStatus={})),
    code(lambda: s3.put_bucket_request_payment(Bucket='docs', RequestPaymentConfiguration={'Payer': 'Requester'})),
    code(lambda: s3.delete_bucket_website(Bucket='docs')),
    code(lambda: s3.get_bucket_website(Bucket='docs')),
    code(lambda: s3.restore_object(Bucket='docs', Key='copy', RestoreRequest={'Days': 1})),
    code(lambda: s3.put_object(Bucket='docs', Key='k', Body=b'', ServerSideEncryption='aws:kms')),
]
print(json.dumps(found))
`;

test(
  'boto3 signs as it did long ago, posts forms, meets what others own, and never waits for nothing',
  requirePeer('python3-boto3'),
  async () => {
    await withClient(async ({ bed, run }) => {
      const keys = [ann, bob].flatMap(({ accessKeyId, secret }) => [accessKeyId, secret]);
      const { code, stdout, stderr } = await run(pythonPath, ['-c', script, bed.endpoint, ...keys]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), {
        empty: 1,
        v2: ['old', 'text/x', 'me'],
        'v2 lists': ['a b+c%/ü', 'empty', 'parts'],
        attributes: 1,
        forms: [204, 400, 204, 400],
        form: 'hello',
        others: ['AccessDenied', 'ok', 'AccessDenied', 'ok', 'ok'],
        copy: {},
        conditions: ['PreconditionFailed', 'InvalidRequest'],
        configurations: [
          ...['ok', 'NotImplemented', 'ok', 'NoSuchWebsiteConfiguration', 'InvalidObjectState'],
          'NotImplemented',
        ],
      });
    });
  },
);
