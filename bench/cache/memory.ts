/** What a stored object of 1 KiB costs in resident memory: the set behind a fill less that before, by object. */
import { setTimeout as sleep } from 'node:timers/promises';
import { treeResidentBytes } from '../kv/machine.ts';
import { CACHES, type CacheName, startCaches } from './caches.ts';
import { fillCache } from './fill.ts';

export const MEMORY_BYTES_MAX = 2048;

export interface MemoryRow {
  readonly name: CacheName;
  readonly objects: number;
  /** By object. */
  readonly residentBytes: number;
}

/** Fetched before the first look, so that what a program takes once is not counted. */
const WARM_UP = 2000;

export async function measureMemory(objects: number): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const name of CACHES) {
    const bed = await startCaches({ door: 'http', large: false, only: [name] });
    try {
      const [cache] = bed.caches;
      if (cache === undefined) throw new Error(`no ${name}`);
      const { pid } = cache.child;
      await fillCache(cache.port, WARM_UP);
      await sleep(1000);
      const before = treeResidentBytes(pid);
      await fillCache(cache.port, WARM_UP + objects);
      await sleep(2000);
      const residentBytes = (treeResidentBytes(pid) - before) / objects;
      rows.push({ name, objects, residentBytes });
    } finally {
      await bed.stop();
    }
  }
  return rows;
}
