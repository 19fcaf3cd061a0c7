/**
 * Appends a second, processor time and stalls of the write-ahead log on a real disk.
 *
 *     node bench/store/log.ts [seconds per case] [rounds]
 *
 * Closed loop: each of W writers appends 128 bytes, waits for its acknowledgement, appends again.
 * `loop` is what ships on a fast disk: fs.writeSync on an O_DSYNC file, on the event loop; `worker`
 * what ships on a slow one: fs.write on libuv's threads. `fdatasync` writes and then syncs on threads,
 * without O_DSYNC.
 * Cases take turns; medians are printed. A stall is the longest time between two turns of the loop.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk, DiskFile } from '../../src/core/runtime/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
} from '../../src/core/runtime/node/index.ts';
import { openLog, type SyncPolicy } from '../../src/core/store/index.ts';

const seconds = Number(process.argv[2] ?? 1);
const rounds = Number(process.argv[3] ?? 5);
const payload = Buffer.alloc(128, 'x');

type How = 'worker' | 'loop' | 'fdatasync';

interface Result {
  readonly appendsPerSecond: number;
  readonly microsPerAppend: number;
  readonly stallMs: number;
}

function withoutDsync(disk: Disk, change: (file: DiskFile) => void): Disk {
  const changed = async (path: string, options: Parameters<Disk['open']>[1]): Promise<DiskFile> => {
    const file = await disk.open(path, { ...options, dsync: false });
    change(file);
    return file;
  };
  return { ...disk, open: changed };
}

const disks: Record<How, Disk> = {
  worker: createNodeDisk(),
  loop: createNodeDisk(),
  fdatasync: withoutDsync(createNodeDisk(), (file) => {
    const write = file.write.bind(file);
    file.write = (from, at, length, position, done) => {
      write(from, at, length, position, (error, bytes) => {
        if (error !== null) done(error, bytes);
        else file.datasync((failure) => done(failure, bytes));
      });
    };
  }),
};

async function measure(how: How, policy: SyncPolicy, writers: number): Promise<Result> {
  const folder = mkdtempSync(join(process.cwd(), '.bench-log-'));
  const log = await openLog({
    disk: disks[how],
    clock: createNodeClock(),
    random: createNodeRandom(),
    folder,
    nodeId: 'bench',
    policy,
    loopWrites: how === 'loop',
  });
  let ended = false;
  let stallMs = 0;
  let turnMs = performance.now();
  const watch = (): void => {
    const nowMs = performance.now();
    stallMs = Math.max(stallMs, nowMs - turnMs);
    turnMs = nowMs;
    if (!ended) setTimeout(watch, 1);
  };
  const turn = (): void => {
    if (ended) return;
    const nowMs = Date.now();
    for (let writer = 0; writer < writers; writer++) log.append(payload, nowMs);
    log.flush((error) => {
      if (error !== null) throw error;
      setImmediate(turn);
    });
  };
  // The first segment grows step by step; what is measured is the steady state.
  turn();
  await new Promise((resolve) => setTimeout(resolve, 300));
  const from = { entries: log.durableIndex, cpu: process.cpuUsage(), ms: performance.now() };
  stallMs = 0;
  turnMs = performance.now();
  watch();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const count = (policy === 'always' ? log.durableIndex : log.lastIndex) - from.entries;
  const elapsedMs = performance.now() - from.ms;
  const cpu = process.cpuUsage(from.cpu);
  ended = true;
  await new Promise((resolve) => setTimeout(resolve, 50));
  await log.close();
  rmSync(folder, { recursive: true });
  return {
    appendsPerSecond: (count / elapsedMs) * 1000,
    microsPerAppend: (cpu.user + cpu.system) / count,
    stallMs,
  };
}

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;

const cases: readonly (readonly [How, SyncPolicy, number])[] = [
  ['worker', 'always', 50],
  ['loop', 'always', 50],
  ['fdatasync', 'always', 50],
  ['worker', 'always', 1],
  ['loop', 'always', 1],
  ['fdatasync', 'always', 1],
];

const results = new Map<string, Result[]>();
for (let round = 0; round < rounds; round++) {
  for (const [how, policy, writers] of cases) {
    const name = `${policy} ${how} ${writers}`;
    const list = results.get(name) ?? [];
    list.push(await measure(how, policy, writers));
    results.set(name, list);
  }
}
console.log('policy, way and writers | appends/s | CPU µs/append | longest stall ms');
for (const [name, list] of results) {
  const perSecond = median(list.map((one) => one.appendsPerSecond)).toFixed(0);
  const micros = median(list.map((one) => one.microsPerAppend)).toFixed(2);
  const stall = median(list.map((one) => one.stallMs)).toFixed(1);
  console.log(`${name} | ${perSecond} | ${micros} | ${stall}`);
}
