import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCacheControl } from './directives.ts';
import { decideReuse, mayServeOnError, type ReuseReason, type StoredFreshness } from './reuse.ts';

const NOW = 1_000_000_000;

interface Case {
  readonly age: number;
  readonly lifetime?: number;
  readonly response?: string;
  readonly invalidated?: boolean;
}

function stored({
  age,
  lifetime = 100,
  response = '',
  invalidated = false,
}: Case): StoredFreshness {
  return {
    ...{ lifetimeSeconds: lifetime, initialAgeSeconds: age - 10, responseMs: NOW - 10_000 },
    ...{ directives: parseCacheControl(response), invalidated },
  };
}

const decide = (request: string, which: Case) =>
  decideReuse(parseCacheControl(request), stored(which), NOW);

function holds(request: string, which: Case, verdict: string, reason: ReuseReason): void {
  const found = decide(request, which);
  const wanted = { verdict, reason, ageSeconds: which.age };
  assert.deepEqual(found, wanted, `${request} / ${JSON.stringify(which)}`);
}

test('RFC 9111 section 4.2: fresh until its age reaches its lifetime', () => {
  holds('', { age: 99 }, 'use', 'fresh');
  holds('', { age: 100 }, 'validate', 'stale');
  holds('', { age: 99, invalidated: true }, 'validate', 'stale');
});

test('section 5.2.1: what the request wants', () => {
  holds('no-cache', { age: 10 }, 'validate', 'request-no-cache');
  holds('max-age=9', { age: 10 }, 'validate', 'request-max-age');
  holds('max-age=10', { age: 10 }, 'use', 'fresh');
  holds('max-age=0', { age: 10 }, 'validate', 'request-max-age');
  holds('min-fresh=90', { age: 10 }, 'use', 'fresh');
  holds('min-fresh=91', { age: 10 }, 'validate', 'min-fresh');
  holds('max-stale', { age: 5000 }, 'use', 'max-stale');
  holds('max-stale=20', { age: 120 }, 'use', 'max-stale');
  holds('max-stale=19', { age: 120 }, 'validate', 'stale');
  holds('max-stale=a', { age: 120 }, 'validate', 'stale');
  holds('max-stale, max-age=110', { age: 120 }, 'validate', 'stale');
  holds('max-age=a', { age: 10 }, 'use', 'fresh');
});

test('section 5.2.2: what the response wants goes before', () => {
  holds('', { age: 10, response: 'no-cache' }, 'validate', 'no-cache');
  holds('', { age: 10, response: 'no-cache="x"' }, 'use', 'fresh');
  for (const response of ['must-revalidate', 'proxy-revalidate', 's-maxage=100']) {
    holds('max-stale', { age: 101, response }, 'validate', 'stale');
    holds('', { age: 101, response: `${response}, stale-while-revalidate=9` }, 'validate', 'stale');
    holds('', { age: 99, response }, 'use', 'fresh');
  }
});

test('RFC 5861 section 3: stale while it is revalidated, within its window', () => {
  const response = 'stale-while-revalidate=20';
  holds('', { age: 120, response }, 'background', 'stale-while-revalidate');
  holds('', { age: 121, response }, 'validate', 'stale');
  holds('', { age: 120, response, invalidated: true }, 'validate', 'stale');
  holds('max-age=110', { age: 120, response }, 'validate', 'stale');
  holds('', { age: 120, response: 'stale-while-revalidate=a' }, 'validate', 'stale');
});

test('RFC 5861 section 4: stale on error, as the request, the response or our grace allows', () => {
  const may = (request: string, which: Case, graceSeconds = 0): boolean =>
    mayServeOnError(parseCacheControl(request), stored(which), { graceSeconds }, NOW);
  assert.ok(may('', { age: 120, response: 'stale-if-error=20' }));
  assert.ok(!may('', { age: 121, response: 'stale-if-error=20' }, 1000));
  assert.ok(may('stale-if-error=30', { age: 121, response: 'stale-if-error=20' }));
  assert.ok(may('', { age: 150 }, 50));
  assert.ok(!may('', { age: 151 }, 50));
  assert.ok(!may('', { age: 150, response: 'must-revalidate' }, 50));
  assert.ok(!may('', { age: 150, response: 'no-cache' }, 50));
  assert.ok(!may('', { age: 50, invalidated: true }, 1000));
  assert.ok(!may('', { age: 120, response: 'stale-if-error=a' }, 1000));
});

test('section 4.2.4: what must be revalidated is never used stale, whoever wants it', () => {
  const request = fc.constantFrom(
    '',
    'max-stale',
    'max-stale=999',
    'stale-if-error=999',
    'max-age=9',
  );
  const rule = fc.constantFrom('must-revalidate', 'proxy-revalidate', 's-maxage=5', 'no-cache');
  const more = fc.constantFrom(
    '',
    ', stale-while-revalidate=999',
    ', stale-if-error=999',
    ', public',
  );
  fc.assert(
    fc.property(request, rule, more, fc.nat(500), (asks, says, also, beyond) => {
      const which = { age: 100 + beyond, response: says + also };
      assert.equal(decide(asks, which).verdict, 'validate');
      const error = mayServeOnError(
        parseCacheControl(asks),
        stored(which),
        { graceSeconds: 999 },
        NOW,
      );
      assert.ok(!error);
    }),
  );
});
