/** Bodies on their way: told to come, framed, broken off, slow; and forms of browsers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import {
  type Answer,
  ann,
  hmac,
  type S3Bed,
  send,
  sign,
  signingKey,
  type TestUser,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';
import { amzDate } from '../auth/scope.ts';
import { type ObjectName, type OpenObject, StoreFailure } from '../object-store.ts';
import { MemoryStore } from '../testing/memory-store.ts';

function outcome({ status, code }: Answer): string {
  return `${status} ${code}`.trim();
}

async function withDocs(
  work: (bed: S3Bed, store: MemoryStore) => Promise<void>,
  roomBytes?: number,
): Promise<void> {
  const nowMs = () => Date.now();
  const store = new MemoryStore(roomBytes === undefined ? { nowMs } : { nowMs, roomBytes });
  await withS3(
    async (bed) => {
      await bed.ask('PUT', '/docs');
      await work(bed, store);
      assert.deepEqual([store.openWriters, store.openReads], [0, 0], 'nothing is left open');
    },
    { store },
  );
}

/** The head of a signed PUT as bytes. */
function putHead(
  bed: S3Bed,
  headers: Record<string, string>,
  payload = 'UNSIGNED-PAYLOAD',
  user: TestUser = ann,
): string {
  const all: Record<string, string> = { host: `127.0.0.1:${bed.port}`, ...headers };
  sign({ user, method: 'PUT', path: '/docs/k', query: {}, headers: all, payload, ms: Date.now() });
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `PUT /docs/k HTTP/1.1\r\n${lines.join('')}\r\n`;
}

class Raw {
  text = '';
  ended = false;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (piece: Buffer) => {
      this.text += piece.toString('latin1');
    });
    this.socket.on('close', () => {
      this.ended = true;
    });
    this.socket.on('error', () => {});
  }

  until(done: () => boolean): Promise<void> {
    return until(done, () => this.text);
  }
}

async function until(done: () => boolean, seen: () => string): Promise<void> {
  const endMs = Date.now() + 8000;
  while (!done()) {
    assert.ok(Date.now() < endMs, `did not come: ${seen()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a client that waits for 100 is told to go on only when its request is acceptable', async () => {
  await withDocs(async (bed) => {
    const expects = { expect: '100-continue', 'content-length': '5' };
    const good = new Raw(bed.port);
    good.socket.write(putHead(bed, expects));
    await good.until(() => good.text.includes('\r\n\r\n'));
    assert.match(good.text, /^HTTP\/1\.1 100 /);
    good.socket.write('hello');
    await good.until(() => /HTTP\/1\.1 200/.test(good.text));
    good.socket.destroy();
    const cases: readonly [string, RegExp][] = [
      [putHead(bed, expects, undefined, { ...ann, secret: 'x' }), /^HTTP\/1\.1 403/],
      [putHead(bed, { ...expects, 'if-none-match': '*' }), /^HTTP\/1\.1 412/],
      [putHead(bed, { ...expects, 'x-amz-acl': 'nonsense' }), /^HTTP\/1\.1 400/],
      [
        putHead(bed, { ...expects, 'content-length': String(6 * 1024 ** 3) }),
        /^HTTP\/1\.1 400.*EntityTooLarge/s,
      ],
      [putHead(bed, { expect: '100-continue' }), /^HTTP\/1\.1 411.*MissingContentLength/s],
    ];
    for (const [head, expected] of cases) {
      const bad = new Raw(bed.port);
      bad.socket.write(head);
      await bad.until(() => /<\/Error>/.test(bad.text));
      assert.match(bad.text, expected);
      bad.socket.destroy();
    }
  });
});

test('a client that goes in the middle of an upload leaves nothing', async () => {
  await withDocs(async (bed, store) => {
    for (const how of ['end', 'reset'] as const) {
      const raw = new Raw(bed.port);
      raw.socket.write(putHead(bed, { 'content-length': '10000000' }));
      raw.socket.write(Buffer.alloc(3_000_000));
      await raw.until(() => store.openWriters === 1);
      if (how === 'end') raw.socket.end();
      else raw.socket.resetAndDestroy();
      await raw.until(() => store.openWriters === 0);
      raw.socket.destroy();
    }
    assert.equal((await bed.ask('GET', '/docs/k')).status, 404);
    const puts = (): string[] => bed.calls.filter((call) => call.startsWith('PutObject'));
    await until(
      () => puts().length === 2,
      () => puts().join(),
    );
    assert.deepEqual(puts(), ['PutObject 499', 'PutObject 499']);
  });
});

test('a client that goes in the middle of a download frees what it read', async () => {
  await withDocs(async (bed, store) => {
    await bed.ask('PUT', '/docs/k', { body: Buffer.alloc(20_000_000, 'x') });
    const headers: Record<string, string> = { host: `127.0.0.1:${bed.port}` };
    sign({
      ...{ user: ann, method: 'GET', path: '/docs/k', query: {}, headers },
      payload: 'UNSIGNED-PAYLOAD',
      ms: Date.now(),
    });
    const slow = new Raw(bed.port);
    slow.socket.pause();
    slow.socket.write(
      `GET /docs/k HTTP/1.1\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    );
    await slow.until(() => store.openReads === 1);
    // Who reads nothing is sent no more than the kernel takes.
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(store.openReads, 1);
    slow.socket.resetAndDestroy();
    await slow.until(() => store.openReads === 0);
  });
});

