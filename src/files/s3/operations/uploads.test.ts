/** Uploads in parts by S3: from the first call to the last, and what may go wrong between. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { type Answer, type S3Bed, texts, withS3 } from '../../../../tests/support/files/s3-bed.ts';

const PART = 5 * 1024 * 1024;

async function withBucket(work: (bed: S3Bed) => Promise<void>): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    await work(bed);
  });
}

function outcome({ status, code }: Answer): string {
  return `${status} ${code}`.trim();
}

async function begin(bed: S3Bed, headers: Record<string, string> = {}, key = 'k'): Promise<string> {
  const answer = await bed.ask('POST', `/docs/${key}`, { query: { uploads: '' }, headers });
  assert.equal(answer.status, 200, answer.text);
  return texts(answer, 'UploadId')[0] as string;
}

function part(
  bed: S3Bed,
  uploadId: string,
  number: number | string,
  body: Buffer | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return bed.ask('PUT', '/docs/k', {
    query: { uploadId, partNumber: String(number) },
    body,
    headers,
  });
}

function complete(
  bed: S3Bed,
  uploadId: string,
  parts: readonly (readonly [number, string, string?])[],
  headers: Record<string, string> = {},
): Promise<Answer> {
  const rows = parts.map(
    ([number, etag, more = '']) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`,
  );
  const body = `<CompleteMultipartUpload>${rows.join('')}</CompleteMultipartUpload>`;
  return bed.ask('POST', '/docs/k', { query: { uploadId }, body, headers });
}

function md5(bytes: Buffer | string): Buffer {
  return createHash('md5').update(bytes).digest();
}

test('parts become one object, in the order of their numbers', async () => {
  await withBucket(async (bed) => {
    const uploadId = await begin(bed, { 'x-amz-meta-a': '1', 'content-type': 'text/x' });
    const first = Buffer.alloc(PART, 'a');
    await part(bed, uploadId, 7, 'the end');
    await part(bed, uploadId, 2, 'overwritten');
    const two = await part(bed, uploadId, 2, first);
    const seven = await part(bed, uploadId, 7, 'the very end');
    const listed = await bed.ask('GET', '/docs/k', { query: { uploadId } });
    assert.deepEqual(texts(listed, 'PartNumber'), ['2', '7']);
    assert.deepEqual(texts(listed, 'Size'), [String(PART), '12']);
    const page = await bed.ask('GET', '/docs/k', { query: { uploadId, 'max-parts': '1' } });
    assert.deepEqual(texts(page, 'IsTruncated'), ['true']);
    assert.deepEqual(texts(page, 'NextPartNumberMarker'), ['2']);
    assert.equal((await bed.ask('GET', '/docs/k')).status, 404);
    const done = await complete(bed, uploadId, [
      [2, `${two.headers.etag}`],
      [7, `${seven.headers.etag}`],
    ]);
    const digest = md5(Buffer.concat([md5(first), md5('the very end')])).toString('hex');
    assert.deepEqual(texts(done, 'ETag'), [`&quot;${digest}-2&quot;`]);
    assert.deepEqual(texts(done, 'Location'), [`http://127.0.0.1:${bed.port}/docs/k`]);
    const whole = await bed.ask('GET', '/docs/k');
    assert.ok(whole.bytes.equals(Buffer.concat([first, Buffer.from('the very end')])));
    assert.deepEqual(
      [whole.headers['x-amz-meta-a'], whole.headers['content-type']],
      ['1', 'text/x'],
    );
    const second = await bed.ask('GET', '/docs/k', { query: { partNumber: '2' } });
    assert.deepEqual(
      [second.status, second.text, second.headers['x-amz-mp-parts-count']],
      [206, 'the very end', '2'],
    );
    assert.equal(
      outcome(await bed.ask('GET', '/docs/k', { query: { partNumber: '3' } })),
      '416 InvalidPartNumber',
    );
    const attributes = await bed.ask('GET', '/docs/k', {
      ...{ query: { attributes: '' }, headers: { 'x-amz-object-attributes': 'ObjectParts' } },
    });
    assert.deepEqual(texts(attributes, 'PartsCount'), ['2']);
    // Whoever lost the answer asks again.
    const again = await complete(bed, uploadId, [[2, `${two.headers.etag}`]]);
    assert.deepEqual(texts(again, 'ETag'), texts(done, 'ETag'));
    assert.equal(outcome(await part(bed, uploadId, 1, 'x')), '404 NoSuchUpload');
  });
});

test('a completion that names what is not there is refused, and the upload stays', async () => {
  await withBucket(async (bed) => {
    const uploadId = await begin(bed);
    const one = `${(await part(bed, uploadId, 1, 'small')).headers.etag}`;
    const two = `${(await part(bed, uploadId, 2, 'last')).headers.etag}`;
    const cases: readonly [readonly [number, string][], string][] = [
      [[], '400 MalformedXML'],
      [[[1, '"x"']], '400 InvalidPart'],
      [[[3, one]], '400 InvalidPart'],
      [
        [
          [2, two],
          [1, one],
        ],
        '400 InvalidPartOrder',
      ],
      [
        [
          [1, one],
          [1, one],
        ],
        '400 InvalidPartOrder',
      ],
      [
        [
          [1, one],
          [2, two],
        ],
        '400 EntityTooSmall',
      ],
    ];
    for (const [parts, expected] of cases) {
      assert.equal(outcome(await complete(bed, uploadId, parts)), expected);
    }
    const size = await complete(bed, uploadId, [[2, two]], { 'x-amz-mp-object-size': '5' });
    assert.equal(outcome(size), '400 InvalidRequest');
    await bed.ask('PUT', '/docs/k', { body: 'there' });
    const first = await complete(bed, uploadId, [[2, two]], { 'if-none-match': '*' });
    assert.equal(outcome(first), '412 PreconditionFailed');
    assert.equal((await complete(bed, uploadId, [[2, two.replaceAll('"', '&quot;')]])).status, 200);
    assert.equal((await bed.ask('GET', '/docs/k')).text, 'last');
    assert.equal(outcome(await complete(bed, 'nonsense', [[1, one]])), '404 NoSuchUpload');
  });
});

test('absurd numbers of parts are refused', async () => {
  await withBucket(async (bed) => {
    const uploadId = await begin(bed);
    for (const number of [0, -1, 10_001, '1e3', 'x', '']) {
      assert.equal(
        outcome(await part(bed, uploadId, number, 'x')),
        '400 InvalidArgument',
        `${number}`,
      );
    }
    assert.equal((await part(bed, uploadId, 10_000, 'x')).status, 200);
    assert.equal(outcome(await part(bed, 'nonsense', 1, 'x')), '404 NoSuchUpload');
  });
});

test('ten thousand parts become one object', async () => {
  await withBucket(async (bed) => {
    const uploadId = await begin(bed);
    const target = { bucket: 'docs', key: 'k', uploadId };
    // By the store, since the door has been tried: only the completion is of interest.
    for (let number = 1; number <= 10_000; number++) {
      const writer = await bed.store.write('docs');
      await writer.commitPart({ ...target, number, etag: md5('').toString('hex'), attributes: {} });
    }
    const etag = md5('').toString('hex');
    const parts = Array.from({ length: 10_000 }, (_, i) => [i + 1, etag] as const);
    assert.equal(outcome(await complete(bed, uploadId, parts)), '400 EntityTooSmall');
    assert.equal(
      outcome(await complete(bed, uploadId, [...parts, [10_001, etag]])),
      '400 MalformedXML',
    );
  });
});

test('uploads are listed until they are aborted', async () => {
  await withBucket(async (bed) => {
    const ids = [
      await begin(bed, {}, 'a/1'),
      await begin(bed, {}, 'a/1'),
      await begin(bed, {}, 'b'),
    ];
    const list = (query: Record<string, string>) =>
      bed.ask('GET', '/docs', { query: { uploads: '', ...query } });
    assert.deepEqual(texts(await list({}), 'UploadId'), ids);
    const first = await list({ 'max-uploads': '1' });
    assert.deepEqual(texts(first, 'NextKeyMarker'), ['a/1']);
    const rest = await list({ 'key-marker': 'a/1', 'upload-id-marker': ids[0] as string });
    assert.deepEqual(texts(rest, 'UploadId'), ids.slice(1));
    const rolled = await list({ delimiter: '/' });
    assert.deepEqual([texts(rolled, 'UploadId'), texts(rolled, 'Prefix')], [[ids[2]], ['', 'a/']]);
    const query = { uploadId: ids[0] as string };
    assert.equal(outcome(await bed.ask('DELETE', '/docs/a/1', { query })), '204');
    assert.equal(outcome(await bed.ask('DELETE', '/docs/a/1', { query })), '404 NoSuchUpload');
    assert.deepEqual(texts(await list({}), 'UploadId'), ids.slice(1));
  });
});

test('parts are copied, whole objects and ranges', async () => {
  await withBucket(async (bed) => {
    await bed.ask('PUT', '/docs/from', { body: 'x'.repeat(PART) });
    const uploadId = await begin(bed);
    const copy = (number: number, headers: Record<string, string>) =>
      bed.ask('PUT', '/docs/k', {
        query: { uploadId, partNumber: String(number) },
        headers: { 'x-amz-copy-source': '/docs/from', ...headers },
      });
    const one = await copy(1, {});
    const two = await copy(2, { 'x-amz-copy-source-range': 'bytes=1-3' });
    assert.equal(two.status, 200, two.text);
    for (const range of ['bytes=3-', 'bytes=3-1', 'bytes=0-9999999', '0-1', 'bytes=-5']) {
      const answer = await copy(3, { 'x-amz-copy-source-range': range });
      assert.equal(outcome(answer), '400 InvalidArgument', range);
    }
    const etags = [one, two].map((answer) => texts(answer, 'ETag')[0] as string);
    const done = await complete(bed, uploadId, [
      [1, etags[0] as string],
      [2, etags[1] as string],
    ]);
    assert.equal(done.status, 200, done.text);
    assert.equal((await bed.ask('HEAD', '/docs/k')).headers['content-length'], String(PART + 3));
  });
});

function crc(text: string | Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString('base64');
}

test('the checksum of the whole is that of all bytes, or of the parts', async () => {
  await withBucket(async (bed) => {
    const texts2 = ['a'.repeat(PART), 'end'] as const;
    for (const type of ['FULL_OBJECT', 'COMPOSITE'] as const) {
      const uploadId = await begin(bed, {
        'x-amz-checksum-algorithm': 'CRC32',
        'x-amz-checksum-type': type,
      });
      const mismatch = await part(bed, uploadId, 1, 'x', {
        'x-amz-checksum-sha1': 'EfatjsUqKYSlqv18O1FlA3hcuHI=',
      });
      assert.equal(outcome(mismatch), '400 InvalidRequest');
      const rows: [number, string, string?][] = [];
      for (const [i, text] of texts2.entries()) {
        const own = { 'x-amz-checksum-crc32': crc(text) };
        const bare = await part(bed, uploadId, i + 1, text);
        // A checksum of checksums needs those of the client.
        assert.equal(outcome(bare), type === 'COMPOSITE' ? '400 InvalidRequest' : '200');
        const answer = type === 'COMPOSITE' ? await part(bed, uploadId, i + 1, text, own) : bare;
        assert.equal(answer.headers['x-amz-checksum-crc32'], crc(text));
        rows.push([i + 1, `${answer.headers.etag}`, `<ChecksumCRC32>${crc(text)}</ChecksumCRC32>`]);
      }
      const bare = await complete(
        bed,
        uploadId,
        rows.map(([number, etag]) => [number, etag] as const),
        {
          'x-amz-checksum-crc32': 'AAAAAA==',
        },
      );
      assert.match(outcome(bare), /^400 (BadDigest|InvalidRequest)$/);
      const done = await complete(bed, uploadId, rows);
      assert.deepEqual(texts(done, 'ChecksumType'), [type]);
      const parts = Buffer.concat(texts2.map((text) => Buffer.from(crc(text), 'base64')));
      const composite = Buffer.alloc(4);
      composite.writeUInt32BE(crc32(parts));
      const expected =
        type === 'FULL_OBJECT' ? crc(texts2.join('')) : `${composite.toString('base64')}-2`;
      assert.deepEqual(texts(done, 'ChecksumCRC32'), [expected]);
    }
    const wrong = await bed.ask('POST', '/docs/k', {
      query: { uploads: '' },
      headers: { 'x-amz-checksum-algorithm': 'SHA256', 'x-amz-checksum-type': 'FULL_OBJECT' },
    });
    assert.equal(outcome(wrong), '400 InvalidRequest');
  });
});

test('what a completion says of checksums is right, or it is refused', async () => {
  await withBucket(async (bed) => {
    const [right, wrong] = [crc('x'), crc('y')];
    const uploadId = await begin(bed, { 'x-amz-checksum-algorithm': 'CRC32' });
    const { headers } = await part(bed, uploadId, 1, 'x', { 'x-amz-checksum-crc32': right });
    const sha1 = '<ChecksumSHA1>Efb3jsUqKYSlqv18O1FlA3hcuHI=</ChecksumSHA1>';
    const own = (value: string): string => `<ChecksumCRC32>${value}</ChecksumCRC32>`;
    const composite = `${crc(Buffer.from(right, 'base64'))}-1`;
    const cases: readonly [element: string, head: Record<string, string>, string][] = [
      ['', {}, '400 InvalidRequest'],
      [own(wrong), {}, '400 InvalidPart'],
      [own('x'), {}, '400 InvalidArgument'],
      [own(right) + sha1, {}, '400 InvalidArgument'],
      [sha1.replace('Efb3', 'EfeA'), {}, '400 BadDigest'],
      [own(right), { 'x-amz-checksum-crc32': wrong }, '400 BadDigest'],
      [own(right), { 'x-amz-checksum-crc32': 'x' }, '400 InvalidRequest'],
      [own(right), { 'x-amz-checksum-crc32c': wrong }, '400 InvalidRequest'],
      [
        own(right),
        { 'x-amz-checksum-crc32': right, 'x-amz-checksum-crc32c': wrong },
        '400 InvalidRequest',
      ],
      [own(right), { 'x-amz-checksum-type': 'FULL_OBJECT' }, '400 InvalidRequest'],
      [own(right), { 'x-amz-checksum-type': 'X' }, '400 InvalidRequest'],
      [own(right), { 'x-amz-mp-object-size': '2' }, '400 InvalidRequest'],
    ];
    const etag = `${headers.etag}`;
    for (const [element, head, expected] of cases) {
      const answer = await complete(bed, uploadId, [[1, etag, element]], head);
      assert.equal(outcome(answer), expected, `${element} ${JSON.stringify(head)}`);
    }
    const done = await complete(bed, uploadId, [[1, etag, own(right)]], {
      'x-amz-checksum-crc32': composite,
      'x-amz-checksum-type': 'composite',
    });
    assert.deepEqual([outcome(done), ...texts(done, 'ChecksumCRC32')], ['200', composite]);
  });
});

test('an upload without a checksum gets one from those of its parts, if the client knows it', async () => {
  await withBucket(async (bed) => {
    const upload = async (head: Record<string, string>, whole: Record<string, string>) => {
      const uploadId = await begin(bed);
      const { headers } = await part(bed, uploadId, 1, 'x', head);
      return complete(bed, uploadId, [[1, `${headers.etag}`]], whole);
    };
    const right = { 'x-amz-checksum-crc32': crc('x') };
    const done = await upload(right, right);
    assert.deepEqual(
      [outcome(done), ...texts(done, 'ChecksumType'), ...texts(done, 'ChecksumCRC32')],
      ['200', 'FULL_OBJECT', crc('x')],
    );
    const wrong = await upload(right, { 'x-amz-checksum-crc32': crc('y') });
    assert.equal(outcome(wrong), '400 BadDigest');
    assert.equal(outcome(await upload({}, right)), '400 InvalidRequest');
    assert.equal(texts(await upload(right, {}), 'ChecksumCRC32').length, 0);
  });
});
