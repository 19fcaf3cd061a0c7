/**
 * Turns bytes that come into blocks: what is small goes into a container, the rest into blocks of a fixed size.
 * The next block is begun while the one before becomes durable.
 *
 * Memory: what may still become a small block (1 MiB at most) and the stages of one writer.
 */
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import { packedBytesMax } from '../limits.ts';
import type { Content, NewBlock } from '../namespace/extents.ts';
import type { Extent } from '../namespace/inode.ts';
import type { BlockNumbers } from './block-numbers.ts';
import type { Pins } from './pins.ts';

/** Room that a disk must have for a block whose size is not known. */
const UNKNOWN_BYTES = 4 * packedBytesMax;
/** Generation of a block that was written at one go. */
const FIRST_STAMP = 1;

export interface ContentWriterOptions {
  readonly blocks: Pick<BlockStore, 'put' | 'begin' | 'delete'>;
  readonly numbers: BlockNumbers;
  readonly pins: Pins;
  readonly blockBytes: number;
  /** When it is known beforehand. */
  readonly sizeBytes?: number;
}

export class ContentWriter {
  /** Bytes taken and adopted. */
  size = 0;
  private readonly options: ContentWriterOptions;
  private readonly extents: Extent[] = [];
  private readonly newBlocks: NewBlock[] = [];
  private readonly adopted: Extent[] = [];
  /** What may still become a small block. */
  private small: Buffer[] = [];
  private smallBytes = 0;
  private block: { readonly writer: BlockWriter; readonly number: number } | undefined;
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
      if (this.smallBytes + bytes.length > packedBytesMax) return this.writeOn(bytes);
      this.keep(bytes);
      return undefined;
    }
    if (block.writer.length + bytes.length >= this.options.blockBytes) return this.writeOn(bytes);
    return block.writer.write(bytes);
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
      if (this.block === undefined && this.smallBytes + rest <= packedBytesMax) {
        this.keep(bytes.subarray(at));
        return;
      }
      const { writer } = this.block ?? (await this.beginBlock());
      if (this.over) return;
      const count = Math.min(rest, blockBytes - writer.length);
      await writer.write(bytes.subarray(at, at + count));
      at += count;
      if (writer.length >= blockBytes) await this.endBlock();
    }
  }

  private async beginBlock(): Promise<NonNullable<typeof this.block>> {
    const { blocks, numbers, blockBytes, sizeBytes } = this.options;
    const number = await numbers.next();
    const expected =
      Math.max(0, (sizeBytes ?? this.size + UNKNOWN_BYTES) - this.size) + packedBytesMax;
    const writer = await blocks.begin(
      { block: number, stamp: FIRST_STAMP },
      Math.min(blockBytes, expected),
    );
    const block = { writer, number };
    this.block = block;
    const pieces = this.small.splice(0);
    this.smallBytes = 0;
    for (const piece of pieces) await writer.write(piece);
    return block;
  }

  /** The block becomes durable while others are written, one at a time. */
  private async endBlock(): Promise<void> {
    const { block } = this;
    if (block === undefined) return;
    await this.finishing;
    this.block = undefined;
    const finishing = block.writer.finish().catch(async (error: unknown) => {
      await block.writer.abort();
      throw error;
    });
    // Who comes next is told.
    finishing.catch(() => {});
    this.finishing = finishing;
    this.addBlock(block.number, block.writer.length);
  }

  private addBlock(block: number, length: number): void {
    this.extents.push({ block, stamp: FIRST_STAMP, offset: 0, length });
    this.newBlocks.push({ block, stamp: FIRST_STAMP, length });
  }

  /** What was written so far becomes blocks. */
  private async flush(): Promise<void> {
    if (this.block !== undefined) await this.endBlock();
    if (this.smallBytes === 0) return;
    const data = this.small.length === 1 ? this.small[0]! : Buffer.concat(this.small);
    this.small = [];
    this.smallBytes = 0;
    const block = await this.options.numbers.next();
    this.addBlock(block, data.length);
    const putting = this.options.blocks.put({ block, stamp: FIRST_STAMP }, data);
    putting.catch(() => {});
    await this.finishing;
    this.finishing = putting;
    await putting;
  }

  /** The next bytes are those of extents that others have; nothing is copied. */
  async adopt(extents: readonly Extent[]): Promise<void> {
    this.options.pins.pin(extents);
    this.adopted.push(...extents);
    await this.flush();
    for (const extent of extents) {
      this.extents.push(extent);
      this.size += extent.length;
    }
  }

  /** Everything is durable when it resolves. @throws FilesError. */
  async finish(): Promise<Content> {
    await this.flush();
    await this.finishing;
    return { extents: this.extents, newBlocks: this.newBlocks };
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
    const { block, finishing, newBlocks, options } = this;
    this.block = undefined;
    const settled = Promise.allSettled([finishing, block?.writer.abort()]);
    // Blocks that may be half written are not named by anything.
    settled.then(() => options.pins.free(newBlocks)).catch(() => {});
  }
}
