/**
 * Requests that nobody in their right mind sends: whatever comes, there is an answer of S3's, never a 500, and the
 * door stands. Signed rightly, so that they come further than the signature.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { errorTable } from '../../../src/files/s3/errors.ts';
import type { Operation } from '../../../src/files/s3/operation.ts';
import { operationTable } from '../../../src/files/s3/operations/table.ts';
import { MemoryStore } from '../../../src/files/s3/testing/memory-store.ts';
import { type AskOptions, ann, bob, S3Bed } from '../../support/files/s3-bed.ts';

const RUNS = Number(process.env.PLINTH_S3_FUZZ_RUNS ?? 500);

const hostile = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      '0',
      '-1',
      '1',
      '99999999999999999999',
      'NaN',
      'true',
      '*',
      '"x"',
      '__proto__',
      'constructor',
      'null',
    ],
    ...[
      '2030-01-01T00:00:00Z',
      '+275760-09-13T00:00:00Z',
      'bytes=0-1',
      'bytes=1-',
      '/docs/k',
      'docs/k?versionId=x',
    ],
    ...[
      'AES256',
      'CRC32',
      'GOVERNANCE',
      'ON',
      'REPLACE',
      'public-read',
      'id="ann"',
      'url',
      '/',
      'a=1&a=2',
      '%',
      '%zz',
    ],
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

/** What may stand in a field: visible ASCII without blanks at the ends. */
const fieldValue = hostile.map((text) => text.replace(/[^\x20-\x7e]/g, '?').trim());

const queryName = fc.constantFrom(
  ...new Set(operationTable.flatMap(({ query = [] }) => query)),
  ...[
    'list-type',
    'prefix',
    'delimiter',
    'marker',
    'max-keys',
    'continuation-token',
    'start-after',
  ],
  ...[
    'key-marker',
    'version-id-marker',
    'upload-id-marker',
    'versionId',
    'encoding-type',
    'max-parts',
  ],
  ...[
    'part-number-marker',
    'max-uploads',
    'response-content-type',
    'max-buckets',
    'website',
    'select',
  ],
);
const fieldName = fc.constantFrom(
  ...[
    'range',
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-range',
    'content-md5',
    'content-type',
  ],
  ...[
    'x-amz-copy-source',
    'x-amz-copy-source-range',
    'x-amz-acl',
    'x-amz-grant-read',
    'x-amz-tagging',
  ],
  ...[
    'x-amz-metadata-directive',
    'x-amz-checksum-crc32',
    'x-amz-checksum-algorithm',
    'x-amz-checksum-type',
  ],
  ...[
    'x-amz-sdk-checksum-algorithm',
    'x-amz-trailer',
    'x-amz-object-attributes',
    'x-amz-meta-__proto__',
  ],
  ...['x-amz-server-side-encryption', 'x-amz-server-side-encryption-customer-algorithm', 'origin'],
  ...['x-amz-server-side-encryption-customer-key', 'x-amz-object-lock-mode', 'x-amz-storage-class'],
  ...[
    'x-amz-object-lock-retain-until-date',
    'x-amz-object-lock-legal-hold',
    'x-amz-mp-object-size',
  ],
  ...[
    'x-amz-if-match-size',
    'x-amz-if-match-last-modified-time',
    'x-amz-decoded-content-length',
    'expires',
  ],
);

