/** Listings and versions by S3. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type S3Bed, texts, withS3 } from '../../../../tests/support/files/s3-bed.ts';

function outcome({ status, code }: Answer): string {
  return `${status} ${code}`.trim();
}

async function withKeys(
  keys: readonly string[],
  work: (bed: S3Bed) => Promise<void>,
): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs');
    for (const key of keys) await bed.ask('PUT', `/docs/${key}`, { body: key });
    await work(bed);
  });
}

const KEYS = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'z z', 'é/x'];

test('both listings give all keys, whatever the size of the page', async () => {
  await withKeys(KEYS, async (bed) => {
    for (const max of ['1', '2', '1000']) {
      const found: string[] = [];
      let marker = '';
      for (;;) {
        const page = await bed.ask('GET', '/docs', { query: { 'max-keys': max, marker } });
        found.push(...texts(page, 'Key'));
        if (texts(page, 'IsTruncated')[0] === 'false') break;
        marker = found.at(-1) as string;
      }
      assert.deepEqual(found, KEYS);
      const second: string[] = [];
      let token: Record<string, string> = {};
      for (;;) {
        const page = await bed.ask('GET', '/docs', {
          query: { 'list-type': '2', 'max-keys': max, ...token },
        });
        second.push(...texts(page, 'Key'));
        assert.equal(texts(page, 'KeyCount')[0], String(texts(page, 'Key').length));
        const [next] = texts(page, 'NextContinuationToken');
        if (next === undefined) break;
        token = { 'continuation-token': next };
      }
      assert.deepEqual(second, KEYS);
    }
  });
});

test('a delimiter rolls keys up, prefix and start say where', async () => {
  await withKeys(KEYS, async (bed) => {
    const list = async (query: Record<string, string>): Promise<[string[], string[]]> => {
      const page = await bed.ask('GET', '/docs', { query: { 'list-type': '2', ...query } });
      assert.equal(page.status, 200, page.text);
      const prefixes = [...page.text.matchAll(/<CommonPrefixes><Prefix>(.*?)<\/Prefix>/g)];
      return [texts(page, 'Key'), prefixes.map((match) => match[1] as string)];
    };
    assert.deepEqual(await list({ delimiter: '/' }), [
      ['a', 'd', 'z z'],
      ['b/', 'é/'],
    ]);
    assert.deepEqual(await list({ delimiter: '/', prefix: 'b/' }), [['b/1', 'b/2'], ['b/c/']]);
    assert.deepEqual(await list({ prefix: 'b' }), [['b/1', 'b/2', 'b/c/3'], []]);
    assert.deepEqual(await list({ 'start-after': 'b/2' }), [['b/c/3', 'd', 'z z', 'é/x'], []]);
    assert.deepEqual(await list({ 'max-keys': '0' }), [[], []]);
    assert.deepEqual(await list({ delimiter: '/', 'encoding-type': 'url' }), [
      ['a', 'd', 'z%20z'],
      ['b/', '%C3%A9/'],
    ]);
    assert.deepEqual(await list({ prefix: 'nothing' }), [[], []]);
  });
});

test('tokens and numbers that nobody gave out are refused', async () => {
  await withKeys(KEYS, async (bed) => {
    const cases: readonly Record<string, string>[] = [
      { 'list-type': '2', 'continuation-token': 'nonsense!' },
      {
        'list-type': '2',
        'continuation-token': Buffer.from('1\xff\xfe', 'latin1').toString('base64url'),
      },
      { 'max-keys': '-1' },
      { 'max-keys': 'many' },
      { 'encoding-type': 'base64' },
      { versions: '', 'version-id-marker': 'x' },
    ];
    for (const query of cases) {
      const answer = await bed.ask('GET', '/docs', { query });
      assert.equal(outcome(answer), '400 InvalidArgument', JSON.stringify(query));
    }
  });
});

async function versioned(bed: S3Bed, status: string): Promise<Answer> {
  const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`;
  return bed.ask('PUT', '/docs', { query: { versioning: '' }, body });
}

test('versions are kept, found by their id, marked as deleted and removed for good', async () => {
  await withKeys(['k'], async (bed) => {
    const state = async (): Promise<string[]> =>
      texts(await bed.ask('GET', '/docs', { query: { versioning: '' } }), 'Status');
    assert.deepEqual(await state(), []);
    assert.equal(
      outcome(await versioned(bed, 'Off')),
      '400 IllegalVersioningConfigurationException',
    );
    assert.equal((await versioned(bed, 'Enabled')).status, 200);
    assert.deepEqual(await state(), ['Enabled']);
    const one = `${(await bed.ask('PUT', '/docs/k', { body: 'one' })).headers['x-amz-version-id']}`;
    const two = `${(await bed.ask('PUT', '/docs/k', { body: 'two' })).headers['x-amz-version-id']}`;
    assert.notEqual(one, two);
    const get = (versionId: string): Promise<Answer> =>
      bed.ask('GET', '/docs/k', { query: { versionId } });
    assert.deepEqual([(await get(one)).text, (await get('null')).text], ['one', 'k']);
    const removed = await bed.ask('DELETE', '/docs/k');
    assert.equal(removed.headers['x-amz-delete-marker'], 'true');
    const marker = `${removed.headers['x-amz-version-id']}`;
    const gone = await bed.ask('GET', '/docs/k');
    assert.deepEqual(
      [outcome(gone), gone.headers['x-amz-delete-marker']],
      ['404 NoSuchKey', 'true'],
    );
    const marked = await get(marker);
    assert.deepEqual([outcome(marked), marked.headers.allow], ['405 MethodNotAllowed', 'DELETE']);
    assert.equal(outcome(await get('v0000000000000099')), '404 NoSuchVersion');
    for (const id of ['nobody', 'no/body', '', '1']) {
      assert.equal(outcome(await get(id)), '400 InvalidArgument', id);
    }
    const headers = { 'x-amz-copy-source': '/docs/k?versionId=nobody' };
    assert.equal(outcome(await bed.ask('PUT', '/docs/copy', { headers })), '400 InvalidArgument');
    const from = { versions: '', 'key-marker': 'k', 'version-id-marker': 'nobody' };
    assert.equal(outcome(await bed.ask('GET', '/docs', { query: from })), '400 InvalidArgument');
    const listed = await bed.ask('GET', '/docs', { query: { versions: '' } });
    assert.deepEqual(texts(listed, 'VersionId'), [marker, two, one, 'null']);
    assert.deepEqual(texts(listed, 'IsLatest'), ['true', 'false', 'false', 'false']);
    const page = await bed.ask('GET', '/docs', { query: { versions: '', 'max-keys': '2' } });
    assert.deepEqual(texts(page, 'NextVersionIdMarker'), [two]);
    const rest = await bed.ask('GET', '/docs', {
      query: { versions: '', 'key-marker': 'k', 'version-id-marker': two },
    });
    assert.deepEqual(texts(rest, 'VersionId'), [one, 'null']);
    const undone = await bed.ask('DELETE', '/docs/k', { query: { versionId: marker } });
    assert.equal(undone.headers['x-amz-delete-marker'], 'true');
    assert.equal((await bed.ask('GET', '/docs/k')).text, 'two');
    const copied = await bed.ask('PUT', '/docs/old', {
      headers: { 'x-amz-copy-source': `/docs/k?versionId=${one}` },
    });
    assert.equal(copied.headers['x-amz-copy-source-version-id'], one);
    assert.equal((await bed.ask('GET', '/docs/old')).text, 'one');
    assert.equal(outcome(await bed.ask('DELETE', '/docs')), '409 BucketNotEmpty');
  });
});

test('while versioning is suspended new ones take the place of the null version', async () => {
  await withKeys([], async (bed) => {
    await versioned(bed, 'Enabled');
    const kept = `${(await bed.ask('PUT', '/docs/k', { body: 'kept' })).headers['x-amz-version-id']}`;
    await versioned(bed, 'Suspended');
    const put = await bed.ask('PUT', '/docs/k', { body: 'n1' });
    assert.equal(put.headers['x-amz-version-id'], 'null');
    await bed.ask('PUT', '/docs/k', { body: 'n2' });
    const listed = await bed.ask('GET', '/docs', { query: { versions: '' } });
    assert.deepEqual(texts(listed, 'VersionId'), ['null', kept]);
    const removed = await bed.ask('DELETE', '/docs/k');
    assert.equal(removed.headers['x-amz-version-id'], 'null');
    assert.equal((await bed.ask('GET', '/docs/k', { query: { versionId: kept } })).text, 'kept');
  });
});

test('tags are set, shown and taken away, of one version', async () => {
  await withKeys(['k'], async (bed) => {
    const tagging = (tags: readonly [string, string][]): string =>
      `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`;
    const put = async (path: string, tags: [string, string][]): Promise<string> =>
      outcome(await bed.ask('PUT', path, { query: { tagging: '' }, body: tagging(tags) }));
    const get = async (path: string): Promise<string[]> =>
      texts(await bed.ask('GET', path, { query: { tagging: '' } }), 'Key');
    assert.deepEqual(await get('/docs/k'), []);
    assert.equal(
      await put('/docs/k', [
        ['a', '1'],
        ['b c', 'é=@'],
      ]),
      '200',
    );
    assert.deepEqual(await get('/docs/k'), ['a', 'b c']);
    assert.equal(
      await put(
        '/docs/k',
        Array.from({ length: 11 }, (_, i) => [`${i}`, '']),
      ),
      '400 BadRequest',
    );
    assert.equal(
      await put('/docs/k', [
        ['a', '1'],
        ['a', '2'],
      ]),
      '400 InvalidTag',
    );
    assert.equal(await put('/docs/k', [['aws:x', '1']]), '400 InvalidTag');
    assert.equal(await put('/docs/none', [['a', '1']]), '404 NoSuchKey');
    assert.equal(outcome(await bed.ask('DELETE', '/docs/k', { query: { tagging: '' } })), '204');
    assert.deepEqual(await get('/docs/k'), []);
    assert.equal(
      outcome(await bed.ask('GET', '/docs', { query: { tagging: '' } })),
      '404 NoSuchTagSet',
    );
    assert.equal(await put('/docs', [['team', 'x']]), '204');
    assert.deepEqual(await get('/docs'), ['team']);
  });
});

test('buckets are made once, by names that buckets may have', async () => {
  await withKeys([], async (bed) => {
    for (const name of [
      'ab',
      'Big',
      'a_b',
      '-ab',
      'ab-',
      'a..b',
      'a.-b',
      '192.168.0.1',
      'xn--abc',
      'x'.repeat(64),
    ]) {
      assert.equal(outcome(await bed.ask('PUT', `/${name}`)), '400 InvalidBucketName', name);
    }
    for (const name of ['abc', 'a.b', '1-2', 'x'.repeat(63)]) {
      assert.equal((await bed.ask('PUT', `/${name}`)).status, 200, name);
    }
    assert.equal((await bed.ask('PUT', '/abc')).status, 200);
    const elsewhere =
      '<CreateBucketConfiguration><LocationConstraint>mars</LocationConstraint></CreateBucketConfiguration>';
    assert.equal(
      outcome(await bed.ask('PUT', '/new', { body: elsewhere })),
      '400 InvalidLocationConstraint',
    );
    assert.equal(outcome(await bed.ask('DELETE', '/none')), '404 NoSuchBucket');
    assert.equal((await bed.ask('DELETE', '/abc')).status, 204);
    const location = await bed.ask('GET', '/docs', { query: { location: '' } });
    assert.match(location.text, /<LocationConstraint [^>]*\/>$/);
    const listed = await bed.ask('GET', '/', { query: { 'max-buckets': '2' } });
    assert.deepEqual(texts(listed, 'Name'), ['1-2', 'a.b']);
    const [token = ''] = texts(listed, 'ContinuationToken');
    const rest = await bed.ask('GET', '/', { query: { 'continuation-token': token } });
    assert.deepEqual(texts(rest, 'Name'), ['docs', 'x'.repeat(63)]);
  });
});
