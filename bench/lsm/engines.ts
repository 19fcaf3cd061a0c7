/**
 * The engines that are compared, behind one small interface. Each runs in a process of its own.
 */
import { ClassicLevel } from 'classic-level';
import { open as openLmdb } from 'lmdb';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../src/core/runtime/node/index.ts';
import {
  createLsmWorker,
  Found,
  type Lookup,
  openLsm,
  WriteBatch,
} from '../../src/core/store/index.ts';

export interface Engine {
  /** Puts `count` pairs as one batch; durable before it is done with `sync`. */
  putBatch(pairs: readonly (readonly [Buffer, Buffer])[], sync: boolean): Promise<void>;
  /** Looks for all keys, as concurrently as the engine likes. @returns how many were there. */
  getMany(keys: readonly Buffer[]): Promise<number>;
  /** Walks up to `count` entries from `from` on. @returns how many. */
  scan(from: Buffer, count: number): Promise<number>;
  /** Waits until everything is in its files and nothing is under way. */
  settle(): Promise<void>;
  /** Bytes written to files by the engine itself, where it tells. */
  writtenBytes(): number | null;
  close(): Promise<void>;
}

export type EngineName = 'plinth' | 'classic-level' | 'lmdb';
export const engineNames: readonly EngineName[] = ['plinth', 'classic-level', 'lmdb'];

/** All with a cache of 64 MiB and a write buffer of 32 MiB, where they have such a thing. */
export function openEngine(name: EngineName, folder: string): Promise<Engine> {
  if (name === 'plinth') return openPlinth(folder);
  if (name === 'classic-level') return openClassic(folder);
  return openLmdbEngine(folder);
}

const CACHE_BYTES = 64 * 1024 * 1024;
const BUFFER_BYTES = 32 * 1024 * 1024;

async function openPlinth(folder: string): Promise<Engine> {
  const lsm = await openLsm({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    folder,
    worker: createLsmWorker(createNodeThreads()),
    cacheBytes: CACHE_BYTES,
    memtableBytes: BUFFER_BYTES,
  });
  const batch = new WriteBatch();
  const into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };
  return {
    putBatch(pairs, sync) {
      batch.clear();
      for (const [key, value] of pairs) batch.put(key, value);
      return new Promise((resolve, reject) => {
        lsm.write(batch, { sync }, (error) => (error === null ? resolve() : reject(error)));
      });
    },
    async getMany(keys) {
      let found = 0;
      const waits: Promise<unknown>[] = [];
      for (const key of keys) {
        const state = lsm.lookup(key, 0, key.length, into);
        if (state === Found.found) found++;
        else if (state === Found.cold) {
          waits.push(lsm.get(key).then((value) => void (value !== null && found++)));
        }
      }
      await Promise.all(waits);
      return found;
    },
    async scan(from, count) {
      const scan = lsm.scan({ from, pageEntries: Math.min(1024, count) });
      let seen = 0;
      while (seen < count && (await scan.fill())) seen += scan.count;
      scan.close();
      return Math.min(seen, count);
    },
    async settle() {
      await lsm.flush();
      for (let idle = 0; idle < 3; ) {
        const before = lsm.stats.compactions;
        await new Promise((resolve) => setTimeout(resolve, 20));
        idle = lsm.stats.debtBytes === 0 && lsm.stats.compactions === before ? idle + 1 : 0;
      }
    },
    writtenBytes: () =>
      lsm.stats.batchBytes + lsm.stats.flushedBytes + lsm.stats.compactionWrittenBytes,
    close: () => lsm.close(),
  };
}

async function openClassic(folder: string): Promise<Engine> {
  const level = new ClassicLevel<Buffer, Buffer>(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    cacheSize: CACHE_BYTES,
    writeBufferSize: BUFFER_BYTES,
  });
  await level.open();
  return {
    async putBatch(pairs, sync) {
      const batch = level.batch();
      for (const [key, value] of pairs) batch.put(key, value);
      await batch.write({ sync });
    },
    async getMany(keys) {
      const values = await level.getMany([...keys]);
      return values.reduce((sum, value) => sum + (value === undefined ? 0 : 1), 0);
    },
    async scan(from, count) {
      const entries = await level.iterator({ gte: from, limit: count }).all();
      return entries.length;
    },
    async settle() {
      await level.compactRange(Buffer.from([0]), Buffer.alloc(32, 255));
    },
    writtenBytes: () => null,
    close: () => level.close(),
  };
}

async function openLmdbEngine(folder: string): Promise<Engine> {
  const db = openLmdb<Buffer, Buffer>({ path: folder, encoding: 'binary', keyEncoding: 'binary' });
  return {
    async putBatch(pairs, sync) {
      const done = db.transaction(() => {
        for (const [key, value] of pairs) void db.put(key, value);
      });
      await done;
      if (sync) await db.flushed;
    },
    async getMany(keys) {
      let found = 0;
      for (const key of keys) if (db.get(key) !== undefined) found++;
      return found;
    },
    async scan(from, count) {
      let seen = 0;
      for (const { value } of db.getRange({ start: from, limit: count })) {
        if (value !== undefined) seen++;
      }
      return seen;
    },
    async settle() {
      await db.flushed;
    },
    writtenBytes: () => null,
    close: () => db.close(),
  };
}
