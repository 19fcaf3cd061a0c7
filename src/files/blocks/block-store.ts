/**
 * The blocks of a DataNode on its disks. A block is durable when it is answered, and every byte that is read was
 * checked.
 *
 * Small blocks are packed into containers, large ones have files of their own. A disk that is full or broken is
 * left out and the others go on.
 */
import { join } from 'node:path';
import type { Logger } from '../../core/observe/index.ts';
import { type Clock, type Disk, errorCode, type Random } from '../../core/runtime/index.ts';
import { type Lsm, type LsmWorker, openLsm } from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import { packBytesMax, packedBytesMax, queuedPackBytesMax, tableBytes } from '../limits.ts';
import { translated } from '../translate.ts';
import { BlockDisk, chooseDisk, type DiskState } from './block-disk.ts';
import { BlockIndex, IndexChange, type Location, type StoredBlock } from './block-index.ts';
import { BlockVerifier } from './block-verifier.ts';
import { BlockWriter } from './block-writer.ts';
import { type BodyRange, readBody } from './body-stream.ts';
import { Compactor } from './compactor.ts';
import { FileCache } from './file-cache.ts';
import { type BlockName, HEAD_BYTES, RECORD_HEAD_BYTES, recordBytes } from './format.ts';
import { type PackedBlock, PackWriter } from './pack-writer.ts';
import { numberDisks, recoverPacks, sweepBlocks } from './recover.ts';

const MEBIBYTE = 1024 * 1024;

export interface BlockStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Holds the index. */
  readonly folder: string;
  /** Folders of the disks, at least one. */
  readonly disks: readonly string[];
  /** Bytes of each disk that stay free. */
  readonly reserveBytes: number;
  /** Identity of the file system that the disks must belong to. */
  readonly owner: string;
  readonly worker: LsmWorker;
  /** A container that has grown to this takes no more; default 64 MiB. */
  readonly packBytes?: number;
  readonly indexCacheBytes?: number;
  readonly indexMemtableBytes?: number;
}

