import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Policy, policyText, readPolicy, signatureOf } from './policy.ts';
import { signUrl } from './sign.ts';

const THING = { method: 'GET', host: 'h', path: '/p', query: '' };
const SIGN = 'A'.repeat(43);

test('a policy that is written is read as it was', () => {
  const policy = fc.record({
    until: fc.nat(2 ** 31),
    from: fc.option(fc.nat(2 ** 31), { nil: undefined }),
    client: fc.constantFrom(undefined, '192.0.2.0/24', '2001:db8::/32'),
    prefix: fc.option(
      fc
        .string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)) })
        .map((s) => `/${s}`),
      { nil: undefined },
    ),
    key: fc.constantFrom('k', 'Key-2_x'),
  });
  fc.assert(
    fc.property(policy, (one: Policy) => {
      const received = readPolicy(`${policyText(one)}~sign=${SIGN}`);
      assert.deepEqual(received?.policy, { ...one });
      assert.match(policyText(one), /^[A-Za-z0-9._/:%~=-]*$/);
    }),
  );
});

test('texts that are no policy', () => {
  for (const text of [
    ...['', 'x', `sign=${SIGN}`, `~sign=${SIGN}`, `until=1~sign=${SIGN}`, `key=k~sign=${SIGN}`],
    ...[`until=1~key=k~sign=${SIGN}=`, `until=1~key=k~sign=${SIGN.slice(1)}`, 'until=1~key=k'],
    ...[`until=-1~key=k~sign=${SIGN}`, `until=1.5~key=k~sign=${SIGN}`, `until=~key=k~sign=${SIGN}`],
    ...[
      `until=1~key=k~from=x~sign=${SIGN}`,
      `until=1~key=k~~sign=${SIGN}`,
      `until=1~key=~sign=${SIGN}`,
    ],
    ...[`until=1~key=k~prefix=a~sign=${SIGN}`, `until=1~key=k~prefix=/%0A~sign=${SIGN}`],
    ...[`until=1~key=k~prefix=/%~sign=${SIGN}`, `until=1~key=k\n~sign=${SIGN}`],
    ...[`until=1~key=k~sign=${SIGN}~from=1`, `until=1~key=${'k'.repeat(2048)}~sign=${SIGN}`],
  ]) {
    assert.equal(readPolicy(text), undefined, text);
  }
  assert.ok(readPolicy(`until=1~key=k~sign=${SIGN}`) !== undefined);
});

test('no two things have one signature', () => {
  const part = fc.constantFrom('', 'a', 'b', '/', 'GET', 'a=1');
  const thing = fc.record({ method: part, host: part, path: part, query: part });
  fc.assert(
    fc.property(thing, thing, fc.constantFrom('x', 'y'), (one, other, policy) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      const [a, b] = [signatureOf(policy, one, 's'), signatureOf(policy, other, 's')];
      assert.equal(a === b, isSame);
    }),
  );
  assert.notEqual(signatureOf('p', THING, 's'), signatureOf('p', THING, 't'));
});

test('what can not be signed is refused by the signer', () => {
  const options = { key: { name: 'k', secret: 's' }, until: 1 };
  assert.throws(() => signUrl('https://h/a?token=1', options), RangeError);
  assert.throws(() => signUrl('https://h/a', { ...options, client: 'a~b' }), RangeError);
  assert.throws(() => signUrl('https://h/a', { ...options, until: 1.5 }), RangeError);
  assert.throws(() => signUrl('/a', options), TypeError);
  assert.match(signUrl('https://h/a#top', options), /~sign=[\w-]{43}#top$/);
});
