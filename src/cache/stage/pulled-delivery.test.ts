import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestCache } from '../testing/test-cache.ts';
import type { TestExchange } from '../testing/test-exchange.ts';

const BODY = Array.from({ length: 300_000 }, (_, at) => String.fromCharCode(33 + (at % 89))).join(
  '',
);
const RANGE = ['Range: bytes=0-99999,200000-299999'];

function begun(): { cache: TestCache; exchange: TestExchange } {
  const cache = new TestCache();
  cache.fill('/a', ['Cache-Control: max-age=60'], BODY);
  const exchange = cache.exchange('/a', RANGE);
  exchange.slow = true;
  cache.handle(exchange);
  return { cache, exchange };
}

test('a slow client gets one piece at a time, and all of them', () => {
  const { cache, exchange } = begun();
  let pieces = 1;
  for (let { flow } = exchange; flow !== null; { flow } = exchange) {
    const before = exchange.body.length;
    // It takes one more piece and no other.
    flow.onDrain();
    if (exchange.flow !== null) assert.ok(exchange.body.length > before);
    pieces++;
  }
  assert.equal(exchange.ending, 'whole');
  assert.ok(pieces > 5, String(pieces));
  // But for the boundaries, which are drawn anew.
  const plain = (text: string): string => text.replaceAll(/--[\w-]{32}/g, '--');
  assert.equal(plain(exchange.body), plain(cache.ask('/a', RANGE).body));
});

test('what is being sent stays while it is sent, though it has left the cache', () => {
  const { cache, exchange } = begun();
  const { memory } = cache.objects;
  cache.objects.clear();
  assert.ok(memory.objectBytes > 0);
  while (exchange.ending === 'none') exchange.drain();
  assert.ok(exchange.body.includes(BODY.slice(0, 100_000)));
  assert.ok(exchange.body.includes(BODY.slice(200_000)));
  assert.equal(memory.objectBytes, 0);
});

test('a client that leaves lets go of what it was sent', () => {
  const { cache, exchange } = begun();
  const sent = exchange.body;
  cache.objects.clear();
  exchange.leave();
  assert.equal(cache.objects.memory.objectBytes, 0);
  exchange.drain();
  assert.equal(exchange.body, sent);
});
