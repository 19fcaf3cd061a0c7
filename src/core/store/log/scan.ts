/**
 * Reads the frames of one segment file in order, with bounded memory.
 *
 * Invariant: nothing is given out before the checksum of its whole frame held.
 */
import type { DiskFile } from '../../runtime/index.ts';
import {
  continuesBit,
  decodeFrameHeader,
  entryHeaderBytes,
  type FrameHeader,
  frameBytes,
  frameHeaderBytes,
  frameHolds,
  headerBytes,
  lengthMask,
  moreBit,
  readU64,
} from './format.ts';
import { entriesAhead, readBytes } from './limits.ts';
import { type EntriesAhead, epoch, type LogEntry, logIndex } from './types.ts';

export class FrameScanner {
  /** Offset of the frame that `next` looks at. */
  position: number;
  /** Header of the frame that `next` found. */
  readonly frame: FrameHeader = {
    bodyBytes: 0,
    count: 0,
    firstIndex: 0,
    durableIndex: 0,
    epoch: 0,
  };
  readonly fileBytes: number;
  readonly #file: DiskFile;
  readonly #id: Buffer;
  #window: Buffer = Buffer.allocUnsafe(readBytes);
  #windowAt = 0;
  #windowBytes = 0;

  constructor(file: DiskFile, id: Buffer, position = headerBytes) {
    this.#file = file;
    this.#id = id;
    this.position = position;
    this.fileBytes = file.sizeSync();
  }

  /** True when a whole, undamaged frame of this segment stands at `position`. @throws the disk's error. */
  find(): boolean {
    const at = this.#show(this.position, frameHeaderBytes);
    if (at < 0 || !decodeFrameHeader(this.#window, at, this.#id, this.frame)) return false;
    const bytes = frameHeaderBytes + this.frame.bodyBytes;
    const whole = this.#show(this.position, bytes);
    return whole >= 0 && frameHolds(this.#window, whole, this.frame.bodyBytes);
  }

  /** Gives the entries of the frame found, from `fromIndex` on. @returns payload bytes given, -1: ill-formed. */
  visit(
    entry: LogEntry,
    fromIndex: number,
    visit: (entry: LogEntry) => void,
    ahead?: EntriesAhead,
  ): number {
    const { bodyBytes, count, firstIndex } = this.frame;
    const buffer = this.#window;
    let at = this.position - this.#windowAt + frameHeaderBytes;
    const end = at + bodyBytes;
    let given = 0;
    entry.buffer = buffer;
    entry.epoch = epoch(this.frame.epoch);
    for (let nth = 0; nth < count; nth++) {
      if (ahead !== undefined && nth % entriesAhead === 0) {
        this.#showAhead(ahead, at, end, Math.min(count - nth, entriesAhead));
      }
      const start = at + entryHeaderBytes;
      if (start > end) return -1;
      const length = buffer.readUInt32LE(at);
      const stop = start + (length & lengthMask);
      if (stop > end) return -1;
      if (firstIndex + nth >= fromIndex) {
        entry.index = logIndex(firstIndex + nth);
        entry.timestampMs = readU64(buffer, at + 4);
        entry.start = start;
        entry.end = stop;
        entry.continues = (length & continuesBit) !== 0;
        entry.more = (length & moreBit) !== 0;
        given += stop - start;
        visit(entry);
      }
      at = stop;
    }
    return given;
  }

  /** Shows `count` entries from `from` on before they are visited; a single one is not worth it. */
  #showAhead(ahead: EntriesAhead, from: number, end: number, count: number): void {
    if (count === 1) return;
    const buffer = this.#window;
    let at = from;
    for (let nth = 0; nth < count; nth++) {
      const start = at + entryHeaderBytes;
      const stop = start <= end ? start + (buffer.readUInt32LE(at) & lengthMask) : end + 1;
      // `visit` will say that the frame is ill-formed.
      if (stop > end) break;
      ahead.note(buffer, start, stop);
      at = stop;
    }
    ahead.end();
  }

  /** Goes behind the frame found. */
  skip(): void {
    this.position += frameBytes(this.frame.bodyBytes);
  }

  /**
   * Looks behind `position` for traces of this segment's frames.
   * `none`: no frame header. `witnessed`: a whole frame says that `index` was durable. `traces`: neither.
   */
  traces(index: number): 'none' | 'traces' | 'witnessed' {
    const start = this.position;
    let found: 'none' | 'traces' = 'none';
    for (let from = start; from < this.fileBytes; from += readBytes - 8) {
      for (const at of this.#headersIn(from, Math.min(readBytes, this.fileBytes - from))) {
        if (at < start) continue;
        found = 'traces';
        this.position = at;
        const whole = this.find();
        this.position = start;
        if (whole && this.frame.durableIndex >= index) return 'witnessed';
      }
    }
    return found;
  }

  /** Offsets in `[from, from + bytes)` of the file at which a frame header may stand, told by its id. */
  #headersIn(from: number, bytes: number): number[] {
    const shown = this.#show(from, bytes);
    if (shown < 0) return [];
    const part = this.#window.subarray(shown, shown + bytes);
    const offsets: number[] = [];
    // The id stands 8 bytes behind a frame's begin, and frames begin at multiples of 8.
    for (let hit = part.indexOf(this.#id); hit >= 0; hit = part.indexOf(this.#id, hit + 1)) {
      if ((from + hit) % 8 === 0) offsets.push(from + hit - 8);
    }
    return offsets;
  }

  /** Makes `bytes` of the file from `position` on visible; @returns their place in the window, or -1. */
  #show(position: number, bytes: number): number {
    if (position + bytes > this.fileBytes) return -1;
    const windowEnd = this.#windowAt + this.#windowBytes;
    if (position >= this.#windowAt && position + bytes <= windowEnd) {
      return position - this.#windowAt;
    }
    if (bytes > this.#window.length) this.#window = Buffer.allocUnsafe(bytes);
    else if (this.#window.length > readBytes && bytes <= readBytes) {
      this.#window = Buffer.allocUnsafe(readBytes);
    }
    this.#windowAt = position;
    this.#windowBytes = 0;
    const wanted = Math.min(this.#window.length, this.fileBytes - position);
    while (this.#windowBytes < wanted) {
      const rest = wanted - this.#windowBytes;
      const got = this.#file.readSync(
        this.#window,
        this.#windowBytes,
        rest,
        position + this.#windowBytes,
      );
      if (got === 0) break;
      this.#windowBytes += got;
    }
    return this.#windowBytes >= bytes ? 0 : -1;
  }
}

export function createEntry(): LogEntry {
  return {
    index: logIndex(0),
    epoch: epoch(0),
    timestampMs: 0,
    buffer: Buffer.alloc(0),
    start: 0,
    end: 0,
    continues: false,
    more: false,
  };
}
