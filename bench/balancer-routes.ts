/**
 * What finding the route of a request costs, by kind of rule and number of routes:
 *
 *     node bench/balancer-routes.ts [--ms 60]
 *
 * Nanoseconds a match, the best of five runs of `--ms` milliseconds each over 512 requests in turn that are
 * parsed already; `build`: milliseconds to make the table. `odd` paths have a percent-encoding, so both
 * normal forms are made. A Map of strings with the same rules is beside `hosts` and `prefixes` for scale.
 */
import { parseArgs } from 'node:util';
import type { RouteSettings } from '../src/balancer/config/routes.ts';
import { compileRoutes } from '../src/balancer/routes/compile.ts';
import { requestOf, routeSettings } from '../src/balancer/testing/routes.ts';
import type { RequestHead } from '../src/core/wire/index.ts';

const { values: given } = parseArgs({ options: { ms: { type: 'string', default: '60' } } });
const runMs = Number(given.ms);
const RUNS = 5;
const REQUESTS = 512;
const counts = [1, 100, 10_000];

interface Kind {
  readonly name: string;
  rule(i: number): Partial<RouteSettings>;
  request(i: number): RequestHead;
}

const kinds: readonly Kind[] = [
  {
    name: 'hosts',
    rule: (i) => ({ hosts: [`h${i}.example.com`] }),
    request: (i) => requestOf('/assets/app.js?v=42', { host: `h${i}.example.com` }),
  },
  {
    name: 'hosts below a name',
    rule: (i) => ({ hosts: [`*.h${i}.example.com`] }),
    request: (i) => requestOf('/assets/app.js?v=42', { host: `www.h${i}.example.com` }),
  },
  {
    name: 'prefixes',
    rule: (i) => ({ prefix: `/service/p${i}` }),
    request: (i) => requestOf(`/service/p${i}/users/42/orders?page=2`),
  },
  {
    name: 'host and prefix',
    rule: (i) => ({ hosts: [`h${i % 100}.example.com`], prefix: `/p${i}` }),
    request: (i) => requestOf(`/p${i}/users/42`, { host: `h${i % 100}.example.com` }),
  },
  {
    name: 'prefixes, odd path',
    rule: (i) => ({ prefix: `/service/p${i}` }),
    request: (i) => requestOf(`/service/p${i}/users/caf%C3%A9/orders?page=2`),
  },
  {
    name: 'patterns',
    rule: (i) => ({ pattern: `/p${i}/(\\w+)/orders/\\d+` }),
    request: (i) => requestOf(`/p${i}/alice/orders/1234`),
  },
  {
    name: 'prefix, method, field, parameter',
    rule: (i) => ({
      prefix: `/p${i}`,
      methods: ['GET'],
      headers: ['x-tier: gold'],
      query: ['page=2'],
    }),
    request: (i) => requestOf(`/p${i}/a?page=2`, { lines: ['Accept: */*', 'X-Tier: gold'] }),
  },
];

const cells = counts.flatMap((count) => [`${count}`, `build ${count}`]);
console.log(`| rules | ${cells.join(' | ')} |`);
console.log(`| --- |${' ---: |'.repeat(cells.length)}`);
for (const kind of kinds) {
  const figures = counts.flatMap((count) => {
    const settings = Array.from({ length: count }, (_, i) => routeSettings(`r${i}`, kind.rule(i)));
    const began = performance.now();
    const table = compileRoutes(settings);
    const buildMs = performance.now() - began;
    const requests = requestsOf(kind, count);
    const routes = table.on('web');
    const matchNs = best((i) => routes.match(requests[i]!) !== undefined);
    return [matchNs.toFixed(0), buildMs.toFixed(1)];
  });
  console.log(`| ${kind.name} | ${figures.join(' | ')} |`);
}
const byString = counts.flatMap((count) => {
  const map = new Map(Array.from({ length: count }, (_, i) => [`h${i}.example.com`, i]));
  const requests = requestsOf(kinds[0] as Kind, count);
  return [best((i) => map.has(requests[i]!.host().toLowerCase())).toFixed(0), ''];
});
console.log(`| (Map of strings: hosts) | ${byString.join(' | ')} |`);

/** Requests for routes that lie far from each other. */
function requestsOf(kind: Kind, count: number): RequestHead[] {
  return Array.from({ length: REQUESTS }, (_, i) => kind.request((i * 7919) % count));
}

function best(found: (request: number) => boolean): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now();
    let matches = 0;
    let ms = 0;
    while (ms < runMs) {
      for (let i = 0; i < REQUESTS; i++) if (!found(i)) throw new Error('no route was found');
      matches += REQUESTS;
      ms = performance.now() - began;
    }
    least = Math.min(least, (ms * 1e6) / matches);
  }
  return least;
}
