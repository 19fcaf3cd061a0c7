import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createSimClock, createSimRandom, SimDisk } from '../../core/runtime/sim/index.ts';
import { FieldId } from '../../core/wire/index.ts';
import type { RuleSettings } from '../config/config.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const BODY = Array.from({ length: 95 }, (_, at) => String.fromCharCode(33 + (at % 90))).join('');
const LINES = ['Cache-Control: max-age=60', 'ETag: "a"'];

class SlicedCache extends TestCache {
  body = BODY;
  lines: readonly string[] = LINES;
  /** Ranges that the origin was asked for. */
  readonly ranges: string[] = [];

  constructor(rule: Partial<RuleSettings> = {}) {
    super({ sliceBytes: 10, ...rule });
  }

  /** The origin answers the request that waits longest as it knows ranges. */
  serve(): void {
    const { body } = this;
    const range = /^bytes=(\d+)-(\d+)$/.exec(this.told(FieldId.range) ?? '');
    this.ranges.push(range === null ? 'all' : `${range[1]}-${range[2]}`);
    if (range === null) {
      this.answer(this.lines, body);
      return;
    }
    const [first, last] = [Number(range[1]), Math.min(Number(range[2]), body.length - 1)];
    if (first >= body.length) {
      const lines = [`Content-Range: bytes */${body.length}`];
      this.answer(lines, '', '416 Range Not Satisfiable');
      return;
    }
    const lines = [...this.lines, `Content-Range: bytes ${first}-${last}/${body.length}`];
    this.answer(lines, body.slice(first, last + 1), '206 Partial Content');
  }

  /** A field of the request that waits longest at the origin. */
  told(id: FieldId): string | undefined {
    return this.asked[0]?.request.fields.get(id);
  }

  serveAll(): void {
    while (this.asked.length > 0) this.serve();
  }

  /** A request that the origin serves as far as it is asked. */
  get(...lines: string[]): TestExchange {
    const exchange = this.ask('/film', lines);
    this.serveAll();
    return exchange;
  }
}

const all = (last: number): string[] =>
  Array.from({ length: last }, (_, nth) => `${nth * 10}-${nth * 10 + 9}`);

describe('a rule with slices: a whole response', () => {
  test('is put together of slices that are asked for in order, and then of those stored', () => {
    const cache = new SlicedCache();
    const exchange = cache.get();
    assert.deepEqual([exchange.status, exchange.body], [200, BODY]);
    assert.equal(exchange.ending, 'whole');
    assert.equal(exchange.field('content-length'), '95');
    assert.equal(exchange.field('content-range'), undefined);
    assert.equal(exchange.field('cache-status'), 'plinth; fwd=uri-miss; stored');
    assert.deepEqual(cache.ranges, all(10));
    cache.nowMs += 5000;
    const hit = cache.get();
    assert.equal(hit.body, BODY);
    assert.equal(hit.field('age'), '5');
    assert.equal(hit.field('cache-status'), 'plinth; hit; ttl=55');
    assert.equal(cache.ranges.length, 10);
    assert.equal(cache.objects.stats.objects, 10);
  });

  test('is fetched one slice ahead of a slow client, and no more', () => {
    const cache = new SlicedCache();
    const exchange = cache.exchange('/film');
    exchange.slow = true;
    cache.handle(exchange);
    cache.serveAll();
    assert.deepEqual([exchange.body, cache.ranges], [BODY.slice(0, 10), all(2)]);
    // It takes what there was and then no more.
    exchange.flow?.onDrain();
    cache.serveAll();
    assert.deepEqual([exchange.body, cache.ranges], [BODY.slice(0, 20), all(3)]);
    exchange.drain();
    cache.serveAll();
    assert.deepEqual([exchange.ending, exchange.body], ['whole', BODY]);
  });

  test('is fetched no further when the client leaves', () => {
    const cache = new SlicedCache();
    const exchange = cache.exchange('/film');
    exchange.slow = true;
    cache.handle(exchange);
    cache.serveAll();
    exchange.leave();
    cache.serveAll();
    assert.deepEqual(cache.ranges, all(2));
    const early = cache.ask('/film', ['Range: bytes=50-']);
    early.leave();
    cache.serveAll();
    assert.deepEqual(cache.ranges, [...all(2), '50-59']);
    // What was fetched is there for others.
    assert.equal(cache.get('Range: bytes=0-19').body, BODY.slice(0, 20));
    assert.equal(cache.ranges.length, 3);
  });

  test('comes to a crowd of one fetch for each slice', () => {
    const cache = new SlicedCache();
    const crowd = [cache.ask('/film'), cache.ask('/film'), cache.ask('/film', ['Range: bytes=3-'])];
    cache.serveAll();
    assert.deepEqual(cache.ranges, all(10));
    assert.deepEqual(
      crowd.map(({ body }) => body),
      [BODY, BODY, BODY.slice(3)],
    );
  });

  test('that is no longer than a slice is stored as one', () => {
    const cache = new SlicedCache();
    cache.body = 'short';
    assert.deepEqual([cache.get().body, cache.ranges], ['short', ['0-9']]);
    const hit = cache.get('Range: bytes=1-2');
    assert.deepEqual([hit.status, hit.body], [206, 'ho']);
    assert.equal(hit.field('content-range'), 'bytes 1-2/5');
    assert.equal(cache.get('If-None-Match: "a"').status, 304);
    assert.equal(cache.ranges.length, 1);
    const weak = new SlicedCache();
    weak.body = 'short';
    weak.lines = ['Cache-Control: max-age=60'];
    assert.deepEqual([weak.get().status, weak.get().body, weak.ranges], [200, 'short', ['0-9']]);
  });
});

