/**
 * Test support: an engine on the real disk, with real threads.
 */
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../runtime/node/index.ts';
import { openLsm } from './lsm.ts';
import type { LsmPlace } from './lsm-store.ts';
import { smallOptions } from './lsm-world.ts';
import type { Lsm, LsmOptions } from './types.ts';
import { createLsmWorker } from './worker.ts';

export class NodePlace implements LsmPlace {
  readonly folder: string;
  readonly options: Partial<LsmOptions>;

  constructor(folder: string, options: Partial<LsmOptions> = {}) {
    this.folder = folder;
    this.options = options;
  }

  open(extra: Partial<LsmOptions> = {}): Promise<Lsm> {
    return openLsm({
      disk: createNodeDisk(),
      clock: createNodeClock(),
      random: createNodeRandom(),
      folder: this.folder,
      worker: createLsmWorker(createNodeThreads()),
      ...smallOptions,
      memtableBytes: 64 * 1024,
      ...this.options,
      ...extra,
    });
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => createNodeClock().setTimer(1, resolve));
  }
}
