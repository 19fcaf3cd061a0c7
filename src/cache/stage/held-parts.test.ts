import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PARTS_PER_RESOURCE_MAX } from '../limits.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const BODY = Array.from({ length: 100 }, (_, at) => String.fromCharCode(33 + (at % 90))).join('');
const LINES = ['Cache-Control: max-age=60', 'ETag: "a"'];

/** The origin answers the request that waits with a part. */
function part(cache: TestCache, first: number, last: number, lines = LINES, body = BODY): void {
  const range = `Content-Range: bytes ${first}-${last}/${body.length}`;
  cache.answer([...lines, range], body.slice(first, last + 1), '206 Partial Content');
}

function ask(cache: TestCache, range: string, ...lines: string[]): TestExchange {
  return cache.ask('/a', [`Range: bytes=${range}`, ...lines]);
}

function fill(cache: TestCache, first: number, last: number, lines = LINES): void {
  const exchange = ask(cache, `${first}-${last}`);
  part(cache, first, last, lines);
  assert.equal(exchange.body, BODY.slice(first, last + 1));
}

const missed = (cache: TestCache): boolean => cache.asked.splice(0).length > 0;

describe('RFC 9111 section 3.3: a stored part', () => {
  test('answers for what lies in it, by first, last and suffix', () => {
    const cache = new TestCache();
    fill(cache, 50, 99);
    for (const [range, first, last] of [
      ['50-99', 50, 99],
      ['60-69', 60, 69],
      ['-10', 90, 99],
      ['90-', 90, 99],
      ['99-200', 99, 99],
    ] as const) {
      const hit = ask(cache, range);
      assert.deepEqual([hit.status, hit.body], [206, BODY.slice(first, last + 1)], range);
      assert.equal(hit.field('content-range'), `bytes ${first}-${last}/100`);
      assert.equal(hit.field('content-length'), String(last - first + 1));
      assert.match(hit.field('cache-status') ?? '', /^plinth; hit/);
    }
    const two = ask(cache, '50-52,60-62');
    assert.match(two.field('content-type') ?? '', /^multipart\/byteranges; boundary=/);
    assert.match(two.body, /bytes 50-52\/100\r\n\r\nSTU\r\n--/);
  });

  test('answers nothing else', () => {
    const cache = new TestCache();
    fill(cache, 50, 99);
    for (const range of ['49-60', '0-9', '-60', '0-', '50-60,0-1', '100-']) {
      ask(cache, range);
      assert.ok(missed(cache), range);
    }
    ask(cache, '60-69', 'If-None-Match: "a"');
    assert.ok(missed(cache));
    cache.ask('/a', ['Range: bytes=60-69'], 'HEAD');
    assert.ok(missed(cache));
    // Another representation: If-Range does not hold, and all is asked for.
    ask(cache, '60-69', 'If-Range: "b"');
    assert.ok(missed(cache));
    cache.ask('/a');
    assert.ok(missed(cache));
  });

  test('is as fresh as it says, and gone with a purge', () => {
    const cache = new TestCache();
    fill(cache, 50, 99);
    cache.nowMs += 59_000;
    assert.equal(ask(cache, '50-59').field('age'), '59');
    cache.nowMs += 2000;
    ask(cache, '50-59');
    assert.ok(missed(cache));
    for (const soft of [true, false]) {
      const purged = new TestCache();
      fill(purged, 50, 99);
      purged.ledger.purge({ kind: 'all', value: '', soft });
      ask(purged, '50-59');
      assert.ok(missed(purged));
    }
  });

  test('is stale behind an unsafe request', () => {
    const cache = new TestCache();
    fill(cache, 50, 99);
    cache.ask('/a', [], 'POST');
    cache.answer([], '', '204 No Content');
    ask(cache, '50-59');
    assert.ok(missed(cache));
  });

  test('is kept only with a strong validator, a length, and as it was asked for', () => {
    for (const lines of [
      ['Cache-Control: max-age=60'],
      ['Cache-Control: max-age=60', 'ETag: W/"a"'],
      ['Cache-Control: no-store', 'ETag: "a"'],
    ]) {
      const cache = new TestCache();
      fill(cache, 50, 99, lines);
      ask(cache, '50-99');
      assert.ok(missed(cache), lines.join());
    }
    const cache = new TestCache();
    cache.ask('/a');
    part(cache, 50, 99);
    ask(cache, '50-99');
    assert.ok(missed(cache));
  });

  test('is one of its variant', () => {
    const cache = new TestCache();
    ask(cache, '50-99', 'X-A: 1');
    part(cache, 50, 99, [...LINES, 'Vary: X-A']);
    ask(cache, '50-99', 'X-A: 2');
    assert.ok(missed(cache));
    assert.equal(ask(cache, '50-99', 'X-A: 1').body, BODY.slice(50));
  });
});

