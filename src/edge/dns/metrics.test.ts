import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../core/observe/index.ts';
import { dnsMetrics } from './metrics.ts';
import { makeQuery, startAsker } from './testing/asker.ts';
import { dnsSettings, exampleZone } from './testing/settings.ts';

test('queries and answers are counted by what they are', async () => {
  const dns = await startAsker(dnsSettings(`port: 0\n${exampleZone}`));
  for (const [name, type] of [
    ['www', 'A'],
    ['www', 'AAAA'],
    ['www', 'UNKNOWN_4711'],
    ['nope', 'A'],
    ['round', 'A'],
  ] as const) {
    dns.send(makeQuery(`${name}.example.com`, type));
  }
  dns.send(makeQuery('www.example.com', 'A', { subnet: '198.51.100.0/24' }));
  dns.send(Buffer.alloc(5));
  const metrics = createMetrics();
  metrics.add(dnsMetrics(dns.server));
  const text = metrics.text();
  for (const line of [
    'plinth_edge_dns_queries_total{transport="udp"} 6',
    'plinth_edge_dns_questions_total{type="A"} 4',
    'plinth_edge_dns_questions_total{type="AAAA"} 1',
    'plinth_edge_dns_questions_total{type="other"} 1',
    'plinth_edge_dns_answers_total{rcode="NOERROR"} 4',
    'plinth_edge_dns_answers_total{rcode="NXDOMAIN"} 1',
    'plinth_edge_dns_answers_total{rcode="SERVFAIL"} 1',
    'plinth_edge_dns_subnets_total 1',
    'plinth_edge_dns_ignored_total 1',
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
  }
});
