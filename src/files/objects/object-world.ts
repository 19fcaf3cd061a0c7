/** Test support: an object store on a simulated disk. */
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  type SimClock,
  SimDisk,
  type SimRandom,
} from '../../core/runtime/sim/index.ts';
import { createLsmWorkers } from '../../core/store/index.ts';
import { FileSystem } from './file-system.ts';
import { NamespaceObjectStore } from './object-store.ts';

export class ObjectWorld {
  readonly clock: SimClock = createSimClock();
  readonly random: SimRandom;
  readonly disk: SimDisk;
  files!: FileSystem;
  store!: NamespaceObjectStore;

  constructor(seed: number) {
    this.random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
  }

  async start(): Promise<void> {
    const { disk, clock, random } = this;
    const workers = createLsmWorkers(createSimThreads({ disk, clock, random: random.fork() }));
    this.files = await this.settle(
      FileSystem.open({
        disk,
        clock,
        random,
        logger: silentLogger(),
        folder: '/data/files',
        disks: [],
        reserveBytes: 0,
        blockBytes: 1024 * 1024,
        replication: 1,
        scrubBytesPerSecond: 0,
        worker: () => workers.worker(),
      }),
    );
    this.store = new NamespaceObjectStore(this.files);
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise);
  }

  async crash(how: 'power' | 'kill'): Promise<void> {
    if (how === 'power') await this.disk.reboot();
    else await this.disk.killProcess();
    this.clock.forgetAll();
    await this.start();
  }

  /** Blocks that take room, once everything in the background has been done. */
  async storedBlocks(): Promise<number> {
    await this.settle(this.files.idle());
    let count = 0;
    await this.settle(
      this.files.blocks.each(0, () => {
        count++;
        return true;
      }),
    );
    return count;
  }
}