export interface DiskStatus {
  readonly id: string;
  readonly folder: string;
  readonly state: DiskState;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export class BlockStore {
  /** Who is told of blocks that were known to be damaged and were read whole. */
  onHealed: ((block: BlockName & { readonly length: number }) => void) | undefined;
  private readonly options: BlockStoreOptions;
  private readonly lsm: Lsm;
  private readonly index: BlockIndex;
  private readonly disks: readonly BlockDisk[];
  private readonly packers = new Map<BlockDisk, PackWriter>();
  private readonly files: FileCache;
  private readonly compactor: Compactor;
  private readonly writing = new Set<number>();
  private packs: number;
  private queuedBytes = 0;
  private waiting: (() => void)[] = [];
  private closed = false;
  private sweeping: Promise<void> | undefined;

  private constructor(
    options: BlockStoreOptions,
    parts: {
      readonly lsm: Lsm;
      readonly index: BlockIndex;
      readonly disks: readonly BlockDisk[];
      readonly packs: number;
    },
  ) {
    this.options = options;
    this.lsm = parts.lsm;
    this.index = parts.index;
    this.disks = parts.disks;
    this.packs = parts.packs;
    this.files = new FileCache(options.disk);
    for (const disk of this.disks) {
      const packer = new PackWriter({
        disk,
        index: this.index,
        packBytes: options.packBytes ?? packBytesMax,
        nextPack: () => ++this.packs,
        onRefused: (blocks, error) => this.elsewhere(disk, blocks, error),
      });
      this.packers.set(disk, packer);
    }
    this.compactor = new Compactor({
      disks: this.disks,
      index: this.index,
      clock: options.clock,
      logger: options.logger,
      isWritten: (disk, pack) => this.packers.get(disk)!.pack === pack,
      move: (block) => this.enqueue(block),
      onGone: (path) => this.files.forget(path),
    });
  }

  /** @throws LsmError, FilesError, the disk's errors: nothing is left open then. */
  static async open(options: BlockStoreOptions): Promise<BlockStore> {
    const { disk, clock, random, folder, logger } = options;
    disk.mkdirSync(folder);
    const lsm = await openLsm({
      disk,
      clock,
      random,
      folder: join(folder, 'index'),
      worker: options.worker,
      memtableBytes: options.indexMemtableBytes ?? 2 * MEBIBYTE,
      cacheBytes: options.indexCacheBytes ?? 8 * MEBIBYTE,
      tableBytes,
      onStateChange: (state, failure) => {
        if (failure !== null) logger.error('the index of blocks', { state, err: failure });
      },
    });
    let disks: BlockDisk[] = [];
    try {
      const index = new BlockIndex(lsm);
      disks = await openDisks(options);
      const isNew = await numberDisks(disks, index);
      let packs = 0;
      for (const each of disks) packs = Math.max(packs, await recoverPacks(each, index, logger));
      const store = new BlockStore(options, { lsm, index, disks, packs });
      // An index that was lost is made anew from what the disks hold, before anything is read.
      if (isNew) await store.sweep();
      else store.sweeping = store.sweep();
      return store;
    } catch (error) {
      for (const each of disks) each.close();
      await lsm.close().catch(() => {});
      throw error;
    }
  }

  /** The index knows all that the disks hold. */
  async swept(): Promise<void> {
    await this.sweeping;
  }

  get status(): readonly DiskStatus[] {
    return this.disks.map(({ id, folder, state, freeBytes, totalBytes }) => {
      return { id, folder, state, freeBytes, totalBytes };
    });
  }

  /** Bytes that all disks which take writes have left. */
  get freeBytes(): number {
    return this.disks
      .filter(({ state }) => state === 'open')
      .reduce((sum, { freeBytes }) => sum + freeBytes, 0);
  }

  /**
   * Stores a small block, at most `packedBytesMax` bytes; `data` must not change until it is answered.
   * @throws FilesError 'disk-full', 'io', 'closed'.
   */
  async put(name: BlockName, data: Buffer): Promise<void> {
    this.refuseClosed();
    if (data.length > packedBytesMax) throw new FilesError('io', 'a small block is too large');
    while (this.queuedBytes > queuedPackBytesMax) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    const before = await this.locate(name.block);
    this.queuedBytes += data.length;
    try {
      await new Promise<void>((resolve, reject) => {
        const done = (error: FilesError | null): void => {
          if (error === null) resolve();
          else reject(error);
        };
        this.enqueue({ ...name, data, done });
      });
    } finally {
      this.queuedBytes -= data.length;
      for (const go of this.waiting.splice(0)) go();
    }
    if (before !== null) await this.bury([{ block: name.block, ...before }], new IndexChange());
  }

  /** Begins a large block of at most `bytesMax` bytes. @throws FilesError 'disk-full', 'io', 'closed'. */
  async begin(name: BlockName, bytesMax: number): Promise<BlockWriter> {
    this.refuseClosed();
    const { random } = this.options;
    this.writing.add(name.block);
    const onOver = (): void => void this.writing.delete(name.block);
    const begun = BlockWriter.begin({
      name,
      disks: this.disks,
      random,
      index: this.index,
      bytesMax,
      onOver,
    });
    begun.catch(onOver);
    return await begun;
  }

  private enqueue(block: PackedBlock, except?: ReadonlySet<BlockDisk>): void {
    let disk: BlockDisk;
    try {
      const bytes = recordBytes(block.data.length);
      disk = chooseDisk(this.disks, bytes, this.options.random, except);
    } catch (error) {
      block.done(error as FilesError);
      return;
    }
    this.packers.get(disk)!.add(block);
  }

  /** A disk could not take blocks: another one may. */
  private elsewhere(disk: BlockDisk, blocks: readonly PackedBlock[], error: FilesError): void {
    const { logger } = this.options;
    logger.warn('a disk is left out', { folder: disk.folder, state: disk.state, err: error });
    for (const block of blocks) this.enqueue(block, new Set([disk]));
  }

  /**
   * Data `[from, to)` of a block, in pieces that are good until the next is asked for. Damage that is met is remembered
   * until the block goes or is read whole.
   * @throws FilesError 'missing' when it is not here in this generation, 'corrupt', 'io'.
   */
  read(name: BlockName, from: number, to: number): AsyncGenerator<Buffer, void, undefined> {
    return this.pieces(name, { from, to });
  }

  /**
   * As `read`, with its checksums, as it stands on the disk; pieces but the last have `PIECE_CHUNKS` chunks.
   * @param from @param to where chunks begin, or the end of the block.
   */
  readStored(name: BlockName, from: number, to: number): AsyncGenerator<Buffer, void, undefined> {
    return this.pieces(name, { from, to, isStored: true });
  }

  private async *pieces(
    name: BlockName,
    range: Pick<BodyRange, 'from' | 'to' | 'isStored'>,
  ): AsyncGenerator<Buffer, void, undefined> {
    const { from, to } = range;
    const { location, held } = await this.openBlock(name);
    try {
      const base =
        location.pack === undefined ? HEAD_BYTES : location.pack.offset + RECORD_HEAD_BYTES;
      const { length } = location;
      if (to > length) throw new FilesError('missing', `block ${name.block} has ${length} bytes`);
      yield* readBody({ file: held.file, block: name.block, base, length, ...range });
      if (location.isDamaged === true && from === 0 && to === length) {
        await this.remember({ block: name.block, ...location }, false);
      }
    } catch (error) {
      const isNew = location.isDamaged !== true;
      if (isNew && error instanceof FilesError && error.code === 'corrupt') {
        await this.remember({ block: name.block, ...location }, true);
      }
      throw error;
    } finally {
      held.release();
    }
  }

  /** What the index can not take now is found again by the next read. */
  private async remember(at: StoredBlock, isDamaged: boolean): Promise<void> {
    try {
      if (this.closed || !(await this.index.setDamaged(at, isDamaged))) return;
      const { block, stamp, length } = at;
      if (!isDamaged) this.onHealed?.({ block, stamp, length });
    } catch (error) {
      const known = translated(error, 'the index of blocks');
      if (!(known instanceof FilesError)) throw error;
      this.options.logger.warn('damage is not remembered', { block: at.block, err: known });
    }
  }

  private async openBlock(
    name: BlockName,
  ): Promise<{ location: Location; held: Awaited<ReturnType<FileCache['hold']>> }> {
    for (let tries = 0; ; tries++) {
      const location = await this.locate(name.block);
      if (location === null || location.stamp !== name.stamp) {
        throw new FilesError('missing', `block ${name.block}, generation ${name.stamp}`);
      }
      const disk = this.disks.find(({ number }) => number === location.disk);
      if (disk === undefined) throw new FilesError('missing', `block ${name.block}: no such disk`);
      try {
        return { location, held: await this.files.hold(pathOf(disk, name, location)) };
      } catch (error) {
        // It may have moved to another container in between.
        if (errorCode(error) === 'ENOENT' && tries < 3) continue;
        const code = errorCode(error) === 'ENOENT' ? 'missing' : 'io';
        throw new FilesError(code, `block ${name.block}`, error);
      }
    }
  }

  private async locate(block: number): Promise<Location | null> {
    this.refuseClosed();
    try {
      return await this.index.find(block);
    } catch (error) {
      throw translated(error, 'the index of blocks');
    }
  }

  /** A block as it is here, in whatever generation; null: it is not. @throws FilesError 'io', 'closed'. */
  async find(block: number): Promise<StoredBlock | null> {
    const location = await this.locate(block);
    return location === null ? null : { block, ...location };
  }

  /** For one who looks whether blocks are on the disks as they should be; to be closed. */
  verifier(): BlockVerifier {
    return new BlockVerifier({
      disk: this.options.disk,
      onLooked: (at, isDamaged) => this.remember(at, isDamaged),
      find: async (block) => {
        const at = await this.find(block);
        if (at === null) return null;
        const disk = this.disks.find(({ number }) => number === at.disk);
        return disk === undefined ? { at } : { at, path: pathOf(disk, at, at) };
      },
    });
  }

  /** Blocks that nobody needs; those of another generation stay. */
  async delete(names: readonly BlockName[]): Promise<void> {
    const gone: StoredBlock[] = [];
    const change = new IndexChange();
    for (const { block, stamp } of names) {
      const location = await this.locate(block);
      if (location === null || location.stamp !== stamp) continue;
      gone.push({ block, ...location });
      change.deleteBlock(block);
    }
    if (gone.length > 0) await this.bury(gone, change);
  }

  /** Frees what blocks took that the index, with this change, names no more. */
  private async bury(gone: readonly StoredBlock[], change: IndexChange): Promise<void> {
    const dead = new Map<string, { disk: BlockDisk; pack: number; bytes: number }>();
    const paths: { disk: BlockDisk; path: string }[] = [];
    for (const location of gone) {
      const disk = this.disks.find(({ number }) => number === location.disk);
      if (disk === undefined) continue;
      if (location.pack === undefined) {
        paths.push({ disk, path: pathOf(disk, location, location) });
        continue;
      }
      const pack = location.pack.number;
      const key = `${disk.number} ${pack}`;
      const entry = dead.get(key) ?? { disk, pack, bytes: 0 };
      entry.bytes += recordBytes(location.length);
      dead.set(key, entry);
    }
    for (const { disk, pack, bytes } of dead.values()) {
      if (this.packers.get(disk)!.addDead(pack, bytes)) continue;
      const state = this.index.packNow(disk.number, pack);
      if (state === null) continue;
      const next = { ...state, dead: state.dead + bytes };
      change.putPack(disk.number, pack, next);
      if (next.dead * 2 > next.known) this.compactor.add(disk, pack);
    }
    try {
      await this.index.write(change);
    } catch (error) {
      throw translated(error, 'the index of blocks');
    }
    for (const { disk, path } of paths) {
      this.files.forget(path);
      await disk.files.unlink(path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') disk.refused(error);
      });
    }
  }

