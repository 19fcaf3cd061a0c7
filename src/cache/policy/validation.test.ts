import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotModified } from './conditional.ts';
import { invalidatedBy } from './invalidation.ts';
import { fieldsOf } from './policy-fixture.ts';
import {
  isAbout,
  parseEntityTags,
  stronglyEqual,
  validatorsOf,
  weaklyEqual,
} from './validation.ts';
import { variantOf, varyNames } from './vary.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

test('RFC 9110 section 8.8.3.2: the table of comparisons', () => {
  for (const [a, b, strong, weak] of [
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', '"1"', true, true],
    ['"1"', '"2"', false, false],
  ] as const) {
    assert.equal(stronglyEqual(a, b), strong);
    assert.equal(weaklyEqual(a, b), weak);
  }
});

test('RFC 9110 section 13.1.2: lists of entity tags', () => {
  assert.deepEqual(parseEntityTags('"a", W/"b,c" ,"",'), ['"a"', 'W/"b,c"', '""']);
  assert.equal(parseEntityTags(' * '), '*');
  for (const list of ['', 'a', '"a', '"a" "b"', 'w/"a"', '*, "a"', '"a", b']) {
    assert.equal(parseEntityTags(list), null, list);
  }
});

test('RFC 9111 section 4.3.2: what a client has is answered 304', () => {
  const times = { lastModifiedMs: NOW - 50_000, dateMs: NOW };
  const asked = (line: string, etag: string | undefined = '"a"', moments = times): boolean =>
    isNotModified(fieldsOf(line), { etag, lastModified: undefined }, moments, NOW);
  assert.ok(asked('If-None-Match: "x", "a"'));
  assert.ok(asked('If-None-Match: W/"a"'));
  assert.ok(asked('If-None-Match: *', undefined));
  assert.ok(!asked('If-None-Match: "x"'));
  assert.ok(!asked('If-None-Match: a'));
  assert.ok(asked(`If-Modified-Since: ${at(-50)}`));
  assert.ok(asked(`If-Modified-Since: ${at(0)}`));
  assert.ok(!asked(`If-Modified-Since: ${at(-51)}`));
  assert.ok(!asked('If-Modified-Since: yesterday'));
  assert.ok(asked(`If-Modified-Since: ${at(0)}`, '"a"', { ...times, lastModifiedMs: Number.NaN }));
  // RFC 9110 section 13.1.3: If-None-Match makes the date of no account.
  const both = fieldsOf('If-None-Match: "x"', `If-Modified-Since: ${at(0)}`);
  assert.ok(!isNotModified(both, { etag: '"a"', lastModified: undefined }, times, NOW));
  assert.ok(!asked('If-Match: "x"'));
});

test('section 4.3.4: which stored response a 304 is about', () => {
  const about = (notModified: string[], stored: string[]): boolean =>
    isAbout(validatorsOf(fieldsOf(...notModified)), validatorsOf(fieldsOf(...stored)));
  assert.ok(about(['ETag: "a"'], ['ETag: "a"']));
  assert.ok(!about(['ETag: "b"'], ['ETag: "a"']));
  assert.ok(!about(['ETag: "a"'], ['ETag: W/"a"']));
  assert.ok(about(['ETag: W/"a"'], ['ETag: "a"']));
  assert.ok(!about(['ETag: "a"'], []));
  assert.ok(about([`Last-Modified: ${at(0)}`], [`Last-Modified: ${at(0)}`]));
  assert.ok(!about([`Last-Modified: ${at(1)}`], [`Last-Modified: ${at(0)}`]));
  assert.ok(about([], ['ETag: "a"']));
  assert.equal(validatorsOf(fieldsOf('ETag: a')).etag, undefined);
});

test('section 4.4: unsafe requests that went well invalidate their URI and those they name', () => {
  const target = 'http://a.test/x?y';
  const of = (method: string, status: number, ...lines: string[]) =>
    invalidatedBy(method, target, status, fieldsOf(...lines));
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) assert.deepEqual(of(method, 200), []);
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'FOO']) {
    assert.deepEqual(of(method, 204), [target]);
    assert.deepEqual(of(method, 302), [target]);
    assert.deepEqual(of(method, 404), []);
    assert.deepEqual(of(method, 500), []);
  }
  const uris = of('POST', 201, 'Location: /new#part', 'Content-Location: z');
  assert.deepEqual(uris, [target, 'http://a.test/new', 'http://a.test/z']);
  for (const other of ['http://b.test/x', 'https://a.test/x', '//b.test/', 'http://a.test:81/']) {
    assert.deepEqual(of('POST', 201, `Location: ${other}`), [target], other);
  }
});

test('section 4.1: the variant that a request asks for', () => {
  assert.deepEqual(varyNames(fieldsOf('Vary: B, a', 'Vary: b,,')), ['a', 'b']);
  assert.deepEqual(varyNames(fieldsOf()), []);
  assert.equal(varyNames(fieldsOf('Vary: a, *')), null);
  const many = Array.from({ length: 33 }, (_, i) => `x${i}`).join();
  assert.equal(varyNames(fieldsOf(`Vary: ${many}`)), null);
  const variant = (...lines: string[]): string =>
    variantOf(['a', 'b'], fieldsOf(...lines), new Map());
  assert.equal(variant('A: 1,2', 'B: x'), variant('b: x', 'a: 1', 'a: 2'));
  assert.equal(variant('A: 1 , 2'), variant('A: 1,2'));
  assert.notEqual(variant('A: 1 2'), variant('A: 12'));
  assert.notEqual(variant('A:'), variant());
  assert.notEqual(variant('A: 1'), variant('B: 1'));
  const lower = new Map([['a', (value: string) => value.toLowerCase()]]);
  const one = variantOf(['a'], fieldsOf('A: X'), lower);
  assert.equal(one, variantOf(['a'], fieldsOf('A: x'), lower));
});
