/**
 * The name server beside knot, by processor time:
 *
 *     node bench/edge-dns.ts [--only name,name] [--rounds n] [--seconds n] [--profile folder]
 *
 * Both have the same zone, each is pinned to one core with one worker, dnsperf asks from the other core. Cases: hosts
 * (plain queries for ten names), cookies (with EDNS and a cookie, which both answer with theirs), steered (a subnet in each
 * query; Plinth chooses a PoP of twenty by it, knot has one address for all), made-up (names that do not exist, of which none
 * comes twice within a round), tcp (the hosts by TCP). Rates are limited by neither, though Plinth counts as if.
 *
 * Bounds: every load ends ten seconds after its time, a server that does not start ends the run.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { silentLogger } from '../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeRandom,
  createNodeTransport,
} from '../src/core/runtime/node/index.ts';
import { DnsServer } from '../src/edge/dns/index.ts';
import { pop, TestHealth } from '../src/edge/dns/testing/server.ts';
import { dnsSettings } from '../src/edge/dns/testing/settings.ts';
import { Geo } from '../src/edge/geo/index.ts';
import { freePort } from '../tests/support/process.ts';
import type { Done } from './http/loads.ts';
import { LOAD_CORE, type Measured, PinnedBed, PROXY_CORE } from './http/pinned.ts';
import { measureRounds, type Sample } from './http/rounds.ts';
import { machineFacts } from './kv/machine.ts';

const { values: given } = parseArgs({
  options: {
    serve: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    profile: { type: 'string', default: '' },
  },
});

const ZONE = 'example.com';
const HOSTS = Array.from({ length: 10 }, (_, at) => `host${at}`);
const POPS = 20;
const MADE_UP = 300_000;

if (given.serve === '') await measureAll();
else await serve(Number(given.serve));

/** What the child process does: names until it is ended. */
async function serve(port: number): Promise<void> {
  const records = HOSTS.map((host, at) => `'${host} A 192.0.2.${at}'`).join(', ');
  const settings = dnsSettings(`
port: ${port}
responses_per_second: 1000000
errors_per_second: 1000000
zones:
  - name: bench
    zone: ${ZONE}
    name_servers: [ns1]
    records: [ns1 A 192.0.2.53, ${records}]
    steered:
      - name: sites
        hosts: [www]
`);
  const pops = Array.from({ length: POPS }, (_, at) =>
    pop(`pop${at}`, {
      latitude: ((at * 37) % 120) - 60,
      longitude: ((at * 71) % 360) - 180,
      addresses: [`198.51.100.${at}`],
    }),
  );
  const server = new DnsServer(settings, {
    network: createNodeNetwork(await createNodeTransport()),
    clock: createNodeClock(),
    random: createNodeRandom(),
    log: silentLogger(),
    geo: new Geo(),
    pops: () => pops,
    health: new TestHealth(),
    secret: 'of the bench',
  });
  await server.start();
  process.once('SIGTERM', () => void server.stop());
}

interface Case {
  readonly name: string;
  /** Options of dnsperf. */
  readonly options: readonly string[];
  readonly queries: readonly string[];
}

function cases(): Case[] {
  const hosts = HOSTS.map((host) => `${host}.${ZONE} A`);
  const madeUp = (): string => `${randomBytes(6).toString('hex')}.${ZONE} A`;
  const cookie = ['-e', '-E', '10:0123456789abcdef'];
  return [
    { name: 'hosts', options: [], queries: hosts },
    { name: 'cookies', options: cookie, queries: hosts },
    // 193.0.7.0/24.
    { name: 'steered', options: ['-e', '-E', '8:00011800c10007'], queries: [`www.${ZONE} A`] },
    { name: 'made-up', options: [], queries: Array.from({ length: MADE_UP }, madeUp) },
    { name: 'tcp', options: ['-m', 'tcp'], queries: hosts },
  ];
}

