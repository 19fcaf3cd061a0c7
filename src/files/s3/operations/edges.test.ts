/** Edges of single requests where clients have heard something else than Amazon's answer. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { type Answer, type S3Bed, texts, withS3 } from '../../../../tests/support/files/s3-bed.ts';
import { targetsOfAction } from '../access/actions.ts';
import { isStale, planKey } from '../lifecycle-rules.ts';
import { operationTable } from './table.ts';

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

async function withDocs(work: (bed: S3Bed) => Promise<void>): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await work(bed);
  });
}

const SSE = 'x-amz-server-side-encryption';

/** The fields of SSE-C with a key of one byte again and again. */
function customer(byte: number): Record<string, string> {
  const key = Buffer.alloc(32, byte);
  return {
    [`${SSE}-customer-algorithm`]: 'AES256',
    [`${SSE}-customer-key`]: key.toString('base64'),
    [`${SSE}-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
  };
}

test('encryption that there is not, or that contradicts itself, is told', async () => {
  await withDocs(async (bed) => {
    const cases: readonly [Record<string, string>, string][] = [
      [{ [SSE]: 'AES256' }, '200'],
      [{ [SSE]: 'rot13' }, '400 InvalidArgument'],
      [{ [SSE]: 'aes:kms' }, '400 InvalidArgument'],
      [{ [SSE]: 'aws:kms' }, '501 NotImplemented'],
      [{ [`${SSE}-aws-kms-key-id`]: 'x' }, '400 InvalidArgument'],
      [{ [SSE]: 'AES256', [`${SSE}-aws-kms-key-id`]: 'x' }, '400 InvalidArgument'],
      [{ ...customer(1), [SSE]: 'AES256' }, '400 InvalidArgument'],
    ];
    for (const [headers, expected] of cases) {
      const answer = await bed.ask('PUT', '/docs/k', { headers, body: 'x' });
      assert.equal(outcome(answer), expected, JSON.stringify(headers));
    }
  });
});

test('a part with another key than its upload is refused', async () => {
  await withDocs(async (bed) => {
    const begun = await bed.ask('POST', '/docs/k', {
      query: { uploads: '' },
      headers: customer(1),
    });
    const [uploadId = ''] = texts(begun, 'UploadId');
    const put = (headers: Record<string, string>): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', { query: { uploadId, partNumber: '1' }, headers, body: 'x' });
    assert.equal(outcome(await put(customer(2))), '400 InvalidRequest');
    assert.equal(outcome(await put({})), '400 InvalidRequest');
    assert.equal(outcome(await put(customer(1))), '200');
  });
});

test('attributes count parts as PartsCount', async () => {
  await withDocs(async (bed) => {
    const begun = await bed.ask('POST', '/docs/k', { query: { uploads: '' } });
    const [uploadId = ''] = texts(begun, 'UploadId');
    const query = { uploadId, partNumber: '1' };
    const { headers } = await bed.ask('PUT', '/docs/k', { query, body: 'x' });
    const body = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${headers.etag}</ETag></Part></CompleteMultipartUpload>`;
    await bed.ask('POST', '/docs/k', { query: { uploadId }, body });
    const answer = await bed.ask('GET', '/docs/k', {
      query: { attributes: '' },
      headers: { 'x-amz-object-attributes': 'ObjectParts' },
    });
    assert.deepEqual(texts(answer, 'PartsCount'), ['1']);
  });
});

