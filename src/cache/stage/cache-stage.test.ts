import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FieldId } from '../../core/wire/index.ts';
import { TestCache } from '../testing/test-cache.ts';

const FRESH = ['Cache-Control: max-age=60'];

describe('a request', () => {
  test('is answered from what is stored while that is fresh, and asks the origin behind that', () => {
    const cache = new TestCache();
    cache.fill('/a', FRESH, 'one');
    cache.nowMs += 59_000;
    const hit = cache.ask('/a');
    assert.deepEqual([hit.body, hit.field('age'), hit.ending], ['one', '59', 'whole']);
    assert.equal(hit.field('cache-status'), 'plinth; hit; ttl=1');
    cache.nowMs += 1000;
    const late = cache.ask('/a');
    assert.equal(late.ending, 'none');
    cache.answer(FRESH, 'two');
    assert.equal(late.body, 'two');
    assert.equal(cache.ask('/a').body, 'two');
  });

  test('gets the variant that it asks for', () => {
    const cache = new TestCache();
    const lines = [...FRESH, 'Vary: X-A'];
    for (const value of ['1', '2']) {
      const exchange = cache.ask('/a', [`X-A: ${value}`]);
      cache.answer(lines, `body ${value}`);
      assert.equal(exchange.body, `body ${value}`);
    }
    assert.equal(cache.ask('/a', ['X-A: 1']).body, 'body 1');
    assert.equal(cache.ask('/a', ['X-A: 2']).body, 'body 2');
    cache.ask('/a');
    assert.equal(cache.asked.length, 1);
  });

  test('with only-if-cached and nothing stored gets 504', () => {
    const cache = new TestCache();
    const exchange = cache.ask('/a', ['Cache-Control: only-if-cached']);
    assert.deepEqual([exchange.status, cache.asked.length], [504, 0]);
    assert.equal([...cache.objects.awake()].length, 0);
  });

  test('for the head alone is answered from what is stored for GET', () => {
    const cache = new TestCache();
    cache.fill('/a', FRESH, 'one');
    const head = cache.ask('/a', [], 'HEAD');
    assert.deepEqual([head.status, head.field('content-length'), head.body], [200, '3', '']);
  });

  test('that knows what is stored is told so', () => {
    const cache = new TestCache();
    cache.fill('/a', [...FRESH, 'ETag: "x"', 'Content-Type: text/plain'], 'one');
    const exchange = cache.ask('/a', ['If-None-Match: W/"x", "y"']);
    assert.deepEqual([exchange.status, exchange.body], [304, '']);
    assert.equal(exchange.field('etag'), '"x"');
    assert.equal(exchange.field('content-type'), undefined);
  });

  test('for a part gets it from what is stored whole', () => {
    const cache = new TestCache();
    cache.fill('/a', FRESH, '0123456789');
    const part = cache.ask('/a', ['Range: bytes=2-4']);
    assert.deepEqual([part.status, part.body], [206, '234']);
    assert.equal(part.field('content-range'), 'bytes 2-4/10');
    const none = cache.ask('/a', ['Range: bytes=10-']);
    assert.deepEqual([none.status, none.field('content-range')], [416, 'bytes */10']);
  });

  test('with preconditions goes to the origin as it is when nothing is stored', () => {
    const cache = new TestCache();
    const exchange = cache.ask('/a', ['If-None-Match: "x"']);
    assert.match(cache.request, /If-None-Match: "x"/);
    cache.answer([], '', '304 Not Modified');
    assert.equal(exchange.status, 304);
    cache.ask('/a');
    assert.equal(cache.asked.length, 1);
  });
});