async function measureAll(): Promise<void> {
  const only = given.only.split(',').filter((name) => name !== '');
  const chosen = cases().filter(({ name }) => only.length === 0 || only.includes(name));
  console.log(machineFacts('knot').join('\n'));
  const bed = new PinnedBed('plinth-bench-dns');
  try {
    const measured = [await startPlinth(bed), await startKnot(bed)];
    const rows: string[] = [];
    for (const each of chosen) {
      const file = join(bed.folder, `${each.name}.queries`);
      writeFileSync(file, `${each.queries.join('\n')}\n`);
      const samples = await measureRounds(
        measured,
        (port, seconds) => load(port, seconds, file, each.options),
        { rounds: Number(given.rounds), seconds: Number(given.seconds) },
      );
      const [plinth, knot] = measured.map(({ name }) => samples.get(name)!);
      rows.push(rowOf(each.name, plinth!, knot!));
      console.log(rows.at(-1));
    }
    const head =
      '| queries | Plinth, answers by CPU second | knot | Plinth, µs by answer | knot | ratio |\n|---|---|---|---|---|---|';
    console.log(`\n${head}\n${rows.join('\n')}`);
  } finally {
    await bed.stop();
  }
}

async function startPlinth(bed: PinnedBed): Promise<Measured> {
  const port = await freePort();
  if (given.profile !== '') mkdirSync(given.profile, { recursive: true });
  const flags =
    given.profile === ''
      ? []
      : ['--cpu-prof', '--cpu-prof-dir', join(process.cwd(), given.profile)];
  const self = fileURLToPath(import.meta.url);
  const command = [process.execPath, ...flags, self, '--serve', `${port}`];
  return { name: 'plinth', port, child: await bed.start(PROXY_CORE, port, command) };
}

async function startKnot(bed: PinnedBed): Promise<Measured> {
  const port = await freePort();
  const lines = [
    `@ 300 SOA ns1 hostmaster 1 7200 900 1209600 60`,
    '@ 300 NS ns1',
    'ns1 300 A 192.0.2.53',
    'www 30 A 198.51.100.1',
    ...HOSTS.map((host, at) => `${host} 300 A 192.0.2.${at}`),
  ];
  writeFileSync(join(bed.folder, 'zone'), `$ORIGIN ${ZONE}.\n${lines.join('\n')}\n`);
  writeFileSync(
    join(bed.folder, 'knot.conf'),
    `server:
    rundir: "${bed.folder}"
    listen: 127.0.0.1@${port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    edns-client-subnet: on
database:
    storage: "${bed.folder}/knot-db"
template:
  - id: default
    storage: "${bed.folder}"
    global-module: mod-cookies
zone:
  - domain: ${ZONE}
    file: "zone"
    zonefile-load: whole
`,
  );
  const command = ['/usr/sbin/knotd', '-c', join(bed.folder, 'knot.conf')];
  return { name: 'knot', port, child: await bed.start(PROXY_CORE, port, command) };
}

async function load(
  port: number,
  seconds: number,
  file: string,
  options: readonly string[],
): Promise<Done> {
  const args = ['-s', '127.0.0.1', '-p', `${port}`, '-d', file, '-l', `${seconds}`];
  const { stdout } = await promisify(execFile)(
    'taskset',
    ['-c', `${LOAD_CORE}`, 'dnsperf', ...args, '-c', '4', '-q', '100', ...options],
    { timeout: (seconds + 10) * 1000 },
  );
  const number = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const requests = number(/Queries completed:\s+(\d+)/);
  const lost = number(/Queries lost:\s+(\d+)/);
  if (lost > requests / 100) console.log(`${lost} of ${requests} queries were lost`);
  return { requests, perSecond: number(/Queries per second:\s+([\d.]+)/), p99Ms: Number.NaN };
}

function rowOf(name: string, plinth: readonly Sample[], knot: readonly Sample[]): string {
  const ours = median(plinth.map(({ cpuMicros }) => cpuMicros));
  const theirs = median(knot.map(({ cpuMicros }) => cpuMicros));
  const ratio = median(plinth.map(({ cpuMicros }, at) => cpuMicros / knot[at]!.cpuMicros));
  const rate = (micros: number): string => Math.round(1e6 / micros).toLocaleString('en-US');
  const cells = [name, rate(ours), rate(theirs), ours.toFixed(1), theirs.toFixed(1)];
  return `| ${cells.join(' | ')} | ${ratio.toFixed(2)} x |`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