test('a default retention below one day or year is no period', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    for (const period of ['<Days>0</Days>', '<Days>-1</Days>', '<Years>-1</Years>']) {
      const body = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode>${period}</DefaultRetention></Rule></ObjectLockConfiguration>`;
      const answer = await bed.ask('PUT', '/docs', { query: { 'object-lock': '' }, body });
      assert.equal(outcome(answer), '400 InvalidRetentionPeriod', period);
    }
  });
});

test('a policy can not allow to all but some', async () => {
  await withDocs(async (bed) => {
    const put = (Effect: string): Promise<Answer> =>
      bed.ask('PUT', '/docs', {
        query: { policy: '' },
        body: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              ...{ Effect, NotPrincipal: { AWS: 'arn:aws:iam:::user/bob' } },
              ...{ Action: 's3:ListBucket', Resource: 'arn:aws:s3:::docs' },
            },
          ],
        }),
      });
    assert.equal(outcome(await put('Allow')), '400 MalformedPolicy');
    assert.equal(outcome(await put('Deny')), '204');
  });
});

test('an answer to another origin is judged by the method that the client says it will use', async () => {
  await withDocs(async (bed) => {
    const rule =
      '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*.ex</AllowedOrigin></CORSRule>';
    const body = `<CORSConfiguration>${rule}</CORSConfiguration>`;
    await bed.ask('PUT', '/docs', { query: { cors: '' }, body });
    const allowed = async (method: string, more: Record<string, string>): Promise<unknown> => {
      const headers = { origin: 'a.ex', ...more };
      const answer = await bed.ask(method, '/docs/k', { user: null, headers });
      return answer.headers['access-control-allow-origin'];
    };
    const asks = (method: string) => ({ 'access-control-request-method': method });
    assert.equal(await allowed('GET', {}), 'a.ex');
    assert.equal(await allowed('PUT', {}), undefined);
    assert.equal(await allowed('PUT', asks('GET')), 'a.ex');
    assert.equal(await allowed('GET', asks('PUT')), undefined);
  });
});

test('an empty token begins at the beginning', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/a', { body: 'x' });
    const list = (token: string): Promise<Answer> =>
      bed.ask('GET', '/docs', { query: { 'list-type': '2', 'continuation-token': token } });
    const answer = await list('');
    assert.deepEqual(texts(answer, 'Key'), ['a']);
    assert.deepEqual(texts(answer, 'ContinuationToken'), ['']);
    assert.equal(outcome(await list('x')), '400 InvalidArgument');
  });
});

test('tags are made of the characters that tags are made of', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/k', { body: 'x' });
    const put = (key: string, value: string): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', {
        query: { tagging: '' },
        body: `<Tagging><TagSet><Tag><Key>${key}</Key><Value>${value}</Value></Tag></TagSet></Tagging>`,
      });
    assert.equal(outcome(await put('Größe 1_.:/=+-@', 'été')), '200');
    assert.equal(outcome(await put('a!', 'b')), '400 InvalidTag');
    assert.equal(outcome(await put('a', 'b*')), '400 InvalidTag');
  });
});

test('names of buckets that Amazon keeps for itself are not given', async () => {
  await withS3(async (bed) => {
    for (const name of [
      'xn--abc',
      'sthree-abc',
      'amzn-s3-demo-abc',
      'abc-s3alias',
      'abc--x-s3',
      'abc.mrap',
    ]) {
      assert.equal(outcome(await bed.ask('PUT', `/${name}`)), '400 InvalidBucketName', name);
    }
  });
});

test('a name that no bucket can have is told, and none is no name', async () => {
  await withDocs(async (bed) => {
    assert.equal(outcome(await bed.ask('GET', '/No_pe')), '404 NoSuchBucket');
    for (const path of ['/a', '/a!b', '//k']) {
      assert.equal(outcome(await bed.ask('GET', path)), '400 InvalidBucketName', path);
    }
    assert.equal((await bed.ask('HEAD', '/a')).status, 400);
  });
});

test('an empty Authorization field comes from nobody', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/k', { body: 'x', headers: { 'x-amz-acl': 'public-read' } });
    const empty = { user: null, headers: { authorization: '' } };
    assert.equal(outcome(await bed.ask('GET', '/docs/k', empty)), '200');
    assert.equal(
      outcome(await bed.ask('PUT', '/docs/k', { ...empty, body: 'y' })),
      '403 AccessDenied',
    );
  });
});

test('a policy names actions that there are, and resources that they can be done to', async () => {
  await withDocs(async (bed) => {
    const here = 'arn:aws:s3:::docs';
    const cases: readonly [action: string | string[], resource: string | string[], string][] = [
      ['s3:GetObject', `${here}/*`, '204'],
      ['s3:*', here, '204'],
      ['*', `${here}/*`, '204'],
      ['s3:Get*', `${here}/a/*`, '204'],
      [['s3:ListBucket', 's3:GetObject'], [here, `${here}/*`], '204'],
      ['s3:GetObject', `${here}*`, '204'],
      // A pattern reaches nothing but its own bucket.
      ['s3:ListBucket', ['arn:aws:s3:::*', 'arn:aws:s3:::*/*'], '204'],
      ['s3:GetObject', here, '400 MalformedPolicy'],
      ['s3:ListBucket', `${here}/*`, '400 MalformedPolicy'],
      [['s3:ListBucket', 's3:GetObject'], `${here}/*`, '400 MalformedPolicy'],
      ['s3:FooBar', `${here}/*`, '400 MalformedPolicy'],
      ['ec2:Run', `${here}/*`, '400 MalformedPolicy'],
      ['s3:GetObject', 'arn:aws:s3:::other/*', '400 MalformedPolicy'],
      ['s3:GetObject', 'docs/*', '400 MalformedPolicy'],
    ];
    for (const [Action, Resource, expected] of cases) {
      const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource }];
      const body = JSON.stringify({ Version: '2012-10-17', Statement });
      const answer = await bed.ask('PUT', '/docs', { query: { policy: '' }, body });
      assert.equal(outcome(answer), expected, body);
    }
  });
});

