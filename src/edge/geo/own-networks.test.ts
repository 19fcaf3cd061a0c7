import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIp } from '../../core/base/index.ts';
import { Geo } from './geo.ts';
import { OwnNetworks } from './own-networks.ts';

const of = (network: string, country: string) => ({
  ...{ network, country, latitude: 1, longitude: 2, asn: undefined },
});
const own = new OwnNetworks([
  of('10.0.0.0/8', 'AA'),
  of('10.1.0.0/16', 'BB'),
  of('10.1.2.0/24', 'CC'),
  of('2001:db8::/32', 'DD'),
]);
const at = (address: string): Uint8Array => {
  const bytes = parseIp(address);
  assert.ok(bytes !== null);
  return bytes;
};

test('the smallest network that holds an address says where it is', () => {
  const geo = new Geo({ places: undefined, systems: undefined, own });
  const expected: readonly [string, string | undefined, number][] = [
    ['10.1.2.3', 'CC', 24],
    ['10.1.3.3', 'BB', 24],
    ['10.1.128.3', 'BB', 17],
    ['10.128.0.1', 'AA', 9],
    ['10.0.0.1', 'AA', 16],
    ['2001:db8::1', 'DD', 32],
  ];
  for (const [address, country, bits] of expected) {
    const place = geo.locate(at(address));
    assert.deepEqual(
      [place.country, place.prefixBits, place.from],
      [country, bits, 'settings'],
      address,
    );
  }
  assert.equal(geo.locate(at('192.0.2.1')).country, undefined);
});

test('what is said of an address holds for all that share the bits told', () => {
  const geo = new Geo({ places: undefined, systems: undefined, own });
  const bytes = fc.tuple(
    fc.constantFrom(10, 9, 11, 192),
    fc.constantFrom(0, 1, 2, 128, 255),
    fc.constantFrom(0, 1, 2, 3, 4, 255),
    fc.nat(255),
  );
  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      const place = geo.locate(Uint8Array.from(one));
      const mixed = one.map((byte, i) => {
        const kept = Math.max(0, Math.min(8, place.prefixBits - i * 8));
        const mask = (0xff << (8 - kept)) & 0xff;
        return (byte & mask) | (other[i]! & ~mask & 0xff);
      });
      assert.equal(geo.locate(Uint8Array.from(mixed)).country, place.country);
    }),
  );
});
