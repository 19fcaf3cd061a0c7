/** Signature Version 2: Amazon's published examples, and requests of old clients to the door. */
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
import { Headers, parseQuery } from '../request.ts';
import { signatureV2, stringToSignV2 } from './signature-v2.ts';

interface Example {
  readonly method: string;
  readonly bucket: string;
  readonly virtualHost: boolean;
  readonly path: string;
  readonly query?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly date: string;
  readonly signature: string;
}

// "Signing and authenticating REST requests", the examples of the developer guide.
const key = {
  id: 'AKIAIOSFODNN7EXAMPLE',
  user: { id: 'u', displayName: 'u', isAdmin: false },
  secret: () => 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const examples: readonly Example[] = [
  {
    ...{ method: 'GET', bucket: 'johnsmith', virtualHost: true, path: '/photos/puppy.jpg' },
    ...{ headers: {}, date: 'Tue, 27 Mar 2007 19:36:42 +0000' },
    signature: 'bWq2s1WEIj+Ydj0vQ697zp+IXMU=',
  },
  {
    ...{ method: 'PUT', bucket: 'johnsmith', virtualHost: true, path: '/photos/puppy.jpg' },
    ...{ headers: { 'content-type': 'image/jpeg' }, date: 'Tue, 27 Mar 2007 21:15:45 +0000' },
    signature: 'MyyxeRY7whkBe+bq8fHCL/2kKUg=',
  },
  {
    ...{ method: 'GET', bucket: 'johnsmith', virtualHost: true, path: '/', query: 'acl' },
    ...{ headers: {}, date: 'Tue, 27 Mar 2007 19:44:46 +0000' },
    signature: 'c2WLPFtWHVgbEmeEG93a4cG37dM=',
  },
  {
    ...{ method: 'GET', bucket: 'johnsmith', virtualHost: true, path: '/' },
    query: 'prefix=photos&max-keys=50&marker=puppy',
    ...{ headers: {}, date: 'Tue, 27 Mar 2007 19:42:41 +0000' },
    signature: 'htDYFYduRNen8P9ZfE/s9SuKy0U=',
  },
  {
    ...{ method: 'PUT', bucket: 'static.johnsmith.net', virtualHost: true },
    path: '/db-backup.dat.gz',
    headers: {
      'content-md5': '4gJE4saaMU4BqNR0kLY+lw==',
      'content-type': 'application/x-download',
      'x-amz-meta-reviewedby': 'joe@johnsmith.net,jane@johnsmith.net',
      'x-amz-meta-filechecksum': '0x02661779',
      'x-amz-meta-checksumalgorithm': 'crc32',
      'x-amz-acl': 'public-read',
    },
    date: 'Tue, 27 Mar 2007 21:06:08 +0000',
    signature: 'ilyl83RwaSoYIEdixDQcA4OnAnc=',
  },
];

test('the published examples of Signature V2 are signed as they say', () => {
  for (const {
    method,
    bucket,
    virtualHost,
    path,
    query = '',
    headers,
    date,
    signature,
  } of examples) {
    const text = stringToSignV2(
      {
        line: { method, rawPath: path, authority: '', bucket, key: '', virtualHost },
        query: parseQuery(query),
        headers: new Headers(new Map(Object.entries(headers))),
        contentLength: 0,
        expectContinue: false,
      },
      date,
    );
    assert.equal(signatureV2(key, text), signature, `${method} ${path}`);
  }
});

function signed(text: string, secret = ann.secret): string {
  return createHmac('sha1', secret).update(text).digest('base64');
}

function ask(bed: S3Bed, headers: Record<string, string>, target = '/docs/k'): Promise<Answer> {
  return send(bed.port, 'GET', target, { host: `127.0.0.1:${bed.port}`, ...headers });
}

const outcome = ({ status, code }: Answer): string => `${status} ${code}`.trim();

test('a client of Signature V2 comes in by its right signature alone', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'hello' });
    const now = new Date().toUTCString();
    const old = 'Tue, 27 Mar 2007 19:36:42 +0000';
    const by = (signature: string, id = ann.accessKeyId): string => `AWS ${id}:${signature}`;
    const right = by(signed(`GET\n\n\n${now}\n/docs/k`));
    const amzDate = by(signed(`GET\n\n\n\nx-amz-date:${now}\n/docs/k`));
    const cases: readonly [Record<string, string>, string][] = [
      [{ date: now, authorization: right }, '200'],
      [{ 'x-amz-date': now, authorization: amzDate }, '200'],
      [{ date: now, authorization: by(signed('x')) }, '403 SignatureDoesNotMatch'],
      [{ date: now, authorization: right, 'x-amz-acl': 'private' }, '403 SignatureDoesNotMatch'],
      [{ date: now, authorization: by('x', 'NOBODY') }, '403 InvalidAccessKeyId'],
      [{ date: now, authorization: 'AWS HAHAHA' }, '400 InvalidArgument'],
      [{ authorization: right }, '403 AccessDenied'],
      [{ date: 'Bad Date', authorization: right }, '403 AccessDenied'],
      [{ date: 'Tue, 07 Jul 1950 21:53:04 GMT', authorization: right }, '403 AccessDenied'],
      [
        { date: old, authorization: by(signed(`GET\n\n\n${old}\n/docs/k`)) },
        '403 RequestTimeTooSkewed',
      ],
    ];
    for (const [headers, expected] of cases) {
      assert.equal(outcome(await ask(bed, headers)), expected, JSON.stringify(headers));
    }
    for (const resource of ['/docs', '/docs/']) {
      const authorization = by(signed(`GET\n\n\n${now}\n${resource}`));
      assert.equal(outcome(await ask(bed, { date: now, authorization }, '/docs')), '200');
    }
  });
});

