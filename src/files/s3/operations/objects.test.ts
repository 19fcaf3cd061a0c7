/** Objects by S3: conditions, ranges, metadata, copies, deletion, and what is answered when something is wrong. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  type Answer,
  ann,
  bob,
  type S3Bed,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';

const HELLO = '"5d41402abc4b2a76b9719d911017c592"';

async function withHello(work: (bed: S3Bed) => Promise<void>): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await bed.ask('PUT', '/docs/k', { body: 'hello' });
    await work(bed);
  });
}

function outcome({ status, code }: Answer): string {
  return `${status} ${code}`.trim();
}

test('every answer has a request id, and an error has its element', async () => {
  await withHello(async (bed) => {
    const answer = await bed.ask('GET', '/docs/none');
    assert.match(String(answer.headers['x-amz-request-id']), /^[0-9A-F]{16}$/);
    assert.deepEqual(texts(answer, 'RequestId'), [answer.headers['x-amz-request-id']]);
    assert.deepEqual(texts(answer, 'Resource'), ['/docs/none']);
    assert.equal(answer.headers['content-type'], 'application/xml');
    const head = await bed.ask('HEAD', '/docs/none');
    assert.deepEqual([head.status, head.text], [404, '']);
  });
});

test('reads are conditional', async () => {
  await withHello(async (bed) => {
    const past = 'Mon, 01 Jan 2001 00:00:00 GMT';
    const future = 'Fri, 01 Jan 2100 00:00:00 GMT';
    const cases: readonly [Record<string, string>, string][] = [
      [{ 'if-match': HELLO }, '200'],
      [{ 'if-match': '*' }, '200'],
      [{ 'if-match': `"x", ${HELLO}` }, '200'],
      [{ 'if-match': '"x"' }, '412 PreconditionFailed'],
      [{ 'if-none-match': HELLO }, '304'],
      [{ 'if-none-match': '"x"' }, '200'],
      [{ 'if-modified-since': future }, '304'],
      [{ 'if-modified-since': past }, '200'],
      [{ 'if-unmodified-since': past }, '412 PreconditionFailed'],
      [{ 'if-unmodified-since': future }, '200'],
      [{ 'if-match': HELLO, 'if-unmodified-since': past }, '200'],
      [{ 'if-none-match': '"x"', 'if-modified-since': future }, '200'],
      [{ 'if-modified-since': 'never' }, '200'],
    ];
    for (const [headers, expected] of cases) {
      const answer = await bed.ask('GET', '/docs/k', { headers });
      assert.equal(outcome(answer), expected, JSON.stringify(headers));
      if (answer.status === 304) assert.equal(answer.headers.etag, HELLO);
    }
  });
});

test('ranges give what they name, or say why not', async () => {
  await withHello(async (bed) => {
    const cases: readonly [string, string, string?][] = [
      ['bytes=0-0', '206 h', 'bytes 0-0/5'],
      ['bytes=1-3', '206 ell', 'bytes 1-3/5'],
      ['bytes=2-', '206 llo', 'bytes 2-4/5'],
      ['bytes=-2', '206 lo', 'bytes 3-4/5'],
      ['bytes=-99', '206 hello', 'bytes 0-4/5'],
      ['bytes=0-99', '206 hello', 'bytes 0-4/5'],
      ['bytes=5-', '416 ', 'bytes */5'],
      ['bytes=-0', '416 ', 'bytes */5'],
      ['bytes=3-1', '200 hello'],
      ['bytes=0-1,3-4', '200 hello'],
      ['lines=0-1', '200 hello'],
    ];
    for (const [range, expected, content] of cases) {
      const { status, text, headers } = await bed.ask('GET', '/docs/k', { headers: { range } });
      assert.equal(`${status} ${status === 416 ? '' : text}`, expected, range);
      assert.equal(headers['content-range'], content, range);
    }
    const head = await bed.ask('HEAD', '/docs/k', { headers: { range: 'bytes=1-3' } });
    assert.deepEqual([head.status, head.headers['content-length']], [206, '3']);
  });
});

