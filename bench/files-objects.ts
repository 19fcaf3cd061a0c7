/**
 * Small objects through the object layer, without a door: puts and gets a second, beside what one sync for each
 * group costs the disk at the least.
 *
 *     node bench/files-objects.ts [seconds per case] [bytes]
 *
 * Closed loop: each writer waits until its object is durable. The floor writes the same bytes to one file and
 * calls fdatasync, one after the other.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
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

const seconds = Number(process.argv[2] ?? 3);
const bytes = Number(process.argv[3] ?? 1024);
const folder = mkdtempSync(join(process.cwd(), '.bench-files-'));
const payload = Buffer.alloc(bytes, 'abcdefgh');

function floor(): void {
  const fd = openSync(join(folder, 'floor'), 'w');
  const from = performance.now();
  let count = 0;
  while (performance.now() - from < seconds * 1000) {
    writeSync(fd, payload, 0, bytes, count * bytes);
    fdatasyncSync(fd);
    count++;
  }
  closeSync(fd);
  console.log(`write and fdatasync, one by one: ${Math.round(count / seconds)} /s`);
}

async function measure(
  what: string,
  workers: number,
  work: (worker: number, nth: number) => Promise<void>,
): Promise<void> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const from = performance.now();
  const loop = async (_: unknown, worker: number): Promise<void> => {
    for (let nth = 0; performance.now() - from < seconds * 1000; nth++) {
      const began = performance.now();
      await work(worker, nth);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: workers }, loop));
  const passed = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (share: number): string => times[Math.floor(times.length * share)]!.toFixed(2);
  console.log(
    `${what}, ${String(workers).padStart(3)} at once: ${String(Math.round(times.length / passed)).padStart(6)} /s  p50 ${at(0.5)} ms  p99 ${at(0.99)} ms  ${((user + system) / times.length).toFixed(0)} us CPU each`,
  );
}

const files = await FileSystem.open({
  disk: createNodeDisk(),
  clock: createNodeClock(),
  random: createNodeRandom(),
  logger: silentLogger(),
  folder,
  disks: [],
  reserveBytes: 0,
  blockBytes: 64 * 1024 * 1024,
  replication: 1,
  scrubBytesPerSecond: 0,
  worker: () => createLsmWorker(createNodeThreads()),
});
const store = new NamespaceObjectStore(files);
await store.createBucket('bench', { owner: 'me', documents: {} });
const attributes = { 'content-type': 'application/octet-stream' };
floor();
for (const workers of [1, 16, 128]) {
  await measure(`put ${bytes} bytes`, workers, async (worker, nth) => {
    const writer = await store.write('bench', bytes);
    await writer.write(payload);
    const key = `${workers}/${worker}/${nth % 1000}`;
    await writer.commit({ key, etag: 'd41d8cd98f00b204e9800998ecf8427e', attributes });
  });
}
for (const workers of [1, 16, 128]) {
  await measure(`get ${bytes} bytes`, workers, async (worker, nth) => {
    const opened = await store.open({ bucket: 'bench', key: `128/${worker}/${nth % 10}` });
    for await (const _ of opened!.read(0, bytes));
    opened!.close();
  });
}
await files.close();
rmSync(folder, { recursive: true });
