/** What a write brings besides bytes, and who may bring it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  bob,
  type S3Bed,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

const OBJECTS = 'arn:aws:s3:::docs/*';
const TAGS = { 'x-amz-tagging': 'a=1' };
const ACL = { 'x-amz-acl': 'public-read' };
const GRANT = { 'x-amz-grant-full-control': 'id=ann' };
const CRC = { 'x-amz-checksum-crc32': 'jNwWgw==' };
const HOLD = { 'x-amz-object-lock-legal-hold': 'ON', ...CRC };
const RETAIN = {
  'x-amz-object-lock-mode': 'GOVERNANCE',
  'x-amz-object-lock-retain-until-date': '2999-01-01T00:00:00Z',
  ...CRC,
};

async function withPolicy(
  statements: readonly object[],
  work: (bed: S3Bed) => Promise<void>,
): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } });
    const Statement = statements.map((each) => ({
      ...{ Effect: 'Allow', Principal: { AWS: 'bob' }, Resource: OBJECTS, ...each },
    }));
    const body = JSON.stringify({ Version: '2012-10-17', Statement });
    const answer = await bed.ask('PUT', '/docs', { query: { policy: '' }, body });
    assert.equal(outcome(answer), '204');
    await work(bed);
  });
}

/** What becomes of writes of another user that bring these fields. */
async function writes(bed: S3Bed, brought: Record<string, string>): Promise<string[]> {
  const put = await bed.ask('PUT', '/docs/k', { user: bob, body: 'x', headers: brought });
  const begun = await bed.ask('POST', '/docs/m', {
    ...{ user: bob, query: { uploads: '' }, headers: brought },
  });
  const headers = { 'x-amz-copy-source': '/docs/source', ...brought };
  await bed.ask('PUT', '/docs/source', { body: 'x' });
  const copied = await bed.ask('PUT', '/docs/c', { user: bob, headers });
  return [put, begun, copied].map(({ status }) => String(status));
}

const MAY = ['200', '200', '200'];
const MAY_NOT = ['403', '403', '403'];
const PUT = ['s3:PutObject', 's3:GetObject', 's3:GetObjectTagging'];

test('who may write may not give tags, ACLs and locks without being allowed to', async () => {
  const cases: readonly [action: string, brought: Record<string, string>][] = [
    ['s3:PutObjectTagging', TAGS],
    ['s3:PutObjectAcl', ACL],
    ['s3:PutObjectAcl', GRANT],
    ['s3:PutObjectLegalHold', HOLD],
    ['s3:PutObjectRetention', RETAIN],
  ];
  for (const [action, brought] of cases) {
    await withPolicy([{ Action: PUT }], async (bed) => {
      assert.deepEqual(await writes(bed, {}), MAY, action);
      assert.deepEqual(await writes(bed, brought), MAY_NOT, action);
    });
    await withPolicy([{ Action: [...PUT, action] }], async (bed) => {
      assert.deepEqual(await writes(bed, brought), MAY, action);
    });
    const denied = { Effect: 'Deny', Principal: '*', Action: action };
    await withPolicy([{ Action: ['s3:*'] }, denied], async (bed) => {
      assert.deepEqual(await writes(bed, brought), MAY_NOT, action);
    });
  }
});

test('a policy that allows writing on condition of tags or grants allows those', async () => {
  const condition = (key: string, value: string) => ({
    ...{ Action: PUT, Condition: { StringEquals: { [key]: value } } },
  });
  const read = { Action: ['s3:GetObject', 's3:GetObjectTagging'] };
  const tagged = condition('s3:RequestObjectTag/a', '1');
  await withPolicy([tagged, read], async (bed) => {
    assert.deepEqual(await writes(bed, {}), MAY_NOT);
    assert.deepEqual(await writes(bed, TAGS), MAY);
    assert.deepEqual(await writes(bed, { ...TAGS, ...ACL }), MAY_NOT);
  });
  const granted = condition('s3:x-amz-grant-full-control', 'id=ann');
  const denied = { Effect: 'Deny', Principal: '*', Action: 's3:PutObjectAcl' };
  await withPolicy([granted, read], async (bed) => {
    assert.deepEqual(await writes(bed, GRANT), MAY);
    assert.deepEqual(await writes(bed, { ...GRANT, ...TAGS }), MAY_NOT);
  });
  await withPolicy([granted, read, denied], async (bed) => {
    assert.deepEqual(await writes(bed, GRANT), MAY_NOT);
  });
  // A condition that says what must not be has nothing in mind.
  const not = { Action: PUT, Condition: { StringNotEquals: { 's3:x-amz-acl': 'private' } } };
  await withPolicy([not, read], async (bed) => assert.deepEqual(await writes(bed, ACL), MAY_NOT));
});

test('whoever writes by the ACL of the bucket gives tags and ACLs, and locks nothing', async () => {
  await withS3(async (bed) => {
    const headers = {
      'x-amz-bucket-object-lock-enabled': 'true',
      'x-amz-acl': 'public-read-write',
    };
    await bed.ask('PUT', '/docs', { headers });
    const put = async (brought: Record<string, string>): Promise<string> =>
      outcome(await bed.ask('PUT', '/docs/k', { user: bob, body: 'x', headers: brought }));
    assert.equal(await put({ ...TAGS, ...GRANT }), '200');
    assert.equal(await put(HOLD), '403 AccessDenied');
    assert.equal(await put(RETAIN), '403 AccessDenied');
  });
});

test('tags go along with a copy only for those who may read them', async () => {
  const copy = (bed: S3Bed, more: Record<string, string> = {}): Promise<Answer> => {
    const headers = { 'x-amz-copy-source': '/docs/tagged', ...more };
    return bed.ask('PUT', '/docs/c', { user: bob, headers });
  };
  const all = ['s3:PutObject', 's3:GetObject', 's3:PutObjectTagging', 's3:GetObjectTagging'];
  for (const missing of [2, 3]) {
    await withPolicy([{ Action: all.toSpliced(missing, 1) }], async (bed) => {
      await bed.ask('PUT', '/docs/tagged', { body: 'x', headers: TAGS });
      assert.equal(outcome(await copy(bed)), '403 AccessDenied', `${all[missing]}`);
      assert.equal(outcome(await copy(bed, { 'x-amz-tagging-directive': 'REPLACE' })), '200');
    });
  }
  await withPolicy([{ Action: all }], async (bed) => {
    await bed.ask('PUT', '/docs/tagged', { body: 'x', headers: TAGS });
    assert.equal(outcome(await copy(bed)), '200');
    const tags = await bed.ask('GET', '/docs/c', { query: { tagging: '' } });
    assert.deepEqual(texts(tags, 'Value'), ['1']);
  });
});
