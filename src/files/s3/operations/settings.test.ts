/** CORS, object lock, encryption and lifecycle by S3. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  type Answer,
  type AskOptions,
  root,
  type S3Bed,
  send,
  texts,
  withS3,
} from '../../../../tests/support/files/s3-bed.ts';
import { createSimClock } from '../../../core/runtime/sim/index.ts';
import { Lifecycle } from '../lifecycle.ts';
import { MemoryStore } from '../testing/memory-store.ts';

function outcome({ status, code }: Answer): string {
  return `${status} ${code}`.trim();
}

async function withDocs(
  work: (bed: S3Bed) => Promise<void>,
  headers: Record<string, string> = {},
): Promise<void> {
  await withS3(async (bed) => {
    await bed.ask('PUT', '/docs', { headers });
    await work(bed);
  });
}

function configure(bed: S3Bed, name: string, body: string): Promise<Answer> {
  return bed.ask('PUT', '/docs', { query: { [name]: '' }, body });
}

test('a preflight is answered by the rule that fits, and answers name the origin', async () => {
  await withDocs(async (bed) => {
    const preflight = (headers: Record<string, string>): Promise<Answer> =>
      send(bed.port, 'OPTIONS', '/docs/k', { host: 'x', ...headers });
    const ask = { origin: 'https://a.example', 'access-control-request-method': 'PUT' };
    assert.equal(outcome(await preflight(ask)), '403 AccessForbidden');
    const nowhere = await send(bed.port, 'OPTIONS', '/nope/k', { host: 'x', ...ask });
    assert.equal(outcome(nowhere), '404 NoSuchBucket');
    const rules = `<CORSConfiguration>
      <CORSRule><ID>one</ID><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule>
      <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>`;
    assert.equal((await configure(bed, 'cors', rules)).status, 200);
    assert.deepEqual(
      texts(await bed.ask('GET', '/docs', { query: { cors: '' } }), 'AllowedMethod'),
      ['PUT', 'GET', 'GET'],
    );
    const allowed = await preflight({ ...ask, 'access-control-request-headers': 'X-Amz-Meta-A' });
    assert.deepEqual(
      ['origin', 'methods', 'headers', 'credentials'].map(
        (name) => allowed.headers[`access-control-allow-${name}`],
      ),
      ['https://a.example', 'PUT, GET', 'x-amz-meta-a', 'true'],
    );
    assert.equal(allowed.headers['access-control-max-age'], '60');
    assert.equal(
      outcome(await preflight({ ...ask, origin: 'https://other' })),
      '403 AccessForbidden',
    );
    assert.equal(
      outcome(await preflight({ ...ask, 'access-control-request-headers': 'x-other' })),
      '403 AccessForbidden',
    );
    assert.equal(
      outcome(await preflight({ ...ask, 'access-control-request-method': 'PATCH' })),
      '400 InvalidArgument',
    );
    assert.equal(outcome(await preflight({})), '400 BadRequest');
    await bed.ask('PUT', '/docs/k', { body: 'x' });
    const origin = async (from: string, path: string): Promise<unknown> =>
      (await bed.ask('GET', path, { headers: { origin: from } })).headers[
        'access-control-allow-origin'
      ];
    assert.equal(await origin('https://a.example', '/docs/k'), 'https://a.example');
    assert.equal(await origin('https://other', '/docs/none'), '*');
    assert.equal((await bed.ask('DELETE', '/docs', { query: { cors: '' } })).status, 204);
    assert.equal(await origin('https://other', '/docs/k'), undefined);
    for (const wrong of [
      '<CORSConfiguration/>',
      '<CORSConfiguration><CORSRule/></CORSConfiguration>',
      rules.replace('PUT', 'PATCH'),
      rules.replace('*.example', '*.*'),
    ]) {
      assert.match(
        outcome(await configure(bed, 'cors', wrong)),
        /^400 (MalformedXML|InvalidRequest)$/,
      );
    }
  });
});

const md5 = (text: string): string => createHash('md5').update(text).digest('base64');
const MD5_OF_X = { 'content-md5': md5('x') };
const LOCKED = { 'x-amz-bucket-object-lock-enabled': 'true' };

test('locked versions stay until their time, and a legal hold until it is lifted', async () => {
  await withDocs(async (bed) => {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const put = async (headers: Record<string, string>): Promise<string> => {
      const answer = await bed.ask('PUT', '/docs/k', {
        body: 'x',
        headers: { ...headers, ...MD5_OF_X },
      });
      assert.equal(answer.status, 200, answer.text);
      return `${answer.headers['x-amz-version-id']}`;
    };
    const lock = (mode: string): Record<string, string> => ({
      'x-amz-object-lock-mode': mode,
      'x-amz-object-lock-retain-until-date': until,
    });
    const bypass = { 'x-amz-bypass-governance-retention': 'true' };
    const del = async (versionId: string, more: AskOptions = {}): Promise<string> =>
      outcome(await bed.ask('DELETE', '/docs/k', { query: { versionId }, ...more }));
    const governed = await put(lock('GOVERNANCE'));
    const complied = await put(lock('COMPLIANCE'));
    const held = await put({ 'x-amz-object-lock-legal-hold': 'ON' });
    for (const id of [governed, complied, held]) assert.equal(await del(id), '403 AccessDenied');
    // A marker on top hides them and takes nothing away.
    assert.equal(outcome(await bed.ask('DELETE', '/docs/k')), '204');
    assert.equal(await del(complied, { headers: bypass, user: root }), '403 AccessDenied');
    assert.equal(await del(governed, { headers: bypass }), '204');
    const hold = (status: string): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', {
        query: { 'legal-hold': '', versionId: held },
        body: `<LegalHold><Status>${status}</Status></LegalHold>`,
      });
    assert.equal(outcome(await hold('MAYBE')), '400 MalformedXML');
    assert.equal((await hold('OFF')).status, 200);
    assert.equal(await del(held), '204');
    const shown = await bed.ask('GET', '/docs/k', {
      query: { retention: '', versionId: complied },
    });
    assert.deepEqual(
      [texts(shown, 'Mode'), texts(shown, 'RetainUntilDate')],
      [['COMPLIANCE'], [until]],
    );
    const retain = (mode: string, date: string, headers = {}): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', {
        ...{ query: { retention: '', versionId: complied }, headers },
        body: `<Retention><Mode>${mode}</Mode><RetainUntilDate>${date}</RetainUntilDate></Retention>`,
      });
    const later = new Date(Date.now() + 7_200_000).toISOString();
    const sooner = new Date(Date.now() + 1_000_000).toISOString();
    assert.equal(outcome(await retain('COMPLIANCE', sooner, bypass)), '403 AccessDenied');
    assert.equal(outcome(await retain('GOVERNANCE', later)), '403 AccessDenied');
    assert.equal(outcome(await retain('GOVERNANCE', later, bypass)), '403 AccessDenied');
    assert.equal(
      outcome(await retain('COMPLIANCE', '2001-01-01T00:00:00Z')),
      '400 InvalidArgument',
    );
    assert.equal((await retain('COMPLIANCE', later)).status, 200);
    const suspended =
      '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>';
    assert.equal(outcome(await configure(bed, 'versioning', suspended)), '409 InvalidBucketState');
    const lonely = await bed.ask('PUT', '/docs/k', {
      body: 'x',
      headers: { 'x-amz-object-lock-mode': 'GOVERNANCE' },
    });
    assert.equal(outcome(lonely), '400 InvalidArgument');
    assert.equal(outcome(await bed.ask('DELETE', '/docs')), '409 BucketNotEmpty');
  }, LOCKED);
});

test('a bucket gives its retention to what has none of its own', async () => {
  await withDocs(async (bed) => {
    const rule = (inside: string): string =>
      `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>${inside}</DefaultRetention></Rule></ObjectLockConfiguration>`;
    for (const wrong of [
      '<Mode>GOVERNANCE</Mode>',
      '<Mode>X</Mode><Days>1</Days>',
      '<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>',
    ]) {
      assert.equal(outcome(await configure(bed, 'object-lock', rule(wrong))), '400 MalformedXML');
    }
    assert.equal(
      outcome(await configure(bed, 'object-lock', rule('<Mode>GOVERNANCE</Mode><Days>0</Days>'))),
      '400 InvalidRetentionPeriod',
    );
    assert.equal(
      (await configure(bed, 'object-lock', rule('<Mode>GOVERNANCE</Mode><Days>2</Days>'))).status,
      200,
    );
    // What is locked must be what was meant.
    assert.equal(outcome(await bed.ask('PUT', '/docs/k', { body: 'x' })), '400 InvalidRequest');
    await bed.ask('PUT', '/docs/k', { body: 'x', headers: MD5_OF_X });
    const { headers } = await bed.ask('HEAD', '/docs/k');
    assert.equal(headers['x-amz-object-lock-mode'], 'GOVERNANCE');
    const begun = await bed.ask('POST', '/docs/k', { query: { uploads: '' } });
    const [uploadId = ''] = texts(begun, 'UploadId');
    const part = (more: Record<string, string>): Promise<Answer> =>
      bed.ask('PUT', '/docs/k', {
        ...{ query: { uploadId, partNumber: '1' }, body: 'x', headers: more },
      });
    assert.equal(outcome(await part({})), '400 InvalidRequest');
    assert.equal(outcome(await part({ 'x-amz-checksum-crc32': 'jNwWgw==' })), '200');
    const days =
      (Date.parse(`${headers['x-amz-object-lock-retain-until-date']}`) - Date.now()) / 86_400_000;
    assert.ok(days > 1.99 && days <= 2);
  }, LOCKED);
});

function customer(
  key: Buffer,
  prefix = 'x-amz-server-side-encryption-customer',
): Record<string, string> {
  return {
    [`${prefix}-algorithm`]: 'AES256',
    [`${prefix}-key`]: key.toString('base64'),
    [`${prefix}-key-md5`]: createHash('md5').update(key).digest('base64'),
  };
}

test('what a client’s key seals is read with that key alone, in every range', async () => {
  await withDocs(async (bed) => {
    const key = Buffer.alloc(32, 1);
    const text = Array.from({ length: 5000 }, (_, i) => `${i} `).join('');
    const put = await bed.ask('PUT', '/docs/k', { body: text, headers: customer(key) });
    assert.equal(put.headers['x-amz-server-side-encryption-customer-algorithm'], 'AES256');
    assert.notEqual(put.headers.etag, `"${createHash('md5').update(text).digest('hex')}"`);
    const opened = await bed.store.open({ bucket: 'docs', key: 'k' });
    for await (const piece of opened?.read(0, 100) ?? [])
      assert.ok(!piece.toString().includes('1 2 3'));
    opened?.close();
    assert.equal((await bed.ask('GET', '/docs/k', { headers: customer(key) })).text, text);
    for (const [from, to] of [
      [0, 0],
      [1, 15],
      [15, 16],
      [16, 17],
      [1000, 1999],
      [17, 20_000],
    ] as const) {
      const range = { range: `bytes=${from}-${to}`, ...customer(key) };
      assert.equal(
        (await bed.ask('GET', '/docs/k', { headers: range })).text,
        text.slice(from, to + 1),
      );
    }
    assert.equal(outcome(await bed.ask('GET', '/docs/k')), '400 InvalidRequest');
    assert.equal(
      outcome(await bed.ask('GET', '/docs/k', { headers: customer(Buffer.alloc(32, 2)) })),
      '403 AccessDenied',
    );
    const broken = {
      ...customer(key),
      'x-amz-server-side-encryption-customer-key-md5': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    assert.equal(
      outcome(await bed.ask('PUT', '/docs/x', { body: 'x', headers: broken })),
      '400 InvalidArgument',
    );
    await bed.ask('PUT', '/docs/plain', { body: 'x' });
    assert.equal(
      outcome(await bed.ask('GET', '/docs/plain', { headers: customer(key) })),
      '400 InvalidRequest',
    );
    const other = Buffer.alloc(32, 3);
    const copy = await bed.ask('PUT', '/docs/copy', {
      headers: {
        'x-amz-copy-source': '/docs/k',
        ...customer(key, 'x-amz-copy-source-server-side-encryption-customer'),
        ...customer(other),
      },
    });
    assert.equal(copy.status, 200, copy.text);
    assert.equal((await bed.ask('GET', '/docs/copy', { headers: customer(other) })).text, text);
  });
});

test('the server’s key seals what asks for it, or all of a bucket, in parts as well', async () => {
  await withDocs(async (bed) => {
    const rule =
      '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>';
    await bed.ask('PUT', '/docs/asked', {
      body: 'secret',
      headers: { 'x-amz-server-side-encryption': 'AES256' },
    });
    assert.equal((await configure(bed, 'encryption', rule)).status, 200);
    await bed.ask('PUT', '/docs/default', { body: 'secret' });
    for (const key of ['asked', 'default']) {
      const answer = await bed.ask('GET', `/docs/${key}`);
      assert.deepEqual(
        [answer.text, answer.headers['x-amz-server-side-encryption']],
        ['secret', 'AES256'],
      );
      const opened = await bed.store.open({ bucket: 'docs', key });
      for await (const piece of opened?.read(0, 6) ?? [])
        assert.notEqual(piece.toString(), 'secret');
      opened?.close();
    }
    const begun = await bed.ask('POST', '/docs/parts', { query: { uploads: '' } });
    const [uploadId = ''] = texts(begun, 'UploadId');
    const bodies = ['a'.repeat(5 * 1024 * 1024 + 3), 'bcd'.repeat(1000)];
    const rows: string[] = [];
    for (const [i, body] of bodies.entries()) {
      const query = { uploadId, partNumber: String(i * 5 + 1) };
      const { headers } = await bed.ask('PUT', '/docs/parts', { query, body });
      rows.push(`<Part><PartNumber>${i * 5 + 1}</PartNumber><ETag>${headers.etag}</ETag></Part>`);
    }
    const body = `<CompleteMultipartUpload>${rows.join('')}</CompleteMultipartUpload>`;
    assert.equal((await bed.ask('POST', '/docs/parts', { query: { uploadId }, body })).status, 200);
    const whole = bodies.join('');
    assert.ok((await bed.ask('GET', '/docs/parts')).text === whole);
    const from = bodies[0]?.length as number;
    for (const [start, end] of [
      [from - 5, from + 5],
      [from, from],
      [from + 17, from + 40],
    ] as const) {
      const answer = await bed.ask('GET', '/docs/parts', {
        headers: { range: `bytes=${start}-${end}` },
      });
      assert.equal(answer.text, whole.slice(start, end + 1));
    }
  });
});

const DAY = 86_400_000;

test('lifecycle rules take away what is old, and nothing else', async () => {
  const clock = createSimClock();
  let nowMs = clock.wallMs();
  const store = new MemoryStore({ nowMs: () => nowMs });
  await withS3(
    async (bed) => {
      await bed.ask('PUT', '/docs', { headers: LOCKED, signedMs: nowMs });
      const rules = `<LifecycleConfiguration>
        <Rule><ID>old</ID><Filter><Prefix>tmp/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>3</Days></Expiration><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule>
        <Rule><ID>parts</ID><Filter/><Status>Enabled</Status><AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>
        <Rule><ID>markers</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>
        <Rule><ID>off</ID><Prefix>keep/</Prefix><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`;
      const put = await bed.ask('PUT', '/docs', {
        query: { lifecycle: '' },
        body: rules,
        signedMs: nowMs,
      });
      assert.equal(put.status, 200, put.text);
      const shown = await bed.ask('GET', '/docs', { query: { lifecycle: '' }, signedMs: nowMs });
      assert.deepEqual(texts(shown, 'ID'), ['old', 'parts', 'markers', 'off']);
      for (const key of ['tmp/a', 'tmp/locked', 'keep/b', 'c']) {
        const headers: Record<string, string> =
          key === 'tmp/locked'
            ? { 'x-amz-object-lock-legal-hold': 'ON', 'content-md5': md5(key) }
            : {};
        await bed.ask('PUT', `/docs/${key}`, { body: key, headers, signedMs: nowMs });
      }
      const told = await bed.ask('HEAD', '/docs/tmp/a', { signedMs: nowMs });
      assert.match(`${told.headers['x-amz-expiration']}`, /^expiry-date="[^"]+", rule-id="old"$/);
      await bed.ask('POST', '/docs/tmp/parts', { query: { uploads: '' }, signedMs: nowMs });
      const lifecycle = new Lifecycle({
        store,
        clock: { ...clock, wallMs: () => nowMs },
        ...{ everyMs: 1000, dayMs: DAY },
        onFailure: assert.fail,
      });
      const keys = async (): Promise<string[]> =>
        (await store.listObjects('docs', { prefix: '', delimiter: '', max: 100 })).rows.map(
          ({ key }) => key,
        );
      const days = async (count: number): Promise<void> => {
        nowMs += count * DAY;
        await lifecycle.run();
      };
      await days(1);
      assert.deepEqual(
        [await keys(), lifecycle.figures.abortedUploads],
        [['c', 'keep/b', 'tmp/a', 'tmp/locked'], 0],
      );
      await days(3);
      assert.deepEqual(await keys(), ['c', 'keep/b']);
      assert.equal(lifecycle.figures.abortedUploads, 1);
      // The versions below the markers, then the markers that nothing lies below.
      await days(3);
      await days(1);
      const { rows } = await store.listVersions('docs', {
        prefix: 'tmp/',
        delimiter: '',
        max: 100,
      });
      assert.deepEqual(
        rows.map(({ key, isDeleteMarker }) => `${key} ${isDeleteMarker}`),
        ['tmp/locked true', 'tmp/locked false'],
      );
    },
    { store, service: { nowMs: () => nowMs } },
  );
});

test('lifecycle rules that say nothing, or what can not be done, are refused', async () => {
  await withDocs(async (bed) => {
    const rule = (inside: string): string =>
      `<LifecycleConfiguration><Rule>${inside}</Rule></LifecycleConfiguration>`;
    const good = '<Filter><Prefix>x</Prefix></Filter><Status>Enabled</Status>';
    const cases: readonly [string, string][] = [
      ['<LifecycleConfiguration/>', '400 MalformedXML'],
      [rule(good), '400 InvalidRequest'],
      [rule(`${good}<Expiration><Days>0</Days></Expiration>`), '400 InvalidArgument'],
      [
        rule(`${good}<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>`),
        '400 MalformedXML',
      ],
      [
        rule(`${good}<Expiration><Date>2030-01-01T05:00:00Z</Date></Expiration>`),
        '400 InvalidArgument',
      ],
      [rule('<Status>Enabled</Status><Expiration><Days>1</Days></Expiration>'), '400 MalformedXML'],
      [
        rule('<Prefix/><Status>On</Status><Expiration><Days>1</Days></Expiration>'),
        '400 MalformedXML',
      ],
      [
        rule(`${good}<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>`),
        '501 NotImplemented',
      ],
    ];
    for (const [body, expected] of cases)
      assert.equal(outcome(await configure(bed, 'lifecycle', body)), expected, body);
    assert.equal(
      outcome(await bed.ask('GET', '/docs', { query: { lifecycle: '' } })),
      '404 NoSuchLifecycleConfiguration',
    );
  });
});
