import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { FieldId } from '../../core/wire/index.ts';
import { DEFAULT_COMPRESSION } from '../compression/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const TEXT = 'A line of text that is long enough to gain, again and again.\n'.repeat(100);
const LONG = TEXT.repeat(100);
const FRESH = ['Cache-Control: max-age=60', 'Content-Type: text/html', 'ETag: "a"'];
const BR = ['Accept-Encoding: gzip, br'];

function compressing(more: Partial<typeof DEFAULT_COMPRESSION> = {}): TestCache {
  return new TestCache({ compression: { ...DEFAULT_COMPRESSION, enabled: true, ...more } });
}

/** Lets the threads work. */
async function compressed(cache: TestCache): Promise<void> {
  await cache.clock.advance(50);
}

/** A cache with a response of which a client has asked for a coding, that is made by now. */
async function withCoding(body = TEXT, lines = FRESH, asks = BR): Promise<TestCache> {
  const cache = compressing();
  cache.fill('/a', lines, body);
  cache.ask('/a', asks);
  await compressed(cache);
  return cache;
}

function bytesOf({ body }: TestExchange): Buffer {
  return Buffer.from(body, 'latin1');
}

describe('a stored response that a rule compresses', () => {
  test('is sent as it came first, and coded to those who come later', async () => {
    const cache = compressing();
    cache.fill('/a', FRESH, TEXT);
    const first = cache.ask('/a', BR);
    assert.deepEqual([first.body, first.field('content-encoding')], [TEXT, undefined]);
    assert.equal(first.field('vary'), 'Accept-Encoding');
    assert.equal(first.field('etag'), '"a"');
    await compressed(cache);
    const later = cache.ask('/a', BR);
    assert.equal(brotliDecompressSync(bytesOf(later)).toString(), TEXT);
    assert.equal(later.field('content-encoding'), 'br');
    assert.equal(later.field('content-length'), String(later.body.length));
    assert.equal(later.field('etag'), '"a;br"');
    assert.equal(later.field('vary'), 'Accept-Encoding');
    assert.equal(cache.ask('/a').body, TEXT);
    assert.equal(cache.asked.length, 0);
    assert.equal(cache.codings.counts.made, 1);
  });

  test('is compressed once a coding, however many ask', async () => {
    const cache = compressing();
    cache.fill('/a', FRESH, TEXT);
    for (let nth = 0; nth < 10; nth++) cache.ask('/a', BR);
    cache.ask('/a', ['Accept-Encoding: gzip']);
    await compressed(cache);
    for (let nth = 0; nth < 10; nth++) cache.ask('/a', BR);
    await compressed(cache);
    assert.equal(cache.codings.counts.made, 2);
    const gzip = cache.ask('/a', ['Accept-Encoding: gzip']);
    assert.equal(gunzipSync(bytesOf(gzip)).toString(), TEXT);
  });

  test('is one for every Accept-Encoding, whatever the origin varies', async () => {
    const cache = compressing();
    cache.ask('/a', ['Accept-Encoding: br']);
    cache.answer([...FRESH, 'Vary: Accept-Encoding, X-A'], TEXT);
    assert.equal(cache.ask('/a', ['Accept-Encoding: gzip']).body, TEXT);
    assert.equal(cache.ask('/a').field('vary'), 'Accept-Encoding, X-A');
    assert.equal(cache.asked.length, 0);
  });

  test('tells the one it was fetched for that others may get it coded', () => {
    const cache = compressing();
    const leader = cache.ask('/a', BR);
    cache.answer(FRESH, TEXT);
    assert.equal(leader.field('vary'), 'Accept-Encoding');
  });

  test('is not sent again to who has one of its codings', async () => {
    const cache = await withCoding();
    for (const [tag, lines] of [
      ['"a;br"', BR],
      ['"a"', BR],
      ['"a;gzip"', BR],
      ['W/"a;br"', BR],
    ] as const) {
      const known = cache.ask('/a', [`If-None-Match: "x", ${tag}`, ...lines]);
      assert.equal(known.status, 304, tag);
      assert.equal(known.field('etag'), tag.replace('W/', ''));
      assert.equal(known.field('vary'), 'Accept-Encoding');
      assert.equal(known.field('content-encoding'), undefined);
    }
    const refused = cache.ask('/a', ['If-None-Match: "a;br"', 'Accept-Encoding: gzip']);
    assert.deepEqual([refused.status, refused.body], [200, TEXT]);
  });

  test('is not coded if that does not gain, and not tried again', async () => {
    const cache = compressing({ types: ['application/x-noise'], codings: ['gzip'] });
    const noise = Array.from({ length: 5000 }, (_, at) =>
      String.fromCharCode((Math.imul(at * at + 7, 2654435761) >>> 16) & 255),
    ).join('');
    const zipped = gzipSync(Buffer.from(noise, 'latin1')).toString('latin1');
    cache.fill('/a', ['Cache-Control: max-age=60', 'Content-Type: application/x-noise'], zipped);
    for (let nth = 0; nth < 3; nth++) {
      assert.equal(cache.ask('/a', BR).body, zipped);
      await compressed(cache);
    }
    const { noGain, made } = cache.codings.counts;
    assert.deepEqual([noGain, made], [1, 0]);
  });

  test('stays as it came where a rule or the response wants that', async () => {
    for (const lines of [
      ['Cache-Control: max-age=60, no-transform', 'Content-Type: text/html'],
      ['Cache-Control: max-age=60', 'Content-Type: image/png'],
      ['Cache-Control: max-age=60', 'Content-Type: text/html', 'X-Token: a'],
    ]) {
      const cache = compressing({ secretFields: ['X-Token'] });
      cache.fill('/a', lines, TEXT);
      cache.ask('/a', BR);
      await compressed(cache);
      const hit = cache.ask('/a', BR);
      assert.deepEqual([hit.body, hit.field('vary')], [TEXT, undefined]);
      assert.equal(cache.codings.counts.made, 0);
    }
  });

  test('stays as it came from the validation on that forbids to change it', async () => {
    const cache = await withCoding();
    cache.nowMs += 61_000;
    const stale = cache.ask('/a', BR);
    cache.answer(['Cache-Control: max-age=60, no-transform', 'ETag: "a"'], '', '304 Not Modified');
    assert.equal(stale.body, TEXT);
    assert.equal(cache.ask('/a', BR).body, TEXT);
  });

  test('keeps its codings over a validation', async () => {
    const cache = await withCoding();
    cache.nowMs += 61_000;
    const stale = cache.ask('/a', BR);
    cache.answer(['Cache-Control: max-age=60', 'ETag: "a"'], '', '304 Not Modified');
    assert.equal(stale.field('content-encoding'), 'br');
  });

  test('gives all of its memory back', async () => {
    const cache = await withCoding(LONG);
    const { memory } = cache.objects;
    const before = memory.objectBytes;
    cache.ask('/a', ['Accept-Encoding: gzip']);
    cache.ask('/a', ['Accept-Encoding: zstd']);
    await compressed(cache);
    assert.equal(cache.codings.counts.made, 3);
    assert.ok(memory.objectBytes > before);
    cache.objects.clear();
    assert.equal(memory.objectBytes, 0);
    assert.equal(memory.heapBytes, 0);
  });

  test('that leaves while it is compressed takes nothing with it', async () => {
    const cache = compressing();
    cache.fill('/a', FRESH, LONG);
    cache.ask('/a', BR);
    cache.objects.clear();
    await compressed(cache);
    assert.deepEqual([cache.codings.counts.made, cache.objects.memory.objectBytes], [0, 0]);
  });

  test('is sent to slow clients whole', async () => {
    const noisy = Array.from({ length: 20_000 }, (_, at) => `${Math.imul(at, 2654435761)} `).join(
      '',
    );
    const cache = await withCoding(noisy);
    const slow = cache.ask('/a', BR);
    assert.ok(slow.body.length > 16_384);
    const exchange = cache.exchange('/a', BR);
    exchange.slow = true;
    cache.handle(exchange);
    assert.equal(exchange.ending, 'none');
    while (exchange.ending === 'none') exchange.drain();
    assert.equal(exchange.body, slow.body);
    assert.equal(brotliDecompressSync(bytesOf(exchange)).toString(), noisy);
  });
});

