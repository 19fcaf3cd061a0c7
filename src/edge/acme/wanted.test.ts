import assert from 'node:assert/strict';
import { test } from 'node:test';
import { covers, wantedCertificates } from './wanted.ts';

test('one certificate a site, its names in order, in small letters, none twice', () => {
  const { certificates, leftOut } = wantedCertificates([
    { name: 'shop', hosts: ['www.Shop.org', 'shop.org.', 'SHOP.org'] },
    { name: 'blog', hosts: ['blog.org'] },
  ]);
  assert.deepEqual(certificates, [
    { name: 'shop', names: ['shop.org', 'www.shop.org'] },
    { name: 'blog', names: ['blog.org'] },
  ]);
  assert.deepEqual(leftOut, []);
});

test('a wildcard takes the place of what it covers: one label, not the domain itself', () => {
  const hosts = ['*.shop.org', 'a.shop.org', 'b.a.shop.org', 'shop.org'];
  const [only] = wantedCertificates([{ name: 'shop', hosts }]).certificates;
  assert.deepEqual(only?.names, ['*.shop.org', 'b.a.shop.org', 'shop.org']);
});

test('hosts that no authority certifies are left out, each with its reason; without others no certificate', () => {
  const hosts = ['*', '192.0.2.1', '[2001:db8::1]', 'localhost', 'a_b.org', 'x.*', '-a.org'];
  const { certificates, leftOut } = wantedCertificates([{ name: 'odd', hosts }]);
  assert.deepEqual(certificates, []);
  assert.deepEqual(
    leftOut.map(({ host, because }) => [host, because]),
    [
      ['*', 'stands for any host'],
      ['192.0.2.1', 'is an address'],
      ['[2001:db8::1]', 'is an address'],
      ['localhost', 'has no domain'],
      ['a_b.org', 'is no name of DNS'],
      ['x.*', 'is no name of DNS'],
      ['-a.org', 'is no name of DNS'],
    ],
  );
});

test('more hosts than a certificate takes: several', () => {
  const hosts = Array.from({ length: 230 }, (_, i) => `h${String(i).padStart(3, '0')}.org`);
  const { certificates } = wantedCertificates([{ name: 'many', hosts }]);
  assert.deepEqual(
    certificates.map(({ name, names }) => [name, names.length, names[0]]),
    [
      ['many', 100, 'h000.org'],
      ['many.2', 100, 'h100.org'],
      ['many.3', 30, 'h200.org'],
    ],
  );
});

test('what covers what', () => {
  assert.equal(covers(['*.a.org', 'a.org'], ['x.a.org', 'a.org']), true);
  assert.equal(covers(['*.a.org'], ['a.org']), false);
  assert.equal(covers(['*.a.org'], ['y.x.a.org']), false);
  assert.equal(covers(['x.a.org'], ['*.a.org']), false);
  assert.equal(covers(['*.a.org'], ['*.a.org']), true);
});
