/**
 * Namespace and blocks together: what both doors stand on. Content is written before it gets a name, and goes
 * after it has lost the last one.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random, Timer } from '../../core/runtime/index.ts';
import type { LsmWorker } from '../../core/store/index.ts';
import { newIdentity } from '../blocks/block-disk.ts';
import { BlockStore } from '../blocks/block-store.ts';
import type { BlockName } from '../blocks/format.ts';
import { Scrub } from '../blocks/scrub.ts';
import { FilesError } from '../errors.ts';
import { damagedBlocksMax } from '../limits.ts';
import { sliceExtents } from '../namespace/extents.ts';
import type { Extent } from '../namespace/inode.ts';
import { ROOT_ID } from '../namespace/keys.ts';
import { Namespace } from '../namespace/namespace.ts';
import { Reclaimer } from '../namespace/reclaimer.ts';
import type { Tally } from '../namespace/records.ts';
import { translated } from '../translate.ts';
import { BlockNumbers } from './block-numbers.ts';
import type { Blocks } from './blocks.ts';
import { ContentWriter } from './content-writer.ts';
import { LocalBlocks } from './local-blocks.ts';
import { Pins } from './pins.ts';

const HOUR_MS = 3_600_000;
const FIRST_COMPACTION_MS = 60_000;
const ORPHANS_AT_ONCE = 1024;

/** What several DataNodes are made of. */
export interface StorageParts {
  readonly namespace: Namespace;
  /** Blocks on the disks of this process. */
  readonly store: BlockStore;
  readonly numbers: BlockNumbers;
  readonly identity: string;
}

export interface FileSystemOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Holds the namespace and the index of blocks; one process has it locked. */
  readonly folder: string;
  /** Folders for blocks; empty: one in `folder`. */
  readonly disks: readonly string[];
  readonly reserveBytes: number;
  readonly blockBytes: number;
  readonly replication: number;
  readonly scrubBytesPerSecond: number;
  /** One for the namespace and one for the index of blocks, which may share a thread. */
  readonly worker: () => LsmWorker;
  /** Where the blocks are; left out: on the disks of this process, one replica of each. */
  readonly storage?: (parts: StorageParts) => Promise<Blocks & Replicas>;
}

/** What several nodes can do besides. */
export interface Replicas {
  /** The replica on the disks of this process is damaged: another one is made of those that are whole. */
  damaged(block: number, stamp: number): void;
  places(name: BlockName): BlockPlaces;
}

/** Who has a block whole, as far as it is known. */
export interface BlockPlaces {
  readonly nodes: readonly {
    /** `host:port`; left out: the disks of this process. */
    readonly address?: string;
    readonly rack?: string;
  }[];
  /** All replicas that are known are damaged. */
  readonly corrupt: boolean;
}

export class FileSystem {
  readonly namespace: Namespace;
  /** On the disks of this process. */
  readonly blocks: BlockStore;
  /** Wherever they are. */
  readonly storage: Blocks & Partial<Replicas>;
  readonly pins: Pins;
  readonly scrub: Scrub;
  readonly blockBytes: number;
  readonly replication: number;
  /** Mode of files that come by S3: what its policies refuse, WebHDFS does not give to everybody. */
  objectMode = 0o600;
  /** Blocks that were found damaged, until they are deleted or read whole by scrub or a check. */
  readonly damaged = new Map<number, FilesError>();
  private readonly numbers: BlockNumbers;
  private readonly reclaimer: Reclaimer;
  private readonly logger: Logger;
  private readonly clock: Clock;
  private collecting: Promise<void> | undefined;
  private compaction: Timer | undefined;
  private compacting: Promise<void> | undefined;
  private stopped = false;

  private constructor(
    options: FileSystemOptions,
    parts: {
      readonly namespace: Namespace;
      readonly blocks: BlockStore;
      readonly numbers: BlockNumbers;
      readonly storage: Blocks & Partial<Replicas>;
    },
  ) {
    const { clock, logger } = options;
    this.namespace = parts.namespace;
    this.blocks = parts.blocks;
    this.storage = parts.storage;
    this.numbers = parts.numbers;
    this.blockBytes = options.blockBytes;
    this.replication = options.replication;
    this.logger = logger;
    this.clock = clock;
    const { reader } = this.namespace;
    this.pins = new Pins({
      isNamed: async (block) => (await reader.block(block)) !== null,
      delete: async (blocks) => {
        await this.storage.delete(blocks);
        for (const { block } of blocks) this.foundWhole(block);
      },
      onError: (error) => this.failed('blocks could not be deleted', error),
    });
    this.reclaimer = new Reclaimer({
      namespace: this.namespace,
      clock,
      onFreed: (blocks) => this.pins.free(blocks),
      onError: (error) => this.failed('what was deleted could not be reclaimed', error),
    });
    this.scrub = new Scrub({
      store: this.blocks,
      clock,
      bytesPerSecond: options.scrubBytesPerSecond,
      pauseMs: HOUR_MS,
      onBad: (name, error) => this.foundHere(name, error),
      onGood: (block) => this.foundWhole(block),
    });
  }