describe('a range of a compressed response', () => {
  test('is cut from the coding that If-Range names, else from what came', async () => {
    const cache = await withCoding();
    const coded = cache.ask('/a', BR).body;
    const part = cache.ask('/a', [...BR, 'Range: bytes=5-9', 'If-Range: "a;br"']);
    assert.deepEqual([part.status, part.body], [206, coded.slice(5, 10)]);
    assert.equal(part.field('content-range'), `bytes 5-9/${coded.length}`);
    assert.equal(part.field('content-encoding'), 'br');
    const plain = cache.ask('/a', [...BR, 'Range: bytes=5-9']);
    assert.deepEqual([plain.status, plain.body], [206, TEXT.slice(5, 10)]);
    assert.equal(plain.field('content-range'), `bytes 5-9/${TEXT.length}`);
    assert.equal(plain.field('etag'), '"a"');
    const changed = cache.ask('/a', [...BR, 'Range: bytes=5-9', 'If-Range: "b;br"']);
    assert.deepEqual([changed.status, changed.body], [200, coded]);
  });

  test('with a date alone is answered whole: it could be of any coding', async () => {
    const modified = new Date(Date.UTC(2020, 0, 1)).toUTCString();
    const lines = [...FRESH.slice(0, 2), `Last-Modified: ${modified}`];
    const cache = await withCoding(TEXT, lines);
    const part = cache.ask('/a', [...BR, 'Range: bytes=5-9', `If-Range: ${modified}`]);
    assert.deepEqual([part.status, part.field('content-encoding')], [200, 'br']);
  });
});

