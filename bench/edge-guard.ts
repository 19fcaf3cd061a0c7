/**
 * What the guard costs a request, by who asks:
 *
 *     node bench/edge-guard.ts [--ms 100]
 *
 * Nanoseconds of processor time a request, the best of five runs of `--ms` milliseconds each, the call of an empty next stage taken off;
 * bytes of garbage a request over the last run; and the pause that a look at all rates is, in microseconds, with the
 * table of talkers as full as the row leaves it. Clients come in a random order, so that counters and rows are where a
 * real server finds them: mostly not in the cache.
 */
import { parseArgs } from 'node:util';
import { defaultsOf, section } from '../src/core/config/index.ts';
import type { Exchange, Handler } from '../src/core/http/index.ts';
import { silentLogger } from '../src/core/observe/index.ts';
import { createSimClock, createSimRandom } from '../src/core/runtime/sim/index.ts';
import { Guard } from '../src/edge/guard/guard.ts';
import {
  DEFAULT_RULE,
  type GuardRuleSettings,
  type GuardSettings,
  guardFields,
} from '../src/edge/guard/guard-fields.ts';
import { clientOf, Visit } from '../src/edge/guard/visit-fixture.ts';

const { values: given } = parseArgs({ options: { ms: { type: 'string', default: '100' } } });
const runMs = Number(given.ms);
const RUNS = 5;

interface Row {
  readonly name: string;
  readonly clients: number;
  readonly rule?: Partial<GuardRuleSettings>;
  readonly settings?: Partial<GuardSettings>;
  address(i: number): string;
}

const v4 = (i: number): string => `${20 + (i >>> 16)}.${(i >>> 8) & 255}.${i & 255}.7`;
const v6 = (i: number): string => `2001:db8:${(i >>> 8).toString(16)}:${(i & 255).toString(16)}::7`;
const networks = Array.from({ length: 10_000 }, (_, i) => `10.${i >>> 8}.${i & 255}.0/24`);

const rows: readonly Row[] = [
  { name: '100,000 clients, IPv4', clients: 100_000, address: v4 },
  { name: '100,000 clients, IPv6', clients: 60_000, address: v6 },
  { name: '1,000 clients, IPv4', clients: 1000, address: v4 },
  { name: '100 clients, all talkers', clients: 100, address: v4 },
  {
    name: 'the same, with limits',
    clients: 100,
    address: v4,
    rule: {
      perSecond: 1_000_000_000,
      burst: 1_000_000,
      widePerSecond: 1_000_000_000,
      wideBurst: 1_000_000,
    },
  },
  {
    name: '10,000 networks denied',
    clients: 100_000,
    address: v4,
    settings: { denyNetworks: networks },
  },
];

const shared = new Visit('/');
const clock = createSimClock();
const standard = defaultsOf(section('guard', 'For the bench.', guardFields));
const { adaptive } = standard;
for (const { name, clients, address, rule, settings } of rows) {
  const guard = new Guard(
    { ...standard, ...settings, rules: [{ ...DEFAULT_RULE, ...rule }] },
    { clock, random: createSimRandom(1), log: silentLogger() },
  );
  const visits: Exchange[] = Array.from({ length: 4 * Math.max(1000, clients) }, () =>
    Math.floor(Math.random() * clients),
  ).map((i) => askedBy(address(i)));
  let passed = 0;
  const next: Handler = () => void passed++;
  const handler = guard.make('default', 'route', next) as Handler;
  const empty = measure(visits, next);
  const whole = measure(visits, handler);
  const garbage = garbageOf(visits, handler);
  const tickNs = leastOf(() => {
    for (let i = 0; i < 20; i++) guard.watch.tick(runMs + i, 0.001, 0, adaptive);
    return 20;
  });
  const held = [...guard.counts.mitigated.keys()];
  if (held.length > 0) throw new Error(`somebody was held back: ${held.join()}`);
  console.log(
    `${name.padEnd(26)} ${(whole - empty).toFixed(0).padStart(4)} ns  ${garbage.toFixed(1)} B  tick ${(tickNs / 1000).toFixed(0)} us  talkers ${guard.watch.talkers.used}`,
  );
}

/** As much of an exchange as the guard looks at; 400,000 whole ones would fill the memory. */
function askedBy(address: string): Exchange {
  const { request, journey } = shared;
  return { client: clientOf(address), request, journey, startedMs: 0 } as unknown as Exchange;
}

function measure(visits: readonly Exchange[], handler: Handler): number {
  let at = 0;
  return leastOf((nowMs) => {
    for (let i = 0; i < 1000; i++) {
      const visit = visits[at++ % visits.length] as Exchange;
      visit.startedMs = nowMs;
      handler(visit);
    }
    return 1000;
  });
}

/** Nanoseconds of processor time for each of the things that `work` does so many of at a call, in the best run. */
function leastOf(work: (nowMs: number) => number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    let count = 0;
    let us = 0;
    const began = process.cpuUsage();
    while (us < runMs * 1000) {
      count += work(us / 1000);
      const { user, system } = process.cpuUsage(began);
      us = user + system;
    }
    least = Math.min(least, (us * 1000) / count);
  }
  return least;
}

function garbageOf(visits: readonly Exchange[], handler: Handler): number {
  const COUNT = 200_000;
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < COUNT; i++) handler(visits[i % visits.length] as Exchange);
  return Math.max(0, process.memoryUsage().heapUsed - before) / COUNT;
}
