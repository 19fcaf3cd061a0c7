import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { certificateOf, challengesOf, holdingsOf, Seal } from './sharing.ts';

const random = createSimRandom(1);

test('what is sealed opens by the same secret as the same kind, and shows nothing', () => {
  const seal = new Seal('our secret', random);
  const value = { key: 'PRIVATE KEY of ours' };
  const closed = seal.close('acme-certificate', value);
  assert.ok(!Buffer.from(closed, 'base64').toString('latin1').includes('PRIVATE'));
  assert.notEqual(seal.close('acme-certificate', value), closed);
  assert.deepEqual(new Seal('our secret', random).open('acme-certificate', closed), value);
  assert.equal(new Seal('another secret', random).open('acme-certificate', closed), undefined);
  assert.equal(seal.open('acme-account', closed), undefined);
});

test('a sealed text with any bit changed, or cut short, does not open', () => {
  const seal = new Seal('our secret', random);
  const closed = Buffer.from(seal.close('kind', { a: 1 }), 'base64');
  fc.assert(
    fc.property(fc.nat(closed.length * 8 - 1), fc.nat(closed.length - 1), (bit, length) => {
      const changed = Buffer.from(closed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      assert.equal(seal.open('kind', changed.toString('base64')), undefined);
      assert.equal(seal.open('kind', closed.subarray(0, length).toString('base64')), undefined);
    }),
  );
});

test('messages: taken in their shape, nothing made of others', () => {
  const answers = [
    { kind: 'http-01', token: 't', value: 'v' },
    { kind: 'dns-01', name: '_acme-challenge.a.org', value: 'v' },
  ];
  assert.deepEqual(challengesOf({ pop: 'ams', answers }), { pop: 'ams', answers });
  for (const bad of [
    { pop: '', answers },
    { pop: 'ams' },
    { pop: 'ams', answers: [{ kind: 'http-01', value: 'v' }] },
    { pop: 'ams', answers: [{ kind: 'dns-01', token: 't', value: 'v' }] },
    { pop: 'ams', answers: Array(1001).fill(answers[0]) },
  ]) {
    assert.equal(challengesOf(bad), undefined);
  }
  assert.deepEqual(holdingsOf({ pop: 'ams', held: { shop: 5 } })?.held, new Map([['shop', 5]]));
  assert.equal(holdingsOf({ pop: 'ams', held: { shop: 'x' } }), undefined);
  const certificate = { name: 'shop', directory: 'd', pair: { chain: 'c', key: 'k' } };
  assert.deepEqual(certificateOf(certificate), certificate);
  assert.equal(certificateOf({ ...certificate, pair: { chain: 'c' } }), undefined);
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const read of [challengesOf, holdingsOf, certificateOf]) {
        assert.equal(read(value), undefined);
      }
    }),
  );
});
