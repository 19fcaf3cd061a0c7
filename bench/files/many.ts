/**
 * Many files: made by the WebHDFS door, listed by S3, and what memory the process has meanwhile, at rest and while it
 * is written to.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { smallContent } from './bytes.ts';
import { DoorClient } from './door-client.ts';
import type { ServerGroup } from './servers.ts';

const WRITERS = 64;
const IN_DIRECTORY = 1000;
const BUCKET = 'many';
const BYTES = 1024;
const REST_MS = 10_000;
const PAGES = 100;

export interface ManyRow {
  readonly files: number;
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly memory: readonly MemoryRow[];
  readonly pages: readonly PageRow[];
}

export interface MemoryRow {
  readonly when: string;
  readonly residentBytes: number;
  /** The most until then, since the row before. */
  readonly peakBytes: number;
}

export interface PageRow {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: number;
}

/** @param server its first process has the names, and WebHDFS on `port`. @param overwrites of random files, behind all else. */
export async function measureMany(
  server: ServerGroup,
  port: number,
  { files, overwrites }: { files: number; overwrites: number },
): Promise<ManyRow> {
  const memory: MemoryRow[] = [];
  const look = (when: string): void => {
    memory.push({ when, ...server.memory() });
    server.forgetPeak();
  };
  await server.makeBucket(BUCKET);
  look('before');
  const cpu = server.cpuMicros();
  const from = performance.now();
  await write(port, files, (nth) => nth);
  const seconds = (performance.now() - from) / 1000;
  const cpuMicros = (server.cpuMicros() - cpu) / files;
  look(`${files.toLocaleString('en')} files made`);
  await sleep(REST_MS);
  look(`${REST_MS / 1000} s later`);
  const pages = await listPages(server, files);
  look('behind the lists');
  await write(port, overwrites, (nth) => (nth * 7919) % files);
  look(`${overwrites.toLocaleString('en')} of them overwritten`);
  await sleep(REST_MS);
  look(`${REST_MS / 1000} s later`);
  return { files, perSecond: files / seconds, cpuMicros, memory, pages };
}

async function write(port: number, count: number, of: (nth: number) => number): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    const client = await DoorClient.connect({ port });
    for (let nth = next++; nth < count; nth = next++) {
      const file = of(nth);
      await client.ask({
        method: 'PUT',
        path: `webhdfs/v1/${BUCKET}/${keyOf(file)}`,
        query: { op: 'CREATE', data: 'true', overwrite: 'true', 'user.name': 'plinth' },
        body: [smallContent(file, BYTES)],
      });
    }
    client.close();
  };
  await Promise.all(Array.from({ length: WRITERS }, lane));
}

function directoryOf(nth: number): string {
  return `directory-${String(Math.floor(nth / IN_DIRECTORY)).padStart(6, '0')}`;
}

function keyOf(nth: number): string {
  return `${directoryOf(nth)}/file-${String(nth).padStart(9, '0')}`;
}

async function listPages(server: ServerGroup, files: number): Promise<PageRow[]> {
  const spread = (nth: number): number => (nth * 7919) % files;
  const half = Math.min(1000, Math.floor(files / IN_DIRECTORY / 2));
  const queries: readonly [string, number, (nth: number) => Record<string, string>][] = [
    ['1,000 keys behind a random one', 1000, (nth) => ({ 'start-after': keyOf(spread(nth)) })],
    [
      'the 1,000 keys of a directory, by prefix',
      1000,
      (nth) => ({ prefix: `${directoryOf(spread(nth))}/` }),
    ],
    ['common prefixes, by delimiter', half, () => ({ delimiter: '/' })],
  ];
  const rows: PageRow[] = [];
  const client = await server.client();
  try {
    for (const [what, least, query] of queries) {
      const times: number[] = [];
      const cpu = server.cpuMicros();
      for (let nth = 0; nth < PAGES; nth++) {
        const from = performance.now();
        const { text } = await client.ask({
          ...{ method: 'GET', path: BUCKET },
          query: { 'list-type': '2', 'max-keys': '1000', ...query(nth) },
        });
        times.push(performance.now() - from);
        const found = text.match(/<Key>|<CommonPrefixes>/g)?.length ?? 0;
        // Behind a key that is near the end there are fewer.
        if (found < least && spread(nth) < files - 1000) throw new Error(`${found} of ${what}`);
      }
      times.sort((a, b) => a - b);
      const cpuMicros = (server.cpuMicros() - cpu) / PAGES;
      rows.push({ what, p50Ms: times[PAGES / 2]!, p99Ms: times[PAGES - 2]!, cpuMicros });
    }
  } finally {
    client.close();
  }
  return rows;
}
