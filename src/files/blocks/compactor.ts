/**
 * Writes containers anew that are mostly dead: what lives goes to the newest one, then the old one goes.
 *
 * Invariant: a container is deleted only when the index durably names nothing in it.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import type { BlockDisk } from './block-disk.ts';
import { type BlockIndex, IndexChange } from './block-index.ts';
import { HEAD_BYTES, STORED_CHUNK_BYTES } from './format.ts';
import { scanPack } from './pack-scan.ts';
import { isSame, type PackedBlock } from './pack-writer.ts';

/** So many small containers of one disk become one. */
const SMALL_PACKS = 8;
const MOVED_AT_ONCE_BYTES = 4 * 1024 * 1024;

export interface CompactorOptions {
  readonly disks: readonly BlockDisk[];
  readonly index: BlockIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a container is the one that is written to. */
  isWritten(disk: BlockDisk, pack: number): boolean;
  move(block: PackedBlock): void;
  onGone(path: string): void;
}

interface Task {
  readonly disk: BlockDisk;
  readonly pack: number;
}

export class Compactor {
  private readonly options: CompactorOptions;
  private readonly tasks = new Map<string, Task>();
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(options: CompactorOptions) {
    this.options = options;
  }

  add(disk: BlockDisk, pack: number): void {
    if (this.stopped) return;
    this.tasks.set(`${disk.number} ${pack}`, { disk, pack });
    this.running ??= this.work();
  }

  /** Finds what is worth it. */
  async look(packBytes: number): Promise<void> {
    const { index, disks, isWritten } = this.options;
    const small = new Map<BlockDisk, number[]>();
    await index.packs((number, pack, state) => {
      const disk = disks.find((each) => each.number === number);
      if (disk === undefined || isWritten(disk, pack)) return;
      if (state.dead * 2 > state.known - HEAD_BYTES) this.add(disk, pack);
      else if (state.known * 4 < packBytes) {
        small.set(disk, [...(small.get(disk) ?? []), pack]);
      }
    });
    for (const [disk, packs] of small) {
      if (packs.length >= SMALL_PACKS) for (const pack of packs) this.add(disk, pack);
    }
  }

  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.tasks.clear();
    await this.idle();
  }

  private async work(): Promise<void> {
    await Promise.resolve();
    for (const [key, task] of this.tasks) {
      this.tasks.delete(key);
      if (this.stopped || this.options.isWritten(task.disk, task.pack)) continue;
      try {
        await this.compact(task);
      } catch (error) {
        const { logger } = this.options;
        const path = task.disk.packPath(task.pack);
        logger.error('a container could not be written anew', { path, err: error });
      }
    }
    this.running = undefined;
  }

  private async compact({ disk, pack }: Task): Promise<void> {
    const { index, onGone } = this.options;
    const state = index.packNow(disk.number, pack);
    if (state === null) return;
    const path = disk.packPath(pack);
    const file = await disk.files.open(path, { mode: 'read' });
    const moves: Promise<void>[] = [];
    let bytes = 0;
    try {
      const end = await scanPack(file, HEAD_BYTES, async (record) => {
        const { block, stamp, length, offset, body, holds } = record;
        const from = { disk: disk.number, stamp, length, pack: { number: pack, offset } };
        if (!isSame(index.findNow(block), from)) return;
        if (!holds) throw new FilesError('corrupt', `block ${block} in ${path}`);
        const move = this.moved({ block, stamp, data: dataOf(body, length), from });
        // Told when all are waited for: until then others are read.
        move.catch(() => {});
        moves.push(move);
        bytes += length;
        if (bytes < MOVED_AT_ONCE_BYTES) return;
        bytes = 0;
        await Promise.all(moves.splice(0));
      });
      await Promise.all(moves);
      if (end < state.known) throw new FilesError('corrupt', `${path} at ${end}`);
    } finally {
      await Promise.allSettled(moves);
      file.closeSync();
    }
    await index.write(new IndexChange().deletePack(disk.number, pack), true);
    onGone(path);
    await disk.files.unlink(path);
  }

  private moved(block: Omit<PackedBlock, 'done'>): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error: FilesError | null): void => {
        if (error === null) resolve();
        else reject(error);
      };
      this.options.move({ ...block, done });
    });
  }
}

/** The data of a body, without its checksums. */
function dataOf(body: Buffer, length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  let to = 0;
  for (let at = 0; at < body.length; at += STORED_CHUNK_BYTES) {
    to += body.copy(data, to, at, Math.min(at + chunkBytes, body.length - 4));
  }
  return data;
}