describe('a rule with slices: a range', () => {
  test('is cut from the slices that it lies in', () => {
    const cache = new SlicedCache();
    const exchange = cache.get('Range: bytes=15-31');
    assert.deepEqual([exchange.status, exchange.body], [206, BODY.slice(15, 32)]);
    assert.equal(exchange.field('content-range'), 'bytes 15-31/95');
    assert.equal(exchange.field('content-length'), '17');
    assert.deepEqual(cache.ranges, ['10-19', '20-29', '30-39']);
  });

  test('from the end is asked for once the length is known', () => {
    const cache = new SlicedCache();
    assert.equal(cache.get('Range: bytes=-7').body, BODY.slice(-7));
    assert.deepEqual(cache.ranges, ['0-9', '80-89', '90-99']);
  });

  test('of many comes with what stands between them', () => {
    const cache = new SlicedCache();
    const exchange = cache.get('Range: bytes=80-94,5-6,7-12');
    assert.match(exchange.field('content-type') ?? '', /^multipart\/byteranges; boundary=/);
    assert.equal(exchange.field('content-length'), String(exchange.body.length));
    const parts = exchange.body.split('\r\n\r\n').slice(1);
    assert.deepEqual(
      parts.map((part) => part.split('\r\n--')[0]),
      [BODY.slice(80), BODY.slice(5, 13)],
    );
    assert.ok(exchange.body.endsWith('--\r\n'));
  });

  test('behind the end is refused with the length', () => {
    const cache = new SlicedCache();
    const exchange = cache.get('Range: bytes=500-');
    assert.equal(exchange.status, 416);
    assert.equal(exchange.field('content-range'), 'bytes */95');
    assert.deepEqual(cache.ranges, ['500-509', '0-9']);
  });

  test('of nothing is answered by the origin', () => {
    const cache = new SlicedCache();
    cache.body = '';
    const exchange = cache.ask('/film', ['Range: bytes=0-']);
    cache.serve();
    assert.equal(cache.told(FieldId.range), 'bytes=0-');
    cache.answer(['Content-Range: bytes */0'], '', '416 Range Not Satisfiable');
    assert.equal(exchange.status, 416);
  });

  test('with If-Range is one of the representation that is meant alone', () => {
    const cache = new SlicedCache();
    assert.equal(cache.get('Range: bytes=15-16', 'If-Range: "a"').status, 206);
    const other = cache.get('Range: bytes=15-16', 'If-Range: "b"');
    assert.deepEqual([other.status, other.body], [200, BODY]);
  });

  test('is that of the body, whatever was asked for before', () => {
    const range = fc
      .tuple(fc.nat(94), fc.nat(40))
      .map(([first, more]) => [first, Math.min(94, first + more)] as const);
    fc.assert(
      fc.property(
        fc.array(range, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 60 }),
        (ranges, sliceBytes) => {
          const cache = new SlicedCache({ sliceBytes });
          for (const [first, last] of ranges) {
            const exchange = cache.get(`Range: bytes=${first}-${last}`);
            assert.deepEqual(
              [exchange.status, exchange.body, exchange.ending],
              [206, BODY.slice(first, last + 1), 'whole'],
            );
          }
          assert.equal(new Set(cache.ranges).size, cache.ranges.length);
          cache.objects.clear();
          const { objectBytes, heapBytes } = cache.objects.memory;
          assert.deepEqual([objectBytes, heapBytes], [0, 0]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a rule with slices: other requests', () => {
  test('for what the client has are answered 304', () => {
    const cache = new SlicedCache();
    const exchange = cache.get('If-None-Match: "a"');
    assert.deepEqual([exchange.status, exchange.body, cache.ranges], [304, '', ['0-9']]);
    assert.equal(exchange.field('etag'), '"a"');
    assert.equal(exchange.field('content-range'), undefined);
    assert.equal(cache.get('If-None-Match: "b"').body, BODY);
  });

  test('with HEAD get the length from a slice, and else go to the origin', () => {
    const cache = new SlicedCache();
    const missed = cache.ask('/film', [], 'HEAD');
    assert.equal(cache.told(FieldId.range), undefined);
    cache.begin([...LINES, 'Content-Length: 95']);
    assert.deepEqual([missed.status, missed.field('content-length')], [200, '95']);
    cache.get('Range: bytes=0-1');
    const head = cache.ask('/film', [], 'HEAD');
    assert.deepEqual([head.status, head.field('content-length'), head.body], [200, '95', '']);
    assert.equal(head.field('content-range'), undefined);
    assert.match(head.field('cache-status') ?? '', /^plinth; hit/);
    cache.nowMs += 61_000;
    cache.ask('/film', [], 'HEAD');
    cache.begin([...LINES, 'Content-Length: 95']);
    // It has said nothing of the slice.
    const stale = cache.ask('/film', ['Range: bytes=0-1']);
    assert.equal(cache.told(FieldId.ifNoneMatch), '"a"');
    cache.begin(LINES, '304 Not Modified');
    assert.deepEqual([stale.status, stale.body], [206, BODY.slice(0, 2)]);
  });

  test('with If-Match are for the origin', () => {
    const cache = new SlicedCache();
    cache.ask('/film', ['If-Match: "a"']);
    assert.equal(cache.told(FieldId.range), undefined);
  });

  test('for what is stored only get 504', () => {
    const cache = new SlicedCache();
    assert.equal(cache.get('Cache-Control: only-if-cached').status, 504);
  });

  test('that want it newer have each slice validated', () => {
    const cache = new SlicedCache();
    cache.get('Range: bytes=0-19');
    const exchange = cache.ask('/film', ['Range: bytes=5-14', 'Cache-Control: no-cache']);
    for (const range of ['0-9', '10-19']) {
      assert.equal(cache.told(FieldId.range), `bytes=${range}`);
      cache.begin(LINES, '304 Not Modified');
    }
    assert.deepEqual([exchange.ending, exchange.body], ['whole', BODY.slice(5, 15)]);
    assert.equal(cache.asked.length, 0);
  });
});

describe('an origin of a rule with slices', () => {
  test('that knows no ranges is answered from as usual', () => {
    const cache = new SlicedCache();
    const first = cache.ask('/film', ['Range: bytes=15-19']);
    const second = cache.ask('/film', ['Range: bytes=10-11']);
    const third = cache.ask('/film', ['If-None-Match: "a"']);
    cache.answer(LINES, BODY);
    assert.deepEqual([first.status, first.body], [206, BODY.slice(15, 20)]);
    // It was another slice, and is looked for again where the whole is now.
    cache.answer(LINES, BODY);
    assert.deepEqual([second.status, second.body], [206, BODY.slice(10, 12)]);
    cache.serveAll();
    assert.equal(third.status, 304);
    assert.equal(cache.ask('/film').body, BODY);
    assert.equal(cache.asked.length, 0);
    const keys = [...cache.objects.responses()].map(({ key }) => key);
    assert.deepEqual(keys, ['http://example.com/film']);
  });

  test('that says no more than its status is passed on, to all who wait', () => {
    const cache = new SlicedCache();
    const crowd = [cache.ask('/film'), cache.ask('/film')];
    cache.answer([], 'down', '503 Service Unavailable');
    for (const exchange of crowd) assert.equal(exchange.status, 503);
    const absent = cache.ask('/film');
    cache.answer(['Cache-Control: max-age=60'], 'none', '404 Not Found');
    assert.deepEqual([absent.status, cache.ask('/film').body], [404, 'none']);
  });

  test('that fails in the middle breaks the response, and what came before is there', () => {
    const cache = new SlicedCache();
    const exchange = cache.ask('/film', ['Range: bytes=0-29']);
    cache.serve();
    cache.answer([], 'down', '503 Service Unavailable');
    assert.deepEqual([exchange.status, exchange.ending], [206, 'aborted']);
    assert.equal(exchange.body, BODY.slice(0, 10));
    assert.equal(cache.get('Range: bytes=0-29').body, BODY.slice(0, 30));
    assert.deepEqual(cache.ranges, all(3));
  });

  test('that sends parts without a strong validator is asked for all', () => {
    const cache = new SlicedCache();
    cache.lines = ['Cache-Control: max-age=60', 'ETag: W/"a"'];
    assert.equal(cache.get().body, BODY);
    assert.deepEqual(cache.ranges, ['0-9', 'all']);
    assert.equal(cache.get().body, BODY);
    assert.equal(cache.ranges.length, 2);
  });

  test('that sends another part is asked for all', () => {
    const cache = new SlicedCache();
    const exchange = cache.ask('/film');
    cache.answer([...LINES, 'Content-Range: bytes 1-9/95'], BODY.slice(1, 10), '206 Part');
    cache.serveAll();
    assert.deepEqual([exchange.body, cache.ranges], [BODY, ['all']]);
  });

  test('whose responses may not be stored is asked by each client, then without slices', () => {
    const cache = new SlicedCache();
    cache.lines = ['Cache-Control: no-store', 'ETag: "a"'];
    assert.equal(cache.get().body, BODY);
    assert.deepEqual(cache.ranges, all(10));
    assert.equal(cache.get().body, BODY);
    assert.deepEqual(cache.ranges, [...all(10), 'all']);
    assert.equal(cache.objects.stats.objects, 0);
  });

  test('whose slice is too short breaks the response, and nothing of that is stored', () => {
    const cache = new SlicedCache();
    const exchange = cache.ask('/film');
    const origin = cache.begin([...LINES, 'Content-Range: bytes 0-9/95'], '206 Partial Content');
    origin.sink.data(Buffer.from(BODY.slice(0, 5)), false);
    origin.sink.end(null);
    assert.equal(exchange.ending, 'aborted');
    cache.serveAll();
    assert.equal(cache.get().body, BODY);
    assert.equal(cache.ranges.filter((range) => range === '0-9').length, 1);
  });
});

describe('slices of two representations', () => {
  test('are never of one response: it breaks, and all of them are forgotten', () => {
    for (const change of [
      (cache: SlicedCache): void => {
        cache.lines = ['Cache-Control: max-age=60', 'ETag: "b"'];
      },
      (cache: SlicedCache): void => {
        cache.body = `${BODY}!`;
      },
    ]) {
      const cache = new SlicedCache();
      cache.get('Range: bytes=0-19');
      change(cache);
      const exchange = cache.get();
      assert.deepEqual([exchange.ending, exchange.body], ['aborted', BODY.slice(0, 20)]);
      const next = cache.get();
      assert.deepEqual([next.ending, next.body], ['whole', cache.body]);
      assert.equal(cache.ranges.filter((range) => range === '0-9').length, 2);
    }
  });

  test('are not put together either when all of the newer one comes', () => {
    const cache = new SlicedCache();
    cache.get('Range: bytes=0-19');
    const exchange = cache.ask('/film');
    cache.answer(LINES, `${BODY}!`);
    assert.equal(exchange.ending, 'aborted');
    assert.equal(cache.get().body, BODY);
  });

  test('of two variants are those of their requests', () => {
    const cache = new SlicedCache();
    cache.lines = [...LINES, 'Vary: X-A'];
    assert.equal(cache.get('X-A: 1').body, BODY);
    cache.lines = ['Cache-Control: max-age=60', 'ETag: "b"', 'Vary: X-A'];
    cache.body = BODY.toLowerCase();
    assert.equal(cache.get('X-A: 2').body, BODY.toLowerCase());
    assert.equal(cache.get('X-A: 1').body, BODY);
    assert.equal(cache.ranges.length, 20);
  });
});

describe('slices are forgotten', () => {
  test('by purges of the URL, its host, and its tags', () => {
    for (const [kind, value] of [
      ['url', 'http://example.com/film'],
      ['prefix', 'http://example.com/fi'],
      ['host', 'example.com'],
      ['tag', 'films'],
    ] as const) {
      const cache = new SlicedCache();
      cache.lines = [...LINES, 'Surrogate-Key: films'];
      cache.get();
      cache.ledger.purge({ kind, value, soft: false });
      cache.get();
      assert.equal(cache.ranges.length, 20, kind);
    }
  });

  test('by unsafe requests', () => {
    const cache = new SlicedCache();
    cache.get();
    cache.ask('/film', [], 'PUT');
    cache.answer([], '', '204 No Content');
    cache.get();
    assert.equal(cache.ranges.length, 20);
  });
});

test('slices come back from the disk', async () => {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(1));
  const cache = new TestCache({ sliceBytes: 10 }, undefined, clock);
  const tier = await cache.openDisk(disk);
  const exchange = cache.ask('/film', ['Range: bytes=0-9']);
  const lines = [...LINES, 'Content-Range: bytes 0-9/95'];
  cache.answer(lines, BODY.slice(0, 10), '206 Partial Content');
  assert.equal(exchange.status, 206);
  await clock.settle(cache.shelf?.keepAll() ?? Promise.resolve());
  await clock.settle(tier.close());
  const later = new TestCache({ sliceBytes: 10 }, undefined, clock);
  await later.openDisk(disk);
  const again = later.ask('/film', ['Range: bytes=2-4']);
  await clock.runUntil(() => again.ending !== 'none' || later.asked.length > 0);
  assert.deepEqual([again.status, again.body], [206, BODY.slice(2, 5)]);
  assert.equal(later.asked.length, 0);
});
