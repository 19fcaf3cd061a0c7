import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TestCache } from '../testing/test-cache.ts';
import { DEFAULT_LIFETIMES, lifetimeConflicts, lifetimeRuleOf } from './lifetime-fields.ts';

function cacheWith(lifetimes: Partial<typeof DEFAULT_LIFETIMES>): TestCache {
  return new TestCache({ lifetimes: { ...DEFAULT_LIFETIMES, ...lifetimes } });
}

describe('lifetimes by status', () => {
  const statuses = ['404: 10s', '5xx: 1s', '302: 1m'];

  /** Whether an answer is there for the next one, after so many seconds. */
  function isKept(status: string, afterSeconds: number, ...lines: string[]): boolean {
    const cache = cacheWith({ statuses });
    cache.ask('/a');
    cache.answer(lines, 'no', status);
    cache.nowMs += afterSeconds * 1000;
    const { body } = cache.ask('/a');
    return body === 'no';
  }

  test('keep what says nothing of it for as long as the rule says', () => {
    assert.ok(isKept('404 Not Found', 9));
    assert.ok(!isKept('404 Not Found', 10));
    assert.ok(isKept('302 Found', 59));
    assert.ok(isKept('500 Oops', 0));
    assert.ok(!isKept('500 Oops', 1));
    assert.ok(!isKept('400 Bad Request', 0));
  });

  test('give way to what the answer says', () => {
    assert.ok(isKept('404 Not Found', 50, 'Cache-Control: max-age=60'));
    for (const directive of ['no-store', 'private', 'no-cache', 'max-age=0']) {
      assert.ok(!isKept('404 Not Found', 1, `Cache-Control: ${directive}`), directive);
    }
    assert.ok(!isKept('500 Oops', 0, 'Vary: *'));
  });

  test('are read from rows, and refused where a row is none', () => {
    const { byStatus } = lifetimeRuleOf({ ...DEFAULT_LIFETIMES, statuses });
    assert.deepEqual([byStatus.get(404), byStatus.get(503), byStatus.get(302)], [10, 1, 60]);
    for (const row of ['404: 10', '404', '304: 1s', '1xx: 1s', '4044: 1s', '404: 1s 2s']) {
      assert.equal(lifetimeConflicts({ ...DEFAULT_LIFETIMES, statuses: [row] }).length, 1, row);
    }
    assert.deepEqual(lifetimeConflicts({ ...DEFAULT_LIFETIMES, statuses }), []);
  });
});

test('jitter lets what came at once become stale one by one, and nothing too late', () => {
  const cache = cacheWith({ jitter: 0.5 });
  for (let nth = 0; nth < 40; nth++) cache.fill(`/${nth}`, ['Cache-Control: max-age=100'], 'x');
  const freshAfter = (seconds: number): number => {
    cache.nowMs += seconds * 1000;
    const fresh = Array.from({ length: 40 }, (_, nth) => cache.ask(`/${nth}`)).filter(
      ({ ending }) => ending === 'whole',
    ).length;
    // Those that were not are answered by nobody.
    cache.asked.length = 0;
    return fresh;
  };
  assert.equal(freshAfter(49), 40);
  const some = freshAfter(26);
  assert.ok(some > 5 && some < 35, String(some));
  assert.equal(freshAfter(25), 0);
});

describe('early refresh', () => {
  /** A response whose fetch took a second. */
  function slow(earlyRefresh: number): TestCache {
    const cache = cacheWith({ earlyRefresh });
    cache.ask('/a');
    cache.nowMs += 1000;
    cache.answer(['Cache-Control: max-age=100', 'ETag: "a"'], 'one');
    return cache;
  }

  test('fetches anew what is about to be stale, once, while clients get what is there', () => {
    const cache = slow(5);
    assert.equal(cache.ask('/a').body, 'one');
    assert.equal(cache.asked.length, 0);
    cache.nowMs += 97_500;
    for (let nth = 0; nth < 20; nth++) assert.equal(cache.ask('/a').body, 'one');
    assert.equal(cache.asked.length, 1);
    assert.match(cache.request, /GET \/a/);
    cache.answer(['Cache-Control: max-age=100'], 'two');
    assert.equal(cache.ask('/a').body, 'two');
    assert.equal(cache.counts.earlyRefreshes, 1);
  });

  test('is not done unless a rule asks for it', () => {
    const cache = slow(0);
    cache.nowMs += 98_990;
    for (let nth = 0; nth < 20; nth++) cache.ask('/a');
    assert.equal(cache.asked.length, 0);
  });
});
