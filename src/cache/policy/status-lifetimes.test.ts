import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freshnessLifetime } from './freshness.ts';
import { fieldsOf } from './policy-fixture.ts';
import { readResponse } from './response-facts.ts';
import { lifetimeByStatus, type StatusLifetimes, statusLifetimes } from './status-lifetimes.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();
const rule = statusLifetimes([
  ['404', 10],
  ['4xx', 5],
  ['5xx', 1],
  ['200', 60],
]) as StatusLifetimes;

function secondsOf(status: number, ...lines: string[]): number | undefined {
  const facts = readResponse(status, fieldsOf(...lines), NOW);
  const heuristics = { share: 0.1, secondsMax: 86_400 };
  const exchanged = { requestMs: NOW, responseMs: NOW };
  return lifetimeByStatus(facts, freshnessLifetime(facts, exchanged, heuristics), rule);
}

test('a status by itself goes before its hundred, in any order', () => {
  assert.equal(secondsOf(404), 10);
  assert.equal(secondsOf(410), 5);
  assert.equal(secondsOf(503), 1);
  assert.equal(secondsOf(200), 60);
  assert.equal(secondsOf(301), undefined);
});

test('what an answer says itself is obeyed, a heuristic is not', () => {
  assert.equal(secondsOf(404, 'Cache-Control: max-age=1'), undefined);
  assert.equal(secondsOf(404, 'Cache-Control: max-age=never'), undefined);
  assert.equal(secondsOf(404, 'Expires: 0'), undefined);
  for (const directive of ['no-store', 'no-cache', 'private']) {
    assert.equal(secondsOf(404, `Cache-Control: ${directive}`), undefined, directive);
  }
  assert.equal(secondsOf(404, `Last-Modified: ${at(-1000)}`), 10);
  assert.equal(secondsOf(404, 'Cache-Control: public'), 10);
});

test('parts, validations and questions for credentials are never kept by status', () => {
  const all = statusLifetimes([
    ['2xx', 9],
    ['3XX', 9],
    ['4xx', 9],
  ]) as StatusLifetimes;
  for (const status of [206, 304, 401, 407]) {
    assert.equal(all.get(status), undefined);
    assert.equal(statusLifetimes([[String(status), 9]]), null);
  }
  assert.equal(all.get(302), 9);
});

test('what is no status is refused', () => {
  for (const pattern of ['', '40', '4x4', '1xx', '100', '600', '404 ', 'xx4', '4040']) {
    assert.equal(statusLifetimes([[pattern, 1]]), null, pattern);
  }
});