test('an empty object has no ranges', async () => {
  await withHello(async (bed) => {
    await bed.ask('PUT', '/docs/empty');
    assert.equal((await bed.ask('GET', '/docs/empty')).headers['content-length'], '0');
    const ranged = await bed.ask('GET', '/docs/empty', { headers: { range: 'bytes=0-' } });
    assert.equal(outcome(ranged), '416 InvalidRange');
  });
});

test('what a PUT says of the object is what a GET says', async () => {
  await withHello(async (bed) => {
    const headers = {
      'content-type': 'text/x; charset=utf-8',
      'cache-control': 'no-cache',
      'content-disposition': 'attachment; filename="a b"',
      'content-encoding': 'gzip',
      'content-language': 'de',
      expires: 'Fri, 01 Jan 2100 00:00:00 GMT',
      'x-amz-meta-one': '1',
      'X-Amz-Meta-Two': 'two words',
      'x-amz-tagging': 'a=1&b=2',
    };
    await bed.ask('PUT', '/docs/m', { headers, body: 'x' });
    const answer = await bed.ask('GET', '/docs/m');
    for (const [name, value] of Object.entries(headers)) {
      if (name !== 'x-amz-tagging') assert.equal(answer.headers[name.toLowerCase()], value);
    }
    assert.equal(answer.headers['x-amz-tagging-count'], '2');
    const other = await bed.ask('GET', '/docs/m', {
      query: { 'response-content-type': 'text/y', 'response-cache-control': 'max-age=1' },
    });
    assert.deepEqual(
      [other.headers['content-type'], other.headers['cache-control']],
      ['text/y', 'max-age=1'],
    );
    const chunked = { 'content-encoding': 'aws-chunked' };
    await bed.ask('PUT', '/docs/n', { headers: chunked, body: 'x' });
    const plain = await bed.ask('GET', '/docs/n');
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(plain.headers['content-type'], 'binary/octet-stream');
  });
});

