/** What was measured, as text for docs/bench-cache.md, section by section. */
import { fileURLToPath } from 'node:url';
import { spread, writePart } from '../http/parts.ts';
import { CIPHER_SUITE } from '../http/pinned.ts';
import type { Sample, Samples } from '../http/rounds.ts';
import { median } from '../kv/machine.ts';
import { table } from '../kv/report.ts';
import type { HitCase } from './cases.ts';
import { DISK_RATIO_MAX, type DiskRow } from './disk.ts';
import { MEMORY_BYTES_MAX, type MemoryRow } from './memory.ts';
import { PURGE_MS_MAX, type PurgeRow, STALL_MS_MAX } from './purge.ts';

export const SECTIONS = ['hits', 'disk', 'memory', 'purge'] as const;
export type Section = (typeof SECTIONS)[number];

const document = fileURLToPath(new URL('../../docs/bench-cache.md', import.meta.url));

const HEAD = `# The cache beside nginx, Varnish and HAProxy

Written by \`npm run bench:cache -- --write\`; run it to measure your machine. Each cache has one worker or thread and is pinned to one core; the load and the origin (nginx, from memory) are pinned to the other. The caches take turns within a round, in alternating order; a ratio is taken within a round, and every figure is a median of the rounds with the lowest and the highest. Plinth is \`plinth up\`, the whole program with the admin door off. All configurations are in [bench/cache/peers](../bench/cache/peers).

Every request is a hit from memory, as the origin is ended before the rounds begin: nginx keeps its files in /dev/shm, open, and sends small bodies without sendfile and tcp_nopush, which is quicker; Varnish logs to memory, as it always does; HAProxy has one thread. TLS is 1.3 with ${CIPHER_SUITE}, X25519 and one certificate of ECDSA P-256; Varnish speaks none. The peers are Debian's and use Debian's OpenSSL, Plinth has the one of Node. Processor time is that of all threads and processes of a cache, user and system.

The loads are wrk (HTTP/1.1, TLS: 50 connections, 20 for 256 KiB) and h2load (HTTP/2 without TLS: 10 connections, which tells no 99th percentile). Every status and the bytes of all answers are judged. Where a cache uses much less than its core, the load, or other work on that core, was what held the rate back, and only processor time tells the caches apart. The load average before a section tells what else the machine did.
`;

export interface HitRow {
  readonly which: HitCase;
  readonly samples: Samples;
}

export function writeSection(name: Section, text: string): void {
  writePart({ path: document, head: HEAD, order: SECTIONS }, name, text);
}

/** Two tables: each load against its target, then all figures. */
export function hitsText(rows: readonly HitRow[]): string {
  return `Plinth to the cheapest peer of each round: processor time by request.\n\n${targetsTable(rows)}\n\n${figuresTable(rows)}`;
}

export function targetsTable(rows: readonly HitRow[]): string {
  return table(
    ['load', 'CPU ratio', 'target', 'met', 'request rate ratio'],
    rows.map((row) => {
      const { title, ratioMax } = row.which;
      const cpu = ratios(row, ({ cpuMicros }) => cpuMicros, Math.min);
      const rate = ratios(row, ({ perSecond }) => perSecond, Math.max);
      return [
        title,
        `**${spread(cpu, 2)}**`,
        ratioMax === undefined ? '–' : `≤ ${ratioMax}`,
        ratioMax === undefined ? '–' : median(cpu) <= ratioMax ? 'yes' : 'no',
        spread(rate, 2),
      ];
    }),
  );
}

export function figuresTable(rows: readonly HitRow[]): string {
  return table(
    ['load', 'cache', 'CPU µs/request', 'requests/s', 'p99 ms', 'core used'],
    rows.flatMap(({ which, samples }) =>
      [...samples].map(([name, all]) => {
        const p99 = all.map(({ p99Ms }) => p99Ms);
        return [
          which.title,
          name,
          spread(
            all.map(({ cpuMicros }) => cpuMicros),
            1,
          ),
          spread(
            all.map(({ perSecond }) => perSecond),
            0,
          ),
          p99.some(Number.isNaN) ? '–' : spread(p99, 2),
          `${(median(all.map(({ busy }) => busy)) * 100).toFixed(0)} %`,
        ];
      }),
    ),
  );
}

/** Plinth's figures over those of the best peer in the same round. */
function ratios(
  { samples }: HitRow,
  pick: (sample: Sample) => number,
  better: (...values: number[]) => number,
): number[] {
  const peers = [...samples.keys()].filter((name) => name !== 'Plinth');
  return samples
    .get('Plinth')!
    .map(
      (sample, round) =>
        pick(sample) / better(...peers.map((peer) => pick(samples.get(peer)![round]!))),
    );
}

export function diskText(rows: readonly DiskRow[]): string {
  const [peer, ours] = ['nginx', 'Plinth'].map(
    (wanted) => rows.find(({ name }) => name === wanted)!.cpuMicros,
  );
  const cpu = ours!.map((micros, round) => micros / peer![round]!);
  const figures = table(
    ['cache', 'CPU µs/request', 'ratio', 'target', 'met'],
    rows.map(({ name, cpuMicros }) => {
      const isOurs = name === 'Plinth';
      return [
        name,
        spread(cpuMicros, 1),
        isOurs ? `**${spread(cpu, 2)}**` : '–',
        isOurs ? `≤ ${DISK_RATIO_MAX}` : '–',
        isOurs ? (median(cpu) <= DISK_RATIO_MAX ? 'yes' : 'no') : '–',
      ];
    }),
  );
  return `60,000 objects of 1 KiB, asked for in turn on 16 connections, by a client that lets no core rest. Plinth has a sixth of them in memory and answers the others from its disk, that is from the page cache; nginx reads its files in /dev/shm.\n\n${figures}`;
}

export function memoryText(rows: readonly MemoryRow[]): string {
  const figures = table(
    ['cache', 'objects', 'resident bytes each', 'target', 'met'],
    rows.map(({ name, objects, residentBytes }) => {
      const isOurs = name === 'Plinth';
      return [
        name,
        objects.toLocaleString('en'),
        `**${residentBytes.toFixed(0)}**`,
        isOurs ? `≤ ${MEMORY_BYTES_MAX}` : '–',
        isOurs ? (residentBytes <= MEMORY_BYTES_MAX ? 'yes' : 'no') : '–',
      ];
    }),
  );
  return `Objects of 1 KiB are fetched, each by a URL of its own; the resident set behind that less that before, by object. nginx keeps bodies in files, which are not counted; HAProxy takes and touches all its memory at its start, so that there is nothing to be seen of an object.\n\n${figures}`;
}

export function purgeText({ objects, purgeMs, stallMs, quietStallMs }: PurgeRow): string {
  const figures = table(
    ['objects', 'purge ms', 'target', 'met', 'stall ms', 'without a purge', 'target', 'met'],
    [
      [
        objects.toLocaleString('en'),
        `**${purgeMs.toFixed(2)}**`,
        `≤ ${PURGE_MS_MAX}`,
        purgeMs <= PURGE_MS_MAX ? 'yes' : 'no',
        `**${stallMs.toFixed(2)}**`,
        quietStallMs.toFixed(2),
        `≤ ${STALL_MS_MAX}`,
        stallMs <= STALL_MS_MAX ? 'yes' : 'no',
      ],
    ],
  );
  return `A purge by the method PURGE of a tag that all objects have, from its first byte to its answer; the stall is the longest wait of a client that asks for something else without a pause, until half a second behind the answer. Afterwards the objects are fetched anew, and what has no such tag is still a hit.\n\n${figures}`;
}
