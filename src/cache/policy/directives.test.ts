import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DELTA_SECONDS_MAX, parseCacheControl, parseTargeted } from './directives.ts';

const maxAge = (list: string): number | undefined => parseCacheControl(list).seconds('max-age');

test('RFC 9111 section 5.2: names without case, arguments as tokens or quoted', () => {
  for (const list of [
    ...['max-age=60', 'MAX-AGE=60', 'Max-Age="60"', 'public, max-age=60', ' , ,max-age=60 ,'],
    ...['foo="a, max-age=1", max-age=60', 'a="\\", max-age=1", max-age=60', 'max-age=60,max-age=1'],
    ...['foo=bar, max-age=60', '=, max-age=60', '"max-age=1", max-age=60', 'x y, max-age=60'],
  ]) {
    assert.equal(maxAge(list), 60, list);
  }
});

test('section 4.2.1: a time that is none is not the time it looks like', () => {
  for (const list of [
    ...['max-age', 'max-age=', 'max-age=-1', 'max-age=60.5', 'max-age=1e3', 'max-age=0x10'],
    ...['max-age=60s', 'max-age= 60', 'max-age =60', 'max-age=60 1', "max-age='60'", 'max-age=+1'],
    'max-age="60',
  ]) {
    assert.ok(Number.isNaN(maxAge(list)), list);
  }
  assert.equal(maxAge('s-maxage=60'), undefined);
  assert.equal(maxAge('xmax-age=60'), undefined);
});

test('section 1.2.2: a time too great to be kept is the greatest', () => {
  assert.equal(maxAge('max-age=99999999999999999999'), DELTA_SECONDS_MAX);
  assert.equal(maxAge('max-age=0060'), 60);
});

test('sections 5.2.2.4 and 5.2.2.7: names of fields', () => {
  const { fieldNames } = {
    fieldNames: (list: string) => parseCacheControl(list).fieldNames('private'),
  };
  assert.deepEqual(fieldNames('private="Set-Cookie, X-A"'), ['set-cookie', 'x-a']);
  assert.deepEqual(fieldNames('private=x-a'), ['x-a']);
  for (const list of ['private', 'private=""', 'private=" , "', 'private="x-a']) {
    assert.equal(fieldNames(list), undefined, list);
    assert.ok(parseCacheControl(list).has('private'), list);
  }
});

test('section 5.2.3: directives that nobody knows change nothing about those that we know', () => {
  const known = fc.record({ seconds: fc.nat(100_000), noStore: fc.boolean() });
  const name = fc.stringMatching(/^x-[a-z0-9]{1,8}$/);
  const argument = fc.oneof(
    fc.constant(''),
    fc.stringMatching(/^=[a-z0-9.]{1,8}$/),
    fc.stringMatching(/^="[a-z0-9 ,=-]{0,20}"$/),
  );
  const extensions = fc.array(fc.tuple(name, argument), { size: 'max', maxLength: 5 });
  fc.assert(
    fc.property(known, extensions, fc.nat(5), ({ seconds, noStore }, others, at) => {
      const list = others.map(([key, value]) => key + value);
      list.splice(at, 0, `max-age=${seconds}`, ...(noStore ? ['no-store'] : []));
      const directives = parseCacheControl(list.join(', '));
      assert.equal(directives.seconds('max-age'), seconds);
      assert.equal(directives.has('no-store'), noStore);
    }),
  );
});

test('RFC 9213 section 2.1: a Dictionary, or nothing', () => {
  assert.equal(parseTargeted('max-age=60')?.seconds('max-age'), 60);
  assert.equal(parseTargeted('max-age=60;a=b, no-store')?.has('no-store'), true);
  assert.equal(parseTargeted('max-age=1, max-age=60')?.seconds('max-age'), 60);
  assert.equal(parseTargeted('no-store=?0, max-age=1')?.has('no-store'), false);
  assert.deepEqual(parseTargeted('no-cache="a, b"')?.fieldNames('no-cache'), ['a', 'b']);
  for (const list of ['', ' ', 'max-age=60,', 'Max-Age=60', 'max-age = 60', 'max-age=60 s', '&']) {
    assert.equal(parseTargeted(list), null, list);
  }
  for (const list of ['max-age="60"', 'max-age=60.0', 'max-age=a', 'max-age', 'max-age=-1']) {
    assert.ok(Number.isNaN(parseTargeted(list)?.seconds('max-age')), list);
  }
});
