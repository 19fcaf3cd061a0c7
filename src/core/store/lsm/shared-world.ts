/**
 * Test support: several engines that share a thread, which is watched and dies when told to.
 */
import assert from 'node:assert/strict';
import type { Thread, ThreadEvents, Threads } from '../../runtime/index.ts';
import { createSimThreads } from '../../runtime/sim/index.ts';
import { WriteBatch } from './batch.ts';
import { LsmWorld, smallOptions } from './lsm-world.ts';
import { tableNumber } from './table-path.ts';
import type { Lsm, LsmOptions } from './types.ts';
import { createLsmWorkers, type LsmWorkers } from './worker.ts';

/** Entries of an engine: a compaction of them has several steps. */
const ENTRIES = 30_000;
const BATCH = 500;
/** Shares no factor with `ENTRIES`. */
const STRIDE = 7919;

/** A memory table as large as this takes several steps to compact or verify. */
export const sharedOptions = {
  ...smallOptions,
  memtableBytes: 1024 * 1024,
  tableBytes: 16 * 1024,
  levelBytes: 64 * 1024 * 1024,
} as const;

export class WatchedThreads implements Threads {
  started = 0;
  running = 0;
  private readonly threads: Threads;
  private last: Thread | undefined;

  constructor(threads: Threads) {
    this.threads = threads;
  }

  start(module: URL, events: ThreadEvents): Thread {
    this.started++;
    this.running++;
    this.last = this.threads.start(module, {
      onMessage: (message) => events.onMessage(message),
      onEnd: (error) => {
        this.running--;
        events.onEnd(error);
      },
    });
    return this.last;
  }

  /** The last one that was started ends when it gets to a message that it cannot take. */
  kill(): void {
    this.last?.post(null);
  }
}

export class SharedWorld extends LsmWorld {
  readonly threads: WatchedThreads;
  readonly workers: LsmWorkers;

  /** A step of long work takes `stepMs`: much longer than a message on its way. */
  constructor(seed: number, stepMs = 100) {
    super(seed, sharedOptions);
    const { disk, clock, random } = this;
    const slow = { ...clock, nextTurn: (run: () => void) => void clock.setTimer(stepMs, run) };
    this.threads = new WatchedThreads(createSimThreads({ disk, clock: slow, random }));
    this.workers = createLsmWorkers(this.threads);
  }

  openShared(folder: string, extra: Partial<LsmOptions> = {}): Promise<Lsm> {
    return this.open({ folder, worker: this.workers.worker(), ...extra });
  }

  /** An engine with tables of level 0. */
  async filled(folder: string): Promise<Lsm> {
    const lsm = await this.openShared(folder);
    await this.settle(fill(lsm));
    return lsm;
  }

  /** Numbers of the tables in a folder. */
  tables(folder: string): number[] {
    return this.disk.listSync(folder).flatMap((name) => tableNumber(name) ?? []);
  }
}

/** Writes all keys, those of each table all over the range, and values that tell how often that was done. */
export async function fill(lsm: Lsm, time = 1): Promise<void> {
  for (let nth = 0; nth < ENTRIES; ) {
    const batch = new WriteBatch();
    for (const end = nth + BATCH; nth < end; nth++) {
      const key = (nth * STRIDE) % ENTRIES;
      batch.put(keyOf(key), Buffer.from(`${time}:${key}`));
    }
    await new Promise<void>((resolve, reject) => {
      lsm.write(batch, {}, (error) => (error === null ? resolve() : reject(error)));
    });
  }
  await lsm.flush();
}

/** The engine holds what `fill` wrote, and nothing else. */
export async function checkFilled(lsm: Lsm, time = 1): Promise<void> {
  const scan = lsm.scan();
  let key = 0;
  while (await scan.fill()) {
    for (let nth = 0; nth < scan.count; nth++, key++) {
      assert.deepEqual(scan.key(nth), keyOf(key));
      assert.equal(String(scan.value(nth)), `${time}:${key}`);
    }
  }
  scan.close();
  assert.equal(key, ENTRIES);
}

function keyOf(nth: number): Buffer {
  return Buffer.from(String(nth).padStart(6, '0'));
}
