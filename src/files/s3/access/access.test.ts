/** Who may do what: owners, ACLs, policies with conditions, public access blocks, object ownership. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Answer,
  type AskOptions,
  ann,
  bob,
  root,
  type S3Bed,
  type TestUser,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';
import { matchesPattern } from './pattern.ts';
import { parsePolicy } from './policy.ts';

function outcome({ status, code }: Answer): string {
  return `${status} ${code}`.trim();
}

async function withDocs(work: (bed: S3Bed) => Promise<void>): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'hello' });
    await work(bed);
  });
}

/** What one may do: get, put, delete, list. */
async function rights(bed: S3Bed, user: TestUser | null, more: AskOptions = {}): Promise<string> {
  const ask = async (method: string, path: string, options: AskOptions = {}): Promise<boolean> => {
    const { status } = await bed.ask(method, path, { ...more, ...options, user });
    return status < 300;
  };
  const may = {
    get: await ask('GET', '/docs/k'),
    put: await ask('PUT', '/docs/theirs', { body: 'x' }),
    delete: await ask('DELETE', '/docs/theirs'),
    list: await ask('GET', '/docs'),
  };
  return Object.entries(may)
    .filter(([, each]) => each)
    .map(([name]) => name)
    .join(' ');
}

async function putPolicy(bed: S3Bed, statements: readonly object[]): Promise<Answer> {
  const body = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return bed.ask('PUT', '/docs', { query: { policy: '' }, body });
}

const EVERYTHING = ['arn:aws:s3:::docs', 'arn:aws:s3:::docs/*'];

test('without a word the owner and administrators alone may anything', async () => {
  await withDocs(async (bed) => {
    assert.equal(await rights(bed, ann), 'get put delete list');
    assert.equal(await rights(bed, root), 'get put delete list');
    assert.equal(await rights(bed, bob), '');
    assert.equal(await rights(bed, null), '');
    // What is not there is not told to those who may not list.
    assert.equal(outcome(await bed.ask('GET', '/docs/none', { user: bob })), '403 AccessDenied');
    assert.equal(outcome(await bed.ask('PUT', '/docs', { user: bob })), '409 BucketAlreadyExists');
    assert.deepEqual(texts(await bed.ask('GET', '/', { user: bob }), 'Name'), []);
    assert.deepEqual(texts(await bed.ask('GET', '/', { user: root }), 'Name'), ['docs']);
    assert.equal(outcome(await bed.ask('GET', '/', { user: null })), '403 AccessDenied');
  });
});

test('canned ACLs give everybody, or those with a key, what they say', async () => {
  await withDocs(async (bed) => {
    const acl = (path: string, canned: string): Promise<Answer> =>
      bed.ask('PUT', path, { query: { acl: '' }, headers: { 'x-amz-acl': canned } });
    await acl('/docs', 'public-read');
    assert.equal(await rights(bed, null), 'list');
    await acl('/docs', 'public-read-write');
    assert.equal(await rights(bed, null), 'put delete list');
    await acl('/docs', 'authenticated-read');
    assert.deepEqual([await rights(bed, bob), await rights(bed, null)], ['list', '']);
    await acl('/docs', 'private');
    await acl('/docs/k', 'public-read');
    assert.deepEqual([await rights(bed, bob), await rights(bed, null)], ['get', 'get']);
    await acl('/docs/k', 'authenticated-read');
    assert.deepEqual([await rights(bed, bob), await rights(bed, null)], ['get', '']);
    assert.equal(outcome(await acl('/docs', 'nonsense')), '400 InvalidArgument');
  });
});