test('what is wrong with a PUT is told, and nothing is stored', async () => {
  await withHello(async (bed) => {
    const wrongDigest = createHash('sha256').update('other').digest('hex');
    const cases: readonly [Parameters<S3Bed['ask']>[2], string][] = [
      [{ headers: { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' } }, '400 BadDigest'],
      [{ headers: { 'content-md5': 'nonsense' } }, '400 InvalidDigest'],
      [{ payload: wrongDigest }, '400 XAmzContentSHA256Mismatch'],
      [{ payload: 'nonsense' }, '400 InvalidArgument'],
      [{ headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }, '400 BadDigest'],
      [{ headers: { 'x-amz-checksum-crc32': 'AAAA' } }, '400 InvalidRequest'],
      [
        { headers: { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-sha1': 'x' } },
        '400 InvalidRequest',
      ],
      [{ headers: { 'x-amz-sdk-checksum-algorithm': 'MD4' } }, '400 InvalidRequest'],
      [{ headers: { 'x-amz-meta-big': 'x'.repeat(2100) } }, '400 MetadataTooLarge'],
      [{ headers: { 'x-amz-storage-class': 'GLACIER' } }, '400 InvalidStorageClass'],
      [{ headers: { 'x-amz-acl': 'everybody' } }, '400 InvalidArgument'],
      [{ headers: { 'x-amz-tagging': 'a=1&a=2' } }, '400 InvalidArgument'],
      [{ headers: { 'x-amz-tagging': '=1' } }, '400 InvalidArgument'],
      [{ headers: { 'x-amz-server-side-encryption': 'rot13' } }, '400 InvalidArgument'],
      [{ headers: { 'x-amz-object-lock-legal-hold': 'ON' } }, '400 InvalidRequest'],
      [{ tamper: (headers) => delete headers['x-amz-content-sha256'] }, '400 InvalidRequest'],
      [{ tamper: (headers) => delete headers['x-amz-date'] }, '403 AccessDenied'],
      [{ signedMs: Date.now() - 20 * 60_000 }, '403 RequestTimeTooSkewed'],
      [{ user: bob }, '403 AccessDenied'],
      [{ user: null }, '403 AccessDenied'],
      [{ user: { ...bob, secret: 'x' } }, '403 SignatureDoesNotMatch'],
      [{ user: { ...bob, accessKeyId: 'nobody' } }, '403 InvalidAccessKeyId'],
    ];
    for (const [options, expected] of cases) {
      const answer = await bed.ask('PUT', '/docs/new', { body: 'hello', ...options });
      assert.equal(outcome(answer), expected, JSON.stringify(options));
      assert.ok(!answer.text.includes(ann.secret) && !answer.text.includes(bob.secret));
    }
    assert.equal((await bed.ask('GET', '/docs/new')).status, 404);
    assert.equal((bed.store as { openWriters?: number }).openWriters ?? 0, 0);
    const long = await bed.ask('PUT', `/docs/${'é'.repeat(513)}`, { body: 'x' });
    assert.equal(outcome(long), '400 KeyTooLongError');
    assert.equal((await bed.ask('PUT', `/docs/${'é'.repeat(512)}`, { body: 'x' })).status, 200);
  });
});

test('keys of every kind come back as they went', async () => {
  await withHello(async (bed) => {
    const keys = [
      '/',
      'a//b',
      '.',
      '..',
      '../x',
      'a/./b',
      ' ',
      '+',
      '%',
      '%2F',
      'ü/\u{1f600}',
      'a?b#c&d=e;f',
      '*',
      "'()!",
      '\u0001',
    ];
    for (const key of keys) await bed.ask('PUT', `/docs/${key}`, { body: key });
    for (const key of keys) {
      assert.equal((await bed.ask('GET', `/docs/${key}`)).text, key, JSON.stringify(key));
    }
    const listed = await bed.ask('GET', '/docs', { query: { 'encoding-type': 'url' } });
    const found = texts(listed, 'Key').map((key) => decodeURIComponent(key));
    assert.deepEqual(
      found,
      [...keys, 'k'].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });
});

test('writes are conditional', async () => {
  await withHello(async (bed) => {
    const put = async (key: string, headers: Record<string, string>): Promise<string> =>
      outcome(await bed.ask('PUT', `/docs/${key}`, { headers, body: 'new' }));
    assert.equal(await put('k', { 'if-none-match': '*' }), '412 PreconditionFailed');
    assert.equal(await put('k', { 'if-match': '"x"' }), '412 PreconditionFailed');
    assert.equal(await put('none', { 'if-match': '"x"' }), '404 NoSuchKey');
    assert.equal(await put('k', { 'if-none-match': '"x"' }), '501 NotImplemented');
    assert.equal(await put('k', { 'if-match': HELLO }), '200');
    assert.equal(await put('k', { 'if-match': HELLO }), '412 PreconditionFailed');
    assert.equal(await put('fresh', { 'if-none-match': '*' }), '200');
    const del = async (headers: Record<string, string>): Promise<string> =>
      outcome(await bed.ask('DELETE', '/docs/k', { headers }));
    assert.equal(await del({ 'if-match': HELLO }), '412 PreconditionFailed');
    assert.equal(await del({ 'x-amz-if-match-size': '4' }), '412 PreconditionFailed');
    assert.equal(await del({ 'x-amz-if-match-size': '3', 'if-match': '*' }), '204');
    assert.equal(await del({}), '204');
  });
});

test('of many writers that want to be the first one is', async () => {
  await withHello(async (bed) => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        bed.ask('PUT', '/docs/race', { headers: { 'if-none-match': '*' }, body: `w${i}` }),
      ),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 412).length, 9);
  });
});

test('a copy takes the metadata over or brings its own', async () => {
  await withHello(async (bed) => {
    const source = { 'x-amz-meta-a': '1', 'content-type': 'text/x', 'x-amz-tagging': 't=1' };
    await bed.ask('PUT', '/docs/ä b', { headers: source, body: 'copied' });
    const from = { 'x-amz-copy-source': `/docs/${encodeURIComponent('ä b')}` };
    const copy = async (key: string, headers: Record<string, string>): Promise<string> =>
      outcome(await bed.ask('PUT', `/docs/${key}`, { headers: { ...from, ...headers } }));
    assert.equal(await copy('one', {}), '200');
    const one = await bed.ask('GET', '/docs/one');
    assert.deepEqual(
      [one.text, one.headers['x-amz-meta-a'], one.headers['content-type']],
      ['copied', '1', 'text/x'],
    );
    assert.equal(one.headers['x-amz-tagging-count'], '1');
    const replaces = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2' };
    assert.equal(await copy('two', replaces), '200');
    const two = await bed.ask('GET', '/docs/two');
    assert.deepEqual([two.headers['x-amz-meta-a'], two.headers['x-amz-meta-b']], [undefined, '2']);
    assert.equal(two.headers['x-amz-tagging-count'], '1');
    assert.equal(await copy('ä b', {}), '400 InvalidRequest');
    assert.equal(await copy('ä b', replaces), '200');
    assert.equal(
      await copy('x', { 'x-amz-copy-source-if-match': '"x"' }),
      '412 PreconditionFailed',
    );
    assert.equal(
      await copy('x', { 'x-amz-copy-source-if-none-match': '*' }),
      '412 PreconditionFailed',
    );
    assert.equal(await copy('k', { 'if-none-match': '*' }), '412 PreconditionFailed');
    assert.equal(await copy('x', { 'x-amz-copy-source': '/docs/none' }), '404 NoSuchKey');
    assert.equal(await copy('x', { 'x-amz-copy-source': '/none/k' }), '404 NoSuchBucket');
    assert.equal(await copy('x', { 'x-amz-copy-source': 'docs' }), '400 InvalidArgument');
    assert.equal(await copy('x', { 'x-amz-metadata-directive': 'KEEP' }), '400 InvalidArgument');
    const summed = await bed.ask('PUT', '/docs/sum', {
      headers: { ...from, 'x-amz-checksum-algorithm': 'CRC32' },
    });
    assert.deepEqual(texts(summed, 'ChecksumCRC32').length, 1);
    assert.equal((await bed.ask('GET', '/docs/sum')).text, 'copied');
  });
});

test('several keys go at once, and each has its answer', async () => {
  await withHello(async (bed) => {
    await bed.ask('PUT', '/docs/a&b', { body: 'x' });
    const body =
      '<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>none</Key></Object><Object><Key>k</Key><ETag>"x"</ETag></Object></Delete>';
    const answer = await bed.ask('POST', '/docs', { query: { delete: '' }, body });
    assert.deepEqual(texts(answer, 'Key'), ['a&amp;b', 'none', 'k']);
    assert.deepEqual(texts(answer, 'Code'), ['PreconditionFailed']);
    assert.equal((await bed.ask('GET', '/docs/a&b')).status, 404);
    const quiet = await bed.ask('POST', '/docs', {
      ...{
        query: { delete: '' },
        body: `<Delete><Quiet>true</Quiet><Object><Key>k</Key></Object></Delete>`,
      },
    });
    assert.deepEqual([quiet.status, texts(quiet, 'Key')], [200, []]);
    const many = Array.from({ length: 1001 }, (_, i) => `<Object><Key>${i}</Key></Object>`);
    for (const wrong of [
      '',
      '<Delete/>',
      '<Delete><Object/></Delete>',
      '<Other/>',
      '<Delete>',
      `<Delete>${many.join('')}</Delete>`,
    ]) {
      const refused = await bed.ask('POST', '/docs', { query: { delete: '' }, body: wrong });
      assert.equal(outcome(refused), '400 MalformedXML', wrong.slice(0, 40));
    }
    const plain = await bed.ask('POST', '/docs', {
      query: { delete: '' },
      body,
      payload: 'UNSIGNED-PAYLOAD',
    });
    assert.equal(outcome(plain), '400 InvalidRequest');
  });
});

test('XML that would expand, nest or lie is refused', async () => {
  await withHello(async (bed) => {
    const bombs = [
      '<!DOCTYPE x [<!ENTITY a "aaaa">]><Delete><Object><Key>&a;</Key></Object></Delete>',
      '<Delete><Object><Key>&nbsp;</Key></Object></Delete>',
      `${'<Delete>'.repeat(100)}${'</Delete>'.repeat(100)}`,
      '<Delete><Object><Key>\u0000</Key></Object></Delete>',
    ];
    for (const body of bombs) {
      const answer = await bed.ask('POST', '/docs', { query: { delete: '' }, body });
      assert.equal(outcome(answer), '400 MalformedXML');
    }
    const large = `<Delete>${'<Object><Key>k</Key></Object>'.repeat(100_000)}</Delete>`;
    const answer = await bed.ask('POST', '/docs', { query: { delete: '' }, body: large });
    assert.equal(outcome(answer), '400 MaxMessageLengthExceeded');
  });
});

test('who expects another owner means another bucket', async () => {
  await withHello(async (bed) => {
    const get = async (owner: string): Promise<string> =>
      outcome(
        await bed.ask('GET', '/docs/k', { headers: { 'x-amz-expected-bucket-owner': owner } }),
      );
    assert.deepEqual([await get('ann'), await get('bob')], ['200', '403 AccessDenied']);
  });
});

test('a key of a client without TLS is refused unless settings allow it', async () => {
  await withS3(
    async (bed) => {
      await bed.ask('PUT', '/docs');
      const headers = { 'x-amz-server-side-encryption-customer-key': 'AAAA' };
      assert.equal(
        outcome(await bed.ask('PUT', '/docs/k', { headers, body: 'x' })),
        '400 InvalidRequest',
      );
    },
    { service: { sseCOverHttp: false } },
  );
});

test('what S3 has and this door has not is refused and does nothing else', async () => {
  await withHello(async (bed) => {
    const cases: readonly [string, string, string][] = [
      ['PUT', '/other', 'replication'],
      ['PUT', '/docs', 'website'],
      ['POST', '/docs/k', 'select'],
      ['GET', '/docs/k', 'torrent'],
      ['DELETE', '/docs', 'analytics'],
    ];
    for (const [method, path, name] of cases) {
      const answer = await bed.ask(method, path, { query: { [name]: '' } });
      assert.equal(outcome(answer), '501 NotImplemented', name);
    }
    assert.equal((await bed.ask('HEAD', '/other')).status, 404);
    assert.equal((await bed.ask('GET', '/docs/k')).text, 'hello');
    assert.equal(outcome(await bed.ask('PATCH', '/docs/k')), '405 MethodNotAllowed');
    assert.equal(outcome(await bed.ask('POST', '/')), '405 MethodNotAllowed');
  });
});

test('a bucket in the name of the host is the same as one in the path', async () => {
  await withHello(async (bed) => {
    const host = `docs.s3.localhost:${bed.port}`;
    assert.equal((await bed.ask('GET', '/k', { host })).text, 'hello');
    assert.deepEqual(texts(await bed.ask('GET', '/', { host }), 'Key'), ['k']);
    const service = await bed.ask('GET', '/', { host: `s3.localhost:${bed.port}` });
    assert.deepEqual(texts(service, 'Name'), ['docs']);
  });
});

test('checksums are kept and shown to whoever asks', async () => {
  await withHello(async (bed) => {
    const sums = {
      crc32: 'NhCmhg==',
      crc32c: 'mnG7TA==',
      sha1: 'qvTGHdzF6KLavt4PO0gs2a6pQ00=',
      sha256: 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=',
      crc64nvme: 'M3eFcAZSQlc=',
    };
    for (const [name, sum] of Object.entries(sums)) {
      const header = `x-amz-checksum-${name}`;
      const put = await bed.ask('PUT', '/docs/c', { headers: { [header]: sum }, body: 'hello' });
      assert.equal(put.status, 200, `${name} ${put.text}`);
      assert.equal(put.headers[header], sum);
      assert.equal((await bed.ask('GET', '/docs/c')).headers[header], undefined);
      const asked = await bed.ask('HEAD', '/docs/c', {
        headers: { 'x-amz-checksum-mode': 'ENABLED' },
      });
      assert.equal(asked.headers[header], sum);
      assert.equal(asked.headers['x-amz-checksum-type'], 'FULL_OBJECT');
      const attributes = await bed.ask('GET', '/docs/c', {
        ...{
          query: { attributes: '' },
          headers: { 'x-amz-object-attributes': 'Checksum,ETag,ObjectSize' },
        },
      });
      assert.deepEqual(texts(attributes, `Checksum${name.toUpperCase()}`), [sum]);
      assert.deepEqual(texts(attributes, 'ObjectSize'), ['5']);
    }
  });
});
