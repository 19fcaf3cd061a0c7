/**
 * Blocks in memory, within a limit: frames of one size carved from large buffers, reused by the clock
 * algorithm (a block that was asked for again gets a second chance). A block larger than a frame brings
 * a buffer of its own. When every frame is pinned or reserved a spare one is taken beyond the limit, and
 * given up as soon as the clock's hand finds it free: readers never wait for each other.
 *
 * A frame is free, reserved (being read into, its taker's), or holds a block. A pinned frame is not
 * reused: cursors pin the block they stand on. Invariant: `tableOf[frame].frames[nth] === frame`
 * for each frame that holds a block.
 *
 * Benchmark: bench/lsm.
 */
import { invariant } from '../../base/index.ts';

const NO_BYTES = Buffer.alloc(0);
const SEGMENT_BYTES = 4 * 1024 * 1024;
/** A table has no frame for a block. */
export const NO_FRAME = -1;

/** What the cache needs of a table: where each of its blocks is, and room to note it. */
export interface CachedTable {
  /** Frame of each block, `NO_FRAME` when it is not in memory. */
  readonly frames: Int32Array;
}

export class BlockCache {
  /** Buffer of each frame's bytes. */
  readonly buffers: Buffer[] = [];
  /** Where they begin in it. */
  readonly offsets: number[] = [];
  private readonly tableOf: (CachedTable | null)[] = [];
  private readonly nthOf: number[] = [];
  private readonly pins: number[] = [];
  /** 1: asked for since the hand came by. */
  private readonly recent: number[] = [];
  /** What a frame was before it took a larger buffer; null: it did not. */
  private readonly carved: ({ buffer: Buffer; offset: number } | null)[] = [];
  private readonly free: number[] = [];
  /** Frames beyond the limit that have no memory at the moment. */
  private readonly spares: number[] = [];
  private readonly frameBytes: number;
  private readonly framesMax: number;
  private readonly capacityBytes: number;
  private largeBytes = 0;
  private hand = 0;

  constructor(capacityBytes: number, frameBytes: number) {
    this.capacityBytes = capacityBytes;
    this.frameBytes = frameBytes;
    this.framesMax = Math.max(16, Math.floor(capacityBytes / frameBytes));
  }

  /** Bytes of memory taken. */
  get bytes(): number {
    return (this.buffers.length - this.spares.length) * this.frameBytes + this.largeBytes;
  }

  /** The frame of a block that is in memory, noted as asked for; `NO_FRAME` when it is not. */
  find(table: CachedTable, nth: number): number {
    const frame = table.frames[nth]!;
    if (frame !== NO_FRAME) this.recent[frame] = 1;
    return frame;
  }

  pin(frame: number): void {
    this.pins[frame]!++;
  }

  unpin(frame: number): void {
    this.pins[frame]!--;
    invariant(this.pins[frame]! >= 0, 'a pin is taken back once');
  }

  /**
   * A frame for `length` bytes, to be read into `buffers[frame]` from `offsets[frame]` on. End it by
   * `publish` or `abandon`.
   */
  reserve(length: number): number {
    const isLarge = length > this.frameBytes;
    if (isLarge) {
      while (this.largeBytes + length > this.capacityBytes / 2 && this.largeBytes > 0) {
        if (!this.dropOneLarge()) break;
      }
    }
    const frame = this.takeFrame();
    this.pins[frame] = 1;
    this.recent[frame] = 0;
    if (isLarge) {
      this.carved[frame] = { buffer: this.buffers[frame]!, offset: this.offsets[frame]! };
      this.buffers[frame] = Buffer.allocUnsafeSlow(length);
      this.offsets[frame] = 0;
      this.largeBytes += length;
    }
    return frame;
  }

  /** The frame holds this block now, which no other one does. It stays pinned. */
  publish(frame: number, table: CachedTable, nth: number): void {
    invariant(table.frames[nth] === NO_FRAME, 'a block is in memory once');
    table.frames[nth] = frame;
    this.tableOf[frame] = table;
    this.nthOf[frame] = nth;
  }

  /** Gives a reserved frame back. */
  abandon(frame: number): void {
    this.pins[frame] = 0;
    this.release(frame);
  }

  /** Lets go of a table's blocks; those that are pinned stay until they are needed for others. */
  dropTable(table: CachedTable): void {
    const { frames } = table;
    for (let nth = 0; nth < frames.length; nth++) {
      const frame = frames[nth]!;
      if (frame !== NO_FRAME && this.pins[frame] === 0) this.release(frame);
    }
  }

  private takeFrame(): number {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.buffers.length < this.framesMax) return this.newFrame();
    // Two rounds: the first takes back second chances.
    const frames = this.buffers.length;
    for (let step = 0; step < frames * 2; step++) {
      const frame = this.hand;
      this.hand = frame + 1 === frames ? 0 : frame + 1;
      if (this.pins[frame]! > 0) continue;
      if (this.recent[frame] === 1) {
        this.recent[frame] = 0;
        continue;
      }
      this.release(frame);
      const released = this.free.pop();
      if (released !== undefined) return released;
    }
    return this.spareFrame();
  }

  private spareFrame(): number {
    const frame = this.spares.pop() ?? this.buffers.length;
    this.buffers[frame] = Buffer.allocUnsafeSlow(this.frameBytes);
    this.offsets[frame] = 0;
    this.tableOf[frame] = null;
    this.nthOf[frame] = 0;
    this.pins[frame] = 0;
    this.recent[frame] = 0;
    this.carved[frame] = null;
    return frame;
  }

  private newFrame(): number {
    const perSegment = Math.max(1, Math.floor(SEGMENT_BYTES / this.frameBytes));
    const frame = this.buffers.length;
    const nth = frame % perSegment;
    const left = Math.min(perSegment, this.framesMax - frame);
    const buffer =
      nth === 0 ? Buffer.allocUnsafeSlow(left * this.frameBytes) : this.segmentOf(frame - 1);
    this.buffers.push(buffer);
    this.offsets.push(nth * this.frameBytes);
    this.tableOf.push(null);
    this.nthOf.push(0);
    this.pins.push(0);
    this.recent.push(0);
    this.carved.push(null);
    return frame;
  }

  /** The large buffer that a frame was carved from. */
  private segmentOf(frame: number): Buffer {
    return this.carved[frame]?.buffer ?? this.buffers[frame]!;
  }

  private dropOneLarge(): boolean {
    for (let frame = 0; frame < this.carved.length; frame++) {
      if (this.carved[frame] === null || this.pins[frame]! > 0) continue;
      this.release(frame);
      return true;
    }
    return false;
  }

  private release(frame: number): void {
    const table = this.tableOf[frame];
    if (table !== null && table !== undefined) table.frames[this.nthOf[frame]!] = NO_FRAME;
    this.tableOf[frame] = null;
    const carved = this.carved[frame];
    if (carved !== null && carved !== undefined) {
      this.largeBytes -= this.buffers[frame]!.length;
      this.buffers[frame] = carved.buffer;
      this.offsets[frame] = carved.offset;
      this.carved[frame] = null;
    }
    if (frame < this.framesMax) this.free.push(frame);
    else {
      this.buffers[frame] = NO_BYTES;
      this.pins[frame] = 1;
      this.spares.push(frame);
    }
  }
}
