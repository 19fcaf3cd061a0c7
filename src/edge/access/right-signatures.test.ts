import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ReceivedPolicy, readPolicy, type SignedThing } from './policy.ts';
import { RightSignatures } from './right-signatures.ts';
import { signUrl } from './sign.ts';

const SECRET = 'a secret that is long enough';

function signed(path: string): { received: ReceivedPolicy; thing: SignedThing } {
  const key = { name: 'k1', secret: SECRET };
  const url = new URL(signUrl(`https://www.test${path}`, { key, until: 4_000_000_000 }));
  const received = readPolicy(url.search.slice('?token='.length)) as ReceivedPolicy;
  return { received, thing: { method: 'GET', host: 'www.test', path, query: '' } };
}

test('a right signature is right again, and for nothing else than it is over', () => {
  const right = new RightSignatures();
  const { received, thing } = signed('/film');
  assert.equal(right.isRight(received, thing, SECRET), true);
  assert.equal(right.isRight(received, thing, SECRET), true);
  for (const [name, value] of [
    ['method', 'PUT'],
    ['host', 'other.test'],
    ['path', '/other'],
    ['query', 'a=1'],
  ] as const) {
    assert.equal(right.isRight(received, { ...thing, [name]: value }, SECRET), false, name);
  }
  const later = { ...received, unsigned: received.unsigned.replace('4000000000', '4000000001') };
  assert.equal(right.isRight(later, thing, SECRET), false);
  assert.equal(right.size, 1, 'wrong ones are not held');
});

test('a wrong signature stays wrong however often it comes', () => {
  const right = new RightSignatures();
  const { received, thing } = signed('/film');
  const wrong = { ...received, signature: signed('/other').received.signature };
  for (let i = 0; i < 3; i++) assert.equal(right.isRight(wrong, thing, SECRET), false);
  assert.equal(right.size, 0);
});

test('no more than two halves are held, and what is forgotten is still right', () => {
  const right = new RightSignatures(4);
  const all = Array.from({ length: 40 }, (_, i) => signed(`/film-${i}`));
  for (const { received, thing } of [...all, ...all]) {
    assert.equal(right.isRight(received, thing, SECRET), true);
    assert.ok(right.size <= 8, `${right.size} are held`);
  }
});

test('long ones are not held', () => {
  const right = new RightSignatures();
  const { received, thing } = signed(`/${'x'.repeat(1000)}`);
  assert.equal(right.isRight(received, thing, SECRET), true);
  assert.equal(right.size, 0);
});
