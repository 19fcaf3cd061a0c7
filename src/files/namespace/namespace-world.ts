/**
 * Test support: a namespace on a simulated disk whose time moves by itself, and its obvious twin.
 */
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  type SimClock,
  SimDisk,
  type SimRandom,
} from '../../core/runtime/sim/index.ts';
import { createLsmWorker } from '../../core/store/index.ts';
import { Namespace } from './namespace.ts';
import type { OperationArgs, OperationName, OperationResult } from './operations/table.ts';

export const FOLDER = '/data/namespace';
export const MAKE = { owner: 'me', group: 'us', permission: 0o755, implicit: true } as const;

export class NamespaceWorld {
  readonly clock: SimClock = createSimClock();
  readonly random: SimRandom;
  readonly disk: SimDisk;
  namespace!: Namespace;

  constructor(seed: number) {
    this.random = createSimRandom(seed);
    this.disk = new SimDisk(this.clock, this.random.fork());
  }

  async start(): Promise<void> {
    const { disk, clock, random } = this;
    const threads = createSimThreads({ disk, clock, random: random.fork() });
    this.namespace = await this.settle(
      Namespace.open({
        disk,
        clock,
        random,
        logger: silentLogger(),
        folder: FOLDER,
        worker: createLsmWorker(threads),
        memtableBytes: 8 * 1024,
        cacheBytes: 64 * 1024,
        segmentBytes: 64 * 1024,
      }),
    );
  }

  run<N extends OperationName>(name: N, args: OperationArgs<N>): Promise<OperationResult<N>> {
    return this.settle(this.namespace.run(name, args));
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
}

/** Arguments of a put of a file that is one block; `block` 0 for an empty one. */
export function putArgs(
  path: readonly string[],
  more: { readonly block: number; readonly size: number; readonly etag?: string },
): OperationArgs<'put'> {
  const { block, size, etag = `e${block}` } = more;
  const directory = path.slice(0, -1);
  const extents = block === 0 ? [] : [{ block, stamp: 1, offset: 0, length: size }];
  return {
    directory,
    name: path[path.length - 1]!,
    file: {
      size,
      replication: 2,
      blockBytes: 1024,
      etag,
      object: Buffer.alloc(0),
      owner: 'me',
      group: 'us',
      permission: 0o644,
    },
    content: { extents, newBlocks: block === 0 ? [] : [{ block, stamp: 1, length: size }] },
    make: MAKE,
    versioning: 'off',
  };
}
