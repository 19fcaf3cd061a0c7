/**
 * The octets a connection wants to send: one block of memory that frames are appended to.
 *
 * A block is taken from the pool with the first frame and goes back when its owner has handed it to the
 * kernel, so an idle connection holds none. Invariant: `length <= buf.length`.
 */

/** Size of a block that most batches fit into. */
export const BLOCK_BYTES = 16_384;
/** Largest block that is kept; each size is twice the one before. */
const BLOCK_BYTES_KEPT = 262_144;
/** Octets of free blocks of one size that are kept at most. */
const BYTES_KEPT = 1_048_576;
const NO_OCTETS = Buffer.alloc(0);

/** Blocks that nobody uses now, by size. */
export class BlockPool {
  private readonly free = new Map<number, Buffer[]>();

  /** A block of so many octets, `BLOCK_BYTES` doubled as often as one likes. */
  take(bytes: number): Buffer {
    return this.free.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Takes a block back that nothing refers to any more. The largest are left to the collector. */
  give(block: Buffer): void {
    const bytes = block.length;
    if (bytes > BLOCK_BYTES_KEPT || bytes === 0) return;
    let free = this.free.get(bytes);
    if (free === undefined) {
      free = [];
      this.free.set(bytes, free);
    }
    if ((free.length + 1) * bytes <= BYTES_KEPT) free.push(block);
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
    this.pool.give(this.buf);
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
    let capacity = this.buf === NO_OCTETS ? BLOCK_BYTES : this.buf.length * 2;
    while (capacity < this.length + bytes) capacity *= 2;
    const larger = this.pool.take(capacity);
    this.buf.copy(larger, 0, 0, this.length);
    this.pool.give(this.buf);
    this.buf = larger;
  }
}
