/** Small objects: PUT and GET a second, how long they take, and what they cost, at several concurrencies; beside what one fdatasync for each group costs. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Of, smallContent } from './bytes.ts';
import type { ServerGroup } from './servers.ts';

export const SMALL_WORK = ['put', 'get'] as const;
export type SmallWork = (typeof SMALL_WORK)[number];
export const CONCURRENCIES = [1, 16, 64] as const;

export interface SmallSample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all processes, by object. */
  readonly cpuMicros: number;
}

export interface SmallRow {
  readonly name: string;
  readonly work: SmallWork;
  readonly concurrency: number;
  readonly samples: SmallSample[];
}

export const SMALL_BYTES = 1024;
const BUCKET = 'small';
/** Keys of one run, written again and again; reads go over those of the run before. */
const KEYS = 5000;

export async function measureSmall(
  servers: readonly ServerGroup[],
  { seconds, rounds }: { seconds: number; rounds: number },
): Promise<SmallRow[]> {
  const rows: SmallRow[] = [];
  for (const server of servers) {
    await server.makeBucket(BUCKET);
    // Compilers and caches of all of them are warm then, and all keys are there.
    await run(server, 'put', { concurrency: 16, until: KEYS });
    await run(server, 'get', { concurrency: 16, until: KEYS });
  }
  for (let round = 0; round < rounds; round++) {
    for (const concurrency of CONCURRENCIES) {
      for (const work of SMALL_WORK) {
        for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
          const sample = await run(server, work, { concurrency, seconds });
          rowOf(rows, server.name, work, concurrency).samples.push(sample);
        }
      }
    }
  }
  return rows;
}

function rowOf(rows: SmallRow[], name: string, work: SmallWork, concurrency: number): SmallRow {
  const is = (row: SmallRow): boolean =>
    row.name === name && row.work === work && row.concurrency === concurrency;
  const known = rows.find(is);
  if (known !== undefined) return known;
  const row = { name, work, concurrency, samples: [] };
  rows.push(row);
  return row;
}

async function run(
  server: ServerGroup,
  work: SmallWork,
  { concurrency, seconds, until }: { concurrency: number; seconds?: number; until?: number },
): Promise<SmallSample> {
  const clients = await Promise.all(Array.from({ length: concurrency }, () => server.client()));
  const times: number[] = [];
  const cpu = server.cpuMicros();
  const from = performance.now();
  const endMs = seconds === undefined ? Number.POSITIVE_INFINITY : from + seconds * 1000;
  let next = 0;
  try {
    await Promise.all(
      clients.map(async (client) => {
        for (let nth = next++; nth < (until ?? nth + 1); nth = next++) {
          const began = performance.now();
          if (began >= endMs) return;
          // Neighbours in time are no neighbours in the order of names.
          const key = (nth * 2003) % KEYS;
          const path = `${BUCKET}/${key % 10}/${String(key).padStart(8, '0')}`;
          const content = smallContent(key, SMALL_BYTES);
          if (work === 'put') {
            const sha256 = sha256Of(content);
            await client.ask({ method: 'PUT', path, body: [content], sha256 });
          } else {
            let met: Buffer = Buffer.alloc(0);
            const onBytes = (bytes: Buffer): void => {
              met = Buffer.concat([met, bytes]);
            };
            await client.ask({ method: 'GET', path, onBytes });
            if (!met.equals(content)) throw new Error(`${server.name}: ${path} is not as written`);
          }
          times.push(performance.now() - began);
        }
      }),
    );
  } finally {
    for (const client of clients) client.close();
  }
  const passed = (performance.now() - from) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return {
    perSecond: times.length / passed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMicros: (server.cpuMicros() - cpu) / times.length,
  };
}

/**
 * What the disk allows at the least: `group` objects written at once and synced, one group after the other.
 * @returns groups a second.
 */
export function syncFloor(scratch: string, group: number, seconds: number): number {
  const path = join(scratch, 'floor');
  const fd = openSync(path, 'w');
  const bytes = Buffer.alloc(group * SMALL_BYTES, 'x');
  let groups = 0;
  const from = performance.now();
  while (performance.now() - from < seconds * 1000) {
    writeSync(fd, bytes, 0, bytes.length, groups * bytes.length);
    fdatasyncSync(fd);
    groups++;
  }
  const passed = (performance.now() - from) / 1000;
  closeSync(fd);
  rmSync(path);
  return groups / passed;
}