describe('section 3.4: parts', () => {
  test('that meet are one, and all of them the whole', () => {
    const cache = new TestCache();
    fill(cache, 0, 39);
    fill(cache, 60, 99, [...LINES, 'X-Old: 1', 'X-Both: 1']);
    ask(cache, '30-70');
    assert.ok(missed(cache));
    fill(cache, 40, 59, [...LINES, 'X-Both: 2']);
    assert.equal(ask(cache, '30-70').body, BODY.slice(30, 71));
    const whole = cache.ask('/a');
    assert.deepEqual([whole.status, whole.body], [200, BODY]);
    assert.equal(whole.field('content-length'), '100');
    assert.equal(whole.field('content-range'), undefined);
    assert.equal(whole.field('x-both'), '2');
    assert.equal(whole.field('x-old'), '1');
    assert.equal(cache.ask('/a', ['If-None-Match: "a"']).status, 304);
    assert.equal(cache.objects.stats.objects, 1);
  });

  test('of two representations are not put together', () => {
    for (const [lines, body] of [
      [['Cache-Control: max-age=60', 'ETag: "b"'], BODY],
      [LINES, `${BODY}!`],
    ] as const) {
      const cache = new TestCache();
      fill(cache, 0, 59);
      ask(cache, '60-99');
      part(cache, 60, 99, [...lines], body);
      ask(cache, '50-70');
      assert.ok(missed(cache));
      cache.ask('/a');
      assert.ok(missed(cache));
    }
  });

  test('leave when all of it is stored', () => {
    const cache = new TestCache();
    fill(cache, 0, 59);
    cache.fill('/a', LINES, BODY);
    assert.equal(cache.objects.stats.objects, 1);
    assert.equal(ask(cache, '0-9').body, BODY.slice(0, 10));
  });

  test('that do not meet are so many at most, the newest of them', () => {
    const cache = new TestCache();
    for (let nth = 0; nth <= PARTS_PER_RESOURCE_MAX; nth++) fill(cache, nth * 3, nth * 3);
    assert.equal(cache.objects.stats.objects, PARTS_PER_RESOURCE_MAX);
    ask(cache, '0-0');
    assert.ok(missed(cache));
    assert.equal(ask(cache, '3-3').body, BODY[3]);
  });

  test('give all of their memory back', () => {
    const cache = new TestCache();
    for (const first of [0, 20, 60, 40]) fill(cache, first, first + 19);
    cache.objects.clear();
    assert.deepEqual([cache.objects.memory.objectBytes, cache.objects.memory.heapBytes], [0, 0]);
  });

  test('answer in any order of fetches with the bytes of the origin alone', () => {
    const range = fc
      .tuple(fc.nat(99), fc.nat(40))
      .map(([first, more]) => [first, Math.min(99, first + more)] as const);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 12 }), (ranges) => {
        const cache = new TestCache();
        const there = new Set<number>();
        for (const [first, last] of ranges) {
          const exchange = ask(cache, `${first}-${last}`);
          const wanted = Array.from({ length: last - first + 1 }, (_, at) => first + at);
          if (exchange.ending === 'none') {
            assert.ok(!wanted.every((at) => there.has(at)));
            part(cache, first, last);
          }
          for (const at of wanted) there.add(at);
          assert.equal(exchange.status, 206);
          assert.equal(exchange.body, BODY.slice(first, last + 1));
        }
        const whole = cache.ask('/a');
        assert.equal(whole.ending === 'whole', there.size === BODY.length);
        if (there.size === BODY.length) assert.equal(whole.body, BODY);
      }),
    );
  });
});