describe('a stale response', () => {
  test('is asked about, and takes over what the 304 says', () => {
    const cache = new TestCache();
    cache.fill('/a', [...FRESH, 'ETag: "x"', 'X-Old: 1'], 'one');
    cache.nowMs += 61_000;
    const exchange = cache.ask('/a');
    const fields = cache.asked[0]!.request.fields;
    assert.equal(fields.value(fields.count - 1), '"x"');
    cache.answer([...FRESH, 'ETag: "x"', 'X-Old: 2'], '', '304 Not Modified');
    assert.deepEqual([exchange.status, exchange.body, exchange.field('x-old')], [200, 'one', '2']);
    assert.equal(cache.ask('/a').field('cache-status'), 'plinth; hit; ttl=60');
  });

  test('within its window is served at once, and fetched anew behind the client', () => {
    const cache = new TestCache();
    cache.fill('/a', ['Cache-Control: max-age=1, stale-while-revalidate=60'], 'one');
    cache.nowMs += 5000;
    for (let i = 0; i < 3; i++) assert.equal(cache.ask('/a').body, 'one');
    assert.equal(cache.asked.length, 1);
    cache.answer(FRESH, 'two');
    assert.equal(cache.ask('/a').body, 'two');
  });

  test('is served when the origin fails, unless it forbids that', () => {
    const cache = new TestCache();
    cache.fill('/may', ['Cache-Control: max-age=1'], 'one');
    cache.fill('/not', ['Cache-Control: max-age=1, must-revalidate'], 'one');
    cache.nowMs += 5000;
    const may = cache.ask('/may');
    cache.answer([], 'broken', '503 Service Unavailable');
    assert.deepEqual([may.status, may.body], [200, 'one']);
    const not = cache.ask('/not');
    cache.answer([], 'broken', '503 Service Unavailable');
    assert.deepEqual([not.status, not.body], [503, 'broken']);
  });

  test('made so by an unsafe request is asked about', () => {
    const cache = new TestCache();
    cache.fill('/a', FRESH, 'one');
    cache.ask('/a', [], 'POST');
    cache.answer([], '', '201 Created');
    const exchange = cache.ask('/a');
    assert.equal(exchange.ending, 'none');
    cache.answer(FRESH, 'two');
    assert.equal(exchange.body, 'two');
  });
});

describe('a crowd', () => {
  test('is served by one fetch, as the body comes', () => {
    const cache = new TestCache();
    const crowd = Array.from({ length: 50 }, () => cache.ask('/a'));
    assert.equal(cache.asked.length, 1);
    const origin = cache.begin([...FRESH, 'Content-Length: 6']);
    origin.sink.data(Buffer.from('abc'), false);
    const late = cache.ask('/a');
    for (const exchange of [...crowd, late]) assert.equal(exchange.body, 'abc');
    origin.sink.data(Buffer.from('def'), false);
    origin.sink.end(null);
    for (const exchange of [...crowd, late]) {
      assert.deepEqual([exchange.body, exchange.ending], ['abcdef', 'whole']);
    }
    assert.equal(cache.asked.length, 0);
  });

  test('does not lose its fetch with the client that began it', () => {
    const cache = new TestCache();
    const first = cache.ask('/a');
    const second = cache.ask('/a');
    first.leave();
    const origin = cache.begin([...FRESH, 'Content-Length: 6']);
    origin.sink.data(Buffer.from('abc'), false);
    const third = cache.ask('/a');
    second.leave();
    origin.sink.data(Buffer.from('def'), false);
    origin.sink.end(null);
    assert.deepEqual([third.body, third.ending], ['abcdef', 'whole']);
    assert.equal(cache.ask('/a').body, 'abcdef');
  });

  test('goes to the origin one by one when the response is for one alone, and does not wait the next time', () => {
    const cache = new TestCache();
    const crowd = [cache.ask('/a'), cache.ask('/a'), cache.ask('/a')];
    cache.answer(['Cache-Control: private'], 'first');
    assert.deepEqual(
      crowd.map(({ body }) => body),
      ['first', '', ''],
    );
    assert.equal(cache.asked.length, 2);
    cache.answer(['Cache-Control: private'], 'second');
    cache.answer(['Cache-Control: private'], 'third');
    assert.deepEqual(
      crowd.map(({ body }) => body),
      ['first', 'second', 'third'],
    );
    cache.ask('/a');
    cache.ask('/a');
    assert.equal(cache.asked.length, 2);
  });

  test('learns of a response that breaks off, and nothing of it is stored', () => {
    const cache = new TestCache();
    const crowd = [cache.ask('/a'), cache.ask('/a')];
    const origin = cache.begin([...FRESH, 'Content-Length: 6']);
    origin.sink.data(Buffer.from('abc'), false);
    origin.sink.abort();
    assert.deepEqual(
      crowd.map(({ ending }) => ending),
      ['aborted', 'aborted'],
    );
    cache.ask('/a');
    assert.equal(cache.asked.length, 1);
  });

  test('whose origin fails is refused without asking it again', () => {
    const cache = new TestCache();
    const crowd = [cache.ask('/a'), cache.ask('/a'), cache.ask('/a')];
    cache.answer([], 'broken', '503 Service Unavailable');
    assert.deepEqual(
      crowd.map(({ status }) => status),
      [503, 503, 503],
    );
    assert.equal(cache.asked.length, 0);
  });

  test('with a slow reader among it gets a body that is too long for the store, held back to its pace', () => {
    const cache = new TestCache();
    cache.objectBytesMax = 300_000;
    const quick = cache.ask('/a');
    const slow = cache.ask('/a');
    slow.slow = true;
    const origin = cache.begin([...FRESH, 'Transfer-Encoding: chunked']);
    let drained = 0;
    origin.flow = {
      onDrain: () => drained++,
      onAbort: () => assert.fail('the fetch was given up'),
    };
    const chunk = Buffer.alloc(100_000, 'x');
    let sent = 0;
    while (origin.sink.data(chunk, false)) {
      sent += chunk.length;
      assert.ok(sent < 5_000_000, 'the origin is never held back');
    }
    assert.equal(drained, 0);
    while (drained === 0) slow.drain();
    origin.sink.end(null);
    for (const exchange of [quick, slow]) {
      assert.deepEqual([exchange.body.length, exchange.ending], [sent + chunk.length, 'whole']);
    }
    assert.equal(cache.objects.stats.objects, 0);
  });
});

