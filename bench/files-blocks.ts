/**
 * Large blocks: sequential write and read through the block store, beside plain files written and synced alike.
 *
 *     node bench/files-blocks.ts [MiB] [rounds]
 *
 * Reads come from the page cache. Processor time is that of the whole process. Medians; cases take turns.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../src/core/observe/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../src/core/runtime/node/index.ts';
import { createLsmWorker } from '../src/core/store/index.ts';
import { FileSystem } from '../src/files/objects/file-system.ts';
import { NamespaceObjectStore } from '../src/files/objects/object-store.ts';

const mebibytes = Number(process.argv[2] ?? 512);
const rounds = Number(process.argv[3] ?? 3);
const MEBIBYTE = 1024 * 1024;
const folder = mkdtempSync(join(process.cwd(), '.bench-files-'));
const piece = Buffer.alloc(256 * 1024, 'abcdefghijklmnop');
const pieces = (mebibytes * MEBIBYTE) / piece.length;
const results = new Map<string, { mibPerSecond: number[]; cpuSeconds: number[] }>();

async function measure(what: string, work: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage();
  const from = performance.now();
  await work();
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const row = results.get(what) ?? { mibPerSecond: [], cpuSeconds: [] };
  results.set(what, row);
  row.mibPerSecond.push(mebibytes / seconds);
  row.cpuSeconds.push(((user + system) / 1e6) * (1024 / mebibytes));
}

const files = await FileSystem.open({
  disk: createNodeDisk(),
  clock: createNodeClock(),
  random: createNodeRandom(),
  logger: silentLogger(),
  folder,
  disks: [],
  reserveBytes: 0,
  blockBytes: 64 * MEBIBYTE,
  replication: 1,
  scrubBytesPerSecond: 0,
  worker: () => createLsmWorker(createNodeThreads()),
});
const store = new NamespaceObjectStore(files);
await store.createBucket('bench', { owner: 'me', documents: {} });
for (let round = 0; round < rounds; round++) {
  await measure('plain file, write and fdatasync', async () => {
    const file = await openFile(join(folder, 'plain'), 'w');
    for (let nth = 0; nth < pieces; nth++) await file.write(piece);
    await file.datasync();
    await file.close();
  });
  await measure('plain file, read', async () => {
    const file = await openFile(join(folder, 'plain'), 'r');
    const into = Buffer.alloc(piece.length);
    for (let nth = 0; nth < pieces; nth++) await file.read(into, 0, into.length);
    await file.close();
  });
  await measure('object, write', async () => {
    const writer = await store.write('bench', mebibytes * MEBIBYTE);
    for (let nth = 0; nth < pieces; nth++) await writer.write(piece);
    await writer.commit({ key: 'large', etag: 'e', attributes: {} });
  });
  await measure('object, read', async () => {
    const opened = await store.open({ bucket: 'bench', key: 'large' });
    for await (const _ of opened!.read(0, mebibytes * MEBIBYTE));
    opened!.close();
  });
}
const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
for (const [what, { mibPerSecond, cpuSeconds }] of results) {
  console.log(
    `${what.padEnd(34)} ${median(mibPerSecond).toFixed(0).padStart(6)} MiB/s  ${median(cpuSeconds).toFixed(2)} s CPU a GiB`,
  );
}
console.log(`RSS ${Math.round(process.memoryUsage().rss / MEBIBYTE)} MiB`);
await files.close();
rmSync(folder, { recursive: true });