describe('a response that came coded', () => {
  const zipped = gzipSync(TEXT).toString('latin1');
  const CODED = [...FRESH, 'Content-Encoding: gzip', 'Vary: Accept-Encoding'];

  function stored(lines = CODED, body = zipped): TestCache {
    const cache = compressing();
    cache.ask('/a', ['Accept-Encoding: gzip']);
    cache.answer(lines, body);
    return cache;
  }

  test('is undone for those who refuse its coding, who wait for that', async () => {
    const cache = stored();
    assert.equal(cache.ask('/a', BR).body, zipped);
    const [one, two] = [cache.ask('/a'), cache.ask('/a', ['Accept-Encoding: br'])];
    assert.deepEqual([one.ending, two.ending], ['none', 'none']);
    await compressed(cache);
    for (const plain of [one, two, cache.ask('/a')]) {
      assert.deepEqual([plain.body, plain.field('content-encoding')], [TEXT, undefined]);
      assert.equal(plain.field('etag'), '"a;identity"');
    }
    assert.equal(cache.codings.counts.made, 1);
    assert.equal(cache.asked.length, 0);
  });

  test('that is not what its coding says is left to the origin', async () => {
    const cache = stored(CODED, `${zipped.slice(0, 40)}!!!!${zipped.slice(44)}`);
    const plain = cache.ask('/a');
    await compressed(cache);
    assert.equal(cache.asked.length, 1);
    cache.answer(FRESH, 'from the origin');
    assert.equal(plain.body, 'from the origin');
    assert.equal(plain.field('cache-status'), 'plinth; fwd=vary-miss');
    cache.ask('/a');
    assert.equal(cache.asked.length, 1);
  });

  test('that would become too long is left to the origin', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000)).toString('latin1');
    const cache = stored(CODED, bomb);
    cache.ask('/a');
    await compressed(cache);
    assert.equal(cache.asked.length, 1);
  });

  test('does not hold who leaves meanwhile', async () => {
    const cache = stored();
    const gone = cache.ask('/a');
    gone.leave();
    await compressed(cache);
    assert.deepEqual([gone.body, cache.asked.length], ['', 0]);
    assert.equal(cache.ask('/a').body, TEXT);
  });

  test('while it still comes is not given to those who refuse its coding', () => {
    const cache = compressing();
    cache.ask('/a', ['Accept-Encoding: gzip']);
    const flight = cache.begin([...CODED, `Content-Length: ${zipped.length}`]);
    cache.ask('/a', ['Accept-Encoding: br']);
    assert.equal(cache.asked.length, 1);
    const along = cache.ask('/a', ['Accept-Encoding: gzip, br']);
    flight.sink.data(Buffer.from(zipped, 'latin1'), false);
    flight.sink.end(null);
    assert.equal(along.body, zipped);
  });

  test('may not be changed, and is a variant', () => {
    const cache = stored(['Cache-Control: max-age=60, no-transform', ...CODED.slice(1)]);
    cache.ask('/a');
    assert.equal(cache.asked.length, 1);
  });
});

test('RFC 9110 section 13.1.1: an origin is asked about its own tags', () => {
  const cache = compressing();
  for (const method of ['PUT', 'GET']) {
    cache.ask('/a', ['If-Match: "a;br", "b"'], method);
    const asked = cache.asked.shift();
    assert.equal(asked?.request.fields.get(FieldId.ifMatch), '"a", "b"');
  }
  const plain = new TestCache();
  plain.ask('/a', ['If-Match: "a;br"'], 'PUT');
  assert.equal(plain.asked[0]?.request.fields.get(FieldId.ifMatch), '"a;br"');
});
