/**
 * Test support: an engine on a simulated disk, with simulated threads, and people's clock in our hands.
 *
 * Everything is small, so that memory tables fill, tables are flushed and levels compacted all the time.
 */
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  SimDisk,
  type SimRandom,
} from '../../runtime/sim/index.ts';
import { openLsm } from './lsm.ts';
import type { LsmPlace } from './lsm-store.ts';
import type { Lsm, LsmOptions } from './types.ts';
import { createLsmWorker } from './worker.ts';

export const FOLDER = '/data/lsm';

export const smallOptions = {
  memtableBytes: 16 * 1024,
  cacheBytes: 32 * 1024,
  blockBytes: 512,
  tableBytes: 4 * 1024,
  levelBytes: 8 * 1024,
} as const;

export class LsmWorld implements LsmPlace {
  readonly random: SimRandom;
  readonly clock = createSimClock();
  readonly disk: SimDisk;
  /** What people's clock shows; stands still unless told. */
  wallMs = 1_000_000_000_000;
  /** How often a look at the time shows that a millisecond has passed: reads on the loop pass for slow. */
  slowness = 0;
  readonly options: Partial<LsmOptions>;
  private skewMs = 0;

  constructor(seed: number, options: Partial<LsmOptions> = {}) {
    this.random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
    this.options = options;
  }

  open(extra: Partial<LsmOptions> = {}): Promise<Lsm> {
    return this.settle(openLsm(this.engineOptions(extra)));
  }

  engineOptions(extra: Partial<LsmOptions> = {}): LsmOptions {
    const { disk, clock, random } = this;
    const threads = createSimThreads({ disk, clock, random: random.fork() });
    return {
      disk,
      random,
      clock: {
        ...clock,
        wallMs: () => this.wallMs,
        monotonicMs: () => {
          if (this.slowness > 0 && random.chance(this.slowness)) this.skewMs++;
          return clock.monotonicMs() + this.skewMs;
        },
      },
      folder: FOLDER,
      worker: createLsmWorker(threads),
      ...smallOptions,
      ...this.options,
      ...extra,
    };
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise);
  }

  breathe(): Promise<void> {
    return this.clock.advance(1 + this.random.below(4));
  }
}
