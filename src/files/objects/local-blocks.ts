/** Blocks on the disks of this process alone: each has one replica. */
import type { BlockStore } from '../blocks/block-store.ts';
import type { BlockWriter } from '../blocks/block-writer.ts';
import type { BlockName } from '../blocks/format.ts';
import type { NewBlock } from '../namespace/extents.ts';
import type { BlockNumbers } from './block-numbers.ts';
import type { BlockSink, Blocks } from './blocks.ts';

/** Generation of a block that was written at one go. */
export const FIRST_STAMP = 1;

export class LocalBlocks implements Blocks {
  private readonly store: BlockStore;
  private readonly numbers: Pick<BlockNumbers, 'next'>;

  constructor(store: BlockStore, numbers: Pick<BlockNumbers, 'next'>) {
    this.store = store;
    this.numbers = numbers;
  }

  get freeBytes(): number {
    return this.store.freeBytes;
  }

  async put(data: Buffer): Promise<NewBlock> {
    const name = { block: await this.numbers.next(), stamp: FIRST_STAMP };
    try {
      await this.store.put(name, data);
    } catch (error) {
      await this.store.delete([name]).catch(() => {});
      throw error;
    }
    return { ...name, length: data.length };
  }

  async begin(bytesMax: number): Promise<BlockSink> {
    const name = { block: await this.numbers.next(), stamp: FIRST_STAMP };
    return new LocalSink(this.store, name, await this.store.begin(name, bytesMax));
  }

  read(name: BlockName, from: number, to: number): AsyncGenerator<Buffer, void, undefined> {
    return this.store.read(name, from, to);
  }

  delete(names: readonly BlockName[]): Promise<void> {
    return this.store.delete(names);
  }

  /** The store is closed by who opened it. */
  async close(): Promise<void> {}
}

class LocalSink implements BlockSink {
  private readonly store: BlockStore;
  private readonly name: BlockName;
  private readonly writer: BlockWriter;
  private isFinished = false;

  constructor(store: BlockStore, name: BlockName, writer: BlockWriter) {
    this.store = store;
    this.name = name;
    this.writer = writer;
  }

  get length(): number {
    return this.writer.length;
  }

  write(bytes: Buffer): Promise<void> | undefined {
    return this.writer.write(bytes);
  }

  async finish(): Promise<readonly NewBlock[]> {
    this.isFinished = true;
    const { length } = await this.writer.finish();
    return [{ ...this.name, length }];
  }

  async abort(): Promise<void> {
    await this.writer.abort();
    if (this.isFinished) await this.store.delete([this.name]);
  }
}