test('grants are given by fields and by XML, and shown', async () => {
  await withDocs(async (bed) => {
    const headers = { 'x-amz-grant-read': `id="${bob.id}"`, 'x-amz-grant-write-acp': 'id=bob' };
    assert.equal((await bed.ask('PUT', '/docs/k', { query: { acl: '' }, headers })).status, 200);
    assert.equal(await rights(bed, bob), 'get');
    const shown = await bed.ask('GET', '/docs/k', { query: { acl: '' } });
    assert.deepEqual(texts(shown, 'Permission'), ['READ', 'WRITE_ACP']);
    assert.deepEqual(texts(shown, 'DisplayName'), ['ann the user', 'bob the user', 'bob the user']);
    // What was shown can be put back, by whoever may.
    const again = await bed.ask('PUT', '/docs/k', {
      query: { acl: '' },
      body: shown.text,
      user: bob,
    });
    assert.equal(again.status, 200, again.text);
    const wrong: readonly [AskOptions, string][] = [
      [{ headers: { 'x-amz-grant-read': 'id=nobody' } }, '400 InvalidArgument'],
      [
        { headers: { 'x-amz-grant-read': 'emailAddress=x@y.z' } },
        '400 UnresolvableGrantByEmailAddress',
      ],
      [{ headers: { 'x-amz-grant-read': 'id=bob', 'x-amz-acl': 'private' } }, '400 InvalidRequest'],
      [{ body: '<AccessControlPolicy/>' }, '400 MalformedACLError'],
      [{ body: 'nonsense' }, '400 MalformedACLError'],
      [{ body: shown.text.replace('>ann<', '>bob<') }, '403 AccessDenied'],
      [{ body: shown.text, headers: { 'x-amz-acl': 'private' } }, '400 UnexpectedContent'],
      [{}, '400 MissingSecurityHeader'],
    ];
    for (const [options, expected] of wrong) {
      const answer = await bed.ask('PUT', '/docs/k', { query: { acl: '' }, ...options });
      assert.equal(outcome(answer), expected, JSON.stringify(options));
    }
  });
});

test('a policy allows and denies, and what it denies wins', async () => {
  await withDocs(async (bed) => {
    const allow = { Effect: 'Allow', Principal: { AWS: ['arn:aws:iam::1:user/bob'] } };
    await putPolicy(bed, [
      { ...allow, Action: ['s3:GetObject', 's3:List*'], Resource: EVERYTHING },
    ]);
    assert.deepEqual([await rights(bed, bob), await rights(bed, null)], ['get list', '']);
    const put = await putPolicy(bed, [
      { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: EVERYTHING },
      {
        Effect: 'Deny',
        NotPrincipal: { AWS: 'ann' },
        Action: 's3:DeleteObject',
        Resource: EVERYTHING[1],
      },
    ]);
    assert.equal(put.status, 204);
    assert.deepEqual(
      [await rights(bed, bob), await rights(bed, null)],
      ['get put list', 'get put list'],
    );
    assert.match(
      (await bed.ask('GET', '/docs', { query: { policyStatus: '' } })).text,
      /<IsPublic>true/,
    );
    // Who owns the bucket is denied too, but for the policy itself.
    await putPolicy(bed, [
      { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: EVERYTHING },
    ]);
    assert.equal(await rights(bed, ann), '');
    assert.match((await bed.ask('GET', '/docs', { query: { policy: '' } })).text, /"Deny"/);
    assert.equal((await bed.ask('DELETE', '/docs', { query: { policy: '' } })).status, 204);
    assert.equal(await rights(bed, ann), 'get put delete list');
    assert.equal(
      outcome(await bed.ask('GET', '/docs', { query: { policy: '' } })),
      '404 NoSuchBucketPolicy',
    );
  });
});