test('large bodies come back as they went', async () => {
  await withDocs(async (bed) => {
    const bytes = Buffer.alloc(30_000_007);
    for (let at = 0; at + 4 <= bytes.length; at += 4)
      bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    assert.equal((await bed.ask('PUT', '/docs/k', { body: bytes })).status, 200);
    assert.ok((await bed.ask('GET', '/docs/k')).bytes.equals(bytes));
  });
});

/** Of every object the bytes behind the first 100,000 can not be had. */
class DamagedStore extends MemoryStore {
  override async open(name: ObjectName): Promise<OpenObject | undefined> {
    const opened = await super.open(name);
    if (opened === undefined) return undefined;
    return {
      ...opened,
      async *read(start, end) {
        yield* opened.read(start, Math.min(end, 100_000));
        if (end > 100_000) throw new StoreFailure('corrupt');
      },
    };
  }
}

test('a download whose bytes can not be had breaks off, and is never taken for whole', async () => {
  const store = new DamagedStore();
  await withS3(
    async (bed) => {
      await bed.ask('PUT', '/docs');
      await bed.ask('PUT', '/docs/k', { body: Buffer.alloc(200_000) });
      await assert.rejects(bed.ask('GET', '/docs/k'));
      const range = { headers: { range: 'bytes=0-99999' } };
      assert.equal((await bed.ask('GET', '/docs/k', range)).bytes.length, 100_000);
      const copy = {
        headers: { 'x-amz-copy-source': '/docs/k', 'x-amz-checksum-algorithm': 'SHA1' },
      };
      assert.equal(outcome(await bed.ask('PUT', '/docs/copy', copy)), '500 InternalError');
      assert.equal((await bed.ask('HEAD', '/docs/copy')).status, 404);
      assert.deepEqual([store.openWriters, store.openReads], [0, 0]);
    },
    { store },
  );
});

test('a full store says so, and what was there is read as before', async () => {
  await withDocs(async (bed) => {
    await bed.ask('PUT', '/docs/small', { body: 'hello' });
    const answer = await bed.ask('PUT', '/docs/k', { body: Buffer.alloc(500_000) });
    assert.equal(outcome(answer), '507 InsufficientStorage');
    assert.equal((await bed.ask('GET', '/docs/small')).text, 'hello');
  }, 100_000);
});

