/**
 * What a connection is about to send: small pieces are gathered in a block, so that a head and a short body
 * are one write, long ones go to the kernel as they are.
 *
 * Invariants: bytes leave in the order they were given. A block belongs to one output from the first byte
 * until its write is through; an output with nothing to send has none, so that an idle connection costs no
 * memory here.
 */
import { copyBytes, emptyList } from '../base/index.ts';

/** Where the bytes go; a connection or a stream. */
export interface OutputTarget {
  /** True: the memory is free again. False: it stays in use until the target's drain. */
  write(bytes: Buffer): boolean;
  writev(list: readonly Buffer[]): boolean;
}

/** Room for a large head and a small body. */
const BLOCK_BYTES = 32_768;
/** Blocks kept for the next output: one is in use at a time unless readers are slow. */
const BLOCKS_KEPT = 32;
/** Room for a head and for all that one read of the shared buffer brings. */
const LARGE_BLOCK_BYTES = 147_456;
const LARGE_BLOCKS_KEPT = 8;
/** So much of a block is moved to a larger one rather than written by itself. */
const MOVED_BYTES_MAX = 4_096;

const EMPTY = Buffer.alloc(0);
const blocks: Buffer[] = [];
const largeBlocks: Buffer[] = [];
/**
 * The block that is used most, since the last one given is the first one taken, and views of its beginning by
 * their length: finding one costs less than making it.
 */
let hot: Buffer = EMPTY;
const HOT_VIEW_BYTES_MAX = 4_096;
const hotViews: Buffer[] = Array.from({ length: HOT_VIEW_BYTES_MAX }, () => EMPTY);
/** The list of the write at hand. */
const pieces: Buffer[] = [];

export class Output {
  /** The block; free from `end` on. Writers that need `room` put their bytes here and move `end`. */
  buf: Buffer = EMPTY;
  end = 0;
  private readonly target: OutputTarget;

  constructor(target: OutputTarget) {
    this.target = target;
  }

  /** Makes sure that `bytes` more fit behind `end`. */
  room(bytes: number): void {
    const { buf, end } = this;
    if (buf.length - end >= bytes) return;
    if (end > 0 && end <= MOVED_BYTES_MAX && bytes > BLOCK_BYTES - end) {
      this.buf = blockOf(end + bytes);
      copyBytes(buf, 0, this.buf, 0, end);
      give(buf);
      return;
    }
    this.flush();
    if (this.buf.length > 0) give(this.buf);
    this.buf = blockOf(bytes);
  }

  /** Copies bytes to the end of the block. */
  append(bytes: Buffer): void {
    const { length } = bytes;
    this.room(length);
    copyBytes(bytes, 0, this.buf, this.end, length);
    this.end += length;
  }

  /** Sends what the block holds. */
  flush(): void {
    const { buf, end } = this;
    if (end === 0) return;
    this.release();
    if (this.target.write(viewOf(buf, end))) give(buf);
    else forget(buf);
  }

  /**
   * Sends what the block holds and `bytes` behind it, without copying them, and `tail` behind these.
   * @returns true: their memory is free; false: it is in use until the target's drain.
   */
  flushWith(bytes: Buffer, tail: Buffer | null): boolean {
    const { buf, end } = this;
    if (end === 0 && tail === null) return this.target.write(bytes);
    this.release();
    if (end > 0) pieces.push(viewOf(buf, end));
    pieces.push(bytes);
    if (tail !== null) pieces.push(tail);
    const free = this.target.writev(pieces);
    emptyList(pieces);
    if (free) give(buf);
    else forget(buf);
    return free;
  }

  /** Forgets what was not sent. */
  clear(): void {
    if (this.buf.length > 0) give(this.buf);
    this.release();
  }

  private release(): void {
    this.buf = EMPTY;
    this.end = 0;
  }
}

function blockOf(bytes: number): Buffer {
  if (bytes <= BLOCK_BYTES) return blocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  if (bytes > LARGE_BLOCK_BYTES) return Buffer.allocUnsafeSlow(bytes);
  return largeBlocks.pop() ?? Buffer.allocUnsafeSlow(LARGE_BLOCK_BYTES);
}

/** The first `length` bytes of a block. */
function viewOf(block: Buffer, length: number): Buffer {
  if (length >= HOT_VIEW_BYTES_MAX) return block.subarray(0, length);
  if (block !== hot) {
    if (hot !== EMPTY) return block.subarray(0, length);
    hot = block;
    hotViews.fill(EMPTY);
  }
  let view = hotViews[length]!;
  if (view === EMPTY) {
    view = block.subarray(0, length);
    hotViews[length] = view;
  }
  return view;
}

/** A block that a write keeps is not used again. */
function forget(block: Buffer): void {
  if (block === hot) hot = EMPTY;
}

/** A block whose write is through, or was never begun. */
function give(block: Buffer): void {
  if (block.length === BLOCK_BYTES) {
    if (blocks.length < BLOCKS_KEPT) blocks.push(block);
  } else if (block.length === LARGE_BLOCK_BYTES && largeBlocks.length < LARGE_BLOCKS_KEPT) {
    largeBlocks.push(block);
  }
}
