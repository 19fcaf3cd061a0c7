import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RemoteException } from './errors.ts';
import { readAnyPath, readName, readPath, showName } from './names.ts';

const raw = fc.oneof(
  fc.constantFrom('', '.', '..', 'a', '%00', '%00f:a', '%00e:', '%00%00', '%00n:.'),
  fc.string().map((text) => text.replaceAll('/', '')),
);

test('a name that is shown is read as itself, and no two names look alike', () => {
  fc.assert(
    fc.property(raw, fc.boolean(), raw, fc.boolean(), (one, isBeside, other, isOtherBeside) => {
      const shown = showName(one, isBeside);
      assert.deepEqual(readName(shown), { name: one, facet: isBeside ? 'file' : 'any' });
      const isSame = one === other && isBeside === isOtherBeside;
      assert.equal(shown === showName(other, isOtherBeside), isSame);
    }),
  );
});

test('names that every path can have are shown as they are', () => {
  for (const name of ['a', 'a b', '...', 'a%00', 'é']) assert.equal(showName(name, false), name);
});

test('a path is cut into names, and what is none is refused', () => {
  assert.deepEqual(
    readPath('//a/b%/').map(({ name }) => name),
    ['a', 'b%'],
  );
  assert.deepEqual(readAnyPath('/a/.snapshot/%00s/%00n:.snapshot'), {
    names: [{ name: 'a', facet: 'any' }],
    snapshot: { name: '%00s', below: [{ name: '.snapshot', facet: 'any' }] },
  });
  for (const path of ['a', '/a/../b', '/.', '/a/%00x', '/%00n:a']) {
    assert.throws(() => readPath(path), RemoteException, path);
  }
});
