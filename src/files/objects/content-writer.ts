/**
 * Turns bytes that come into blocks: what is small goes into a container, the rest into blocks of a fixed size.
 * The next block is begun while the one before becomes durable.
 *
 * Memory: what may still become a small block (1 MiB at most) and the stages of one writer.
 */
import { packedBytesMax } from '../limits.ts';
import type { Content, NewBlock } from '../namespace/extents.ts';
import type { Extent } from '../namespace/inode.ts';
import type { BlockSink, Blocks } from './blocks.ts';
import type { Pins } from './pins.ts';

/** Room that a disk must have for a block whose size is not known. */
const UNKNOWN_BYTES = 4 * packedBytesMax;

/** What stands where: pieces of blocks that others have, or new blocks once they are durable. */
interface Stretch {
  adopted?: readonly Extent[];
  fresh?: readonly NewBlock[];
}

export interface ContentWriterOptions {
  readonly blocks: Pick<Blocks, 'put' | 'begin'>;
  readonly pins: Pins;
  readonly blockBytes: number;
  /** Replicas of each block that are wanted. */
  readonly replication: number;
  /** When it is known beforehand. */
  readonly sizeBytes?: number;
}

export class ContentWriter {
  /** Bytes taken and adopted. */
  size = 0;
  private readonly options: ContentWriterOptions;
  private readonly stretches: Stretch[] = [];
  private readonly adopted: Extent[] = [];
  /** What may still become a small block. */
  private small: Buffer[] = [];
  private smallBytes = 0;
  private block: BlockSink | undefined;
  private finishing: Promise<unknown> | undefined;
  private over = false;

  constructor(options: ContentWriterOptions) {
    this.options = options;
  }

  /**
   * Undefined: the bytes are taken. A promise: they are in use until it settles, and nothing but `abort` may be
   * called before. @throws FilesError.
   */
  write(bytes: Buffer): Promise<void> | undefined {
    this.size += bytes.length;
    const { block } = this;
    if (block === undefined) {
      if (!this.staysSmall(bytes.length)) return this.writeOn(bytes);
      this.keep(bytes);
      return undefined;
    }
    if (block.length + bytes.length >= this.options.blockBytes) return this.writeOn(bytes);
    return block.write(bytes);
  }

  /** Whether what was kept, the last `count` bytes that were taken, and what is known to come may be a small block. */
  private staysSmall(count: number): boolean {
    const { sizeBytes = 0 } = this.options;
    const toCome = Math.max(0, sizeBytes - this.size);
    return this.smallBytes + count + toCome <= packedBytesMax;
  }

  private keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.small.push(Buffer.from(bytes));
    this.smallBytes += bytes.length;
  }

  private async writeOn(bytes: Buffer): Promise<void> {
    const { blockBytes } = this.options;
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.length - at;
      if (this.block === undefined && this.staysSmall(rest)) {
        this.keep(bytes.subarray(at));
        return;
      }
      const block = this.block ?? (await this.beginBlock());
      if (this.over) return;
      const count = Math.min(rest, blockBytes - block.length);
      await block.write(bytes.subarray(at, at + count));
      at += count;
      if (block.length >= blockBytes) await this.endBlock();
    }
  }

  private async beginBlock(): Promise<BlockSink> {
    const { blocks, blockBytes, sizeBytes, replication } = this.options;
    const expected =
      Math.max(0, (sizeBytes ?? this.size + UNKNOWN_BYTES) - this.size) + packedBytesMax;
    const block = await blocks.begin(Math.min(blockBytes, expected), replication);
    if (this.over) {
      await block.abort();
      return block;
    }
    this.block = block;
    const pieces = this.small.splice(0);
    this.smallBytes = 0;
    for (const piece of pieces) await block.write(piece);
    return block;
  }

  /** The block becomes durable while others are written, one at a time. */
  private async endBlock(): Promise<void> {
    const { block } = this;
    if (block === undefined) return;
    await this.finishing;
    this.block = undefined;
    const finishing = block.finish().catch(async (error: unknown) => {
      await block.abort();
      throw error;
    });
    this.finishing = this.filled(finishing);
  }

  /** Keeps the place of blocks that are not durable yet. */
  private filled(finishing: Promise<readonly NewBlock[]>): Promise<void> {
    const stretch: Stretch = {};
    this.stretches.push(stretch);
    const filled = finishing.then((blocks) => {
      stretch.fresh = blocks;
    });
    // Who comes next is told.
    filled.catch(() => {});
    return filled;
  }

  /** What was written so far becomes blocks. */
  private async flush(): Promise<void> {
    if (this.block !== undefined) await this.endBlock();
    if (this.smallBytes === 0) return;
    const data = this.small.length === 1 ? this.small[0]! : Buffer.concat(this.small);
    this.small = [];
    this.smallBytes = 0;
    const before = this.finishing;
    const { blocks, replication } = this.options;
    const putting = this.filled(blocks.put(data, replication).then((block) => [block]));
    this.finishing = Promise.all([before, putting]);
    await this.finishing;
  }

  /** The next bytes are those of extents that others have; nothing is copied. */
  async adopt(extents: readonly Extent[]): Promise<void> {
    this.options.pins.pin(extents);
    this.adopted.push(...extents);
    await this.flush();
    this.stretches.push({ adopted: extents });
    for (const { length } of extents) this.size += length;
  }

  /** Everything is durable when it resolves. @throws FilesError. */
  async finish(): Promise<Content> {
    await this.flush();
    await this.finishing;
    const extents: Extent[] = [];
    for (const { adopted, fresh } of this.stretches) {
      if (adopted !== undefined) extents.push(...adopted);
      for (const block of fresh ?? []) extents.push({ ...block, offset: 0 });
    }
    return { extents, newBlocks: this.newBlocks() };
  }

  private newBlocks(): NewBlock[] {
    return this.stretches.flatMap(({ fresh }) => fresh ?? []);
  }

  /** Blocks that were shared and may have lost their last name meanwhile; their bytes are there. */
  adoptedBlocks(): NewBlock[] {
    const lengths = new Map<number, NewBlock>();
    for (const { block, stamp, offset, length } of this.adopted) {
      const known = lengths.get(block)?.length ?? 0;
      lengths.set(block, { block, stamp, length: Math.max(known, offset + length) });
    }
    return [...lengths.values()];
  }

  /** The content has a name. */
  done(): void {
    if (this.over) return;
    this.over = true;
    this.options.pins.unpin(this.adopted);
  }

  /** Nothing of it is wanted; allowed at any time, twice too. */
  abort(): void {
    if (this.over) return;
    this.over = true;
    this.small = [];
    this.smallBytes = 0;
    this.options.pins.unpin(this.adopted);
    const { block, finishing, options } = this;
    this.block = undefined;
    const settled = Promise.allSettled([finishing, block?.abort()]);
    settled.then(() => options.pins.free(this.newBlocks())).catch(() => {});
  }
}
