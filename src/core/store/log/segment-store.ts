/**
 * The folder of a log: which segments there are, the spare that becomes the next one, and deletion.
 *
 * Invariants:
 *  - a file carries a segment name only when its header is durable;
 *  - the names on disk are at every moment an unbroken run, so deletions go oldest first and each is
 *    durable before the next;
 *  - at most one spare is kept.
 */
import { join } from 'node:path';
import type { Clock, Disk, DiskFile, Random } from '../../runtime/index.ts';
import { encodeSegmentHeader, headerBytes, type SegmentHeader } from './format.ts';
import { sparePace, spareStepBytes } from './limits.ts';
import { datasync, fillWithZeros, firstExtent, Segment, writeAll } from './segment.ts';
import type { LogStats } from './stats.ts';

export interface SegmentInfo {
  readonly path: string;
  readonly header: SegmentHeader;
}

export interface SegmentStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: string;
  readonly nodeId: string;
  readonly segmentBytes: number;
  readonly stats: LogStats;
}

const segmentName = /^(\d{16})\.wal$/;
const spareName = /^spare-(\d+)\.tmp$/;

export const segmentFileName = (number: number): string =>
  `${String(number).padStart(16, '0')}.wal`;

/** The segments and spares among the names of a folder; segments by number. */
export function sortNames(names: readonly string[]): { segments: string[]; spares: string[] } {
  return {
    segments: names.filter((name) => segmentName.test(name)).sort(),
    spares: names.filter((name) => spareName.test(name)),
  };
}

/** The number in a segment's file name. */
export const segmentNumber = (name: string): number => Number(segmentName.exec(name)?.[1] ?? 0);