test('every action that the door asks for is one that a policy may name', () => {
  for (const { name, on, action, versionAction } of operationTable) {
    if (on === 'service') continue;
    for (const each of [action, versionAction]) {
      if (typeof each !== 'string') continue;
      assert.deepEqual([...targetsOfAction(each)], [on], `${name}: ${each}`);
    }
  }
});

test('rules that contradict themselves are refused', async () => {
  await withDocs(async (bed) => {
    const tag = '<Tag><Key>a</Key><Value>b</Value></Tag>';
    const sizes = '<ObjectSizeGreaterThan>9</ObjectSizeGreaterThan>';
    const days = '<Expiration><Days>1</Days></Expiration>';
    const markers =
      '<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>';
    const abort =
      '<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>';
    const cases: readonly [filter: string, actions: string, string][] = [
      [tag, days, '200'],
      [tag, abort, '400 InvalidRequest'],
      [sizes, abort, '400 InvalidRequest'],
      [tag, markers, '400 InvalidRequest'],
      [`<And>${tag}${tag}</And>`, days, '400 InvalidRequest'],
      [
        `<And>${sizes}<ObjectSizeLessThan>9</ObjectSizeLessThan></And>`,
        ...([days, '400 InvalidRequest'] as const),
      ],
      ['<Prefix>a</Prefix>', '<Expiration><Days>-1</Days></Expiration>', '400 InvalidArgument'],
    ];
    for (const [filter, actions, expected] of cases) {
      const body = `<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter>${filter}</Filter>${actions}</Rule></LifecycleConfiguration>`;
      const answer = await bed.ask('PUT', '/docs', { query: { lifecycle: '' }, body });
      assert.equal(outcome(answer), expected, body);
    }
  });
});

test('fields that CORS exposes are named one by one, and fields have names', async () => {
  await withDocs(async (bed) => {
    const put = async (fields: string): Promise<string> => {
      const rule = `<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>${fields}</CORSRule>`;
      const body = `<CORSConfiguration>${rule}</CORSConfiguration>`;
      return outcome(await bed.ask('PUT', '/docs', { query: { cors: '' }, body }));
    };
    assert.equal(await put('<ExposeHeader>x-*</ExposeHeader>'), '400 InvalidRequest');
    for (const name of ['a b', 'a:b', 'a/b', 'a(b)', '']) {
      assert.equal(await put(`<AllowedHeader>${name}</AllowedHeader>`), '400 InvalidRequest', name);
      assert.equal(await put(`<ExposeHeader>${name}</ExposeHeader>`), '400 InvalidRequest', name);
    }
    assert.equal(await put('<AllowedHeader>x-*</AllowedHeader>'), '200');
  });
});

test('a source of a copy whose encoding is broken is no source', async () => {
  await withDocs(async (bed) => {
    for (const source of ['docs/%ZZ', '%', 'docs/%C3%', 'docs/%FF', 'docs/k?versionId=%Z']) {
      const headers = { 'x-amz-copy-source': source };
      const answer = await bed.ask('PUT', '/docs/k', { headers });
      assert.equal(outcome(answer), '400 InvalidArgument', source);
    }
  });
});

