/**
 * Frames that are written and not yet durable, oldest first.
 *
 * Their memory is kept so that a failed sync loses nothing; beyond a bound the oldest are let go, and
 * a sync that fails then cannot be made good.
 */
import { type EntryBuffer, type Frame, lastIndexOf } from './entry-buffer.ts';

export class UnsyncedFrames {
  /** Bytes whose memory is kept. */
  keptBytes = 0;
  readonly #entries: EntryBuffer;
  #frames: Frame[] = [];
  /** The first so many hold no memory any more. */
  #dropped = 0;

  constructor(entries: EntryBuffer) {
    this.#entries = entries;
  }

  get count(): number {
    return this.#frames.length;
  }

  push(frame: Frame, keptBytesMax: number): void {
    this.#frames.push(frame);
    this.keptBytes += frame.bodyBytes;
    while (this.keptBytes > keptBytesMax) {
      const oldest = this.#frames[this.#dropped++]!;
      this.keptBytes -= oldest.bodyBytes;
      this.#entries.release(oldest);
    }
    if (this.#dropped === this.#frames.length) {
      // Nothing can be taken back: the youngest alone says how far a sync reaches.
      this.#frames = [frame];
      this.#dropped = 1;
    }
  }

  /** Entries up to `index` are durable now. @returns the last frame that is. */
  settle(index: number): Frame | undefined {
    let count = 0;
    while (count < this.#frames.length && lastIndexOf(this.#frames[count]!) <= index) count++;
    const frames = this.#frames.splice(0, count);
    for (const frame of frames.slice(this.#dropped)) {
      this.keptBytes -= frame.bodyBytes;
      this.#entries.release(frame);
    }
    this.#dropped = Math.max(0, this.#dropped - count);
    return frames.at(-1);
  }

  /** Hands all back to be written again, or null when some of them are gone. */
  takeBack(): Frame[] | null {
    if (this.#dropped > 0) return null;
    const frames = this.#frames;
    this.#frames = [];
    this.keptBytes = 0;
    return frames;
  }
}
