/**
 * Blocks that somebody reads, or is about to share, stay whatever becomes of their names.
 *
 * Invariant: the bytes of a block are deleted only when nobody has pinned it, nobody who has seen its name is still
 * about to, and no record names it.
 */
import type { BlockName } from '../blocks/format.ts';
import type { Extent } from '../namespace/inode.ts';

export interface PinsOptions {
  /** Whether a record names a block. */
  isNamed(block: number): Promise<boolean>;
  delete(blocks: readonly BlockName[]): Promise<void>;
  onError(error: unknown): void;
}

export class Pins {
  private readonly options: PinsOptions;
  private readonly counts = new Map<number, number>();
  /** Nobody names them any more; somebody has pinned them. */
  private readonly dead = new Map<number, BlockName>();
  /** Nobody names them, and it is being found out whether their bytes may go. */
  private readonly going = new Set<number>();
  private readonly opening = new Set<Promise<unknown>>();
  private readonly deleting = new Set<Promise<void>>();

  constructor(options: PinsOptions) {
    this.options = options;
  }

  /** Looks names up and pins what they stand for; until it is done, what is freed stays. */
  async open<T>(work: () => Promise<T>): Promise<T> {
    const promise = work();
    this.opening.add(promise);
    try {
      return await promise;
    } finally {
      this.opening.delete(promise);
    }
  }

  pin(extents: readonly Extent[]): void {
    for (const { block } of extents) this.counts.set(block, (this.counts.get(block) ?? 0) + 1);
  }

  unpin(extents: readonly Extent[]): void {
    const gone: BlockName[] = [];
    for (const { block } of extents) {
      const count = (this.counts.get(block) ?? 0) - 1;
      if (count > 0) {
        this.counts.set(block, count);
        continue;
      }
      this.counts.delete(block);
      const dead = this.dead.get(block);
      if (dead === undefined) continue;
      this.dead.delete(block);
      gone.push(dead);
    }
    if (gone.length > 0) this.free(gone);
  }

  /** Nobody names these blocks any more: their bytes go, at once or later. */
  free(blocks: readonly BlockName[]): void {
    for (const { block } of blocks) this.going.add(block);
    const work = this.freeNow(blocks)
      .catch(this.options.onError)
      .finally(() => {
        this.deleting.delete(work);
        for (const { block } of blocks) this.going.delete(block);
      });
    this.deleting.add(work);
  }

  /** Nobody names the block, and its bytes are about to go, or will when its last reader has gone. */
  isGoing(block: number): boolean {
    return this.going.has(block) || this.dead.has(block);
  }

  private async freeNow(blocks: readonly BlockName[]): Promise<void> {
    if (this.opening.size > 0) await Promise.allSettled([...this.opening]);
    const gone: BlockName[] = [];
    for (const block of blocks) {
      // Somebody may have given it a name again before the last one went.
      if (await this.options.isNamed(block.block)) continue;
      if (this.counts.has(block.block)) this.dead.set(block.block, block);
      else gone.push(block);
    }
    if (gone.length > 0) await this.options.delete(gone);
  }

  /** All that is to be deleted now is. */
  async idle(): Promise<void> {
    while (this.deleting.size > 0) await Promise.all([...this.deleting]);
  }
}
