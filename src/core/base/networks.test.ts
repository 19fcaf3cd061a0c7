import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp } from './ip-address.ts';
import { type NetworkProblem, Networks, parseNetwork, plainAddress } from './networks.ts';

function networks(...texts: string[]): Networks {
  return new Networks(
    texts.map((text) => {
      const parsed = parseNetwork(text);
      assert.equal(parsed.kind, 'network', text);
      return (parsed as Extract<typeof parsed, { kind: 'network' }>).network;
    }),
  );
}

test('a network holds the addresses of its prefix and no other', () => {
  const table: [string, string[], string[]][] = [
    [
      '10.0.0.0/8',
      ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'],
      ['11.0.0.0', '9.255.255.255'],
    ],
    ['192.168.4.0/22', ['192.168.4.0', '192.168.7.255'], ['192.168.3.255', '192.168.8.0']],
    ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201'], ['192.0.2.2', '::1']],
    ['0.0.0.0/0', ['1.2.3.4', '::ffff:1.2.3.4'], ['::1', '::1.2.3.4']],
    ['::/0', ['::1', '2001:db8::1', 'fe80::1%eth0'], ['1.2.3.4', '::ffff:1.2.3.4']],
    ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:10.1.2.3'], ['11.0.0.0', '::10.1.2.3']],
    ['::ffff:0:0/96', ['1.2.3.4'], ['::1']],
    ['2001:db8::/33', ['2001:db8:7fff:ffff::'], ['2001:db8:8000::', '2001:db9::']],
    ['fe80::/10', ['fe80::1%eth0', 'febf::'], ['fec0::', 'fe7f::']],
    ['::1', ['::1'], ['::2', '::']],
  ];
  for (const [text, inside, outside] of table) {
    const set = networks(text);
    for (const address of inside) assert.equal(set.contains(address), true, `${text} ${address}`);
    for (const address of outside) assert.equal(set.contains(address), false, `${text} ${address}`);
  }
  const several = networks('10.0.0.0/8', '::1');
  assert.equal(several.contains('::1'), true);
  assert.equal(several.contains('10.0.0.1'), true);
  for (const none of ['', '/run/x.sock', 'localhost', '10.0.0.1:80'])
    assert.equal(several.contains(none), false, none);
  assert.equal(networks().contains('10.0.0.1'), false);
});

test('what is no network is refused by name', () => {
  const table: [string, NetworkProblem][] = [
    ['', 'bad-address'],
    ['/8', 'bad-address'],
    ['localhost', 'bad-address'],
    ['10.0.0/8', 'bad-address'],
    ['010.0.0.0/8', 'bad-address'],
    ['10.0.0.0/', 'bad-prefix'],
    ['10.0.0.0/33', 'bad-prefix'],
    ['10.0.0.0/08', 'bad-prefix'],
    ['10.0.0.0/-1', 'bad-prefix'],
    ['10.0.0.0/8/8', 'bad-prefix'],
    ['10.0.0.0/255.0.0.0', 'bad-prefix'],
    ['::/129', 'bad-prefix'],
    ['10.1.2.3/8', 'bits-behind-prefix'],
    ['0.0.0.1/0', 'bits-behind-prefix'],
    ['192.168.5.0/22', 'bits-behind-prefix'],
    ['::1/127', 'bits-behind-prefix'],
  ];
  for (const [text, problem] of table)
    assert.deepEqual(parseNetwork(text), { kind: 'problem', problem }, text);
});

test("any network of either family holds what Node's own list holds", () => {
  const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
    fc.uint8Array({ minLength: length, maxLength: length });
  const pair = fc
    .constantFrom(4, 16)
    .chain((length) =>
      fc.tuple(
        bytesOf(length),
        fc.integer({ min: 0, max: length * 8 }),
        bytesOf(length),
        fc.nat(128),
      ),
    );
  fc.assert(
    fc.property(pair, ([network, prefixBits, other, common]) => {
      // Mapped addresses are ours to treat as IPv4, which Node does only in part.
      fc.pre(network.length === 4 || network[0] !== 0);
      const base = network.map((byte, at) => byte & (0xff00 >> clamp(prefixBits - at * 8)) & 0xff);
      const family = base.length === 4 ? 'ipv4' : 'ipv6';
      // Near the network's edge more often than chance would have it.
      const address = other.map((byte, at) => {
        const mask = (0xff00 >> clamp(common - at * 8)) & 0xff;
        return (base[at]! & mask) | (byte & ~mask & 0xff);
      });
      fc.pre(address.length === 4 || address[0] !== 0);
      const oracle = new BlockList();
      oracle.addSubnet(formatIp(base), prefixBits, family);
      const text = formatIp(address);
      const set = networks(`${formatIp(base)}/${prefixBits}`);
      assert.equal(set.contains(text), oracle.check(text, family));
      if (family === 'ipv4') assert.equal(set.contains(`::ffff:${text}`), set.contains(text));
    }),
    { numRuns: 1000 },
  );
});

function clamp(bits: number): number {
  return Math.max(0, Math.min(8, bits));
}

test('an address has one plain form', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('::ffff:c000:201'), '192.0.2.1');
  assert.equal(plainAddress('::1'), '::1');
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1');
  assert.equal(plainAddress('192.0.2.1'), '192.0.2.1');
  assert.equal(plainAddress('/run/x.sock'), '/run/x.sock');
});