  /** All blocks in the order of their numbers, from behind `above`, until `visit` gives false: a block report. */
  each(above: number, visit: (block: StoredBlock) => boolean): Promise<void> {
    this.refuseClosed();
    return this.index.each(above, visit);
  }

  /** Looks for containers that are mostly dead, and for many small ones, and writes them anew. */
  async compact(): Promise<void> {
    this.refuseClosed();
    await this.compactor.look(this.options.packBytes ?? packBytesMax);
    await this.compactor.idle();
  }

  private async sweep(): Promise<void> {
    for (const disk of this.disks) {
      try {
        await sweepBlocks(disk, this.index, (block) => this.closed || this.writing.has(block));
      } catch (error) {
        const { logger } = this.options;
        if (!this.closed) logger.error('files of blocks', { folder: disk.folder, err: error });
      }
    }
  }

  private refuseClosed(): void {
    if (this.closed) throw new FilesError('closed');
  }

  /** What is under way ends first; twice does nothing. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.compactor.stop();
    await this.sweeping;
    for (const packer of this.packers.values()) await packer.close();
    this.files.close();
    for (const disk of this.disks) disk.close();
    await this.lsm.close();
  }
}

/** All disks that can be opened. @throws the error of the first one when none can. */
async function openDisks(options: BlockStoreOptions): Promise<BlockDisk[]> {
  const disks: BlockDisk[] = [];
  let failure: unknown;
  for (const folder of options.disks) {
    try {
      disks.push(await BlockDisk.open({ ...options, folder }));
    } catch (error) {
      failure ??= error;
      options.logger.error('a disk is left out', { folder, err: error });
    }
  }
  if (disks.length === 0) throw failure;
  return disks;
}

function pathOf(disk: BlockDisk, { block }: { readonly block: number }, at: Location): string {
  if (at.pack !== undefined) return disk.packPath(at.pack.number);
  return disk.blockPath({ block, stamp: at.stamp }, 'blk');
}
