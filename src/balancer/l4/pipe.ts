/**
 * One direction of a joined pair of streams: what comes from the source goes to the target at once, and the
 * source is not read while the target has not taken all of it.
 *
 *     small chunks   lie in the read buffer that all streams share: copied into a block, the block written
 *     bulk           the source reads into a buffer of its own, whose chunks are written without a copy
 *
 * Invariants: the memory of a write that may stay is not touched until the target drained; so a direction holds at
 * most one read's worth. A direction at rest holds no memory. Hot: bench/balancer/l4.ts.
 */
import { copyBytes } from '../../core/base/index.ts';
import { giveBulkBuffer, takeBulkBuffer } from '../../core/http/index.ts';

export interface PipeSource {
  readonly chunksStay: boolean;
  pause(): void;
  resume(): void;
  useReadBuffer(buffer: Buffer | null): void;
}

export interface PipeTarget {
  readonly bufferedBytes: number;
  /** True: the memory is free. False: it is in use until the target's drain. */
  write(bytes: Buffer): boolean;
}

const BLOCK_BYTES = 32_768;
/** From a read of this size on a buffer of its own is worth it. */
const BULK_BYTES_MIN = BLOCK_BYTES;
/** So many reads in a row below this size end bulk; single ones come in between. */
const BULK_BYTES_LEFT = 16_384;
const BULK_SMALL_READS_MAX = 16;
const BLOCKS_KEPT = 8;
const VIEWS_MAX = 2048;
/**
 * Taking a read buffer away outside of a read costs some memory until the stream closes (`ByteStream.useReadBuffer`).
 */
const QUIET_RETURNS_MAX = 64;

/** Memory for copies, with views of its beginnings, which cost more to make than to keep. */
class Block {
  readonly buf = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private readonly views: Buffer[] = [this.buf.subarray(0, 0)];

  view(length: number): Buffer {
    const { buf, views } = this;
    if (length >= VIEWS_MAX) return buf.subarray(0, length);
    while (views.length <= length) views.push(buf.subarray(0, views.length));
    return views[length]!;
  }
}

/** Nobody refers to it between two calls. */
let scratch = new Block();
const blocks: Block[] = [];

export class Pipe {
  /** Bytes taken from the source. */
  bytes = 0;
  /** Something was taken, or given on, since whoever looks at idle time set it back. */
  moved = false;
  /** The source has ended; nothing comes any more. */
  ended = false;
  private readonly source: PipeSource;
  private readonly target: PipeTarget;
  private paused = false;
  /** In use by the target. */
  private held: Block | null = null;
  private bulk: Buffer | null = null;
  private smallReads = 0;
  private quietReturns = 0;
  /** The source makes memory for every chunk. */
  private readonly ownChunks: boolean;

  constructor(source: PipeSource, target: PipeTarget) {
    this.source = source;
    this.target = target;
    this.ownChunks = source.chunksStay;
  }

  /**
   * Begins with what came before there was a target, which is the pipe's from now on.
   * @param paused the source is not read already.
   */
  begin(kept: Buffer | null, paused: boolean): void {
    this.paused = paused;
    if (kept !== null) {
      this.bytes += kept.length;
      this.target.write(kept);
    }
    const wait = this.target.bufferedBytes > 0;
    if (wait === paused) return;
    this.paused = wait;
    if (wait) this.source.pause();
    else this.source.resume();
  }

  /** From the source, inside its `onData`. */
  data(chunk: Buffer): void {
    const { length } = chunk;
    this.bytes += length;
    this.moved = true;
    if (this.ownChunks) this.write(chunk);
    else if (this.bulk !== null) this.writeBulk(chunk);
    else if (length >= BULK_BYTES_MIN) this.beginBulk(chunk);
    else this.writeCopy(chunk, length);
  }

  /** The target has taken everything. */
  drained(): void {
    this.moved = true;
    if (this.held !== null) {
      if (blocks.length < BLOCKS_KEPT) blocks.push(this.held);
      this.held = null;
    }
    if (!this.paused) return;
    this.paused = false;
    this.source.resume();
  }

  /** The source has sent its last byte, all of which the target has or holds. */
  end(): void {
    this.ended = true;
    this.moved = true;
    this.endBulk();
  }

  /** Now and then: a direction at rest gives its memory back. */
  rest(): void {
    if (this.bulk === null || this.paused) return;
    this.quietReturns++;
    this.endBulk();
  }

  /** Neither stream is used any more. */
  close(): void {
    this.endBulk();
    this.held = null;
  }

  private writeCopy(chunk: Buffer, length: number): void {
    const block = scratch;
    copyBytes(chunk, 0, block.buf, 0, length);
    if (this.write(block.view(length))) return;
    this.held = block;
    scratch = blocks.pop() ?? new Block();
  }

  private beginBulk(chunk: Buffer): void {
    const bulk = this.quietReturns < QUIET_RETURNS_MAX ? takeBulkBuffer() : null;
    if (bulk === null || chunk.length > bulk.length) {
      if (bulk !== null) giveBulkBuffer(bulk, true);
      this.write(Buffer.from(chunk));
      return;
    }
    // What has come lies in shared memory; it is moved to where the next chunk will come.
    copyBytes(chunk, 0, bulk, 0, chunk.length);
    this.bulk = bulk;
    this.smallReads = 0;
    this.source.useReadBuffer(bulk);
    this.write(bulk.subarray(0, chunk.length));
  }

  private writeBulk(chunk: Buffer): void {
    this.write(chunk);
    if (chunk.length >= BULK_BYTES_LEFT) this.smallReads = 0;
    else if (++this.smallReads >= BULK_SMALL_READS_MAX && !this.paused) this.endBulk();
  }

  /** @returns whether the memory is free. */
  private write(bytes: Buffer): boolean {
    const free = this.target.write(bytes);
    if (free && this.target.bufferedBytes === 0) return true;
    this.paused = true;
    this.source.pause();
    return free;
  }

  private endBulk(): void {
    const { bulk } = this;
    if (bulk === null) return;
    this.bulk = null;
    this.source.useReadBuffer(null);
    giveBulkBuffer(bulk, !this.paused);
  }
}
