/** What was measured, as text for docs/bench-balancer.md. A part for each section, so that they may be measured one at a time. */
import { fileURLToPath } from 'node:url';
import { spread, writePart } from '../http/parts.ts';
import { CIPHER_SUITE } from '../http/pinned.ts';
import { median } from '../kv/machine.ts';
import { table } from '../kv/report.ts';
import type { Rival } from './cases.ts';
import { IDLE_BYTES_MAX, type IdlePeer, type IdleRow } from './idle.ts';
import type { RateRow, Sample } from './rates.ts';

export const SECTIONS = ['rates', 'idle', 'policies'] as const;
export type Section = (typeof SECTIONS)[number];

const document = fileURLToPath(new URL('../../docs/bench-balancer.md', import.meta.url));

const HEAD = `# The balancer beside nginx and HAProxy

Written by \`npm run bench:balancer -- --write\`; run it to measure your machine. Each proxy has one worker or thread and is pinned to one core; the load and the server behind (nginx, from memory) are pinned to the other. The proxies take turns within a round, in alternating order; a ratio is taken within a round, and every figure is a median of the rounds with the lowest and the highest. Plinth is \`plinth up\`, the whole program.

All do the same work: connections to the server are kept, nothing is logged, X-Forwarded-For, -Proto, -Host and -Port are sent. TLS is 1.3 with ${CIPHER_SUITE}, X25519 and one certificate of ECDSA P-256. nginx and HAProxy are Debian's and use Debian's OpenSSL, Plinth has the one of Node. Processor time is that of the whole process with all its threads, user and system.

The loads are wrk (HTTP/1.1, TLS, TCP: 50 connections, 20 for 64 KiB, 2 for 10 MiB) and h2load (HTTP/2: 10 connections; handshakes). Every status and the bytes of all answers are judged. A handshake is a connection of its own that offers no session, makes one request of 1 KiB and ends, in bursts of 200; its processor time holds all of that. Where a proxy uses much less than its core, the load, or other work on that core, was what held the rate back, and only processor time tells the proxies apart.

The load average before a section tells what else the machine did. On two cores other work moves processor time by request, and not that of all proxies alike: a ratio measured beside it is no more than its range.
`;

/** Replaces one part of the document, or adds it. */
export function writeSection(name: Section, text: string): void {
  writePart({ path: document, head: HEAD, order: SECTIONS }, name, text);
}

/** Two tables: each load against its target, then all figures. */
export function ratesText(rows: readonly RateRow[]): string {
  return `Plinth to its rival: processor time by request at most the target, requests a second at least its inverse. The rival is the better of nginx and HAProxy of each round; of HTTP/1.1 with 64 KiB and 10 MiB it is HAProxy.\n\n${targetsTable(rows)}\n\n${figuresTable(rows)}`;
}

export function targetsTable(rows: readonly RateRow[]): string {
  return table(
    ['load', 'CPU ratio', 'target', 'met', 'request rate ratio', 'target', 'met'],
    rows.map((row) => {
      const { title, ratioMax } = row.which;
      const cpu = ratios(row, 'Plinth', row.which.rival, ({ cpuMicros }) => cpuMicros, Math.min);
      const rate = ratios(row, 'Plinth', row.which.rival, ({ perSecond }) => perSecond, Math.max);
      return [
        title,
        `**${spread(cpu, 2)}**`,
        `≤ ${ratioMax}`,
        median(cpu) <= ratioMax ? 'yes' : 'no',
        spread(rate, 2),
        `≥ ${(1 / ratioMax).toFixed(2)}`,
        median(rate) >= 1 / ratioMax ? 'yes' : 'no',
      ];
    }),
  );
}

export function figuresTable(rows: readonly RateRow[]): string {
  return table(
    ['load', 'proxy', 'CPU µs/request', 'to nginx', 'to HAProxy', 'requests/s', 'core used'],
    rows.flatMap((row) =>
      [...row.samples].map(([name, all]) => {
        const cpu = (peer: string): string => {
          const own = all.map(({ cpuMicros }) => cpuMicros);
          const other = row.samples.get(peer)!.map(({ cpuMicros }) => cpuMicros);
          return spread(
            own.map((value, round) => value / other[round]!),
            2,
          );
        };
        return [
          row.which.title,
          name,
          spread(
            all.map(({ cpuMicros }) => cpuMicros),
            1,
          ),
          cpu('nginx'),
          cpu('HAProxy'),
          spread(
            all.map(({ perSecond }) => perSecond),
            0,
          ),
          `${(median(all.map(({ busy }) => busy)) * 100).toFixed(0)} %`,
        ];
      }),
    ),
  );
}

/** One proxy's figures over those of the rival in the same round. @param better the rival's of two. */
export function ratios(
  { samples }: RateRow,
  name: string,
  rival: Rival,
  pick: (sample: Sample) => number,
  better: (...values: number[]) => number,
): number[] {
  const peers = rival === 'best' ? ['nginx', 'HAProxy'] : [rival];
  return samples
    .get(name)!
    .map(
      (sample, round) =>
        pick(sample) / better(...peers.map((peer) => pick(samples.get(peer)![round]!))),
    );
}

export function idleText(rows: readonly IdleRow[], peers: readonly IdlePeer[]): string {
  const figures = table(
    [
      ...['connections', 'number', 'resident bytes each', 'of it heap', 'target', 'met'],
      ...['requests beside them', 'errors'],
    ],
    rows.map((row) => [
      row.kind,
      row.connections.toLocaleString('en'),
      `**${row.resident.toFixed(0)}**`,
      row.heap.toFixed(0),
      `≤ ${IDLE_BYTES_MAX}`,
      row.resident <= IDLE_BYTES_MAX ? 'yes' : 'no',
      row.requests.toFixed(0),
      '0',
    ]),
  );
  const others = table(
    ['peer', 'connections', 'number', 'resident bytes each'],
    peers.map(({ name, kind, connections, resident }) => [
      ...[name, kind, connections.toLocaleString('en'), resident.toFixed(0)],
    ]),
  );
  return `Each connection had one request answered and rests. The load beside them is wrk with 50 connections and 1 KiB; behind it every idle connection is asked once more. An error of either ends the measurement without a figure. What the kernel keeps for a socket is in no figure.\n\n${figures}\n\nThe peers:\n\n${others}`;
}
