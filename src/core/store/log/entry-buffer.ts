/**
 * Entries between `commit` and durability: encoded once, in place, into chunks of memory from which
 * they are written as they stand.
 *
 *     chunk  │ frame, durable │ frame, written │ frame, in flight │ open frame ··▶ cursor │ free │
 *
 * Invariants:
 *  - bytes of a sealed frame never change, its header excepted (it names the segment it goes to);
 *  - a chunk is reused only when every frame in it has been released;
 *  - `frames` holds sealed frames that wait to be written, oldest first.
 *
 * Hot: `reserve` and `commit` run once per entry. Benchmark: bench/store/log.ts.
 */
import { invariant } from '../../base/index.ts';
import { align8, continuesBit, entryHeaderBytes, frameHeaderBytes, moreBit } from './format.ts';
import { chunkBytes, freeChunksMax } from './limits.ts';
import type { LogReservation } from './types.ts';

const two32 = 0x1_0000_0000;

export interface Chunk {
  readonly buffer: Buffer;
  /** Where the next frame may begin. */
  used: number;
  /** Frames in it that are not released, the open one included. */
  frames: number;
}

/** A batch of entries, or a witness (count 0). */
export interface Frame {
  readonly chunk: Chunk;
  /** The frame header begins here. */
  readonly start: number;
  readonly bodyBytes: number;
  readonly count: number;
  readonly firstIndex: number;
  readonly epoch: number;
}

export class EntryBuffer {
  /** Index of the newest entry committed. */
  lastIndex: number;
  epoch: number;
  /** Bytes of entries, headers included, that are not taken yet. */
  waitingBytes = 0;
  readonly #reservation: LogReservation = { buffer: Buffer.alloc(0), offset: 0 };
  readonly #frames: Frame[] = [];
  readonly #free: Chunk[] = [];
  #chunk: Chunk = createChunk(chunkBytes);
  /** The open frame: `start` of its header, `cursor` behind its last entry; no entries: not begun. */
  #start = 0;
  #cursor = frameHeaderBytes;
  #count = 0;
  /** The last timestamp split in halves: a batch shares one. */
  #timestampMs = 0;
  #timestampLow = 0;
  #timestampHigh = 0;
  /** `continuesBit` when the last entry said that more follows. */
  #continues = 0;

  constructor(lastIndex: number, epoch: number) {
    this.lastIndex = lastIndex;
    this.epoch = epoch;
  }

  /** See `Log.reserve`. */
  reserve(maxBytes: number, keepBytes: number): LogReservation {
    const needed = entryHeaderBytes + maxBytes + 8;
    const reservation = this.#reservation;
    if (this.#cursor + needed > this.#chunk.buffer.length) {
      const kept = reservation.offset;
      const from = this.#chunk.buffer;
      this.#nextChunk(needed);
      const to = this.#cursor + entryHeaderBytes;
      if (keepBytes > 0) from.copy(this.#chunk.buffer, to, kept, kept + keepBytes);
    }
    reservation.buffer = this.#chunk.buffer;
    reservation.offset = this.#cursor + entryHeaderBytes;
    return reservation;
  }

  /** See `Log.commit`. */
  commit(usedBytes: number, timestampMs: number, more: boolean): number {
    const buffer = this.#chunk.buffer;
    const at = this.#cursor;
    buffer.writeUInt32LE(usedBytes + this.#continues + (more ? moreBit : 0), at);
    this.#continues = more ? continuesBit : 0;
    if (timestampMs !== this.#timestampMs) {
      this.#timestampMs = timestampMs;
      this.#timestampLow = timestampMs % two32;
      this.#timestampHigh = Math.floor(timestampMs / two32);
    }
    buffer.writeUInt32LE(this.#timestampLow, at + 4);
    buffer.writeUInt32LE(this.#timestampHigh, at + 8);
    this.#cursor = at + entryHeaderBytes + usedBytes;
    if (this.#count++ === 0) this.#chunk.frames++;
    this.waitingBytes += entryHeaderBytes + usedBytes;
    return ++this.lastIndex;
  }

  /** Entries to come get this epoch: one frame has one epoch. */
  setEpoch(epoch: number): void {
    this.#seal();
    this.epoch = epoch;
  }

  /** The oldest frame that waits, taken off; what is open is sealed for it. Undefined: nothing waits. */
  take(): Frame | undefined {
    if (this.#frames.length === 0) this.#seal();
    const frame = this.#frames.shift();
    if (frame !== undefined) this.waitingBytes -= frame.bodyBytes;
    return frame;
  }

  /** Puts frames back before all others, in their order: they have to be written again. */
  putBack(frames: readonly Frame[]): void {
    // A frame still open is younger than all of them and stays open.
    this.#frames.unshift(...frames);
    for (const frame of frames) this.waitingBytes += frame.bodyBytes;
  }

  /** A frame without entries, as if taken. */
  witness(): Frame {
    invariant(this.waitingBytes === 0, 'a witness is written only when nothing waits');
    this.#rewind();
    const chunk = createChunk(frameHeaderBytes + 8);
    chunk.frames = 1;
    const firstIndex = this.lastIndex + 1;
    return { chunk, start: 0, bodyBytes: 0, count: 0, firstIndex, epoch: this.epoch };
  }

  /** The frame needs no memory any more. */
  release(frame: Frame): void {
    const chunk = frame.chunk;
    invariant(chunk.frames > 0, 'a frame is released once');
    if (--chunk.frames > 0) return;
    if (chunk === this.#chunk) this.#rewind();
    else this.#keepFree(chunk);
  }

  #seal(): void {
    if (this.#count === 0) return;
    const chunk = this.#chunk;
    const bodyBytes = this.#cursor - this.#start - frameHeaderBytes;
    const firstIndex = this.lastIndex - this.#count + 1;
    const frame = { chunk, start: this.#start, bodyBytes, count: this.#count, firstIndex };
    this.#frames.push({ ...frame, epoch: this.epoch });
    chunk.used = align8(this.#cursor);
    this.#begin();
  }

  #nextChunk(needed: number): void {
    this.#seal();
    const bytes = frameHeaderBytes + needed;
    const reusable = bytes <= chunkBytes ? this.#free.pop() : undefined;
    const old = this.#chunk;
    this.#chunk = reusable ?? createChunk(Math.max(bytes, chunkBytes));
    if (old.frames === 0) this.#keepFree(old);
    this.#begin();
  }

  #keepFree(chunk: Chunk): void {
    if (chunk.buffer.length !== chunkBytes || this.#free.length >= freeChunksMax) return;
    chunk.used = 0;
    this.#free.push(chunk);
  }

  /** Opens an empty frame behind what the chunk holds. */
  #begin(): void {
    this.#start = this.#chunk.used;
    this.#cursor = this.#start + frameHeaderBytes;
    this.#count = 0;
  }

  /** Starts the chunk at hand over when nothing in it is needed. */
  #rewind(): void {
    if (this.#chunk.frames > 0 || this.#count > 0) return;
    if (this.#chunk.buffer.length > chunkBytes) this.#chunk = createChunk(chunkBytes);
    this.#chunk.used = 0;
    this.#begin();
  }
}

/** Index of a frame's last entry; of a witness: of the entry before it. */
export function lastIndexOf(frame: Frame): number {
  return frame.firstIndex + frame.count - 1;
}

function createChunk(bytes: number): Chunk {
  return { buffer: Buffer.allocUnsafeSlow(align8(bytes)), used: 0, frames: 0 };
}
