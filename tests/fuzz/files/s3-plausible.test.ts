/**
 * Requests that clients do send, put together as nobody does: every operation with fields, parameters and documents
 * that mean something one by one. Whatever comes, there is an answer of S3's, never a 500, and the door stands.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorTable } from '../../../src/files/s3/errors.ts';
import type { Operation } from '../../../src/files/s3/operation.ts';
import { operationTable } from '../../../src/files/s3/operations/table.ts';
import { MemoryStore } from '../../../src/files/s3/testing/memory-store.ts';
import { ann, bob, root, S3Bed, texts } from '../../support/files/s3-bed.ts';

const RUNS = Number(process.env.PLINTH_S3_FUZZ_RUNS ?? 500);
const KEY = Buffer.alloc(32, 5);
const SSE = 'x-amz-server-side-encryption';
const ETAG = '"5d41402abc4b2a76b9719d911017c592"';
const FUTURE = '2099-01-01T00:00:00Z';

/** Each a set of fields that belong together. */
const fieldSets: readonly Readonly<Record<string, string>>[] = [
  ...['COPY', 'REPLACE'].map((value) => ({ 'x-amz-metadata-directive': value })),
  ...['COPY', 'REPLACE'].map((value) => ({ 'x-amz-tagging-directive': value })),
  ...['/docs/k', 'docs/locked?versionId=null', '/docs/parts', '/open/k', '/docs/none'].map(
    (value) => ({ 'x-amz-copy-source': value }),
  ),
  { 'x-amz-copy-source-range': 'bytes=0-2' },
  { 'x-amz-copy-source-if-match': ETAG },
  { 'x-amz-copy-source-if-none-match': ETAG },
  { 'if-match': ETAG },
  { 'if-none-match': '*' },
  { 'if-modified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' },
  { range: 'bytes=1-3' },
  { range: 'bytes=-2' },
  { 'x-amz-meta-a': '1', 'x-amz-meta-b': '' },
  { 'content-type': 'text/a', 'cache-control': 'no-store', 'content-encoding': 'aws-chunked' },
  { 'x-amz-tagging': 'a=1&b=2' },
  ...['private', 'public-read', 'bucket-owner-full-control', 'authenticated-read'].map((value) => ({
    'x-amz-acl': value,
  })),
  { 'x-amz-grant-read': 'id=bob', 'x-amz-grant-write-acp': 'emailAddress=ann@example.com' },
  { [SSE]: 'AES256' },
  {
    [`${SSE}-customer-algorithm`]: 'AES256',
    [`${SSE}-customer-key`]: KEY.toString('base64'),
    [`${SSE}-customer-key-md5`]: createHash('md5').update(KEY).digest('base64'),
  },
  ...['CRC32', 'SHA256', 'CRC64NVME'].map((value) => ({ 'x-amz-checksum-algorithm': value })),
  ...['COMPOSITE', 'FULL_OBJECT'].map((value) => ({ 'x-amz-checksum-type': value })),
  { 'x-amz-checksum-mode': 'ENABLED' },
  { 'x-amz-checksum-crc32': 'NhCmhg==' },
  { 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
  { 'x-amz-website-redirect-location': '/there' },
  { 'x-amz-object-lock-mode': 'GOVERNANCE', 'x-amz-object-lock-retain-until-date': FUTURE },
  { 'x-amz-object-lock-legal-hold': 'ON' },
  { 'x-amz-bypass-governance-retention': 'true' },
  { 'x-amz-bucket-object-lock-enabled': 'true' },
  { 'x-amz-object-ownership': 'ObjectWriter' },
  { 'x-amz-object-attributes': 'ETag,Checksum,ObjectParts', 'x-amz-max-parts': '1' },
  { origin: 'http://a.ex', 'access-control-request-method': 'GET' },
  { 'x-amz-expected-bucket-owner': 'ann' },
  { 'x-amz-mp-object-size': '5' },
];

const querySets: readonly Readonly<Record<string, string>>[] = [
  { versionId: 'null' },
  { prefix: 'k', delimiter: '/', 'max-keys': '1', 'encoding-type': 'url' },
  { 'list-type': '2', 'start-after': 'a', 'fetch-owner': 'true' },
  { marker: 'a', 'key-marker': 'a', 'version-id-marker': 'null' },
  { 'response-content-type': 'a/b', partNumber: '1' },
  { 'part-number-marker': '0', 'max-parts': '1' },
];

const documents = [
  'hello',
  '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
  '<Delete><Object><Key>k</Key></Object><Object><Key>locked</Key><VersionId>null</VersionId></Object></Delete>',
  '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
  `<Retention><Mode>COMPLIANCE</Mode><RetainUntilDate>${FUTURE}</RetainUntilDate></Retention>`,
  '<Retention/>',
  '<LegalHold><Status>ON</Status></LegalHold>',
  '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Years>1</Years></DefaultRetention></Rule></ObjectLockConfiguration>',
  '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>',
  '<PublicAccessBlockConfiguration><IgnorePublicAcls>true</IgnorePublicAcls></PublicAccessBlockConfiguration>',
  '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>',
  '<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter><Tag><Key>a</Key><Value>1</Value></Tag></Filter><Expiration><Days>999999999999999</Days></Expiration></Rule></LifecycleConfiguration>',
  '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
  '<AccessControlPolicy><Owner><ID>ann</ID></Owner><AccessControlList/></AccessControlPolicy>',
  `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${ETAG}</ETag></Part></CompleteMultipartUpload>`,
  '{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::docs","arn:aws:s3:::docs/*"],"Condition":{"StringEquals":{"s3:ExistingObjectTag/a":"1"}}}}',
];

interface Asked {
  readonly operation: Operation;
  readonly bucket: string;
  readonly key: string;
  readonly fields: readonly Readonly<Record<string, string>>[];
  readonly query: readonly Readonly<Record<string, string>>[];
  readonly body: string;
  readonly user: typeof ann | null;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  operation: fc.constantFrom(...operationTable),
  bucket: fc.constantFrom('docs', 'docs', 'open', 'none'),
  key: fc.constantFrom('k', 'locked', 'sealed', 'parts', 'none'),
  fields: fc.subarray([...fieldSets], { maxLength: 4 }),
  query: fc.subarray([...querySets], { maxLength: 1 }),
  body: fc.constantFrom(...documents),
  user: fc.constantFrom(ann, ann, bob, root, null),
});