test('attributes that nobody asks for, or that there are not, are told apart', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/k', { body: 'x' });
    const ask = async (headers: Record<string, string>): Promise<string> =>
      outcome(await bed.ask('GET', '/docs/k', { query: { attributes: '' }, headers }));
    const name = 'x-amz-object-attributes';
    assert.equal(await ask({}), '400 InvalidRequest');
    assert.equal(await ask({ [name]: '' }), '400 InvalidRequest');
    assert.equal(await ask({ [name]: 'ETag,Other' }), '400 InvalidArgument');
    assert.equal(await ask({ [name]: 'ETag,ObjectSize' }), '200');
  });
});

test('a number of rows that is none says what it may be', async () => {
  await withDocs(async (bed) => {
    const list = async (max: string): Promise<string[]> => {
      const answer = await bed.ask('GET', '/docs', { query: { 'max-keys': max } });
      return [outcome(answer), ...texts(answer, 'Message')];
    };
    const [tooSmall, tooLarge, none] = [
      await list('-1'),
      await list('2147483648'),
      await list('x'),
    ];
    assert.deepEqual(tooSmall, [
      '400 InvalidArgument',
      'Argument max-keys must be an integer between 0 and 2147483647',
    ]);
    assert.deepEqual(tooLarge, tooSmall);
    assert.match(none.join(), /^400 InvalidArgument,Provided max-keys not an integer/);
    assert.deepEqual(await list('2147483647'), ['200']);
  });
});

test('a retention that makes no sense is told whether or not the object is there', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    const put = async (mode: string, until: string): Promise<string> => {
      const body = `<Retention><Mode>${mode}</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`;
      return outcome(await bed.ask('PUT', '/docs/k', { query: { retention: '' }, body }));
    };
    assert.equal(await put('OTHER', '2999-01-01T00:00:00Z'), '400 MalformedXML');
    assert.equal(await put('GOVERNANCE', '2001-01-01T00:00:00Z'), '400 InvalidArgument');
    assert.equal(await put('GOVERNANCE', '2999-01-01T00:00:00Z'), '404 NoSuchKey');
  });
});

test('a clock that is wrong is told before a scope of another day', async () => {
  await withDocs(async (bed) => {
    const put = async (date: string): Promise<string> => {
      const tamper = (headers: Record<string, string>): void => {
        headers['x-amz-date'] = date;
      };
      return outcome(await bed.ask('PUT', '/docs/k', { body: 'x', tamper }));
    };
    assert.equal(await put('20100707T215304Z'), '403 RequestTimeTooSkewed');
    assert.equal(await put('99990707T215304Z'), '403 RequestTimeTooSkewed');
    for (const date of ['19500707T215304Z', 'Bad Date', '']) {
      assert.equal(await put(date), '403 AccessDenied', date);
    }
  });
});

test('what a copy says of itself counts for nothing unless it replaces', async () => {
  await withDocs(async (bed) => {
    const own = { 'content-type': 'text/a', 'x-amz-meta-a': '1' };
    await bed.ask('PUT', '/docs/k', { body: 'x', headers: own });
    const said = { 'content-type': 'text/b', 'x-amz-meta-b': '2', 'cache-control': 'no-store' };
    const copy = (more: Record<string, string>): Promise<Answer> =>
      bed.ask('PUT', '/docs/copy', {
        headers: { 'x-amz-copy-source': '/docs/k', ...said, ...more },
      });
    const seen = async (): Promise<unknown[]> => {
      const { headers } = await bed.ask('HEAD', '/docs/copy');
      const names = ['content-type', 'x-amz-meta-a', 'x-amz-meta-b', 'cache-control'];
      return names.map((name) => headers[name]);
    };
    assert.equal(outcome(await copy({})), '200');
    assert.deepEqual(await seen(), ['text/a', '1', undefined, undefined]);
    assert.equal(outcome(await copy({ 'x-amz-metadata-directive': 'REPLACE' })), '200');
    assert.deepEqual(await seen(), ['text/b', undefined, '2', 'no-store']);
  });
});

