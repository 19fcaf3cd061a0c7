import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, Networks, parseIp, parseNetwork, plainAddress } from '../../core/base/index.ts';
import { NetworkRanges } from './network-ranges.ts';
import { Visit } from './visit-fixture.ts';
import { bytesOf, V4_WORD, Visitor } from './visitor.ts';

const v4 = fc.ipV4();
const v6 = fc.ipV6();

test('an address is read as core/base reads it', () => {
  const visitor = new Visitor();
  fc.assert(
    fc.property(
      fc.oneof(
        v4,
        v6,
        v6.map((text) => `${text}%eth0`),
      ),
      (text) => {
        const expected = parseIp(plainAddress(text.split('%')[0] as string));
        const bytes = Buffer.from(text);
        assert.equal(visitor.readText(bytes, 0, bytes.length), expected !== null, text);
        assert.deepEqual(bytesOf(visitor), expected, text);
      },
    ),
    { numRuns: 2000 },
  );
});

test('what is no address is none, and leaves nothing of the one before', () => {
  const visitor = new Visitor();
  for (const text of [
    ...[
      '',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      'unix:',
      '/run/x',
      '1.2.3.4 ',
      ':',
      ':::',
      '1::2::3',
    ],
    ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '12345::', '::1.2.3', 'g::', '1:2:3:4:5:6:7::8:9'],
  ]) {
    visitor.readText(Buffer.from('9.9.9.9'), 0, 7);
    assert.equal(visitor.readText(Buffer.from(text), 0, text.length), false, text);
    assert.equal(bytesOf(visitor), null, text);
  }
});

test('IPv6 addresses of one /64 have one key, IPv4 addresses keys where no IPv6 client is', () => {
  const visitor = new Visitor();
  const keyOf = (text: string): string => {
    visitor.readText(Buffer.from(text), 0, text.length);
    return `${visitor.a} ${visitor.b}`;
  };
  assert.equal(keyOf('2001:db8:1:2::3'), keyOf('2001:db8:1:2:ffff::9'));
  assert.notEqual(keyOf('2001:db8:1:2::3'), keyOf('2001:db8:1:3::3'));
  assert.equal(keyOf('::ffff:192.0.2.7'), keyOf('192.0.2.7'));
  assert.ok(keyOf('192.0.2.7').startsWith(`${V4_WORD} `));
});

test('behind a proxy that is believed the visitor is whom it names last; nobody else is believed', () => {
  const visitor = new Visitor();
  const read = (isTrusted: boolean, fields: string[]): string => {
    visitor.read(new Visit('/', { isTrusted, from: '10.0.0.1', fields }));
    return formatIp(bytesOf(visitor) ?? Buffer.alloc(4));
  };
  const list = ['X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2,  3.3.3.3 '];
  assert.equal(read(true, list), '3.3.3.3');
  assert.equal(read(false, list), '10.0.0.1');
  assert.equal(read(true, []), '10.0.0.1');
  assert.equal(read(true, ['X-Forwarded-For: unknown']), '10.0.0.1');
  assert.equal(read(true, ['X-Forwarded-For: 1.1.1.1, 2001:db8::5']), '2001:db8::5');
});

test('ranges of networks hold what the plain list of them holds', () => {
  const network = fc.oneof(
    fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 32 })).map(([n, bits]) => {
      const address = Buffer.of(10, n, 0, 0);
      return masked(address, bits);
    }),
    fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 128 })).map(([n, bits]) => {
      const address = Buffer.alloc(16);
      address.writeUInt32BE(0x20010db8, 0);
      address[7] = n;
      return masked(address, bits);
    }),
  );
  const address = fc.oneof(
    fc.tuple(fc.nat(5), fc.nat(255)).map(([n, last]) => `10.${n}.0.${last}`),
    fc.tuple(fc.nat(5), fc.nat(0xffff)).map(([n, last]) => `2001:db8:0:${n}::${last.toString(16)}`),
    v4,
    v6,
  );
  fc.assert(
    fc.property(fc.array(network, { maxLength: 12 }), fc.array(address), (networks, addresses) => {
      const list = new Networks(
        networks.flatMap((text) => {
          const parsed = parseNetwork(text);
          return parsed.kind === 'network' ? [parsed.network] : [];
        }),
      );
      assert.equal(list.size, networks.length);
      const ranges = new NetworkRanges(networks);
      for (const text of addresses) {
        assert.equal(ranges.has(parseIp(text) as Buffer), list.contains(text), text);
      }
    }),
    { numRuns: 500 },
  );
});

function masked(address: Buffer, bits: number): string {
  const bytes = address.map(
    (byte, at) => byte & (0xff << Math.min(8, Math.max(0, at * 8 + 8 - bits))),
  );
  return `${formatIp(bytes)}/${bits}`;
}
