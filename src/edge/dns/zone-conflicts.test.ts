import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dnsSettings, exampleZone } from './testing/settings.ts';

function problemsOf(lines: string): string {
  const yaml = `zones:\n  - name: z\n    zone: example.com\n    name_servers: [ns]\n${lines}`;
  try {
    dnsSettings(yaml);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('what zones may have is taken', () => {
  assert.equal(dnsSettings(exampleZone).zones.length, 1);
  assert.equal(problemsOf(`    records: ['@ TYPE99 \\# 2 abcd', 'x 60 IN A 192.0.2.1']`), '');
});

test('what cannot be is told by its place and its line', () => {
  for (const [lines, wanted] of [
    [
      `    records: ['www A 192.0.2']`,
      /zones\.z\.records has "www A 192\.0\.2", which has no data that type A/,
    ],
    [`    records: ['www']`, /has no type/],
    [`    records: ['www TXT "open']`, /quote that is not closed/],
    [`    records: ['www.example.org. A 192.0.2.1']`, /is not within the zone/],
    [`    records: ['www 9999999999 A 192.0.2.1']`, /TTL that is too long/],
    [
      `    records: ['w CNAME a', 'w A 192.0.2.1']`,
      /an alias of w\.example\.com beside other records/,
    ],
    [`    records: ['w CNAME a', 'w CNAME b']`, /a second alias of one name/],
    [`    records: ['@ CNAME a']`, /an alias of example\.com for the zone itself/],
    [`    records: ['@ NS a']`, /belongs to name_servers/],
    [`    records: ['*.x NS a']`, /delegates a wildcard/],
    [`    contact: 'a..b'`, /zones\.z\.contact has "a\.\.b", which is no name/],
    [
      `    steered: [{ name: s, hosts: [www.other.] }]`,
      /zones\.z\.steered\.s\.hosts has "www\.other\."/,
    ],
    [`    steered: [{ name: s, hosts: [www, WWW] }]`, /is steered twice/],
    [`    steered: [{ name: s, hosts: [w], alpn: [''] }]`, /steered\.s\.alpn/],
    [
      `    records: ['w A 192.0.2.1']\n    steered: [{ name: s, hosts: [w] }]`,
      /has A records of its own/,
    ],
  ] as const) {
    assert.match(problemsOf(lines), wanted);
  }
  const twice = `zones: [{ name: a, zone: x.y, name_servers: [n] }, { name: b, zone: X.Y., name_servers: [n] }]`;
  assert.throws(() => dnsSettings(twice), /zones\.b\.zone is that of zones\.a too/);
  assert.throws(() => dnsSettings('zones: [{ name: a, zone: x.y }]'), /needs one name at least/);
  assert.throws(() => dnsSettings('unlimited: [10.0.0.1/8]'), /unlimited has "10\.0\.0\.1\/8"/);
});
