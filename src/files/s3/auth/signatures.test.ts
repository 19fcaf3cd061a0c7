/** Signature V4 against the examples that Amazon publishes in its API reference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsChunks } from '../body/aws-chunks.ts';
import { S3Error } from '../errors.ts';
import { Headers, type ParsedRequest, parseQuery } from '../request.ts';
import { type Authenticated, authenticate } from './authenticate.ts';
import { SigningKeys } from './scope.ts';
import { Users } from './users.ts';

const user = { id: 'me', displayName: 'me', isAdmin: false };
const users = new Users([
  {
    id: 'AKIAIOSFODNN7EXAMPLE',
    user,
    secret: () => 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  },
]);
const nowMs = Date.UTC(2013, 4, 24);
const keys = new SigningKeys();
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request';

interface Example {
  readonly method: string;
  readonly target: string;
  readonly host?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signature: string;
}

function request({ method, target, host, headers, signature }: Example): ParsedRequest {
  const [rawPath = '', query = ''] = target.split('?');
  const all = new Map(
    Object.entries({ host: host ?? 'examplebucket.s3.amazonaws.com', ...headers }),
  );
  if (signature !== '') {
    const signed = [...all.keys()].toSorted().join(';');
    const value = `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${signed},Signature=${signature}`;
    all.set('authorization', value);
  }
  return {
    line: { method, rawPath, authority: '', bucket: 'examplebucket', key: '', virtualHost: true },
    query: parseQuery(query),
    headers: new Headers(all),
    contentLength: 0,
    expectContinue: false,
  };
}

function check(example: Example, atMs = nowMs): Authenticated {
  return authenticate(request(example), { users, keys, takesV2: false, nowMs: atMs });
}

function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof S3Error, String(error));
    return error.code;
  }
  return 'none';
}

const amz = { 'x-amz-date': '20130524T000000Z' };
const get: Example = {
  method: 'GET',
  target: '/test.txt',
  headers: { range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY, ...amz },
  signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
};

const published: readonly [string, Example][] = [
  ['GET Object', get],
  [
    'PUT Object',
    {
      method: 'PUT',
      target: '/test%24file.text',
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        ...amz,
      },
      signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    },
  ],
  [
    'GET Bucket lifecycle',
    {
      method: 'GET',
      target: '/?lifecycle',
      headers: { 'x-amz-content-sha256': EMPTY, ...amz },
      signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    },
  ],
  [
    'List Objects',
    {
      method: 'GET',
      target: '/?max-keys=2&prefix=J',
      headers: { 'x-amz-content-sha256': EMPTY, ...amz },
      signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    },
  ],
];

for (const [name, example] of published) {
  test(`the published signature of ${name} is right, and any other is not`, () => {
    assert.equal(check(example).user, user);
    const signature = example.signature.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
    assert.equal(
      code(() => check({ ...example, signature })),
      'SignatureDoesNotMatch',
    );
    const target = `${example.target}${example.target.includes('?') ? '&' : '?'}x=1`;
    assert.equal(
      code(() => check({ ...example, target })),
      'SignatureDoesNotMatch',
    );
  });
}

const presigned: Example = {
  method: 'GET',
  target:
    '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  headers: {},
  signature: '',
};

test('the published presigned URL is right until it expires', () => {
  assert.equal(check(presigned).how, 'query');
  assert.equal(check(presigned, nowMs + 86_400_000).user, user);
  assert.equal(
    code(() => check(presigned, nowMs + 86_401_000)),
    'AccessDenied',
  );
  assert.equal(
    code(() => check(presigned, nowMs - 16 * 60_000)),
    'AccessDenied',
  );
});

test('parameters of a presigned URL that are missing or absurd are told', () => {
  const changed = (from: string | RegExp, to: string): string =>
    code(() => check({ ...presigned, target: presigned.target.replace(from, to) }));
  assert.equal(changed('&X-Amz-Expires=86400', ''), 'AuthorizationQueryParametersError');
  assert.equal(changed('=86400', '=604801'), 'AuthorizationQueryParametersError');
  assert.equal(changed('=86400', '=-1'), 'AuthorizationQueryParametersError');
  assert.equal(changed('X-Amz-Date=2013', 'X-Amz-Date=2014'), 'AuthorizationQueryParametersError');
  assert.equal(changed(/Credential=[^&]*/, 'Credential=x'), 'AuthorizationQueryParametersError');
  assert.equal(changed('=86400', '=86399'), 'SignatureDoesNotMatch');
  assert.equal(changed('GET', 'GET'), 'none');
});

