/** Parts of stored responses as curl asks for them. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CacheServer, startPlinthCache } from '../../support/origin/cache-servers.ts';
import { curl, type FileOrigin, startFileOrigin } from '../../support/origin/file-origin.ts';
import { requirePeer } from '../../support/peers.ts';

const needed = requirePeer('curl');
const FILM = Buffer.from(
  Uint8Array.from({ length: 3_000_000 }, (_, at) => (Math.imul(at, 2654435761) >>> 13) & 255),
);

let origin: FileOrigin;
let cache: CacheServer;

before(async () => {
  const fields = { 'Content-Type': 'video/mp4', ETag: '"film"' };
  origin = await startFileOrigin({ '/film': { body: FILM, fields } });
  cache = await startPlinthCache(origin.port);
});

after(async () => {
  await cache?.stop();
  origin?.close();
});

const url = (): string => `http://127.0.0.1:${cache.port}/film`;

test(
  'many parts of a large body come with their heads, each what the body has there',
  needed,
  async () => {
    assert.deepEqual((await curl(url())).body, FILM);
    const ranges = ['1000000-1999999', '0-99', '-100', '2500000-2500000'];
    const { status, fields, body } = await curl(url(), '-r', ranges.join());
    assert.equal(status, 206);
    assert.equal(fields.get('content-length'), String(body.length));
    const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(
      fields.get('content-type') ?? '',
    )?.[1];
    const parts = body.toString('latin1').split(`--${boundary}`);
    assert.deepEqual([parts[0], parts.at(-1)], ['', '--\r\n']);
    const wanted = [
      [1_000_000, 2_000_000],
      [0, 100],
      [2_999_900, 3_000_000],
      [2_500_000, 2_500_001],
    ] as const;
    for (const [nth, [start, end]] of wanted.entries()) {
      const [head = '', ...rest] = (parts[nth + 1] ?? '').split('\r\n\r\n');
      assert.match(head, /\r\nContent-Type: video\/mp4\r\n/);
      assert.ok(head.endsWith(`Content-Range: bytes ${start}-${end - 1}/3000000`), head);
      const bytes = Buffer.from(rest.join('\r\n\r\n'), 'latin1').subarray(0, -2);
      assert.ok(bytes.equals(FILM.subarray(start, end)));
    }
    assert.equal(origin.asked.length, 1);
  },
);

test('a download that broke off goes on where it was', needed, async () => {
  const path = join(cache.folder, 'film');
  writeFileSync(path, FILM);
  truncateSync(path, 1_234_567);
  const { status } = await curl(url(), '-C', '-', '-o', path);
  assert.equal(status, 206);
  assert.ok(readFileSync(path).equals(FILM));
  assert.equal(origin.asked.length, 1);
});

test('a part that is not there is refused with the length', needed, async () => {
  const { status, fields } = await curl(url(), '-r', '3000000-');
  assert.deepEqual([status, fields.get('content-range')], [416, 'bytes */3000000']);
});