test('a query of Signature V2 opens what it names until it expires', async () => {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'hello' });
    const soon = Math.floor(Date.now() / 1000) + 60;
    const target = (expires: string, signature: string, more = ''): string =>
      `/docs/k?AWSAccessKeyId=${ann.accessKeyId}&Expires=${expires}&Signature=${encodeURIComponent(signature)}${more}`;
    const right = signed(`GET\n\n\n${soon}\n/docs/k`);
    const typed = signed(`GET\n\n\n${soon}\n/docs/k?response-content-type=a/b`);
    const cases: readonly [string, string][] = [
      [target(String(soon), right), '200'],
      [target(String(soon), typed, '&response-content-type=a%2Fb'), '200'],
      [target(String(soon), right, '&response-content-type=a%2Fb'), '403 SignatureDoesNotMatch'],
      [target(String(soon + 1), right), '403 SignatureDoesNotMatch'],
      [target('1175139620', signed('GET\n\n\n1175139620\n/docs/k')), '403 AccessDenied'],
      [target('never', right), '403 AccessDenied'],
      [`/docs/k?AWSAccessKeyId=${ann.accessKeyId}`, '403 AccessDenied'],
    ];
    for (const [path, expected] of cases)
      assert.equal(outcome(await ask(bed, {}, path)), expected, path);
  });
});

test('where Signature V2 is not taken its clients are told which is', async () => {
  await withS3(
    async (bed) => {
      await bed.ask('PUT', '/docs');
      const now = new Date().toUTCString();
      const authorization = `AWS ${ann.accessKeyId}:${signed(`GET\n\n\n${now}\n/docs`)}`;
      assert.equal(
        outcome(await ask(bed, { date: now, authorization }, '/docs')),
        '400 InvalidRequest',
      );
      const query = `/docs?AWSAccessKeyId=${ann.accessKeyId}&Expires=9999999999&Signature=x`;
      assert.equal(outcome(await ask(bed, {}, query)), '400 InvalidRequest');
    },
    { service: { takesV2: false } },
  );
});