test('conditions of a policy are asked of the request', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/k', {
      query: { tagging: '' },
      body: '<Tagging><TagSet><Tag><Key>open</Key><Value>yes</Value></Tag></TagSet></Tagging>',
    });
    const cases: readonly [object, AskOptions, boolean][] = [
      [{ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, {}, true],
      [{ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '192.168.0.0/16'] } }, {}, false],
      [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, {}, true],
      [{ Bool: { 'aws:SecureTransport': 'true' } }, {}, false],
      [{ Bool: { 'aws:SecureTransport': false } }, {}, true],
      [
        { StringLike: { 'aws:Referer': 'http://here/*' } },
        { headers: { referer: 'http://here/x' } },
        true,
      ],
      [{ StringLike: { 'aws:Referer': 'http://here/*' } }, {}, false],
      [{ StringNotLike: { 'aws:Referer': 'http://here/*' } }, {}, true],
      [{ StringLikeIfExists: { 'aws:Referer': 'http://here/*' } }, {}, true],
      [{ Null: { 'aws:Referer': 'true' } }, {}, true],
      [{ Null: { 'aws:Referer': 'false' } }, {}, false],
      [{ StringEquals: { 's3:ExistingObjectTag/open': 'yes' } }, {}, true],
      [{ StringEquals: { 's3:ExistingObjectTag/open': 'no' } }, {}, false],
      [{ DateGreaterThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, {}, true],
      [{ DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } }, {}, false],
      [{ NumericLessThan: { 'aws:EpochTime': '5' } }, {}, false],
      [
        { StringEqualsIgnoreCase: { 'aws:UserAgent': 'CURL' } },
        { headers: { 'user-agent': 'curl' } },
        true,
      ],
      [{ StringEquals: { 's3:authType': 'REST-HEADER' } }, {}, true],
      [
        {
          StringEquals: { 'aws:username': ['ann', 'bob'] },
          Bool: { 'aws:SecureTransport': 'false' },
        },
        {},
        true,
      ],
    ];
    for (const [condition, options, expected] of cases) {
      const put = await putPolicy(bed, [
        {
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: EVERYTHING[1],
          Condition: condition,
        },
      ]);
      assert.equal(put.status, 204, put.text);
      const { status } = await bed.ask('GET', '/docs/k', { ...options, user: bob });
      assert.equal(status === 200, expected, JSON.stringify(condition));
    }
    await putPolicy(bed, [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:ListBucket',
        Resource: EVERYTHING[0],
        Condition: { StringEquals: { 's3:prefix': 'pub/' } },
      },
    ]);
    const list = (query: Record<string, string>) => bed.ask('GET', '/docs', { query, user: bob });
    assert.equal((await list({ prefix: 'pub/' })).status, 200);
    assert.equal((await list({})).status, 403);
  });
});