async function furnished(): Promise<S3Bed> {
  const bed = await S3Bed.open({ store: new MemoryStore({ nowMs: () => Date.now() }) });
  for (const name of ['docs', 'open']) {
    const lock = { 'x-amz-bucket-object-lock-enabled': 'true' };
    const open = { 'x-amz-acl': 'public-read-write' };
    await bed.ask('PUT', `/${name}`, { headers: name === 'docs' ? lock : open });
    await bed.ask('PUT', `/${name}/k`, { body: 'hello', headers: { 'x-amz-tagging': 'a=1' } });
  }
  await bed.ask('PUT', '/docs/locked', {
    body: 'hello',
    headers: { 'x-amz-object-lock-legal-hold': 'ON' },
  });
  await bed.ask('PUT', '/docs/sealed', { body: 'hello', headers: { [SSE]: 'AES256' } });
  return bed;
}

test('every operation answers whatever is put together of what clients send', async () => {
  const bed = await furnished();
  const begun = await bed.ask('POST', '/docs/parts', { query: { uploads: '' } });
  const [uploadId = ''] = texts(begun, 'UploadId');
  try {
    await fc.assert(
      fc.asyncProperty(asked, async ({ operation, bucket, key, fields, query, body, user }) => {
        const { on, method, query: needed = [], queryIs = [], headers: wanted = [] } = operation;
        const path = on === 'service' ? '/' : on === 'bucket' ? `/${bucket}` : `/${bucket}/${key}`;
        // Buckets that are made and removed would leave nothing to ask about.
        fc.pre(operation.name !== 'DeleteBucket');
        const names: Record<string, string> = { uploadId, partNumber: '1' };
        const answer = await bed.ask(method, path, {
          ...{ user, body: method === 'GET' || method === 'HEAD' ? '' : body },
          query: Object.assign(
            {},
            ...query,
            Object.fromEntries(needed.map((name) => [name, names[name] ?? ''])),
            Object.fromEntries(queryIs),
          ) as Record<string, string>,
          headers: Object.assign(
            {},
            Object.fromEntries(wanted.map((name) => [name, '/docs/k'])),
            ...fields,
          ) as Record<string, string>,
        });
        assert.ok(answer.status < 500 || answer.status === 501, `${answer.status} ${answer.text}`);
        assert.ok(answer.code === '' || answer.code in errorTable, answer.code);
      }),
      { numRuns: RUNS },
    );
    assert.equal((await bed.ask('GET', '/')).status, 200);
  } finally {
    await bed.close();
  }
});