test('a body in signed chunks is taken, one that was changed is not', async () => {
  await withDocs(async (bed) => {
    const data = ['a'.repeat(70_000), 'b'.repeat(10), ''];
    const put = async (tamper: (body: string) => string): Promise<Answer> => {
      const headers: Record<string, string> = {
        host: `127.0.0.1:${bed.port}`,
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '70010',
      };
      const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
      const ms = Date.now();
      let previous = sign({
        ...{ user: ann, method: 'PUT', path: '/docs/k', query: {}, headers },
        payload,
        ms,
      });
      const date = amzDate(ms);
      const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
      const empty = createHash('sha256').digest('hex');
      const chunks = data.map((chunk) => {
        const digest = createHash('sha256').update(chunk).digest('hex');
        const toSign = ['AWS4-HMAC-SHA256-PAYLOAD', date, scope, previous, empty, digest].join(
          '\n',
        );
        previous = hmac(signingKey(ann, scope), toSign).toString('hex');
        return `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}\r\n`;
      });
      const body = Buffer.from(tamper(chunks.join('')));
      headers['content-length'] = String(body.length);
      return send(bed.port, 'PUT', '/docs/k', headers, body);
    };
    assert.equal((await put((body) => body)).status, 200);
    assert.equal((await bed.ask('GET', '/docs/k')).text, data.join(''));
    assert.equal(
      outcome(await put((body) => body.replace('bbb', 'bab'))),
      '403 SignatureDoesNotMatch',
    );
    assert.equal(outcome(await put((body) => body.slice(0, 50_000))), '400 IncompleteBody');
    assert.equal(outcome(await put((body) => `x${body}`)), '400 IncompleteBody');
    assert.equal((await bed.ask('GET', '/docs/k')).text, data.join(''));
  });
});

test('a checksum behind an unsigned body is checked before anything is stored', async () => {
  await withDocs(async (bed) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32('hello'));
    const put = (said: string, length = '5'): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', {
        payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        headers: {
          'content-encoding': 'aws-chunked',
          'x-amz-decoded-content-length': length,
          'x-amz-trailer': 'x-amz-checksum-crc32',
        },
        body: `5\r\nhello\r\n0\r\n${said}\r\n\r\n`,
      });
    assert.equal(outcome(await put('x-amz-checksum-crc32:AAAAAA==')), '400 BadDigest');
    const right = `x-amz-checksum-crc32:${sum.toString('base64')}`;
    for (const said of ['x-amz-other:1', ':AAAAAA==', `${right}\r\nx-amz-other:1`]) {
      assert.equal(outcome(await put(said)), '400 MalformedTrailerError', said);
    }
    assert.equal(outcome(await put('x-amz-checksum-crc32:x')), '400 InvalidRequest');
    const unannounced = await bed.ask('PUT', '/docs/k', {
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: { 'x-amz-decoded-content-length': '5' },
      body: `5\r\nhello\r\n0\r\n${right}\r\n\r\n`,
    });
    assert.equal(outcome(unannounced), '400 MalformedTrailerError');
    assert.equal(
      outcome(await put(`x-amz-checksum-crc32:${sum.toString('base64')}`, '6')),
      '400 IncompleteBody',
    );
    assert.equal((await bed.ask('GET', '/docs/k')).status, 404);
    const done = await put(`x-amz-checksum-crc32:${sum.toString('base64')}`);
    assert.deepEqual(
      [done.status, done.headers['x-amz-checksum-crc32']],
      [200, sum.toString('base64')],
    );
  });
});

interface FormOptions {
  readonly fields?: Record<string, string>;
  readonly conditions?: readonly unknown[];
  readonly file?: string;
  readonly expiresMs?: number;
  readonly secret?: string;
  readonly signs?: boolean;
}

