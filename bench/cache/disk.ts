/**
 * What a hit from the disk costs: objects of 1 KiB, many more than memory holds, asked for in turn, so that what is not
 * in memory is not worth a place there when its turn comes again; beside nginx with the same from its files in memory.
 * The bytes of all answers are judged, and the origin is gone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { treeCpuMicros } from '../kv/machine.ts';
import { startCaches } from './caches.ts';
import { fillCache } from './fill.ts';

export const DISK_RATIO_MAX = 2;
const OBJECTS = 60_000;
/** Memory for a sixth of them. */
const MEMORY = '16mb';

/** What does not fit into the queue of the disk is not written: so many fit, and are written in this time. */
const AT_ONCE = 1000;
const WRITTEN_MS = 100;

export interface DiskRow {
  readonly name: string;
  /** Processor time by request, round by round. */
  readonly cpuMicros: readonly number[];
}

export async function measureDisk(rounds: number): Promise<DiskRow[]> {
  const bed = await startCaches({
    ...{ door: 'http', large: false, only: ['nginx', 'Plinth'] },
    plinth: { memory: MEMORY, disk: '2gb' },
  });
  try {
    for (const { port } of bed.caches) {
      // What found no room in the queue is fetched and written the second time.
      for (let pass = 0; pass < 2; pass++) {
        for (let from = 0; from < OBJECTS; from += AT_ONCE) {
          await fillCache(port, from + AT_ONCE, from);
          await sleep(WRITTEN_MS);
        }
      }
    }
    await bed.endOrigin();
    const rows = bed.caches.map(({ name }) => ({ name, cpuMicros: [] as number[] }));
    for (let round = 0; round < rounds; round++) {
      for (const [i, { port, child }] of bed.caches.entries()) {
        const before = treeCpuMicros(child.pid);
        await fillCache(port, OBJECTS);
        rows[i]!.cpuMicros.push((treeCpuMicros(child.pid) - before) / OBJECTS);
      }
    }
    return rows;
  } finally {
    await bed.stop();
  }
}