test('a digest that is said to come must come, of an algorithm that there is', async () => {
  await withDocs(async (bed) => {
    const cases: readonly [Record<string, string>, string][] = [
      [{ 'x-amz-checksum-crc32': 'jNwWgw==' }, '200'],
      [{ 'x-amz-checksum-crc32': 'jNwWgw==', 'x-amz-sdk-checksum-algorithm': 'CRC32' }, '200'],
      [
        { 'x-amz-checksum-crc32': 'jNwWgw==', 'x-amz-sdk-checksum-algorithm': 'SHA1' },
        '400 InvalidRequest',
      ],
      [{ 'x-amz-sdk-checksum-algorithm': 'CRC32' }, '400 InvalidRequest'],
      [{ 'x-amz-checksum-adler': 'jNwWgw==' }, '400 InvalidRequest'],
    ];
    for (const [headers, expected] of cases) {
      const answer = await bed.ask('PUT', '/docs/k', { body: 'x', headers });
      assert.equal(outcome(answer), expected, JSON.stringify(headers));
    }
  });
});

test('days of rules are as long as the settings say', () => {
  const minute = 60_000;
  const rules = [
    {
      ...{ id: 'r', enabled: true, expiryDays: 2, abortDays: 1 },
      ...{ filter: { prefix: '', tags: [] }, shape: 'filter' as const },
    },
  ];
  const version = {
    ...{ key: 'k', versionId: 'null', isLatest: true, isDeleteMarker: false, sizeBytes: 1 },
    ...{ lastModifiedMs: 30_000, etag: 'x', revision: '1', attributes: {} },
  };
  const upload = { key: 'k', uploadId: 'u', createdMs: 30_000, attributes: {} };
  const goes = (nowMs: number): boolean =>
    planKey(rules, [version], { nowMs, dayMs: minute }).expireCurrent;
  assert.deepEqual([goes(3 * minute - 1), goes(3 * minute)], [false, true]);
  const stale = (nowMs: number): boolean => isStale(rules, upload, { nowMs, dayMs: minute });
  assert.deepEqual([stale(2 * minute - 1), stale(2 * minute)], [false, true]);
});

test('a policy names users that there are, accounts and ARNs', async () => {
  await withDocs(async (bed) => {
    const cases: readonly [principal: unknown, string][] = [
      [{ AWS: 'bob' }, '204'],
      [{ CanonicalUser: 'bob' }, '204'],
      [{ AWS: ['arn:aws:iam::123456789012:user/eve', '123456789012', '*'] }, '204'],
      [{ AWS: 'eve' }, '400 MalformedPolicy'],
      [{ CanonicalUser: 'eve' }, '400 MalformedPolicy'],
      [{ Service: 'x.amazonaws.com' }, '400 MalformedPolicy'],
      [{}, '400 MalformedPolicy'],
      ['bob', '400 MalformedPolicy'],
    ];
    for (const [Principal, expected] of cases) {
      const row = {
        Effect: 'Allow',
        Principal,
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::docs/*',
      };
      const body = JSON.stringify({ Version: '2012-10-17', Statement: [row] });
      const answer = await bed.ask('PUT', '/docs', { query: { policy: '' }, body });
      assert.equal(outcome(answer), expected, body);
    }
  });
});

test('buckets are listed by the region that they are in', async () => {
  await withDocs(async (bed) => {
    const names = async (region: string): Promise<string[]> =>
      texts(await bed.ask('GET', '/', { query: { 'bucket-region': region } }), 'Name');
    assert.deepEqual([await names('us-east-1'), await names('eu-west-1')], [['docs'], []]);
  });
});

test('who names a part or a version does not write the whole, and a method that a sub-resource has not is told', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/k', { body: 'whole' });
    const put = (query: Record<string, string>): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', { query, body: 'part' });
    assert.equal(outcome(await put({ partNumber: '1' })), '400 InvalidArgument');
    assert.equal(outcome(await put({ versionId: 'null' })), '400 InvalidArgument');
    assert.equal((await bed.ask('GET', '/docs/k')).text, 'whole');
    const cases: readonly [method: string, path: string, query: string, string][] = [
      ['DELETE', '/docs', 'acl', '405 MethodNotAllowed'],
      ['PUT', '/docs', 'location', '405 MethodNotAllowed'],
      ['DELETE', '/docs/k', 'acl', '405 MethodNotAllowed'],
      ['POST', '/docs', 'uploads', '405 MethodNotAllowed'],
      ['GET', '/docs', 'inventory', '501 NotImplemented'],
      ['POST', '/docs/k', 'select', '501 NotImplemented'],
    ];
    for (const [method, path, query, expected] of cases) {
      assert.equal(
        outcome(await bed.ask(method, path, { query: { [query]: '' } })),
        expected,
        query,
      );
    }
  });
});