async function post(bed: S3Bed, options: FormOptions = {}): Promise<Answer> {
  const { fields = {}, file = 'hello', signs = true } = options;
  const date = amzDate(Date.now());
  const credential = `${ann.accessKeyId}/${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const policy = Buffer.from(
    JSON.stringify({
      expiration: new Date(options.expiresMs ?? Date.now() + 60_000).toISOString(),
      conditions: options.conditions ?? [
        { bucket: 'docs' },
        ['starts-with', '$key', 'up/'],
        ['starts-with', '$Content-Type', ''],
        ['starts-with', '$success_action_status', ''],
        ['content-length-range', 1, 10],
        ...[
          { 'x-amz-algorithm': 'AWS4-HMAC-SHA256' },
          { 'x-amz-credential': credential },
          { 'x-amz-date': date },
        ],
      ],
    }),
  ).toString('base64');
  const key = signingKey(
    { ...ann, secret: options.secret ?? ann.secret },
    credential.split('/').slice(1).join('/'),
  );
  const all: Record<string, string> = {
    key: 'up/$' + '{filename}',
    ...(signs && {
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': credential,
      'x-amz-date': date,
      policy,
      'x-amz-signature': hmac(key, policy).toString('hex'),
    }),
    ...fields,
  };
  const parts = Object.entries(all).map(
    ([name, value]) =>
      `--line\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const body = `${parts.join('')}--line\r\nContent-Disposition: form-data; name="file"; filename="C:\\x\\a b.txt"\r\nContent-Type: text/x\r\n\r\n${file}\r\n--line\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n--line--\r\n`;
  const headers = {
    ...{ host: `127.0.0.1:${bed.port}`, 'content-length': String(Buffer.byteLength(body)) },
    'content-type': 'multipart/form-data; boundary=line',
  };
  return send(bed.port, 'POST', '/docs', headers, Buffer.from(body));
}

test('a form of a browser uploads what its policy allows', async () => {
  await withDocs(async (bed) => {
    const done = await post(bed, {
      fields: { success_action_status: '201', 'Content-Type': 'text/y' },
    });
    assert.equal(done.status, 201, done.text);
    assert.deepEqual(texts(done, 'Key'), ['up/a b.txt']);
    const got = await bed.ask('GET', '/docs/up/a b.txt');
    assert.deepEqual([got.text, got.headers['content-type']], ['hello', 'text/y']);
    assert.equal((await post(bed)).status, 204);
    const cases: readonly [FormOptions, string][] = [
      [{ fields: { key: 'down/x' } }, '403 AccessDenied'],
      [{ fields: { 'x-amz-meta-a': '1' } }, '403 AccessDenied'],
      [{ expiresMs: Date.now() - 1000 }, '403 AccessDenied'],
      [{ secret: 'other' }, '403 SignatureDoesNotMatch'],
      [{ file: 'longer than ten' }, '400 EntityTooLarge'],
      [{ file: '' }, '400 EntityTooSmall'],
      [{ conditions: [['like', '$key', 'x']] }, '400 InvalidPolicyDocument'],
      [{ signs: false }, '403 AccessDenied'],
      [
        { signs: false, fields: { AWSAccessKeyId: 'x', policy: 'x', signature: 'x' } },
        '403 InvalidAccessKeyId',
      ],
      [{ fields: { key: '' } }, '400 InvalidArgument'],
      [
        { fields: { 'x-ignore-this': 'x'.repeat(30_000) } },
        '400 MaxPostPreDataLengthExceededError',
      ],
    ];
    for (const [options, expected] of cases)
      assert.equal(outcome(await post(bed, options)), expected, JSON.stringify(options));
    await bed.ask('PUT', '/docs', {
      query: { acl: '' },
      headers: { 'x-amz-acl': 'public-read-write' },
    });
    const redirect = await post(bed, {
      signs: false,
      fields: { success_action_redirect: 'http://there/x?y=1' },
    });
    assert.equal(redirect.status, 303);
    assert.match(
      `${redirect.headers.location}`,
      /^http:\/\/there\/x\?y=1&bucket=docs&key=up%2Fa%20b\.txt&etag=%22/,
    );
    const other = (type: string): Promise<Answer> =>
      bed.ask('POST', '/docs', { body: 'x', headers: { 'content-type': type } });
    assert.equal(outcome(await other('application/json')), '412 PreconditionFailed');
    assert.equal(outcome(await other('multipart/form-data')), '400 MalformedPOSTRequest');
  });
});
