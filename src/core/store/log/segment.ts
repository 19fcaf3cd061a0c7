/**
 * The segment that is written to: a file filled with zeros ahead of its frames, so that writing a
 * frame changes no metadata and costs one trip to the disk.
 *
 *     header │ frames ─▶ position │ zeros ─▶ allocated │ (not there yet) │ segmentBytes
 *
 * A sparse one is only made longer: where syncs are few, zeros would be half of all that is written.
 *
 * Invariants: frames are written only below `allocated`; zeros only above it; one fill runs at a time.
 */
import type { DiskFile } from '../../runtime/index.ts';
import { headerBytes, type SegmentHeader } from './format.ts';
import { fillBytes, firstExtentBytes } from './limits.ts';

const zeros = Buffer.alloc(fillBytes);

export class Segment {
  readonly header: SegmentHeader;
  readonly path: string;
  readonly file: DiskFile;
  /** Offset of the next frame. */
  position = headerBytes;
  /** Bytes of the file that exist; durable unless it is sparse. */
  allocated: number;
  /** Room ahead is length, not yet space on the disk. */
  readonly sparse: boolean;
  readonly #segmentBytes: number;
  #filling: Promise<void> | null = null;

  constructor(
    header: SegmentHeader,
    path: string,
    file: DiskFile,
    sizes: { readonly allocated: number; readonly segmentBytes: number; readonly sparse: boolean },
  ) {
    this.header = header;
    this.path = path;
    this.file = file;
    this.allocated = sizes.allocated;
    this.sparse = sizes.sparse;
    this.#segmentBytes = sizes.segmentBytes;
  }

  /** True when a frame of these bytes belongs into this segment; an empty one takes any. */
  hasRoom(bytes: number): boolean {
    return this.position === headerBytes || this.position + bytes <= this.#segmentBytes;
  }

  get halfFull(): boolean {
    return this.pastHalf > 0;
  }

  /** Zeros are being written and synced ahead. */
  get filling(): boolean {
    return this.#filling !== null;
  }

  /** Half of what was filled is used, and the segment may grow. */
  get wantsMore(): boolean {
    if (this.allocated >= this.#segmentBytes || this.#filling !== null) return false;
    return this.position * 2 >= this.allocated;
  }

  /** How far it is to be filled next. */
  get nextExtent(): number {
    return Math.min(this.#segmentBytes, this.allocated * 2);
  }

  /** Bytes written behind the first half. */
  get pastHalf(): number {
    return this.position - this.#segmentBytes / 2;
  }

  /** Resolves when the file reaches `bytes`. @throws the disk's error. */
  async fillTo(bytes: number): Promise<void> {
    while (this.#filling !== null) await this.#filling.catch(() => {});
    if (this.allocated >= bytes) return;
    if (this.sparse) {
      this.file.truncateSync(bytes);
      this.allocated = bytes;
      return;
    }
    this.#filling = fillWithZeros(this.file, this.allocated, bytes);
    try {
      await this.#filling;
      this.allocated = bytes;
    } finally {
      this.#filling = null;
    }
  }

  /** Resolves when no fill runs any more. */
  async settled(): Promise<void> {
    while (this.#filling !== null) await this.#filling.catch(() => {});
  }
}

/** How far a segment that may grow to `segmentBytes` is filled at first. */
export function firstExtent(segmentBytes: number): number {
  return Math.min(firstExtentBytes, segmentBytes);
}

/** Writes zeros to `[from, to)` in the background and makes them durable. @throws the disk's error. */
export async function fillWithZeros(file: DiskFile, from: number, to: number): Promise<void> {
  let at = from;
  while (at < to) at += await writeSome(file, zeros, Math.min(fillBytes, to - at), at);
  await datasync(file);
}

/** Writes a whole buffer. @throws the disk's error. */
export async function writeAll(file: DiskFile, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const rest = bytes.subarray(done);
    done += await writeSome(file, rest, rest.length, position + done);
  }
}

export function datasync(file: DiskFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.datasync((error) => (error === null ? resolve() : reject(error)));
  });
}

function writeSome(file: DiskFile, bytes: Buffer, length: number, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.write(bytes, 0, length, at, (error, written) => {
      if (error !== null) reject(error);
      else if (written > 0) resolve(written);
      else reject(Object.assign(new Error('the disk took no byte'), { code: 'EIO' }));
    });
  });
}
