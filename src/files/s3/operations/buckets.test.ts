/** Buckets as they are made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  ann,
  type TestUser,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

const configuration = (inside: string): string =>
  `<CreateBucketConfiguration>${inside}</CreateBucketConfiguration>`;
const tag = (key: string, value: string): string =>
  `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`;

test('a bucket is made with its tags or not at all', async () => {
  await withS3(async (bed) => {
    const make = (inside: string): Promise<Answer> =>
      bed.ask('PUT', '/docs', { body: configuration(inside) });
    const cases: readonly [inside: string, string][] = [
      [`<Tags>${tag('a!', '1')}</Tags>`, '400 InvalidTag'],
      [`<Tags>${tag('a', '1')}${tag('a', '2')}</Tags>`, '400 InvalidTag'],
      [`<Tags>${tag('a'.repeat(129), '1')}</Tags>`, '400 InvalidTag'],
      [
        `<Tags>${Array.from({ length: 51 }, (_, i) => tag(`k${i}`, '')).join('')}</Tags>`,
        '400 BadRequest',
      ],
      ['<Tags><Tag><Key>a</Key></Tag></Tags>', '400 MalformedXML'],
      ['<Tags><Other/></Tags>', '400 MalformedXML'],
      ['<Other/>', '400 MalformedXML'],
      ['<Bucket><Type>Directory</Type></Bucket>', '501 NotImplemented'],
      ['<LocationConstraint>eu-west-9</LocationConstraint>', '400 InvalidLocationConstraint'],
    ];
    for (const [inside, expected] of cases) {
      assert.equal(outcome(await make(inside)), expected, inside);
      assert.equal((await bed.ask('HEAD', '/docs')).status, 404, inside);
    }
    const made = await make(`<Tags>${tag('a', '1')}${tag('b', '')}</Tags>`);
    assert.deepEqual(
      [made.status, made.headers.location, made.headers['x-amz-bucket-arn']],
      [200, '/docs', 'arn:aws:s3:::docs'],
    );
    const shown = await bed.ask('GET', '/docs', { query: { tagging: '' } });
    assert.deepEqual(
      [texts(shown, 'Key'), texts(shown, 'Value')],
      [
        ['a', 'b'],
        ['1', ''],
      ],
    );
    assert.equal((await bed.ask('HEAD', '/docs')).headers['x-amz-bucket-arn'], 'arn:aws:s3:::docs');
  });
});

test('every answer of a bucket says its region, also to who may not ask', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const region = async (method: string, user: TestUser | null): Promise<unknown[]> => {
      const { status, headers } = await bed.ask(method, '/docs', { user });
      return [status, headers['x-amz-bucket-region']];
    };
    assert.deepEqual(await region('HEAD', ann), [200, 'us-east-1']);
    assert.deepEqual(await region('HEAD', null), [403, 'us-east-1']);
    assert.deepEqual(await region('GET', ann), [200, 'us-east-1']);
  });
});

test('an ACL that gives nothing away goes with enforced ownership', async () => {
  await withS3(async (bed) => {
    const make = async (name: string, acl: string): Promise<string> =>
      outcome(
        await bed.ask('PUT', `/${name}`, {
          headers: { 'x-amz-object-ownership': 'BucketOwnerEnforced', 'x-amz-acl': acl },
        }),
      );
    assert.equal(await make('docs', 'private'), '200');
    assert.equal(await make('open', 'public-read'), '400 InvalidBucketAclWithObjectOwnership');
  });
});

test('buckets are listed page by page, by tokens that were given', async () => {
  await withS3(async (bed) => {
    for (const name of ['docs-a', 'docs-b', 'docs-c']) await bed.ask('PUT', `/${name}`);
    const found: string[] = [];
    let token: Record<string, string> = {};
    for (;;) {
      const page = await bed.ask('GET', '/', { query: { 'max-buckets': '1', ...token } });
      found.push(...texts(page, 'Name'));
      const [next] = texts(page, 'ContinuationToken');
      if (next === undefined) break;
      token = { 'continuation-token': next };
    }
    assert.deepEqual(found, ['docs-a', 'docs-b', 'docs-c']);
    for (const wrong of ['!!', 'x', 'ZG9jcy1i=']) {
      const answer = await bed.ask('GET', '/', { query: { 'continuation-token': wrong } });
      assert.equal(outcome(answer), '400 InvalidArgument', wrong);
    }
  });
});
