/** A file that is larger than the memory of the cache, in slices, as curl asks for it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type CacheServer, startPlinthCache } from '../../support/origin/cache-servers.ts';
import { curl } from '../../support/origin/file-origin.ts';
import { requirePeer } from '../../support/peers.ts';

const needed = requirePeer('curl');
const MEBIBYTE = 1024 * 1024;
const IMAGE = Buffer.alloc(50 * MEBIBYTE + 12_345);
for (let at = 0; at + 4 <= IMAGE.length; at += 4)
  IMAGE.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);

let origin: Server;
let cache: CacheServer;
let etag = '"one"';
/** What the origin was asked for. */
const asked: string[] = [];

before(async () => {
  origin = createServer(({ method, headers }, response) => {
    const { range } = headers;
    asked.push(range ?? `${method}`);
    const fields = { ETag: etag, 'Cache-Control': 'max-age=3600', 'Content-Type': 'image/x' };
    const found = /^bytes=(\d+)-(\d+)$/.exec(range ?? '');
    if (found === null) {
      response.writeHead(200, { ...fields, 'Content-Length': IMAGE.length });
      response.end(method === 'HEAD' ? undefined : IMAGE);
      return;
    }
    const part = IMAGE.subarray(Number(found[1]), Number(found[2]) + 1);
    const last = Number(found[1]) + part.length - 1;
    response.writeHead(206, {
      ...fields,
      'Content-Length': part.length,
      'Content-Range': `bytes ${found[1]}-${last}/${IMAGE.length}`,
    });
    response.end(part);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  cache = await startPlinthCache((origin.address() as AddressInfo).port, {
    cache: '  memory: 32mb\n  rules: [{ name: default, slice: 1mb }]',
  });
});

after(async () => {
  await cache?.stop();
  origin?.closeAllConnections();
  origin?.close();
});

const url = (path: string): string => `http://127.0.0.1:${cache.port}${path}`;

test(
  'a range in the middle is all that is fetched, by those who ask at once together',
  needed,
  async () => {
    asked.length = 0;
    const first = 20 * MEBIBYTE + 100;
    const range = `${first}-${first + 2 * MEBIBYTE}`;
    const all = await Promise.all([1, 2, 3].map(() => curl(url('/range'), '-r', range)));
    for (const { status, fields, body } of all) {
      assert.equal(status, 206);
      assert.equal(fields.get('content-range'), `bytes ${range}/${IMAGE.length}`);
      assert.ok(body.equals(IMAGE.subarray(first, first + 2 * MEBIBYTE + 1)));
    }
    const slices = [20, 21, 22].map((nth) => `bytes=${nth * MEBIBYTE}-${(nth + 1) * MEBIBYTE - 1}`);
    assert.deepEqual(asked.splice(0), slices);
    const { fields } = await curl(url('/range'), '-r', `${first}-${first}`);
    assert.match(fields.get('cache-status') ?? '', /^plinth; hit; ttl=\d+$/);
    assert.equal((await curl(url('/range'), '-r', `${IMAGE.length}-`)).status, 416);
  },
);

test('all of it comes whole, though it is more than the memory', needed, async () => {
  asked.length = 0;
  for (let nth = 0; nth < 2; nth++) {
    const { status, fields, body } = await curl(url('/whole'));
    assert.deepEqual([status, fields.get('content-length')], [200, String(IMAGE.length)]);
    assert.ok(body.equals(IMAGE));
  }
  assert.ok(asked.every((range) => /^bytes=/.test(range)));
  assert.equal((await curl(url('/whole'), '-H', 'If-None-Match: "one"')).status, 304);
});

test('who leaves has no more of it fetched', needed, async () => {
  asked.length = 0;
  const request = get(url('/left'));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  await once(response, 'readable');
  response.destroy();
  await curl(url('/other'), '-r', '0-0');
  // Some of them went into the buffers between us.
  assert.ok(asked.length < 40, `${asked.length} slices`);
});

test(
  'another version in the middle breaks the response, and the next one is of that alone',
  needed,
  async () => {
    await curl(url('/changed'), '-r', `0-${3 * MEBIBYTE}`);
    etag = '"two"';
    await assert.rejects(curl(url('/changed')), /transfer closed|curl: \(18\)/i);
    const { fields, body } = await curl(url('/changed'));
    assert.equal(fields.get('etag'), '"two"');
    assert.ok(body.equals(IMAGE));
  },
);