test('a clock that is too far off, an unknown key and other ways of signing are refused', () => {
  assert.equal(
    code(() => check(get, nowMs + 901_000)),
    'RequestTimeTooSkewed',
  );
  assert.equal(
    code(() => check(get, nowMs - 901_000)),
    'RequestTimeTooSkewed',
  );
  assert.equal(check(get, nowMs + 899_000).user, user);
  const saying = (authorization: string): string =>
    code(() => {
      const parsed = request({ ...get, signature: '' });
      const headers = new Headers(
        new Map([...parsed.headers.entries(), ['authorization', authorization]]),
      );
      authenticate({ ...parsed, headers }, { users, keys, takesV2: false, nowMs });
    });
  const rest = 'SignedHeaders=host,Signature=00';
  assert.equal(saying('AWS AKIAIOSFODNN7EXAMPLE:bWq2s1WEIj+Ydj0vQ697zp+IXMU='), 'InvalidRequest');
  assert.equal(saying('Basic Zm9vOmJhcg=='), 'InvalidArgument');
  assert.equal(saying('AWS4-ECDSA-P256-SHA256 Credential=x'), 'NotImplemented');
  assert.equal(saying('AWS4-HMAC-SHA256'), 'AuthorizationHeaderMalformed');
  assert.equal(saying(`AWS4-HMAC-SHA256 Credential=short,${rest}`), 'AuthorizationHeaderMalformed');
  const nobody = SCOPE.replace('AKIAIOSFODNN7EXAMPLE', 'NOBODY');
  assert.equal(saying(`AWS4-HMAC-SHA256 Credential=${nobody},${rest}`), 'InvalidAccessKeyId');
});

test('a field of Amazon that is not signed is refused', () => {
  const parsed = request(get);
  const headers = new Headers(new Map([...parsed.headers.entries(), ['x-amz-acl', 'public-read']]));
  assert.equal(
    code(() => authenticate({ ...parsed, headers }, { users, keys, takesV2: false, nowMs })),
    'AccessDenied',
  );
});

// The examples of chunked uploads: 65 KiB of `a` in chunks of 64 KiB and 1 KiB.
const chunked: Example = {
  method: 'PUT',
  target: '/examplebucket/chunkObject.txt',
  host: 's3.amazonaws.com',
  headers: {
    'content-encoding': 'aws-chunked',
    'content-length': '66824',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'x-amz-decoded-content-length': '66560',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    ...amz,
  },
  signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
};
const trailing: Example = {
  ...chunked,
  headers: {
    'content-encoding': 'aws-chunked',
    'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '66560',
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    'x-amz-trailer': 'x-amz-checksum-crc32c',
    ...amz,
  },
  signature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
};

const CHUNK_SIGNATURES = [
  'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
  '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
  'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
];
const TRAILED_SIGNATURES = [
  'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
  '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
  '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
];
const TRAILER =
  'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n';

function framed(signatures: readonly string[], trailer: string): Buffer {
  const sizes = [65_536, 1024, 0];
  const chunks = sizes.map((size, i) => {
    const data = size === 0 ? '' : `${'a'.repeat(size)}\r\n`;
    return `${size.toString(16)};chunk-signature=${signatures[i]}\r\n${data}`;
  });
  return Buffer.from(`${chunks.join('')}${trailer}\r\n`);
}

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function read({ body }: Authenticated, bytes: Buffer, pieceBytes = 5000) {
  assert.ok(body.kind === 'chunks');
  const chunks = new AwsChunks(body.signing, body.trailer);
  const pieces: Buffer[] = [];
  for await (const piece of chunks.read(inPieces(bytes, pieceBytes)))
    pieces.push(Buffer.from(piece));
  return { content: Buffer.concat(pieces).toString(), trailers: chunks.trailers };
}

test('the published chunked upload is right, in whatever pieces it comes', async () => {
  for (const pieceBytes of [61, 5000, 100_000]) {
    const { content } = await read(check(chunked), framed(CHUNK_SIGNATURES, ''), pieceBytes);
    assert.equal(content, 'a'.repeat(66_560));
  }
});

test('the published upload with a signed trailer is right', async () => {
  const { content, trailers } = await read(check(trailing), framed(TRAILED_SIGNATURES, TRAILER));
  assert.equal(content.length, 66_560);
  assert.deepEqual([...trailers], [['x-amz-checksum-crc32c', 'sOO8/Q==']]);
});

test('a chunk, a trailer or an end that was changed is refused', async () => {
  const good = framed(TRAILED_SIGNATURES, TRAILER);
  const text = good.toString();
  const cases: readonly [string, string][] = [
    [text.replace('aaa\r\n', 'aab\r\n'), 'SignatureDoesNotMatch'],
    [text.replace('sOO8/Q==', 'sOO8/A=='), 'SignatureDoesNotMatch'],
    [text.replace(/x-amz-trailer-signature:.*\r\n/, ''), 'SignatureDoesNotMatch'],
    [text.slice(0, 40_000), 'IncompleteBody'],
    [text.slice(0, text.indexOf('0;chunk')), 'IncompleteBody'],
    [text.replace(/400;chunk-signature=.*\r\n/, '400\r\n'), 'IncompleteBody'],
    [text.replace('10000;', '1000g;'), 'IncompleteBody'],
    [`${text}more`, 'IncompleteBody'],
  ];
  for (const [body, expected] of cases) {
    await assert.rejects(read(check(trailing), Buffer.from(body)), (error: unknown) => {
      assert.ok(error instanceof S3Error);
      assert.equal(error.code, expected);
      return true;
    });
  }
});
