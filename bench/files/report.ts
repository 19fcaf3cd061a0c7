/** What was measured, as text for docs/bench-files.md, section by section. */
import { fileURLToPath } from 'node:url';
import { spread, writePart } from '../http/parts.ts';
import { median } from '../kv/machine.ts';
import { table } from '../kv/report.ts';
import { MEBIBYTE } from './bytes.ts';
import type { LargeSample, LargeSamples } from './large.ts';
import type { ManyRow } from './many.ts';
import { CALLERS, OPERATIONS, type OperationSamples } from './operations.ts';
import { SMALL_BYTES, type SmallRow, type SmallSample } from './small.ts';

export const SECTIONS = ['large', 'small', 'operations', 'many'] as const;
export type Section = (typeof SECTIONS)[number];

/** Of the specification. */
export const DD_RATIO_MIN = 0.5;
export const LIST_MS_MAX = 30;
export const OPERATIONS_MIN = 10_000;
export const MEMORY_MIB_MAX = 300;

const document = fileURLToPath(new URL('../../docs/bench-files.md', import.meta.url));

const HEAD = `# The file system beside radosgw and the disk

Written by \`npm run bench:files -- --write\`; run it to measure your machine. Plinth is the whole program, as its users start it; with DataNodes it is four processes, and the NameNode has no disks of its own. radosgw is Debian's on a Ceph of one monitor and one OSD (BlueStore in a sparse file of the same file system, one replica, \`tcp_nodelay\`, no logs), made by [bench/files/ceph.ts](../bench/files/ceph.ts). Nobody is pinned to a core; the client is one process more on the same machine. Those that are measured take turns, in alternating order; every figure is a median of the rounds with the lowest and the highest. Processor time is that of all threads of all processes of a server, user and system, of the client none.

All writes are durable when they are answered: Plinth has called fdatasync for bytes and journal, BlueStore for its own log. Requests are signed (Signature Version 4). The client compares every byte that it reads.
`;

/** What stands behind all sections, written by hand; see the document. */
export function writeSection(name: Section, text: string): void {
  writePart({ path: document, head: HEAD, order: [...SECTIONS, 'limits', 'layers'] }, name, text);
}

export function largeText(samples: LargeSamples, bytes: number): string {
  const titles: Readonly<Record<string, string>> = {
    put: 'PUT',
    parts: 'PUT in parts of 8 MiB, 4 at once',
    get: 'GET',
    write: 'write, fdatasync',
    direct: 'write past the page cache',
    read: 'read from the page cache',
  };
  const raw = samples.get('dd');
  const rows = [...samples].flatMap(([name, works]) =>
    [...works].map(([work, all]) => {
      const floor = raw?.get(work === 'get' || work === 'read' ? 'read' : 'write') ?? [];
      const ratios = all.map(({ mibPerSecond }, round) => mibPerSecond / rateOf(floor, round));
      const isAimed = name.includes('replication 1') && work !== 'parts';
      return [
        name,
        titles[work] ?? work,
        spread(
          all.map(({ mibPerSecond }) => mibPerSecond),
          0,
        ),
        `**${spread(
          all.map(({ cpuSeconds }) => cpuSeconds),
          2,
        )}**`,
        spread(ratios, 2),
        isAimed ? `≥ ${DD_RATIO_MIN}` : '–',
        isAimed ? yes(median(ratios) >= DD_RATIO_MIN) : '–',
      ];
    }),
  );
  const head = ['', 'work', 'MiB/s', 's CPU a GiB', 'x dd', 'target', 'met'];
  return `One object of ${bytes / MEBIBYTE} MiB, one client, deleted behind each round. The payload is not signed, as over TLS; the store makes the MD5 of it. dd writes and reads as much in a file of the same folder; ratios are to its write with fdatasync, or its read from the page cache. nginx sends a file, looks at nothing in it and copies nothing: what the sockets and the client allow.\n\n${table(head, rows)}`;
}

function rateOf(samples: readonly LargeSample[], round: number): number {
  return samples[round]?.mibPerSecond ?? Number.NaN;
}

function yes(isMet: boolean): string {
  return isMet ? 'yes' : 'no';
}

