/**
 * The octets a connection wants to send: one block of memory that frames are appended to.
 *
 * A block is taken from the pool with the first frame and goes back when its owner has handed it to the
 * kernel, so an idle connection holds none. Invariant: `length <= buf.length`.
 */

/** Size of a block that most batches fit into. */
export const BLOCK_BYTES = 16_384;
const BLOCKS_KEPT = 64;
const NO_OCTETS = Buffer.alloc(0);

/** Blocks that nobody uses now. */
export class BlockPool {
  private readonly free: Buffer[] = [];

  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** Takes a block back that nothing refers to any more. Larger ones are left to the collector. */
  give(block: Buffer): void {
    if (block.length === BLOCK_BYTES && this.free.length < BLOCKS_KEPT) this.free.push(block);
  }
}

export class Output {
  buf: Buffer = NO_OCTETS;
  /** Octets of `buf` that wait. */
  length = 0;
  private readonly pool: BlockPool;

  constructor(pool: BlockPool) {
    this.pool = pool;
  }

  /** Makes room for `bytes` more at `length`. */
  reserve(bytes: number): void {
    if (this.buf.length - this.length < bytes) this.grow(bytes);
  }

  /**
   * Hands over what waits, a view of `buf`. When it has been written the owner says `done`, or keeps the
   * memory with `detach` when the write still needs it.
   */
  view(): Buffer {
    return this.buf.subarray(0, this.length);
  }

  /** What waited is written; the block goes back to the pool. */
  done(): void {
    if (this.buf !== NO_OCTETS) this.pool.give(this.buf);
    this.buf = NO_OCTETS;
    this.length = 0;
  }

  /** What waited is being written: its block now belongs to the caller, who may `give` it back later. */
  detach(): Buffer {
    const block = this.buf;
    this.buf = NO_OCTETS;
    this.length = 0;
    return block;
  }

  private grow(bytes: number): void {
    if (this.buf === NO_OCTETS && bytes <= BLOCK_BYTES) {
      this.buf = this.pool.take();
      return;
    }
    let capacity = Math.max(this.buf.length * 2, BLOCK_BYTES);
    while (capacity < this.length + bytes) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.buf.copy(larger, 0, 0, this.length);
    if (this.buf !== NO_OCTETS) this.pool.give(this.buf);
    this.buf = larger;
  }
}