export class SegmentStore {
  /** Oldest first; the last one is written to. */
  readonly segments: SegmentInfo[];
  readonly #options: SegmentStoreOptions;
  #nextNumber: number;
  #spareCount = 0;
  #spare: string | null = null;
  /** Never rejects. */
  #preparing: Promise<void> | null = null;
  /** How far the spare may be filled by now; it goes on when that rises. */
  #spareGoal = 0;
  #spareGoOn: (() => void) | null = null;
  /** The sparse segment for which the space of the next one was seen. */
  #lookedAhead: Segment | null = null;
  #deleting: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: SegmentStoreOptions, segments: SegmentInfo[], spares: readonly string[]) {
    this.#options = options;
    this.segments = segments;
    this.#nextNumber = (segments.at(-1)?.header.number ?? 0) + 1;
    options.stats.segments = segments.length;
    this.#adoptSpare(spares);
  }

  /** Begins a new segment. @throws the disk's error, leaving no segment behind. */
  async activate(begin: { firstIndex: number; epoch: number; dsync: boolean }): Promise<Segment> {
    const { disk, clock, random, folder, nodeId, segmentBytes, stats } = this.#options;
    await this.#spareAtOnce();
    const header: SegmentHeader = {
      number: this.#nextNumber++,
      firstIndex: begin.firstIndex,
      epoch: begin.epoch,
      id: random.bytes(8),
      createdMs: clock.wallMs(),
      nodeId,
    };
    const spare = this.#spare;
    this.#spare = null;
    const from = spare ?? this.#newSparePath();
    let at = from;
    let file: DiskFile | null = null;
    try {
      const mode = spare === null ? 'exclusive' : 'write';
      file = await disk.open(from, { mode, dsync: begin.dsync });
      const allocated = spare === null ? firstExtent(segmentBytes) : segmentBytes;
      await writeAll(file, encodeSegmentHeader(header), 0);
      if (spare === null && begin.dsync) await fillWithZeros(file, headerBytes, allocated);
      else {
        if (spare === null) file.truncateSync(allocated);
        await datasync(file);
      }
      const path = join(folder, segmentFileName(header.number));
      await disk.rename(from, path);
      at = path;
      await disk.syncDirectory(folder);
      this.segments.push({ path, header });
      stats.segments = this.segments.length;
      return new Segment(header, path, file, { allocated, segmentBytes, sparse: !begin.dsync });
    } catch (error) {
      file?.closeSync();
      // It may hold the last free bytes of the disk. If it stays it is empty and does no harm.
      await disk.unlink(at).catch(() => {});
      throw error;
    }
  }

  /** Fills a segment further. @throws the disk's error, also when the room can be seen to be missing. */
  async extend(segment: Segment): Promise<void> {
    // Of a sparse one the room that is still ahead has no space yet either.
    const from = segment.sparse ? segment.position : segment.allocated;
    this.#checkFree(segment.nextExtent - from);
    await segment.fillTo(segment.nextExtent);
  }

  /**
   * Fills a spare in the background, if there is none, as fast as `segment` fills up: all at once it
   * would hold up the log's own writes. Call it after every write. Behind a sparse one comes a sparse one:
   * it is only seen to that there is space.
   * @returns null when one is there or under way; else it rejects with the disk's error.
   */
  prepareSpare(segment: Segment, atOnce = false): Promise<void> | null {
    if (segment.sparse) return this.#lookAhead(segment, atOnce);
    this.#raiseGoal(atOnce ? Number.POSITIVE_INFINITY : segment.pastHalf * sparePace);
    if (this.#spare !== null || this.#preparing !== null || this.#closed) return null;
    const filled = this.#fillSpare(this.#newSparePath());
    this.#preparing = filled
      .catch(() => {})
      .finally(() => {
        this.#preparing = null;
        this.#spareGoal = 0;
      });
    return filled;
  }

  /** See `Log.truncateBefore`. */
  truncateBefore(index: number): Promise<number> {
    const run = this.#deleting.then(() => this.#truncateNow(index));
    this.#deleting = run.catch(() => {});
    return run;
  }

  /** Deletes all segments, oldest first. Only while nothing is written. */
  async dropAll(): Promise<void> {
    const { disk, folder, stats } = this.#options;
    for (let oldest = this.segments[0]; oldest !== undefined; oldest = this.segments[0]) {
      await disk.unlink(oldest.path);
      await disk.syncDirectory(folder);
      this.segments.shift();
    }
    stats.segments = 0;
  }

  /** Resolves when nothing runs in the background any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#spareAtOnce();
    await this.#deleting;
  }

  async #truncateNow(index: number): Promise<number> {
    const { disk, folder, stats } = this.#options;
    let count = 0;
    for (;;) {
      const [oldest, next] = this.segments;
      if (oldest === undefined || next === undefined) break;
      if (next.header.firstIndex > index || this.#closed) break;
      const recycled = this.#recyclable(oldest.path) ? this.#newSparePath() : null;
      if (recycled !== null) await disk.rename(oldest.path, recycled);
      else await disk.unlink(oldest.path);
      this.segments.shift();
      stats.segments = this.segments.length;
      await disk.syncDirectory(folder);
      if (recycled === null) stats.deletedSegments++;
      else if (this.#spare === null) {
        stats.recycledSegments++;
        this.#spare = recycled;
      } else await disk.unlink(recycled);
      count++;
    }
    return count;
  }

  #recyclable(path: string): boolean {
    if (this.#spare !== null || this.#preparing !== null) return false;
    return this.#options.disk.statSync(path)?.sizeBytes === this.#options.segmentBytes;
  }

  async #fillSpare(path: string): Promise<void> {
    const { disk, segmentBytes } = this.#options;
    this.#checkFree(segmentBytes);
    let file: DiskFile | null = null;
    try {
      file = await disk.open(path, { mode: 'exclusive' });
      for (let at = 0; at < segmentBytes; at += spareStepBytes) {
        while (this.#spareGoal <= at) await new Promise<void>((go) => (this.#spareGoOn = go));
        if (this.#closed) throw new Error('the log is being closed');
        await fillWithZeros(file, at, Math.min(segmentBytes, at + spareStepBytes));
      }
      file.closeSync();
      this.#spare = path;
    } catch (error) {
      file?.closeSync();
      await disk.unlink(path).catch(() => {});
      if (!this.#closed) throw error;
    }
  }

  /** Once for each segment, unless `again`. */
  #lookAhead(segment: Segment, again: boolean): Promise<void> | null {
    if (this.#lookedAhead === segment && !again) return null;
    this.#lookedAhead = segment;
    try {
      this.#checkFree(this.#options.segmentBytes);
      return null;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #raiseGoal(bytes: number): void {
    this.#spareGoal = Math.max(this.#spareGoal, bytes);
    this.#spareGoOn?.();
    this.#spareGoOn = null;
  }

  /** The spare under way is needed, or not needed any more. */
  async #spareAtOnce(): Promise<void> {
    if (this.#preparing === null) return;
    this.#raiseGoal(Number.POSITIVE_INFINITY);
    await this.#preparing;
  }

  /** @throws ENOSPC when `bytes` are certainly not to be had. */
  #checkFree(bytes: number): void {
    const { disk, folder } = this.#options;
    const freeBytes = disk.freeBytesSync(folder);
    if (freeBytes >= bytes) return;
    const error = new Error(`${freeBytes} bytes are free, ${bytes} wanted for the log to go on`);
    throw Object.assign(error, { code: 'ENOSPC' });
  }

  #adoptSpare(spares: readonly string[]): void {
    const { disk, folder, segmentBytes } = this.#options;
    for (const name of spares) {
      const path = join(folder, name);
      this.#spareCount = Math.max(this.#spareCount, Number(spareName.exec(name)?.[1]));
      if (this.#spare === null && disk.statSync(path)?.sizeBytes === segmentBytes) {
        this.#spare = path;
      } else disk.unlinkSync(path);
    }
  }

  #newSparePath(): string {
    return join(this.#options.folder, `spare-${++this.#spareCount}.tmp`);
  }
}
