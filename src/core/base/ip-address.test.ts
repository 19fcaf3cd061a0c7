import assert from 'node:assert/strict';
import { isIP, SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp, parseIp } from './ip-address.ts';

test('addresses are read as Node reads them, and nothing else is', () => {
  const texts = [
    ...['0.0.0.0', '255.255.255.255', '1.2.3.4', '01.2.3.4', '1.2.3', '1.2.3.4.5', '1.2.3.256'],
    ...['1.2.3.', '.1.2.3', '1..2.3', ' 1.2.3.4', '1.2.3.4 ', '1.2.3.0x4', '', '1', 'a.b.c.d'],
    ...['::', '::1', '1::', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', ':1', '1:'],
    ...['1::2::3', ':::', '::ffff:1.2.3.4', '::1.2.3.4', '1:2:3:4:5:6:1.2.3.4', '::1.2.3', '::g'],
    ...['12345::', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1.2.3.4::', '::1.2.3.4:5', 'FE80::aB'],
  ];
  for (const text of texts) {
    const bytes = parseIp(text);
    const family = isIP(text);
    assert.equal(bytes === null ? 0 : bytes.length === 4 ? 4 : 6, family, text);
    if (bytes === null) continue;
    assert.deepEqual(parseIp(formatIp(bytes)), bytes, text);
  }
  assert.deepEqual(parseIp('1:2:3:4:5:6:7::'), parseIp('1:2:3:4:5:6:7:0'));
  assert.equal(parseIp('fe80::1%eth0'), null);
});

test('what is no address but looks like one is refused as Node refuses it', () => {
  const pieces = fc.constantFrom('0', '1', '255', '256', 'ffff', '::', ':', '.', '1.2.3.4', 'g');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      assert.equal(parseIp(text) !== null, isIP(text) !== 0, text);
    }),
    { numRuns: 3000 },
  );
});

test('bytes are written as RFC 5952 wants it, which Node does too', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Buffer.alloc(16);
      for (const [index, value] of groups.entries()) bytes.writeUInt16BE(value, index * 2);
      const text = formatIp(bytes);
      assert.deepEqual(parseIp(text), bytes);
      // inet_ntop, which Node asks, also writes the deprecated form ::1.2.3.4.
      const nodes = new SocketAddress({ address: text, family: 'ipv6' }).address;
      if (!/^::[\d.]+$/.test(nodes)) assert.equal(text, nodes);
    }),
  );
  assert.equal(formatIp(Buffer.of(10, 0, 200, 1)), '10.0.200.1');
});
