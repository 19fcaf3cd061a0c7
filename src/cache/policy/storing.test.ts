import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCacheControl } from './directives.ts';
import { fieldsOf } from './policy-fixture.ts';
import { readResponse } from './response-facts.ts';
import { whyNotStored } from './storing.ts';

interface Asked {
  readonly method?: string;
  readonly status?: number;
  readonly request?: string;
  readonly authorized?: boolean;
  readonly varyAny?: boolean;
}

function why(lines: readonly string[], asked: Asked = {}): string | undefined {
  const { method = 'GET', status = 200, request = '', authorized = false, varyAny = false } = asked;
  const facts = readResponse(status, fieldsOf(...lines), Date.UTC(2026, 10, 22));
  return whyNotStored(
    { method, directives: parseCacheControl(request), authorized },
    facts,
    varyAny,
  );
}

const control = (value: string): string[] => [`Cache-Control: ${value}`];

test('RFC 9111 section 3: each condition', () => {
  assert.equal(why([]), undefined);
  assert.equal(why(control('max-age=1'), { method: 'POST' }), 'method');
  assert.equal(why(control('max-age=1'), { method: 'get' }), 'method');
  assert.equal(why(control('max-age=1'), { status: 103 }), 'interim');
  assert.equal(why(control('max-age=1'), { status: 304 }), 'not-modified');
  assert.equal(why(control('max-age=1'), { request: 'no-store' }), 'request-no-store');
  assert.equal(why(control('max-age=1, no-store')), 'no-store');
  assert.equal(why(control('NO-STORE')), 'no-store');
  assert.equal(why(control('max-age=1, private')), 'private');
  assert.equal(why(control('max-age=1, private="set-cookie"')), undefined);
  assert.equal(why(control('max-age=1'), { varyAny: true }), 'vary-any');
});

test('section 3: a status that nobody caches by itself needs a time or public', () => {
  for (const status of [201, 302, 303, 307, 400, 403, 500, 503, 599]) {
    assert.equal(why([], { status }), 'not-cacheable', `${status}`);
    for (const lines of [
      control('public'),
      control('max-age=0'),
      control('s-maxage=1'),
      ['Expires: 0'],
      ['CDN-Cache-Control: max-age=1'],
    ]) {
      assert.equal(why(lines, { status }), undefined, `${status} ${lines.join()}`);
    }
  }
  for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]) {
    assert.equal(why([], { status }), undefined, `${status}`);
  }
});

test('section 3.5: with Authorization only what says so', () => {
  const authorized = true;
  assert.equal(why(control('max-age=1'), { authorized }), 'authorized');
  assert.equal(why([], { authorized }), 'authorized');
  for (const value of ['public', 'must-revalidate, max-age=1', 's-maxage=1']) {
    assert.equal(why(control(value), { authorized }), undefined, value);
  }
});

test('section 5.2.2.3: must-understand, with the no-store for those who do not know it', () => {
  assert.equal(why(control('must-understand, no-store, max-age=1')), undefined);
  assert.equal(why(control('must-understand, max-age=1'), { status: 299 }), 'must-understand');
  assert.equal(why(control('must-understand, no-store'), { status: 299 }), 'must-understand');
});

test('RFC 9213: what is targeted at us decides about storing', () => {
  const own = 'Cache-Control: no-store';
  assert.equal(why(['CDN-Cache-Control: max-age=1', own]), undefined);
  assert.equal(why(['CDN-Cache-Control: no-store', 'Cache-Control: max-age=1']), 'no-store');
  assert.equal(why(['CDN-Cache-Control: max-age=1,', own]), 'no-store');
});

test('no-store and private are obeyed in whatever company they stand', () => {
  const other = fc.constantFrom('public', 'max-age=9', 's-maxage=9', 'x="a,b"', 'y', 'no-cache');
  const others = fc.array(other, { maxLength: 6, size: 'max' });
  fc.assert(
    fc.property(others, others, fc.constantFrom('no-store', 'private'), (before, behind, word) => {
      assert.equal(why(control([...before, word, ...behind].join(', '))), word);
    }),
  );
});
