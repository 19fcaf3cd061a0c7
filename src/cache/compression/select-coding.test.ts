import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codingWeights } from '../policy/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import type { CodingsAtHand } from './choose-coding.ts';
import { selectCoding } from './select-coding.ts';

const plain = { original: 'identity', made: ['br'], notMade: [], convertible: true } as const;

/** The coding served and whether ranges are of it. */
function select(
  lines: readonly string[],
  { etag = '"a"', accepts = 'br, gzip', atHand = {} as Partial<CodingsAtHand> } = {},
): unknown {
  const stored = { ...plain, ...atHand };
  const tag = etag === '' ? undefined : etag;
  const weights = codingWeights(accepts);
  const selected = selectCoding(fieldsOf(...lines), weights, tag, stored, ['br', 'gzip']);
  return [selected.serve, selected.ranges];
}

const RANGE = 'Range: bytes=0-9';
const DATE = 'If-Range: Sun, 06 Nov 1994 08:49:37 GMT';

test('without Range the best coding at hand is served', () => {
  assert.deepEqual(select([]), ['br', false]);
  assert.deepEqual(select(['If-Range: "a;br"']), ['br', false]);
});

test('a range is cut from what came, if the client takes that', () => {
  assert.deepEqual(select([RANGE]), ['identity', true]);
  assert.deepEqual(select([RANGE], { accepts: 'br, identity;q=0' }), ['br', true]);
  const gzip = { original: 'gzip', made: ['identity'] } as const;
  assert.deepEqual(select([RANGE], { atHand: gzip }), ['gzip', true]);
  assert.deepEqual(select([RANGE], { atHand: gzip, accepts: 'br' }), ['identity', true]);
});

test('RFC 9110 section 13.1.5: If-Range names the bytes that the client has the beginning of', () => {
  assert.deepEqual(select([RANGE, 'If-Range: "a;br"']), ['br', true]);
  assert.deepEqual(select([RANGE, 'If-Range: "a"']), ['identity', true]);
  // It is not there, or not accepted any more: everything is sent.
  assert.deepEqual(select([RANGE, 'If-Range: "a;gzip"']), ['br', false]);
  assert.deepEqual(select([RANGE, 'If-Range: "a;br"'], { accepts: 'gzip' }), ['identity', false]);
});

test('a date tells nothing of codings', () => {
  assert.deepEqual(select([RANGE, DATE], { etag: '' }), ['br', false]);
  assert.deepEqual(select([RANGE, DATE], { etag: 'W/"a"' }), ['br', false]);
  assert.deepEqual(select([RANGE, DATE]), ['br', false]);
  const fixed = { convertible: false, made: [] };
  for (const etag of ['', '"a"']) {
    assert.deepEqual(select([RANGE, DATE], { etag, atHand: fixed }), ['identity', true]);
  }
});
