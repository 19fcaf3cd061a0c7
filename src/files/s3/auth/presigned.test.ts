/** Presigned requests, whose query says what their head would. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  type Answer,
  ann,
  hmac,
  queryText,
  type S3Bed,
  send,
  signingKey,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';
import { amzDate } from './scope.ts';

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

interface Presigned {
  readonly method?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expires?: string;
  readonly signedMs?: number;
}

/** Sends what is signed in the query, which signs the host alone. */
function presigned(bed: S3Bed, path: string, options: Presigned = {}): Promise<Answer> {
  const { method = 'GET', body = '', headers = {}, expires = '60' } = options;
  const date = amzDate(options.signedMs ?? Date.now());
  const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = {
    ...{ 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256', 'X-Amz-Date': date, 'X-Amz-Expires': expires },
    ...{ 'X-Amz-Credential': `${ann.accessKeyId}/${scope}`, 'X-Amz-SignedHeaders': 'host' },
    ...options.query,
  };
  const host = `127.0.0.1:${bed.port}`;
  const canonical = [
    ...[method, path, queryText(query).slice(1), `host:${host}`, '', 'host'],
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${digest}`;
  const signature = hmac(signingKey(ann, scope), toSign).toString('hex');
  const target = `${path}${queryText({ ...query, 'X-Amz-Signature': signature })}`;
  const length = method === 'PUT' ? { 'content-length': String(body.length) } : {};
  return send(bed.port, method, target, { host, ...length, ...headers }, Buffer.from(body));
}

test('fields in the query of a presigned request count as fields', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const query = {
      ...{ 'x-amz-acl': 'public-read', 'x-amz-meta-who': 'mé', 'x-amz-tagging': 'a=1' },
      ...{ 'x-amz-storage-class': 'REDUCED_REDUNDANCY', 'X-Amz-Server-Side-Encryption': 'AES256' },
    };
    const put = await presigned(bed, '/docs/k', { method: 'PUT', query, body: 'x' });
    assert.equal(outcome(put), '200', put.text);
    const read = await bed.ask('GET', '/docs/k', { user: null });
    const names = ['x-amz-storage-class', 'x-amz-server-side-encryption', 'x-amz-tagging-count'];
    assert.deepEqual(
      names.map((name) => read.headers[name]),
      ['REDUCED_REDUNDANCY', 'AES256', '1'],
    );
    const meta = Buffer.from(`${read.headers['x-amz-meta-who']}`, 'latin1').toString();
    assert.deepEqual([read.text, meta], ['x', 'mé']);
    const copy = { 'x-amz-copy-source': '/docs/k' };
    const copied = await presigned(bed, '/docs/c', { method: 'PUT', query: copy });
    assert.equal(texts(copied, 'ETag').length, 1, copied.text);
  });
});

test('a digest in the query is that of a body that nobody knew, and counts for nothing', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const query = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'CRC32' };
    const put = await presigned(bed, '/docs/k', { method: 'PUT', query, body: 'x' });
    assert.equal(outcome(put), '200', put.text);
    assert.equal((await bed.ask('GET', '/docs/k')).text, 'x');
  });
});

test('nothing is added to a query or a head that was not signed', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    const put = (headers: Record<string, string>): Promise<Answer> =>
      presigned(bed, '/docs/k', { method: 'PUT', headers, body: 'x' });
    assert.equal(outcome(await put({ 'x-amz-acl': 'public-read' })), '403 AccessDenied');
    // Without a signature they are no fields.
    const query = { 'x-amz-copy-source': '/docs/secret' };
    assert.equal(
      outcome(await bed.ask('PUT', '/docs/k', { user: null, query, body: 'x' })),
      '403 AccessDenied',
    );
  });
});

test('a presigned request lives as long as it says, a week at most', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'x' });
    const cases: readonly [Presigned, string][] = [
      [{}, '200'],
      [{ expires: '604800' }, '200'],
      [{ expires: '604801' }, '400 AuthorizationQueryParametersError'],
      [{ expires: '0', signedMs: Date.now() - 2_000 }, '403 AccessDenied'],
      [{ expires: '-1' }, '400 AuthorizationQueryParametersError'],
      [{ expires: 'x' }, '400 AuthorizationQueryParametersError'],
      [{ expires: '' }, '400 AuthorizationQueryParametersError'],
      [{ signedMs: Date.now() - 61_000 }, '403 AccessDenied'],
      [{ signedMs: Date.now() - 50_000 }, '200'],
      [{ signedMs: Date.now() + 20 * 60_000 }, '403 AccessDenied'],
      [{ query: { 'X-Amz-Security-Token': 'x' } }, '400 InvalidToken'],
    ];
    for (const [options, expected] of cases) {
      const answer = await presigned(bed, '/docs/k', options);
      assert.equal(outcome(answer), expected, JSON.stringify(options));
    }
  });
});
