import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { freshnessLifetime, initialAge, type LifetimeSource } from './freshness.ts';
import { fieldsOf } from './policy-fixture.ts';
import { readResponse } from './response-facts.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();
const heuristics = { share: 0.1, secondsMax: 86_400 };

function lifetimeOf(status: number, ...lines: string[]): [LifetimeSource, number] {
  const facts = readResponse(status, fieldsOf(...lines), NOW);
  const exchanged = { requestMs: NOW, responseMs: NOW };
  const { source, seconds } = freshnessLifetime(facts, exchanged, heuristics);
  return [source, seconds];
}

test('RFC 9111 section 4.2.1: s-maxage before max-age before Expires', () => {
  const date = `Date: ${at(0)}`;
  const expires = `Expires: ${at(100)}`;
  assert.deepEqual(lifetimeOf(200, 'Cache-Control: max-age=1, s-maxage=2', date, expires), [
    's-maxage',
    2,
  ]);
  assert.deepEqual(lifetimeOf(200, 'Cache-Control: max-age=1', date, expires), ['max-age', 1]);
  assert.deepEqual(lifetimeOf(200, 'Cache-Control: public', date, expires), ['expires', 100]);
  assert.deepEqual(lifetimeOf(500, 'Cache-Control: max-age=0', date, expires), ['max-age', 0]);
});

test('section 4.2: what says nothing that can be read is stale, not heuristic', () => {
  const modified = `Last-Modified: ${at(-1000)}`;
  assert.deepEqual(lifetimeOf(200, 'Cache-Control: max-age=a', modified), ['max-age', 0]);
  assert.deepEqual(lifetimeOf(200, 'Cache-Control: s-maxage=, max-age=9', modified), [
    's-maxage',
    0,
  ]);
  for (const value of ['0', '-1', '', 'tomorrow', at(50).replace('GMT', 'UTC')]) {
    assert.deepEqual(lifetimeOf(200, `Expires: ${value}`, modified), ['expires', 0], value);
  }
});

test('section 5.3: Expires is counted from Date, and from now without one', () => {
  assert.deepEqual(lifetimeOf(200, `Date: ${at(-50)}`, `Expires: ${at(50)}`), ['expires', 100]);
  assert.deepEqual(lifetimeOf(200, `Expires: ${at(50)}`), ['expires', 50]);
  assert.deepEqual(lifetimeOf(200, 'Date: a', `Expires: ${at(50)}`), ['expires', 50]);
  assert.deepEqual(lifetimeOf(200, `Date: ${at(0)}`, `Expires: ${at(-50)}`), ['expires', 0]);
});

test('section 4.2.2: heuristics by Last-Modified, for statuses that allow it or with public', () => {
  const fields = [`Date: ${at(0)}`, `Last-Modified: ${at(-1000)}`];
  assert.deepEqual(lifetimeOf(200, ...fields), ['heuristic', 100]);
  assert.deepEqual(lifetimeOf(404, ...fields), ['heuristic', 100]);
  assert.deepEqual(lifetimeOf(302, ...fields), ['none', 0]);
  assert.deepEqual(lifetimeOf(302, 'Cache-Control: public', ...fields), ['heuristic', 100]);
  assert.deepEqual(lifetimeOf(200, `Date: ${at(0)}`), ['none', 0]);
  assert.deepEqual(lifetimeOf(200, `Date: ${at(0)}`, `Last-Modified: ${at(1000)}`), ['none', 0]);
  assert.deepEqual(lifetimeOf(200, `Last-Modified: ${at(-1e8)}`), ['heuristic', 86_400]);
});

test('RFC 9213 section 2.2: a targeted field decides alone, one that cannot be read not at all', () => {
  const expires = `Expires: ${at(100)}`;
  const own = 'Cache-Control: max-age=7';
  assert.deepEqual(lifetimeOf(200, 'CDN-Cache-Control: max-age=5', own, expires), ['max-age', 5]);
  assert.deepEqual(lifetimeOf(200, 'CDN-Cache-Control: public', own, expires), ['none', 0]);
  assert.deepEqual(lifetimeOf(200, 'CDN-Cache-Control: max-age=5,', own), ['max-age', 7]);
  assert.deepEqual(lifetimeOf(200, 'CDN-Cache-Control:', own), ['max-age', 7]);
});

test('section 4.2.3: the age is the greater of what dates and what caches say', () => {
  const ageOf = (requestMs: number, ...lines: string[]): number =>
    initialAge(readResponse(200, fieldsOf(...lines), NOW), { requestMs, responseMs: NOW });
  assert.equal(ageOf(NOW, `Date: ${at(0)}`), 0);
  assert.equal(ageOf(NOW, `Date: ${at(-30)}`), 30);
  assert.equal(ageOf(NOW, `Date: ${at(30)}`), 0);
  assert.equal(ageOf(NOW - 4000, `Date: ${at(0)}`, 'Age: 10'), 14);
  assert.equal(ageOf(NOW - 4000, `Date: ${at(-30)}`, 'Age: 10'), 30);
  assert.equal(ageOf(NOW), 0);
  // Section 5.1: the first of several, and nothing of what is no time.
  for (const [value, age] of [
    ['7, 99', 7],
    ['007', 7],
    ['-7', 0],
    ['7.5', 0],
    ['a, 7', 0],
    ['', 0],
    ['99999999999', 99_999_999_999],
  ] as const) {
    assert.equal(ageOf(NOW, `Age: ${value}`), age, value);
  }
});

test('whatever the fields say, ages and lifetimes are times', () => {
  const value = fc.oneof(
    fc.constantFrom(at(0), at(-5), at(5), '0', '-1', '5', 'max-age=5', 'max-age', 'a="', ',,', '"'),
    fc.string({ unit: fc.constantFrom(...'0159=,"a-.: '), maxLength: 12 }),
  );
  const names = ['Date', 'Expires', 'Age', 'Last-Modified', 'Cache-Control', 'CDN-Cache-Control'];
  const line = fc.tuple(fc.constantFrom(...names), value).map((parts) => parts.join(': '));
  fc.assert(
    fc.property(fc.array(line, { size: 'max', maxLength: 8 }), fc.nat(10_000), (lines, delayMs) => {
      const facts = readResponse(200, fieldsOf(...lines), NOW);
      const exchanged = { requestMs: NOW - delayMs, responseMs: NOW };
      assert.ok(initialAge(facts, exchanged) >= delayMs / 1000);
      assert.ok(freshnessLifetime(facts, exchanged, heuristics).seconds >= 0);
    }),
  );
});
