import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codingWeights, normaliseAcceptEncoding } from './accept-encoding.ts';
import { cacheStatus } from './cache-status.ts';
import { parseDictionary } from './structured-dictionary.ts';

test('RFC 9110 section 12.5.3: requests that accept the same are the same', () => {
  const same = (a: string, b: string): void =>
    assert.equal(normaliseAcceptEncoding(a), normaliseAcceptEncoding(b), `${a} / ${b}`);
  same('gzip, deflate, br, zstd', 'zstd,br , gzip;q=1.0');
  same('gzip', 'x-gzip, compress');
  same('', 'identity;q=0.001');
  same('*', 'zstd, br, gzip');
  same('br;q=0.5, gzip;q=0.5', 'GZIP; Q=0.2, BR; Q=0.2');
  assert.equal(normaliseAcceptEncoding('gzip, br;q=0.9'), 'gzip,br,identity');
  assert.equal(normaliseAcceptEncoding('br;q=0, gzip'), 'gzip,identity');
  assert.equal(normaliseAcceptEncoding('*;q=0, br'), 'br');
  assert.equal(normaliseAcceptEncoding('identity;q=0, gzip'), 'gzip');
  assert.equal(normaliseAcceptEncoding('identity, gzip;q=0.5'), 'identity,gzip');
});

test('section 12.4.2: weights, and what is none', () => {
  assert.equal(codingWeights('gzip;q=0.5').gzip, 0.5);
  assert.equal(codingWeights('gzip;q=7').gzip, 1);
  assert.equal(codingWeights('gzip;q=a').gzip, 1);
  assert.equal(codingWeights('gzip;level=1;q=0').gzip, 0);
  assert.equal(codingWeights(undefined).gzip, 0);
  assert.ok(codingWeights(undefined).identity > 0);
});

test('RFC 9211 section 2: what is said of a request is an item with parameters', () => {
  assert.equal(cacheStatus('Plinth', { hit: true, ttlSeconds: 12.7 }), 'Plinth; hit; ttl=12');
  assert.equal(
    cacheStatus('Plinth', { hit: false, forwarded: 'stale', forwardStatus: 304, collapsed: true }),
    'Plinth; fwd=stale; fwd-status=304; collapsed',
  );
  const whole = cacheStatus('Plinth', {
    ...{ hit: false, forwarded: 'uri-miss', stored: true, ttlSeconds: -3 },
    ...{ key: 'http://a.test/"\\ü\n', detail: 'x' },
  });
  assert.equal(
    whole,
    'Plinth; fwd=uri-miss; ttl=-3; stored; key="http://a.test/\\"\\\\??"; detail="x"',
  );
  // An item stands wherever a member's value may.
  assert.notEqual(parseDictionary(`a=${whole}`), null);
});
