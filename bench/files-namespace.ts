/**
 * The namespace alone: operations a second, memory with many files, pages of a list, a start.
 *
 *     node bench/files-namespace.ts [files] [writers]
 *
 * Closed loop: each writer waits for its answer, which comes when the operation is durable. Files lie in
 * directories of a thousand; each has one block. Memory is that of the process, the bench included. In the end a
 * new process opens what is there and works on it, as one does that was started again.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../src/core/runtime/node/index.ts';
import { createLsmWorker } from '../src/core/store/index.ts';
import { listFiles } from '../src/files/namespace/list.ts';
import { Namespace } from '../src/files/namespace/namespace.ts';
import type { OperationArgs } from '../src/files/namespace/operations/table.ts';

const files = Number(process.argv[2] ?? 1_000_000);
const writers = Number(process.argv[3] ?? 256);
const IN_DIRECTORY = 1000;
const SAMPLE = 50_000;
const make = { owner: 'me', group: 'us', permission: 0o755, implicit: true } as const;
/** Set in the process that opens what another one has made. */
const given = process.argv[4];
const folder = given ?? mkdtempSync(join(process.cwd(), '.bench-files-'));

function open(): Promise<Namespace> {
  return Namespace.open({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    logger: silentLogger(),
    folder,
    worker: createLsmWorker(createNodeThreads()),
  });
}

const directoryOf = (nth: number): string[] => [
  'bucket',
  `directory-${String(Math.floor(nth / IN_DIRECTORY)).padStart(6, '0')}`,
];
const nameOf = (nth: number): string => `file-${String(nth).padStart(9, '0')}.bin`;

function putArgs(nth: number): OperationArgs<'put'> {
  const block = 10_000_000_000 + nth;
  return {
    directory: directoryOf(nth),
    name: nameOf(nth),
    file: {
      size: 1024,
      replication: 1,
      blockBytes: 67_108_864,
      etag: 'd41d8cd98f00b204e9800998ecf8427e',
      object: Buffer.from('{"content-type":"application/octet-stream"}'),
      owner: 'plinth',
      group: 'plinth',
      permission: 0o644,
    },
    content: {
      extents: [{ block, stamp: 1, offset: 0, length: 1024 }],
      newBlocks: [{ block, stamp: 1, length: 1024 }],
    },
    make,
  };
}

/** Runs `count` of `work`, so many at once. @returns operations a second, and CPU microseconds of each. */
async function measure(
  what: string,
  count: number,
  work: (nth: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const cpu = process.cpuUsage();
  const from = performance.now();
  const loop = async (): Promise<void> => {
    for (let nth = next++; nth < count; nth = next++) await work(nth);
  };
  await Promise.all(Array.from({ length: writers }, loop));
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = Math.round(count / seconds).toLocaleString('en');
  console.log(
    `${what.padEnd(28)} ${perSecond.padStart(9)} /s  ${((user + system) / count).toFixed(1).padStart(7)} us CPU each  RSS ${rss()}`,
  );
}

const rss = (): string => `${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`;
const spread = (nth: number): number => (nth * 7919) % files;

async function pages(what: string, delimiter: string): Promise<void> {
  const times: number[] = [];
  for (let nth = 0; nth < 200; nth++) {
    const after = `${directoryOf(spread(nth * 101))[1]}/`;
    const from = performance.now();
    await listFiles(namespace.reader, {
      bucket: 'bucket',
      prefix: '',
      delimiter,
      after,
      max: 1000,
    });
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  console.log(
    `${what.padEnd(28)} median ${times[100]!.toFixed(2)} ms, p99 ${times[197]!.toFixed(2)} ms`,
  );
}
const from = performance.now();
const namespace = await open();
if (given === undefined) {
  console.log(`${files} files, ${writers} writers; RSS ${rss()} before`);
  await namespace.run('makeDirectory', { path: ['bucket'], make: { ...make, implicit: false } });
  await measure('put', files, (nth) => namespace.run('put', putArgs(nth)));
} else {
  const { entries } = namespace.recovery;
  const ms = Math.round(performance.now() - from);
  console.log(`started again in ${ms} ms, ${entries} entries of the journal, RSS ${rss()}`);
}
await measure('stat, random', SAMPLE, (nth) =>
  namespace.reader.head(directoryOf(spread(nth)), nameOf(spread(nth))),
);
await measure('touch, random', SAMPLE, (nth) =>
  namespace.run('setFile', {
    directory: directoryOf(spread(nth)),
    name: nameOf(spread(nth)),
    change: { modifiedMs: 1 },
  }),
);
await pages('page of 1,000 keys', '');
await pages('page of 1,000 prefixes', '/');
await measure('rename there and back', Math.min(SAMPLE, files), async (nth) => {
  const path = [...directoryOf(spread(nth)), nameOf(spread(nth))];
  const aside = [...directoryOf(spread(nth)), `${nameOf(spread(nth))}.moved`];
  await namespace.run('rename', { from: path, to: aside, kind: 'file' });
  await namespace.run('rename', { from: aside, to: path, kind: 'file' });
});

const { tables } = namespace.stats;
console.log(`tables ${Math.round(tables.tableBytes / files)} bytes a file; RSS ${rss()}`);
await namespace.close();
if (given === undefined) {
  const self = fileURLToPath(import.meta.url);
  const args = [self, String(files), String(writers), folder];
  spawnSync(process.execPath, args, { stdio: 'inherit' });
  rmSync(folder, { recursive: true });
}
