/** Codings of stored responses as curl and browsers ask for them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { after, before, test } from 'node:test';
import { brotliDecompressSync, gzipSync } from 'node:zlib';
import { type CacheServer, startPlinthCache } from '../../support/origin/cache-servers.ts';
import {
  type Curled,
  curl,
  type FileOrigin,
  startFileOrigin,
} from '../../support/origin/file-origin.ts';
import { requirePeer } from '../../support/peers.ts';
import { waitUntil } from '../../support/process.ts';

const needed = requirePeer('curl');
const words = Array.from({ length: 60_000 }, (_, at) => `${Math.imul(at, 2654435761) >>> 12}`);
/** Some 450 KB, of which half is left. */
const TEXT = Buffer.from(words.join(' '));
const PAGE = Buffer.from('<p>Paragraph after paragraph of a page.</p>\n'.repeat(200));
const html = { 'Content-Type': 'text/html' };

let origin: FileOrigin;
let cache: CacheServer;

before(async () => {
  origin = await startFileOrigin({
    '/text': { body: TEXT, fields: { 'Content-Type': 'text/plain', ETag: '"t1"' } },
    '/page': {
      body: PAGE,
      fields: { ...html, ETag: '"p1"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' },
    },
    '/cookie': { body: PAGE, fields: { ...html, 'Set-Cookie': 'a=b' } },
    '/fixed': { body: PAGE, fields: { ...html, 'Cache-Control': 'max-age=3600, no-transform' } },
    '/zipped': {
      body: gzipSync(PAGE),
      fields: { ...html, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding', ETag: '"z1"' },
    },
  });
  cache = await startPlinthCache(origin.port, {
    cache: `  rules:
    - { name: default, set_cookies: true, compression: { enabled: true } }`,
  });
});

after(async () => {
  await cache?.stop();
  origin?.close();
});

const url = (path: string): string => `http://127.0.0.1:${cache.port}${path}`;
const asks = (...codings: string[]): string[] => ['-H', `Accept-Encoding: ${codings.join()}`];

/** Asks until a coding that is made beside the requests is there. */
async function coded(path: string, coding: string): Promise<Curled> {
  let last = await curl(url(path), ...asks(coding));
  await waitUntil(`${path} in ${coding}`, async () => {
    last = await curl(url(path), ...asks(coding));
    return last.fields.get('content-encoding') === coding;
  });
  return last;
}

const askedFor = (path: string): number =>
  origin.asked.filter((line) => line.startsWith(`${path} `) || line === path).length;

test('curl gets what is stored in every coding that it knows, from one fetch', needed, async () => {
  for (const path of ['/page', '/text']) {
    const body = path === '/page' ? PAGE : TEXT;
    for (const coding of ['gzip', 'br', 'zstd']) {
      const { fields } = await coded(path, coding);
      assert.match(fields.get('etag') ?? '', new RegExp(`;${coding}"$`));
      assert.equal(fields.get('vary'), 'Accept-Encoding');
      const decoded = await curl(url(path), '--compressed', ...asks(coding));
      assert.deepEqual(decoded.body, body);
      assert.equal(decoded.fields.get('content-encoding'), coding);
      assert.ok(Number(decoded.fields.get('content-length')) < body.length * 0.9);
    }
    const plain = await curl(url(path));
    assert.deepEqual(
      [plain.body.equals(body), plain.fields.get('content-encoding')],
      [true, undefined],
    );
    assert.equal(askedFor(path), 1);
  }
});

test(
  'who has a coding is answered 304, and ranges are of the coding that If-Range names',
  needed,
  async () => {
    const whole = await coded('/page', 'br');
    const tag = whole.fields.get('etag') as string;
    const known = await curl(url('/page'), ...asks('br'), '-H', `If-None-Match: ${tag}`);
    assert.deepEqual([known.status, known.body.length, known.fields.get('etag')], [304, 0, tag]);
    const rest = await curl(url('/page'), ...asks('br'), '-r', '20-', '-H', `If-Range: ${tag}`);
    assert.equal(rest.status, 206);
    const joined = Buffer.concat([whole.body.subarray(0, 20), rest.body]);
    assert.deepEqual(brotliDecompressSync(joined), PAGE);
    const plain = await curl(url('/page'), ...asks('br'), '-r', '20-29');
    assert.deepEqual(plain.body, PAGE.subarray(20, 30));
  },
);

test('HTTP/2 gets the same codings', needed, async () => {
  await coded('/page', 'br');
  const session = connect(url(''));
  const stream = session.request({ ':path': '/page', 'accept-encoding': 'br' });
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  const [headers] = await once(stream, 'response');
  await once(stream, 'end');
  session.close();
  assert.equal(headers[constants.HTTP2_HEADER_CONTENT_ENCODING], 'br');
  assert.deepEqual(brotliDecompressSync(Buffer.concat(pieces)), PAGE);
});

test('pages that set cookies, and what forbids it, are left as they are', needed, async () => {
  for (const path of ['/cookie', '/fixed']) {
    for (let nth = 0; nth < 3; nth++) {
      const { body, fields } = await curl(url(path), ...asks('br', 'gzip'));
      assert.deepEqual([body.equals(PAGE), fields.get('content-encoding')], [true, undefined]);
    }
    // Behind something that was compressed, in the order of the one thread that does it.
    await coded('/page', 'gzip');
    const { fields } = await curl(url(path), ...asks('br', 'gzip'));
    assert.equal(fields.get('content-encoding'), undefined);
    assert.equal(askedFor(path), 1);
  }
});

test('what came coded is undone for who does not take it', needed, async () => {
  const zipped = await curl(url('/zipped'), '--compressed', ...asks('gzip'));
  assert.deepEqual([zipped.body.equals(PAGE), zipped.fields.get('etag')], [true, '"z1"']);
  const plain = await curl(url('/zipped'));
  assert.deepEqual(
    [plain.body.equals(PAGE), plain.fields.get('content-encoding')],
    [true, undefined],
  );
  assert.equal(plain.fields.get('content-length'), String(PAGE.length));
  assert.equal(plain.fields.get('etag'), '"z1;identity"');
  assert.equal(askedFor('/zipped'), 1);
});
