import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashAddress, hashRange, hashText, mix32, NO_KEY } from './hash.ts';
import { type Found, findCookie, findQuery, hashCookie, hashQuery } from './pairs.ts';

function cookie(text: string, name: string): string | undefined {
  const buf = Buffer.from(`<${text}>`, 'latin1');
  const found: Found = { start: 0, length: 0 };
  if (!findCookie(buf, 1, buf.length - 2, Buffer.from(name), found)) return undefined;
  return buf.toString('latin1', found.start, found.start + found.length);
}

test('hashes are those of every other node and version: they never change', () => {
  assert.equal(hashText(''), 0);
  const texts = ['a', 'web-1', '192.0.2.1', 'session=abcdefghijklmnop'];
  assert.deepEqual(
    texts.map((text) => hashText(text)),
    [1009084850, 583756752, 3784283424, 2009312075],
  );
});

test('an address mapped into IPv6 hashes as itself', () => {
  assert.equal(hashAddress('::ffff:192.0.2.1'), hashAddress('192.0.2.1'));
  assert.notEqual(hashAddress('192.0.2.1'), hashAddress('192.0.2.2'));
  assert.equal(hashText('2001:db8::1'), hashAddress('2001:db8::1'));
});

test('a text hashes as its bytes wherever they lie', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(9), (text, offset) => {
      const bytes = Buffer.from(text);
      const buf = Buffer.concat([Buffer.alloc(offset, 1), bytes]);
      assert.equal(hashRange(buf, offset, bytes.length), hashText(text));
    }),
  );
});

test('mixing loses nothing: different numbers stay different', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (a, b) => {
      assert.equal(mix32(a) === mix32(b), a === b);
    }),
  );
});

test('a cookie is found by its whole name, with or without blanks and quotes', () => {
  assert.equal(cookie('a=1; sid=xyz; b=2', 'sid'), 'xyz');
  assert.equal(cookie('sid=xyz', 'sid'), 'xyz');
  assert.equal(cookie('a=1;sid="x z" ', 'sid'), 'x z');
  assert.equal(cookie('xsid=1; sidx=2; sid', 'sid'), undefined);
  assert.equal(cookie('sid=a=b; sid=c', 'sid'), 'a=b');
  assert.equal(cookie('', 'sid'), undefined);
  assert.equal(cookie('SID=1', 'sid'), undefined);
});

test('nothing outside the field is looked at', () => {
  const buf = Buffer.from('a=1; sid=secret');
  const found: Found = { start: 0, length: 0 };
  for (let length = 0; length < 9; length++) {
    assert.equal(findCookie(buf, 0, length, Buffer.from('sid'), found), false);
  }
});

test('any list of pairs gives the first value of each name', () => {
  const word = fc.stringMatching(/^[a-c]{1,2}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(word, word), { maxLength: 6 }), word, (pairs, name) => {
      const expected = pairs.find(([each]) => each === name)?.[1];
      assert.equal(cookie(pairs.map((pair) => pair.join('=')).join('; '), name), expected);
      const query = Buffer.from(pairs.map((pair) => pair.join('=')).join('&'));
      const found: Found = { start: 0, length: 0 };
      const there = findQuery(query, 0, query.length, Buffer.from(name), found);
      const value = query.toString('latin1', found.start, found.start + found.length);
      assert.equal(there ? value : undefined, expected);
      const hashed = hashQuery(query, 0, query.length, Buffer.from(name));
      assert.equal(hashed, expected === undefined ? NO_KEY : hashText(expected));
    }),
  );
});

test('an empty cookie is no key', () => {
  const buf = Buffer.from('sid=; a=1');
  assert.equal(hashCookie(buf, 0, buf.length, Buffer.from('sid')), NO_KEY);
  assert.equal(hashCookie(buf, 0, buf.length, Buffer.from('a')), hashText('1'));
});
