/**
 * Writes one large block into a file of its own, as bytes come.
 *
 *     bytes ─▶ stage (512 KiB, with checksums) ─▶ one write under way while the next stage fills ─▶
 *     finish: durable under a temporary name ─▶ its name ─▶ the index
 *
 * A disk that is full is left in mid-block: what was written moves to another one. Memory: two stages, none for bodies.
 *
 * Benchmark: bench/files, bench/files-blocks.ts.
 */
import { invariant } from '../../core/base/index.ts';
import type { DiskFile, Random } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import { translated } from '../translate.ts';
import { type BlockDisk, chooseDisk } from './block-disk.ts';
import { type BlockIndex, IndexChange } from './block-index.ts';
import { datasync, readWhole, writeWhole } from './file-work.ts';
import {
  type BlockName,
  bodyBytes,
  chunkChecksum,
  encodeBlockHead,
  HEAD_BYTES,
  STORED_CHUNK_BYTES,
} from './format.ts';
import { givePieceMemory, PIECE_CHUNKS, takePieceMemory } from './piece-memory.ts';

const STAGE_DATA_BYTES = PIECE_CHUNKS * chunkBytes;

export interface BlockWriterOptions {
  readonly name: BlockName;
  readonly disks: readonly BlockDisk[];
  readonly random: Random;
  readonly index: BlockIndex;
  /** Bytes it will have at most: where there is less room it is not begun. */
  readonly bytesMax: number;
  /** It is finished, or it was given up. */
  onOver?(): void;
}

export class BlockWriter {
  /** Bytes taken. */
  length = 0;
  private readonly options: BlockWriterOptions;
  /** What it will be called once it is finished. */
  private name: BlockName;
  private disk: BlockDisk;
  private file: DiskFile | undefined;
  private stage: Buffer | undefined;
  private spare: Buffer | undefined;
  /** Data in the stage. */
  private staged = 0;
  /** Bytes of the file that were written, without the head. */
  private written = 0;
  private underWay: Promise<void> | undefined;
  private over = false;

  private constructor(options: BlockWriterOptions, disk: BlockDisk) {
    this.options = options;
    this.name = options.name;
    this.disk = disk;
  }

  /** @throws FilesError 'disk-full', 'io' when no disk takes it. */
  static async begin(options: BlockWriterOptions): Promise<BlockWriter> {
    const writer = new BlockWriter(options, choose(options, new Set()));
    const tried = new Set<BlockDisk>();
    for (;;) {
      try {
        await writer.create();
        return writer;
      } catch (error) {
        if (error instanceof FilesError) throw error;
        writer.disk.refused(error);
        tried.add(writer.disk);
        writer.disk = choose(options, tried);
      }
    }
  }

  private async create(): Promise<void> {
    const file = await this.disk.createBlockFile(this.options.name);
    try {
      const head = encodeBlockHead(this.options.name);
      await writeWhole(file, head, 0, HEAD_BYTES, 0);
    } catch (error) {
      this.drop(file);
      throw error;
    }
    this.file = file;
  }

  /**
   * Takes bytes. Undefined: they are copied. A promise: they are in use until it settles.
   * @throws FilesError 'disk-full', 'io', also of bytes taken before.
   */
  write(bytes: Buffer): Promise<void> | undefined {
    const at = this.fill(bytes, 0);
    return at === bytes.length ? undefined : this.writeOn(bytes, at);
  }

  /**
   * Takes data that has its checksums already, as it stands on the disk. What came before has a whole number of chunks
   * and came in the same way. The bytes are in use until it settles. @throws FilesError 'disk-full', 'io'.
   */
  async writeBody(body: Buffer, length: number): Promise<void> {
    invariant(this.staged === 0 && this.length % chunkBytes === 0, 'a body begins with a chunk');
    if (this.over) throw new FilesError('closed', 'the block was given up');
    this.length += length;
    const sent = this.put(body, body.length);
    this.underWay = sent;
    await sent;
  }

  private async writeOn(bytes: Buffer, from: number): Promise<void> {
    let at = from;
    while (at < bytes.length) {
      await this.send();
      if (this.over) throw new FilesError('closed', 'the block was given up');
      at = this.fill(bytes, at);
    }
  }

  /** Copies what the stage has room for. @returns where it stopped. */
  private fill(bytes: Buffer, from: number): number {
    let at = from;
    this.stage ??= takePieceMemory();
    while (at < bytes.length && this.staged < STAGE_DATA_BYTES) {
      const chunk = Math.floor(this.staged / chunkBytes);
      const inside = this.staged - chunk * chunkBytes;
      const count = Math.min(bytes.length - at, chunkBytes - inside);
      bytes.copy(this.stage, chunk * STORED_CHUNK_BYTES + inside, at, at + count);
      this.staged += count;
      at += count;
    }
    this.length += at - from;
    return at;
  }