describe('a purge', () => {
  test('by a tag takes what bears it, and what is being fetched', () => {
    const cache = new TestCache();
    const lines = [...FRESH, 'Surrogate-Key: red blue'];
    cache.fill('/a', lines, 'one');
    cache.fill('/b', FRESH, 'one');
    const before = cache.ask('/c');
    cache.ledger.purge({ kind: 'tag', value: 'red', soft: false });
    cache.answer(lines, 'old');
    assert.equal(before.body, 'old');
    assert.equal(cache.ask('/b').body, 'one');
    for (const target of ['/a', '/c']) {
      const exchange = cache.ask(target);
      assert.equal(exchange.body, '');
      cache.answer(lines, 'two');
      assert.equal(exchange.body, 'two');
      assert.equal(cache.ask(target).body, 'two');
    }
  });

  test('during the body keeps it from being stored', () => {
    const cache = new TestCache();
    cache.ask('/a');
    const origin = cache.begin([...FRESH, 'Content-Length: 6']);
    origin.sink.data(Buffer.from('abc'), false);
    cache.ledger.purge({ kind: 'all', value: '', soft: false });
    const behind = cache.ask('/a');
    origin.sink.data(Buffer.from('def'), false);
    origin.sink.end(null);
    assert.equal(behind.body, '');
    cache.answer(FRESH, 'two');
    assert.equal(behind.body, 'two');
    assert.equal(cache.ask('/a').body, 'two');
  });
});

test('memory and the tables of resources are empty behind everything', () => {
  const cache = new TestCache();
  for (let i = 0; i < 100; i++) cache.fill(`/${i}`, FRESH, 'x'.repeat(i * 700 + 1));
  for (let i = 0; i < 20; i++) {
    cache.ask(`/p${i}`);
    cache.answer(['Cache-Control: private'], 'x');
  }
  cache.objects.clear();
  assert.equal(cache.objects.memory.objectBytes, 0);
  assert.equal([...cache.objects.awake()].length, 0);
});

test('behind a proxy that is believed the scheme of a response is that which it says the user asked by', () => {
  const cache = new TestCache();
  let fetched = 0;
  const asked = (isTrusted: boolean, proto: string): string => {
    const exchange = cache.exchange('/a', proto === '' ? [] : [`X-Forwarded-Proto: ${proto}`]);
    exchange.client = { ...exchange.client, isTrusted };
    cache.handle(exchange);
    if (exchange.ending === 'none') cache.answer(FRESH, `fetch ${++fetched}`);
    return exchange.body;
  };
  const https = [asked(true, 'https'), asked(true, 'HTTPS')];
  const http = [
    asked(true, 'http'),
    asked(true, ''),
    asked(true, 'https, http'),
    asked(false, 'https'),
  ];
  assert.deepEqual([https, http], [Array(2).fill('fetch 1'), Array(4).fill('fetch 2')]);
  cache.ledger.purge({ kind: 'url', value: 'https://example.com/a', soft: false });
  assert.deepEqual([asked(true, 'https'), asked(true, 'http')], ['fetch 3', 'fetch 2']);
});

test('where what clients want is not obeyed, no-cache is a hit like any other, and nobody else sees it', () => {
  const cache = new TestCache({ clientDirectives: false });
  const wishes = ['Cache-Control: no-cache', 'Cache-Control: max-age=0', 'Pragma: no-cache'];
  const first = cache.ask('/a', ['Cache-Control: no-store']);
  const second = cache.ask('/a', wishes);
  assert.equal(cache.asked[0]?.request.fields.has(FieldId.cacheControl), false);
  cache.answer(FRESH, 'one');
  assert.deepEqual([first.body, second.body, cache.ask('/a', wishes).body], Array(3).fill('one'));
  assert.equal(cache.ask('/b', ['Cache-Control: only-if-cached']).ending, 'none');
  assert.equal(cache.asked.length, 1);
});