test('policies that are none are refused', () => {
  const good = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::docs/*',
  };
  const whole = (statement: unknown): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: statement });
  parsePolicy(whole(good), 'docs');
  const { Principal: _, ...nobody } = good;
  const cases = [
    '',
    '[]',
    '{}',
    '{',
    ' {}',
    'null',
    whole([]),
    whole('x'),
    whole(nobody),
    whole({ ...good, Effect: 'May' }),
    whole({ ...good, Principal: {} }),
    whole({ ...good, Principal: { Service: 'x' } }),
    whole({ ...good, Action: 'ec2:Run' }),
    whole({ ...good, Action: [] }),
    whole({ ...good, NotAction: 's3:*' }),
    whole({ ...good, Resource: 'arn:aws:s3:::other/*' }),
    whole({ ...good, Resource: 'arn:aws:s3:::docsx' }),
    whole({ ...good, Condition: { Sometimes: { a: 'b' } } }),
    whole({ ...good, Condition: { constructor: { a: 'b' } } }),
    whole({ ...good, Condition: { IpAddress: { 'aws:SourceIp': 'x' } } }),
    whole({ ...good, Whatever: 1 }),
    JSON.stringify({ Version: '1999-01-01', Statement: [good] }),
    whole(Array.from({ length: 500 }, () => good)),
  ];
  for (const text of cases) {
    assert.throws(
      () => parsePolicy(text, 'docs'),
      (error: { code?: string }) => error.code === 'MalformedPolicy',
      text,
    );
  }
});

test('a public access block takes away what ACLs and policies give to everybody', async () => {
  await withDocs(async (bed) => {
    const block = (switches: readonly string[]): Promise<Answer> =>
      bed.ask('PUT', '/docs', {
        query: { publicAccessBlock: '' },
        body: `<PublicAccessBlockConfiguration>${switches.map((name) => `<${name}>true</${name}>`).join('')}</PublicAccessBlockConfiguration>`,
      });
    const publicRead = { headers: { 'x-amz-acl': 'public-read' } };
    await bed.ask('PUT', '/docs/k', { query: { acl: '' }, ...publicRead });
    assert.equal(await rights(bed, null), 'get');
    await block(['IgnorePublicAcls', 'BlockPublicAcls', 'BlockPublicPolicy']);
    assert.equal(await rights(bed, null), '');
    assert.equal(
      outcome(await bed.ask('PUT', '/docs/p', { ...publicRead, body: 'x' })),
      '403 AccessDenied',
    );
    assert.equal(
      outcome(await bed.ask('PUT', '/docs/k', { query: { acl: '' }, ...publicRead })),
      '403 AccessDenied',
    );
    const everybody = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: EVERYTHING[1] },
    ];
    assert.equal(outcome(await putPolicy(bed, everybody)), '403 AccessDenied');
    await block([]);
    assert.equal((await putPolicy(bed, everybody)).status, 204);
    await block(['RestrictPublicBuckets', 'IgnorePublicAcls']);
    assert.equal(await rights(bed, bob), '');
    assert.deepEqual(
      texts(await bed.ask('GET', '/docs', { query: { publicAccessBlock: '' } }), 'BlockPublicAcls'),
      ['false'],
    );
    assert.equal(
      (await bed.ask('DELETE', '/docs', { query: { publicAccessBlock: '' } })).status,
      204,
    );
    assert.equal(await rights(bed, bob), 'get');
  });
});

test('object ownership says whose an object is and whether ACLs count', async () => {
  await withDocs(async (bed) => {
    const own = (rule: string): Promise<Answer> =>
      bed.ask('PUT', '/docs', {
        ...{ query: { ownershipControls: '' } },
        body: `<OwnershipControls><Rule><ObjectOwnership>${rule}</ObjectOwnership></Rule></OwnershipControls>`,
      });
    const grant = {
      Effect: 'Allow',
      Principal: '*',
      Action: ['s3:PutObject', 's3:PutObjectAcl'],
      Resource: EVERYTHING[1],
    };
    await putPolicy(bed, [grant]);
    const ownerOf = async (key: string): Promise<string | undefined> =>
      texts(await bed.ask('GET', '/docs', { query: { prefix: key } }), 'ID')[0];
    const give = { headers: { 'x-amz-acl': 'bucket-owner-full-control' }, body: 'x', user: bob };
    await bed.ask('PUT', '/docs/one', give);
    assert.equal(await ownerOf('one'), 'bob');
    await own('BucketOwnerPreferred');
    await bed.ask('PUT', '/docs/two', give);
    assert.equal(await ownerOf('two'), 'ann');
    assert.equal((await own('BucketOwnerEnforced')).status, 200);
    assert.equal((await bed.ask('PUT', '/docs/three', { body: 'x', user: bob })).status, 200);
    assert.equal(await ownerOf('three'), 'ann');
    const refused = await bed.ask('PUT', '/docs/four', {
      headers: { 'x-amz-acl': 'public-read' },
      body: 'x',
    });
    assert.equal(outcome(refused), '400 AccessControlListNotSupported');
    assert.equal(outcome(await own('Whoever')), '400 MalformedXML');
  });
});

test('patterns match as a regular expression of the same meaning does', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (pattern, subject) => {
      const expression = pattern
        .replace(/[/ab]/g, '\\$&')
        .replace(/\\([ab])/g, '$1')
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      assert.equal(matchesPattern(pattern, subject), new RegExp(`^${expression}$`).test(subject));
    }),
    { numRuns: 2000 },
  );
  // Which would take for ever by trying out.
  assert.equal(matchesPattern('*a'.repeat(30), 'a'.repeat(20_000)), true);
  assert.equal(matchesPattern(`${'*a'.repeat(30)}b`, 'a'.repeat(20_000)), false);
});