  /** Hands the stage to the disk, once the one before is there. */
  private async send(): Promise<void> {
    if (this.underWay !== undefined) await this.underWay;
    if (this.over || this.staged === 0) return;
    const stage = this.stage!;
    const bytes = this.seal(stage);
    this.stage = this.spare;
    this.spare = undefined;
    this.staged = 0;
    const sent = this.put(stage, bytes).finally(() => {
      this.spare = stage;
    });
    // Who comes next is told.
    sent.catch(() => {});
    this.underWay = sent;
  }

  /** Writes the checksums of the stage. @returns its bytes. */
  private seal(stage: Buffer): number {
    const { staged } = this;
    const first = Math.floor(this.written / STORED_CHUNK_BYTES);
    const bytes = bodyBytes(staged);
    for (let nth = 0, at = 0; at < bytes; nth++, at += STORED_CHUNK_BYTES) {
      const end = Math.min(at + STORED_CHUNK_BYTES, bytes) - 4;
      const checksum = chunkChecksum(this.options.name.block, first + nth, stage, at, end);
      stage.writeUInt32LE(checksum, end);
    }
    return bytes;
  }

  private async put(stage: Buffer, bytes: number): Promise<void> {
    const tried = new Set<BlockDisk>();
    for (;;) {
      try {
        await writeWhole(this.file!, stage, 0, bytes, HEAD_BYTES + this.written);
        this.written += bytes;
        return;
      } catch (error) {
        const refusal = this.disk.refused(error);
        if (refusal.code !== 'disk-full') throw refusal;
        tried.add(this.disk);
        await this.move(tried);
      }
    }
  }

  /** The disk is full: what was written goes to another one. @throws FilesError. */
  private async move(tried: Set<BlockDisk>): Promise<void> {
    const before = this.file!;
    for (;;) {
      const disk = choose(this.options, tried);
      const path = before.path;
      try {
        const from = this.disk;
        this.disk = disk;
        await this.create();
        await copyBody(before, this.file!, this.written);
        before.closeSync();
        await from.files.unlink(path).catch(() => {});
        return;
      } catch (error) {
        tried.add(disk);
        if (error instanceof FilesError) throw error;
        disk.refused(error);
      }
    }
  }

  /**
   * As `finish`, of the first `length` bytes, a whole number of chunks or all, and in another generation.
   * @throws FilesError: then it is to be given up.
   */
  async finishAs(stamp: number, length: number): Promise<void> {
    await this.send();
    await this.underWay;
    const file = this.file!;
    try {
      if (length < this.length) {
        invariant(length % chunkBytes === 0, 'a block is cut between chunks');
        file.truncateSync(HEAD_BYTES + bodyBytes(length));
        this.length = length;
      }
      this.name = { block: this.name.block, stamp };
      await writeWhole(file, encodeBlockHead(this.name), 0, HEAD_BYTES, 0);
    } catch (error) {
      throw this.disk.refused(error);
    }
    await this.finish();
  }

  /** Makes the block durable and known. The writer is over. @throws FilesError. */
  async finish(): Promise<{ readonly length: number }> {
    try {
      return await this.finishNow();
    } finally {
      this.options.onOver?.();
    }
  }

  private async finishNow(): Promise<{ readonly length: number }> {
    await this.send();
    await this.underWay;
    this.free();
    const { disk, length, name } = this;
    const { index } = this.options;
    this.over = true;
    const file = this.file!;
    const path = disk.blockPath(name, 'blk');
    try {
      await datasync(file);
      file.closeSync();
      await disk.files.rename(file.path, path);
      await disk.files.syncDirectory(disk.blockFolder(name.block));
    } catch (error) {
      this.drop(file);
      throw disk.refused(error);
    }
    const location = { disk: disk.number, stamp: name.stamp, length };
    try {
      await index.write(new IndexChange().putBlock(name.block, location), true);
    } catch (error) {
      throw translated(error, 'the index of blocks');
    }
    return { length };
  }

  /** Leaves nothing behind; twice does nothing. */
  async abort(): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.underWay?.catch(() => {});
    this.free();
    if (this.file !== undefined) this.drop(this.file);
    this.options.onOver?.();
  }

  /** Nothing is written any more. */
  private free(): void {
    for (const memory of [this.stage, this.spare]) {
      if (memory !== undefined) givePieceMemory(memory);
    }
    this.stage = undefined;
    this.spare = undefined;
  }

  private drop(file: DiskFile): void {
    file.closeSync();
    // What stays is found and deleted later.
    this.disk.files.unlink(file.path).catch(() => {});
  }
}

function choose({ disks, random, bytesMax }: BlockWriterOptions, tried: Set<BlockDisk>): BlockDisk {
  return chooseDisk(disks, bytesMax, random, tried);
}

async function copyBody(from: DiskFile, to: DiskFile, bytes: number): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(STAGE_DATA_BYTES);
  for (let at = 0; at < bytes; at += buffer.length) {
    const count = Math.min(buffer.length, bytes - at);
    const read = await readWhole(from, buffer, 0, count, HEAD_BYTES + at);
    if (read < count) throw new FilesError('io', `${from.path} is cut short`);
    await writeWhole(to, buffer, 0, count, HEAD_BYTES + at);
  }
}