const element = fc.constantFrom(
  ...[
    'Delete',
    'Object',
    'Key',
    'VersionId',
    'Quiet',
    'Tagging',
    'TagSet',
    'Tag',
    'Value',
    'Part',
    'PartNumber',
  ],
  ...[
    'CompleteMultipartUpload',
    'ETag',
    'CORSConfiguration',
    'CORSRule',
    'AllowedOrigin',
    'AllowedMethod',
  ],
  ...[
    'LifecycleConfiguration',
    'Rule',
    'Filter',
    'And',
    'Prefix',
    'Status',
    'Expiration',
    'Days',
    'Date',
    'ID',
  ],
  ...[
    'VersioningConfiguration',
    'AccessControlPolicy',
    'Owner',
    'AccessControlList',
    'Grant',
    'Grantee',
    'URI',
  ],
  ...[
    'Permission',
    'ObjectLockConfiguration',
    'ObjectLockEnabled',
    'DefaultRetention',
    'Mode',
    'Years',
    'Retention',
  ],
  ...[
    'RetainUntilDate',
    'LegalHold',
    'OwnershipControls',
    'ObjectOwnership',
    'PublicAccessBlockConfiguration',
  ],
  ...['ServerSideEncryptionConfiguration', 'ApplyServerSideEncryptionByDefault', 'SSEAlgorithm'],
  ...[
    'CreateBucketConfiguration',
    'LocationConstraint',
    'NoncurrentVersionExpiration',
    'NoncurrentDays',
  ],
);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fieldValue.map((text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')),
    fc
      .tuple(element, fc.array(tie('tree'), { maxLength: 4 }))
      .map(([name, inside]) => `<${name}>${inside.join('')}</${name}>`),
  ),
}));
const policy = fc
  .record({
    Effect: fc.constantFrom('Allow', 'Deny', ''),
    Principal: fc.oneof(
      fc.constant('*'),
      fc.dictionary(fc.constantFrom('AWS', '__proto__'), hostile),
    ),
    Action: fc.oneof(fc.constantFrom('s3:*', 's3:GetObject', '*'), hostile),
    Resource: fc.constantFrom('arn:aws:s3:::docs/*', 'arn:aws:s3:::docs', 'arn:aws:s3:::docs*'),
    Condition: fc.dictionary(
      fc.constantFrom(
        'StringLike',
        'IpAddress',
        'constructor',
        'Null',
        'DateLessThan',
        'NumericEquals',
        'Bool',
      ),
      fc.dictionary(
        fc.constantFrom('aws:SourceIp', 's3:prefix', 'aws:CurrentTime', '__proto__'),
        hostile,
      ),
    ),
  })
  .map((statement) => JSON.stringify({ Version: '2012-10-17', Statement: [statement] }));

const PATHS = { service: '/', bucket: '/docs', object: '/docs/k' } as const;

/** Method, path and what the query must have: of an operation, or of none. */
const target = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...operationTable).map(targetOf) },
  {
    weight: 1,
    arbitrary: fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH'),
      path: fc.constantFrom(
        ...['/', '/docs/', '/docs/a//b', '/docs/..', '/none', '/none/k', '//', '/Bad_Name'],
      ),
      needed: fc.constant<readonly string[]>([]),
    }),
  },
);

function targetOf({ method, on, query = [] }: Operation) {
  return { method, path: PATHS[on], needed: query };
}

const asked = fc.record({
  target,
  value: hostile,
  query: fc.dictionary(queryName, hostile, { maxKeys: 2 }),
  headers: fc.dictionary(fieldName, fieldValue, { maxKeys: 3 }),
  body: fc.oneof(fc.constant(''), tree, policy, fc.string({ maxLength: 40 })),
  user: fc.constantFrom(ann, ann, ann, bob, null),
  payload: fc.constantFrom(
    ...[undefined, undefined, undefined, 'UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'],
    ...['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'nonsense'],
  ),
});

test('whatever is asked, the door answers as S3 does and stands', async () => {
  const store = new MemoryStore();
  const bed = await S3Bed.open({ store });
  const seen = new Set<string>();
  try {
    await fc.assert(
      fc.asyncProperty(
        asked,
        async ({ target: { method, path, needed }, value, query, payload, ...rest }) => {
          await bed.ask('PUT', '/docs', { user: ann });
          const named = Object.fromEntries(needed.map((name) => [name, value]));
          const options: AskOptions = {
            ...rest,
            query: { ...query, ...named },
            ...(payload !== undefined && { payload }),
          };
          const answer = await bed.ask(method, path, options);
          seen.add(bed.calls.at(-1) ?? '');
          assert.ok(answer.status >= 200 && answer.status < 600 && answer.status !== 500);
          if (answer.status < 400 || method === 'HEAD') return;
          assert.ok(answer.code in errorTable, `${answer.status} ${answer.text}`);
        },
      ),
      { numRuns: RUNS },
    );
    assert.deepEqual([store.openWriters, store.openReads], [0, 0]);
    // They come far enough to be of use.
    const reached = new Set([...seen].map((call) => call.split(' ')[0]));
    assert.ok(reached.size > operationTable.length / 2, `${reached.size} operations`);
  } finally {
    await bed.close();
  }
});