  /** @throws LsmError, LogError, FilesError, the disk's errors: nothing is left open then. */
  static async open(options: FileSystemOptions): Promise<FileSystem> {
    const { folder, disk } = options;
    disk.mkdirSync(folder);
    const common = {
      disk,
      clock: options.clock,
      random: options.random,
      logger: options.logger,
    };
    const namespace = await Namespace.open({
      ...common,
      folder: `${folder}/namespace`,
      worker: options.worker(),
    });
    let blocks: BlockStore | undefined;
    try {
      const owner = await namespace.run('identity', { id: newIdentity(options.random) });
      blocks = await BlockStore.open({
        ...common,
        folder: `${folder}/blocks`,
        disks: options.disks.length > 0 ? options.disks : [`${folder}/disk`],
        reserveBytes: options.reserveBytes,
        owner,
        worker: options.worker(),
      });
      const numbers = await BlockNumbers.open(namespace);
      const parts = { namespace, store: blocks, numbers, identity: owner };
      const storage = (await options.storage?.(parts)) ?? new LocalBlocks(blocks, numbers);
      const system = new FileSystem(options, { namespace, blocks, numbers, storage });
      system.begin();
      return system;
    } catch (error) {
      await blocks?.close().catch(() => {});
      await namespace.close().catch(() => {});
      throw error;
    }
  }

  private begin(): void {
    this.reclaimer.kick();
    this.scrub.start();
    if (this.storage instanceof LocalBlocks) {
      this.collecting = this.collectOrphans().catch((error: unknown) => {
        this.failed('blocks without a name could not be looked for', error);
      });
    }
    this.compactLater(FIRST_COMPACTION_MS);
  }

  /** Deletes look for containers that are mostly dead; what they do not see is seen here. */
  private compactLater(delayMs: number): void {
    this.compaction = this.clock.setTimer(delayMs, () => {
      this.compacting = this.blocks
        .compact()
        .catch((error: unknown) => this.failed('containers could not be looked through', error))
        .then(() => {
          if (!this.stopped) this.compactLater(HOUR_MS);
        });
    });
    this.compaction.unref();
  }

  /** A writer of content for a file that has no name yet. */
  write(sizeBytes?: number, replication = this.replication): ContentWriter {
    const { storage, pins, blockBytes } = this;
    return new ContentWriter({
      blocks: storage,
      pins,
      blockBytes,
      replication,
      ...(sizeBytes !== undefined && { sizeBytes }),
    });
  }

  /**
   * Bytes `[from, to)` of extents that are pinned, in pieces that are good until the next is asked for.
   * @throws FilesError 'corrupt', 'missing', 'io', 'no-replica'.
   */
  async *read(
    extents: readonly Extent[],
    from: number,
    to: number,
  ): AsyncGenerator<Buffer, void, undefined> {
    for (const extent of sliceExtents(extents, from, to - from)) {
      const end = extent.offset + extent.length;
      try {
        yield* this.storage.read(extent, extent.offset, end);
      } catch (error) {
        if (error instanceof FilesError && error.code === 'corrupt') {
          this.foundDamage(extent, error);
        }
        throw error;
      }
    }
  }

  /** Where a block is. */
  places(name: BlockName): BlockPlaces {
    const isDamaged = this.damaged.has(name.block);
    const places = this.storage.places?.(name) ?? { nodes: [{}], corrupt: isDamaged };
    return { ...places, corrupt: places.corrupt || isDamaged };
  }

  /** What there is below the root. */
  get total(): Tally {
    return this.namespace.reader.tallyNow(ROOT_ID);
  }

  /** Something may have lost its last name. */
  reclaim(): void {
    if (this.namespace.takeReclaims()) this.reclaimer.kick();
  }

  /** A block may be on a disk though nothing names it: this process has written it, or its bytes are about to go. */
  mayBeNameless(block: number): boolean {
    return block >= this.numbers.first || this.pins.isGoing(block);
  }

  /** A replica on the disks of this process is damaged: it is repaired where somebody else has it whole. */
  private foundHere(name: BlockName, error: FilesError): void {
    const { storage } = this;
    if (storage.damaged === undefined) this.foundDamage(name, error);
    else {
      this.logger.error('a replica is damaged', { block: name.block, err: error });
      storage.damaged(name.block, name.stamp);
    }
  }

  /** Bytes of a block are lost: all replicas that can be reached are damaged. */
  foundDamage({ block }: BlockName, error: FilesError): void {
    if (this.damaged.size < damagedBlocksMax) this.damaged.set(block, error);
    this.logger.error('a block is damaged', { block, err: error });
  }

  /** A block was read whole, or is not there any more. */
  foundWhole(block: number): void {
    this.damaged.delete(block);
  }

  private failed(what: string, thrown: unknown): void {
    const error = translated(thrown, 'files');
    if (!(error instanceof FilesError)) throw error;
    if (!this.stopped) this.logger.error(what, { err: error });
  }

  /**
   * Deletes blocks that were written before this process and that nothing names: of writers that went away, or
   * freed when the process ended.
   */
  private async collectOrphans(): Promise<void> {
    const { blocks, numbers, namespace } = this;
    await blocks.swept();
    for (let above = 0; !this.stopped; ) {
      const found: { block: number; stamp: number }[] = [];
      await blocks.each(above, (block) => {
        if (block.block < numbers.first) found.push(block);
        return block.block < numbers.first && found.length < ORPHANS_AT_ONCE;
      });
      const last = found[found.length - 1];
      if (last === undefined) return;
      above = last.block;
      const orphans: typeof found = [];
      for (const each of found) {
        if ((await namespace.reader.block(each.block)) === null) orphans.push(each);
      }
      if (orphans.length > 0) this.pins.free(orphans);
    }
  }

  /** What was begun in the background has come to its end: for tests and for an orderly stop. */
  async idle(): Promise<void> {
    await this.collecting;
    await this.reclaimer.idle();
    await this.pins.idle();
  }

  async close(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    if (this.compaction !== undefined) this.clock.clearTimer(this.compaction);
    await this.reclaimer.stop();
    await this.scrub.stop();
    await this.idle();
    await this.storage.close();
    const results = await Promise.allSettled([this.blocks.close(), this.namespace.close()]);
    await this.compacting;
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
