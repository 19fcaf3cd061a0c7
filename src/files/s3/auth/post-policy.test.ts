/** Forms with policies of Signature V2, as most tutorials and old clients make them, and policies that are wrong. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  type Answer,
  ann,
  type S3Bed,
  send,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';

const soon = (): string => new Date(Date.now() + 60_000).toISOString();
const conditions: readonly unknown[] = [
  { bucket: 'docs' },
  ['starts-with', '$key', 'up/'],
  { acl: 'private' },
  ['starts-with', '$Content-Type', 'text/plain'],
  ['content-length-range', 0, 1024],
];

interface FormOptions {
  readonly policy?: unknown;
  readonly secret?: string;
  readonly fields?: Readonly<Record<string, string | undefined>>;
}

/** Fields that are undefined are left out. */
async function post(bed: S3Bed, options: FormOptions = {}): Promise<Answer> {
  const policy = Buffer.from(
    JSON.stringify(options.policy ?? { expiration: soon(), conditions }),
  ).toString('base64');
  const all: Record<string, string | undefined> = {
    ...{ key: 'up/k', AWSAccessKeyId: ann.accessKeyId, acl: 'private' },
    signature: createHmac('sha1', options.secret ?? ann.secret)
      .update(policy)
      .digest('base64'),
    ...{ policy, 'Content-Type': 'text/plain', ...options.fields },
  };
  const parts = Object.entries(all).map(([name, value]) =>
    value === undefined
      ? ''
      : `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const file =
    '--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--B--\r\n';
  const body = Buffer.from(parts.join('') + file);
  const headers = {
    host: `127.0.0.1:${bed.port}`,
    'content-type': 'multipart/form-data; boundary=B',
    'content-length': String(body.length),
  };
  return send(bed.port, 'POST', '/docs', headers, body);
}

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

test('a form with a policy signed by Signature V2 is taken when all of it is right', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const cases: readonly [FormOptions, string][] = [
      [{}, '204'],
      [{ secret: 'other' }, '403 SignatureDoesNotMatch'],
      [{ fields: { AWSAccessKeyId: 'NOBODY' } }, '403 InvalidAccessKeyId'],
      [{ fields: { AWSAccessKeyId: undefined } }, '400 InvalidArgument'],
      [{ fields: { signature: undefined } }, '400 InvalidArgument'],
      [{ fields: { acl: 'public-read' } }, '403 AccessDenied'],
      [{ fields: { 'x-amz-meta-foo': 'more' } }, '403 AccessDenied'],
      [{ fields: { 'x-ignore-foo': 'more' } }, '204'],
    ];
    for (const [options, expected] of cases) {
      assert.equal(outcome(await post(bed, options)), expected, JSON.stringify(options));
    }
    assert.equal((await bed.ask('GET', '/docs/up/k')).text, 'hello');
  });
});

test('a policy of a form must be one, and speak of the bucket and of every field', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const cases: readonly [unknown, string][] = [
      [{ expiration: soon(), conditions: conditions.slice(1) }, '403 AccessDenied'],
      [{ expiration: soon(), conditions: [...conditions, {}] }, '400 InvalidPolicyDocument'],
      [{ expiration: soon(), conditions: [{}] }, '400 InvalidPolicyDocument'],
      [{ expiration: soon() }, '400 InvalidPolicyDocument'],
      [{ conditions }, '400 InvalidPolicyDocument'],
      [{ expiration: soon(), CONDITIONS: conditions }, '400 InvalidPolicyDocument'],
      [{ EXPIRATION: soon(), conditions }, '400 InvalidPolicyDocument'],
      // What a clock library prints is no ISO 8601.
      [{ expiration: soon().replace('T', ' '), conditions }, '400 InvalidPolicyDocument'],
      [{ expiration: 'tomorrow', conditions }, '400 InvalidPolicyDocument'],
      [{ expiration: soon().slice(0, 10), conditions }, '400 InvalidPolicyDocument'],
      [{ expiration: '2020-01-01T00:00:00Z', conditions }, '403 AccessDenied'],
      [
        { expiration: soon(), conditions: [...conditions, ['content-length-range', 0]] },
        '400 InvalidPolicyDocument',
      ],
      [
        { expiration: soon(), conditions: [...conditions, ['content-length-range', -1, 0]] },
        '400 InvalidPolicyDocument',
      ],
      [
        { expiration: soon(), conditions: [...conditions, ['content-length-range', 0, 4]] },
        '400 EntityTooLarge',
      ],
      [{ expiration: soon(), conditions: [...conditions, ['StArTs-WiTh', '$KeY', 'up/']] }, '204'],
    ];
    for (const [policy, expected] of cases) {
      assert.equal(outcome(await post(bed, { policy })), expected, JSON.stringify(policy));
    }
  });
});
