/** Whose an object is that another user has written, and grants by address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  ann,
  bob,
  root,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

test('what another user has written the owner of the bucket reads by its ACL alone, and may remove', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers: { 'x-amz-acl': 'public-read-write' } });
    await bed.ask('PUT', '/docs/mine', { body: 'a' });
    await bed.ask('PUT', '/docs/closed', { user: bob, body: 'b' });
    const full = { 'x-amz-grant-full-control': 'id=ann' };
    await bed.ask('PUT', '/docs/shared', { user: bob, body: 'b', headers: full });
    await bed.ask('PUT', '/docs/nobodys', { user: null, body: 'c' });
    const acl = { query: { acl: '' } };
    assert.equal(outcome(await bed.ask('GET', '/docs/mine')), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/closed')), '403 AccessDenied');
    assert.equal(outcome(await bed.ask('GET', '/docs/closed', acl)), '403 AccessDenied');
    assert.equal(outcome(await bed.ask('GET', '/docs/closed', { user: bob })), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/closed', { user: root })), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/shared')), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/shared', acl)), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/nobodys')), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/none')), '404 NoSuchKey');
    const copy = { headers: { 'x-amz-copy-source': '/docs/closed' } };
    assert.equal(outcome(await bed.ask('PUT', '/docs/copy', copy)), '403 AccessDenied');
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          ...{ Effect: 'Allow', Principal: { AWS: 'arn:aws:iam:::user/ann' } },
          ...{ Action: 's3:GetObject', Resource: 'arn:aws:s3:::docs/*' },
        },
      ],
    });
    await bed.ask('PUT', '/docs', { query: { policy: '' }, body: policy });
    assert.equal(outcome(await bed.ask('GET', '/docs/closed')), '200');
    await bed.ask('DELETE', '/docs', { query: { policy: '' } });
    assert.equal(outcome(await bed.ask('DELETE', '/docs/closed')), '204');
  });
});

test('enforced ownership makes all objects those of the owner of the bucket', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers: { 'x-amz-acl': 'public-read-write' } });
    await bed.ask('PUT', '/docs/closed', { user: bob, body: 'b' });
    assert.equal(outcome(await bed.ask('GET', '/docs/closed')), '403 AccessDenied');
    await bed.ask('PUT', '/docs', { query: { acl: '' }, headers: { 'x-amz-acl': 'private' } });
    const body =
      '<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>';
    assert.equal(
      outcome(await bed.ask('PUT', '/docs', { query: { ownershipControls: '' }, body })),
      '200',
    );
    assert.equal(outcome(await bed.ask('GET', '/docs/closed')), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs/closed', { user: bob })), '403 AccessDenied');
  });
});

test('a grant may name a user by an address that is known', async () => {
  await withS3(async (bed) => {
    const by = (email: string) => ({ 'x-amz-grant-read': `emailAddress="${email}"` });
    assert.equal(outcome(await bed.ask('PUT', '/docs', { headers: by('Bob@Example.com') })), '200');
    assert.equal(outcome(await bed.ask('GET', '/docs', { user: bob })), '200');
    const shown = await bed.ask('GET', '/docs', { query: { acl: '' } });
    assert.deepEqual(texts(shown, 'ID'), [ann.id, bob.id]);
    const xml = (email: string): string =>
      `<AccessControlPolicy><Owner><ID>ann</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="AmazonCustomerByEmail"><EmailAddress>${email}</EmailAddress></Grantee><Permission>WRITE</Permission></Grant></AccessControlList></AccessControlPolicy>`;
    const put = (email: string) =>
      bed.ask('PUT', '/docs', { query: { acl: '' }, body: xml(email) });
    assert.equal(outcome(await put('bob@example.com')), '200');
    assert.equal(outcome(await bed.ask('PUT', '/docs/k', { user: bob, body: 'x' })), '200');
    assert.equal(outcome(await put('nobody@example.com')), '400 UnresolvableGrantByEmailAddress');
  });
});

test('whoever has begun an upload may list its parts and abort it', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const Statement = [
      {
        ...{ Effect: 'Allow', Principal: '*', Action: 's3:PutObject' },
        Resource: 'arn:aws:s3:::docs/*',
      },
    ];
    const body = JSON.stringify({ Version: '2012-10-17', Statement });
    await bed.ask('PUT', '/docs', { query: { policy: '' }, body });
    const begin = async (user: typeof ann): Promise<string> =>
      texts(await bed.ask('POST', '/docs/k', { user, query: { uploads: '' } }), 'UploadId')[0] ??
      '';
    const [anns, bobs] = [await begin(ann), await begin(bob)];
    const ask = async (
      method: string,
      uploadId: string,
      user: typeof ann | null,
    ): Promise<string> => outcome(await bed.ask(method, '/docs/k', { user, query: { uploadId } }));
    assert.equal(await ask('GET', bobs, bob), '200');
    assert.equal(await ask('GET', bobs, ann), '200');
    assert.equal(await ask('GET', bobs, null), '403 AccessDenied');
    assert.equal(await ask('GET', anns, bob), '403 AccessDenied');
    assert.equal(await ask('DELETE', anns, bob), '403 AccessDenied');
    assert.equal(await ask('DELETE', bobs, bob), '204');
  });
});

test('a policy judges tags by those that the request brings', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'x' });
    const Statement = [
      {
        ...{ Effect: 'Allow', Principal: '*', Resource: 'arn:aws:s3:::docs/*' },
        Action: ['s3:PutObject', 's3:PutObjectTagging'],
        Condition: { StringEquals: { 's3:RequestObjectTag/kind': 'open' } },
      },
    ];
    const body = JSON.stringify({ Version: '2012-10-17', Statement });
    await bed.ask('PUT', '/docs', { query: { policy: '' }, body });
    const tag = async (value: string, user: typeof ann): Promise<string> =>
      outcome(
        await bed.ask('PUT', '/docs/k', {
          ...{ user, query: { tagging: '' } },
          body: `<Tagging><TagSet><Tag><Key>kind</Key><Value>${value}</Value></Tag></TagSet></Tagging>`,
        }),
      );
    assert.equal(await tag('open', bob), '200');
    assert.equal(await tag('closed', bob), '403 AccessDenied');
    assert.equal(await tag('closed', ann), '200');
    const put = async (value: string): Promise<string> =>
      outcome(
        await bed.ask('PUT', '/docs/new', {
          ...{ user: bob, body: 'x', headers: { 'x-amz-tagging': `kind=${value}` } },
        }),
      );
    assert.deepEqual([await put('open'), await put('closed')], ['200', '403 AccessDenied']);
  });
});

test('a policy about sources of copies holds for every spelling of them', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/private/k', { body: 'x' });
    await bed.ask('PUT', '/docs/public/k', { body: 'x' });
    const spellings = (key: string): string[] => [
      ...[`docs/${key}`, `/docs/${key}`, `docs/${key}?versionId=null`],
      ...[`/docs/${key.replace('/', '%2F')}`, `docs/${key.replace('p', '%70')}`],
    ];
    for (const source of ['docs/private/*', '/docs/private/*']) {
      const Statement = [
        {
          ...{ Effect: 'Deny', Principal: '*', Action: 's3:PutObject' },
          Resource: 'arn:aws:s3:::docs/*',
          Condition: { StringLike: { 's3:x-amz-copy-source': source } },
        },
      ];
      const body = JSON.stringify({ Version: '2012-10-17', Statement });
      assert.equal((await bed.ask('PUT', '/docs', { query: { policy: '' }, body })).status, 204);
      const copy = async (from: string): Promise<string> =>
        outcome(await bed.ask('PUT', '/docs/new', { headers: { 'x-amz-copy-source': from } }));
      for (const each of spellings('private/k'))
        assert.equal(await copy(each), '403 AccessDenied', each);
      for (const each of spellings('public/k')) assert.equal(await copy(each), '200', each);
    }
  });
});
