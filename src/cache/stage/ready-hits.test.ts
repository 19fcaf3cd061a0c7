/** What hits bear beside what is stored, whichever way they are sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResponseSink } from '../../core/http/index.ts';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const FRESH = ['Cache-Control: max-age=600'];

function shown(exchange: TestExchange): (string | undefined)[] {
  const names = ['age', 'cache-status', 'etag', 'content-length'];
  return [exchange.statusLine, exchange.body, ...names.map((name) => exchange.field(name))];
}

test('hits say how old they are and for how long they are fresh, each of its own', () => {
  const cache = new TestCache();
  for (const path of ['/a', '/b']) {
    cache.fill(path, [...FRESH, `ETag: "${path}"`], `body of ${path}`);
    cache.nowMs += 7000;
  }
  for (let i = 0; i < 300; i++) {
    cache.nowMs += 1000;
    for (const [path, since] of [
      ['/a', 15],
      ['/b', 8],
    ] as const) {
      const age = since + i;
      assert.deepEqual(shown(cache.ask(path)), [
        'HTTP/1.1 200 OK',
        `body of ${path}`,
        `${age}`,
        `plinth; hit; ttl=${600 - age}`,
        `"${path}"`,
        '10',
      ]);
    }
  }
});

test('what another cache said of it stands before what is said here', () => {
  const cache = new TestCache();
  cache.fill('/a', [...FRESH, 'Cache-Status: far; hit', 'Age: 20'], 'one');
  const exchange = cache.ask('/a');
  assert.equal(exchange.field('cache-status'), 'far; hit, plinth; hit; ttl=580');
  assert.equal(exchange.field('age'), '20');
});

test('a validation brings other fields to hits behind it', () => {
  const cache = new TestCache();
  cache.fill('/a', ['Cache-Control: max-age=1', 'ETag: "x"', 'X-One: old'], 'one');
  assert.equal(cache.ask('/a').field('x-one'), 'old');
  cache.nowMs += 5000;
  cache.ask('/a');
  cache.answer([...FRESH, 'ETag: "x"', 'X-One: new'], '', '304 Not Modified');
  const exchange = cache.ask('/a');
  assert.deepEqual([exchange.field('x-one'), exchange.body], ['new', 'one']);
});

test('HEAD has no body, and whoever stands before the client sees each field', () => {
  const cache = new TestCache();
  cache.fill('/a', [...FRESH, 'X-One: stored'], 'one');
  const head = cache.ask('/a', [], 'HEAD');
  assert.deepEqual([head.body, head.field('content-length'), head.ending], ['', '3', 'whole']);
  const edited = cache.exchange('/a');
  const sink: ResponseSink = {
    interim: (each) => edited.interim(each),
    head: (each, end) => {
      each.fields.remove(each.fields.findName(Buffer.from('x-one')));
      edited.head(each, end);
    },
    data: (bytes, stays) => edited.data(bytes, stays),
    end: (trailers) => edited.end(trailers),
    flush: () => edited.flush(),
    abort: () => edited.abort(),
  };
  edited.sink = sink;
  cache.handle(edited);
  assert.deepEqual(
    [edited.field('x-one'), edited.body, edited.ending],
    [undefined, 'one', 'whole'],
  );
});
