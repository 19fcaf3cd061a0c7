import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldName, isWithin, nameOf, nameText, parentOf, ROOT, readName } from './name.ts';

const label = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 63 });
const names = fc
  .array(label, { maxLength: 5 })
  .map((labels) => labels.map((each) => String.fromCharCode(each.length) + each).join('') + ROOT)
  .filter((name) => name.length <= 255);

test('a name is its labels with their lengths, the root at its end', () => {
  assert.equal(nameOf('www.example.com'), '\x03www\x07example\x03com\0');
  assert.equal(nameOf('www.example.com.'), '\x03www\x07example\x03com\0');
  assert.equal(nameOf('www', nameOf('Example.com')!), '\x03www\x07Example\x03com\0');
  assert.equal(nameOf('@', nameOf('example.com')!), '\x07example\x03com\0');
  assert.equal(nameOf('.'), ROOT);
  assert.equal(nameOf('a\\.b\\046c.d'), '\x05a.b.c\x01d\0');
});

test('what is no name is refused', () => {
  const long = 'a'.repeat(64);
  for (const text of ['', '..', 'a..b', '.a', long, `${'a.'.repeat(127)}aa`, 'a\\', 'a\\25', 'ж']) {
    assert.equal(nameOf(text), null, text);
  }
  assert.notEqual(nameOf('a.'.repeat(127)), null);
});

test('every name comes back from its text and from its bytes', () => {
  fc.assert(
    fc.property(names, (name) => {
      assert.equal(nameOf(`${nameText(name)}${name === ROOT ? '' : '.'}`), name);
      const bytes = Buffer.from(name, 'latin1');
      assert.deepEqual(readName(bytes, 0, bytes.length), { name, next: bytes.length });
    }),
  );
});

test('a name is within its parents and in no name that only ends alike', () => {
  const name = nameOf('a.b.example.com')!;
  assert.equal(isWithin(name, nameOf('example.com')!), true);
  assert.equal(isWithin(name, name), true);
  assert.equal(isWithin(name, ROOT), true);
  assert.equal(isWithin(nameOf('example.com')!, name), false);
  assert.equal(isWithin(nameOf('notexample.com')!, nameOf('example.com')!), false);
  // The octets of the zone stand within a label: \x03 is one of its letters.
  assert.equal(isWithin('\x05x\x03abc\0', '\x03abc\0'), false);
  assert.equal(parentOf(name), nameOf('b.example.com'));
  assert.equal(parentOf(ROOT), ROOT);
  assert.equal(foldName('\x03WwW\0'), '\x03www\0');
});

test('pointers are followed backwards only, so that no name is without end', () => {
  const bytes = Buffer.alloc(32);
  bytes.write('\x01a\0', 12, 'latin1');
  bytes.set([1, 0x62, 0xc0, 12], 15);
  assert.deepEqual(readName(bytes, 15, 32), { name: '\x01b\x01a\0', next: 19 });
  for (const [at, target] of [
    [20, 20],
    [20, 22],
    [20, 4],
  ] as const) {
    bytes.set([0xc0, target], at);
    assert.equal(readName(bytes, at, 32), null, `${at} to ${target}`);
  }
  bytes.set([1, 0x63, 0xc0, 24], 24);
  assert.equal(readName(bytes, 24, 32), null, 'to its own beginning');
  bytes.set([0x40, 1, 0], 28);
  assert.equal(readName(bytes, 28, 32), null, 'a kind of label that there is no more');
});