/** @param floors groups a second of one write and one fdatasync each, by objects in a group. */
export function smallText(
  rows: readonly SmallRow[],
  floors: ReadonlyMap<number, readonly number[]>,
): string {
  const figures = table(
    ['', 'work', 'at once', 'a second', 'p50 ms', 'p99 ms', 'µs CPU each'],
    rows
      .toSorted((a, b) => a.work.localeCompare(b.work) * -1 || a.concurrency - b.concurrency)
      .map(({ name, work, concurrency, samples }) => {
        const of = (value: (sample: SmallSample) => number, digits: number): string =>
          spread(samples.map(value), digits);
        return [
          name,
          work.toUpperCase(),
          String(concurrency),
          of(({ perSecond }) => perSecond, 0),
          of(({ p50Ms }) => p50Ms, 2),
          of(({ p99Ms }) => p99Ms, 1),
          `**${of(({ cpuMicros }) => cpuMicros, 0)}**`,
        ];
      }),
  );
  const raw = table(
    ['objects in a group', 'groups a second', 'objects a second'],
    [...floors].map(([group, rates]) => [
      String(group),
      spread(rates, 0),
      (median(rates) * group).toFixed(0),
    ]),
  );
  return `Objects of ${SMALL_BYTES} bytes, payload signed, 5,000 keys written and read again and again, each client waits for its answer.\n\n${figures}\n\nWhat the disk allows at the least: so many objects written at once, one fdatasync, one group after the other. A PUT of Plinth waits for two, that of the container and that of the journal; all who wait share both.\n\n${raw}`;
}

export function operationsText(calls: OperationSamples, door: OperationSamples): string {
  const rows = OPERATIONS.flatMap((name) =>
    [...[['calls', calls] as const, ['WebHDFS', door] as const]].map(([how, samples]) => {
      const all = samples.get(name) ?? [];
      const rates = all.map(({ perSecond }) => perSecond);
      const isAimed = how === 'calls';
      return [
        name,
        how,
        spread(rates, 0),
        `**${spread(
          all.map(({ cpuMicros }) => cpuMicros),
          0,
        )}**`,
        isAimed ? `≥ ${OPERATIONS_MIN.toLocaleString('en')}` : '–',
        isAimed ? yes(median(rates) >= OPERATIONS_MIN) : '–',
      ];
    }),
  );
  const head = ['operation', 'by', 'a second', 'µs CPU each', 'target', 'met'];
  return `Files without content in directories of 1,000. Calls: the namespace alone, called in the process of the bench by ${CALLERS.calls} callers, as HDFS' NNThroughputBenchmark does it. WebHDFS: ${CALLERS.door} connections to Plinth. All but stat are in the journal, synced, before they are answered.\n\n${table(head, rows)}`;
}

export function manyText(
  who: string,
  { files, perSecond, cpuMicros, memory, pages }: ManyRow,
): string {
  const mib = (bytes: number): string => (bytes / MEBIBYTE).toFixed(0);
  const used = table(
    ['when', 'resident MiB', 'the most until then', 'target', 'met'],
    memory.map(({ when, residentBytes, peakBytes }, nth) => [
      when,
      `**${mib(residentBytes)}**`,
      mib(peakBytes),
      nth === 0 ? '–' : `≤ ${MEMORY_MIB_MAX}`,
      nth === 0 ? '–' : yes(peakBytes <= MEMORY_MIB_MAX * MEBIBYTE),
    ]),
  );
  const lists = table(
    ['page', 'p50 ms', 'p99 ms', 'ms CPU', 'target', 'met'],
    pages.map((page) => [
      page.what,
      `**${page.p50Ms.toFixed(1)}**`,
      page.p99Ms.toFixed(1),
      (page.cpuMicros / 1000).toFixed(1),
      `< ${LIST_MS_MAX}`,
      yes(page.p50Ms < LIST_MS_MAX),
    ]),
  );
  return `${who}: ${files.toLocaleString('en')} files of 1 KiB in directories of 1,000, made by WebHDFS (CREATE, 64 connections, durable): ${perSecond.toFixed(0)} a second, ${cpuMicros.toFixed(0)} µs of processor time each, DataNodes included. The memory is that of the process with the names and both doors.\n\n${used}\n\nListObjectsV2 by S3, 100 of each:\n\n${lists}`;
}
