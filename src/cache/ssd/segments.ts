/**
 * The segments there are, oldest first, and what they take of the disk.
 *
 * Invariants: `bytes` counts every byte that a file of the tier has or may come to have, from before it is made
 * until it is gone and closed; a segment stays in `list` until its name is gone for good, so that what asks for the
 * oldest sequence there may be never forgets one that could come back.
 */
import { invariant } from '../../core/base/index.ts';
import { type Clock, type Disk, errorCode, type Timer } from '../../core/runtime/index.ts';
import { roundUp } from './format.ts';
import { leavingMsMax } from './limits.ts';
import type { Segment } from './segment.ts';
import type { TierCounts } from './types.ts';

const NAME = /^(\d{16})\.(seg|prg)$/;
/** Files take whole pages of the disk. */
const PAGE_BYTES = 4096;

export function fileName(number: number, kind: 'seg' | 'prg'): string {
  return `${String(number).padStart(16, '0')}.${kind}`;
}

/** The number of a file of ours, null: it is none, or of the other kind. */
export function fileNumber(name: string, kind: 'seg' | 'prg'): number | null {
  const match = NAME.exec(name);
  return match?.[2] === kind ? Number(match[1]) : null;
}

export interface SegmentsOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly folder: string;
  readonly segmentBytes: number;
  /** Kept for the purge log. */
  readonly reservedBytes: number;
  readonly counts: TierCounts;
}

export class Segments {
  readonly list: Segment[] = [];
  /** No segment had this number or a higher one. */
  nextNumber = 1;
  readonly segmentBytes: number;
  private readonly options: SegmentsOptions;
  private readonly slots: (Segment | undefined)[] = [];
  /** Without a name, but somebody reads them. */
  private readonly leaving = new Set<Segment>();
  private readonly waiting: (() => void)[] = [];

  constructor(options: SegmentsOptions) {
    this.options = options;
    this.segmentBytes = options.segmentBytes;
  }

  get bytes(): number {
    let bytes = this.options.reservedBytes;
    for (const segment of this.list) bytes += segment.roomBytes;
    for (const segment of this.leaving) bytes += segment.roomBytes;
    return bytes;
  }

  get oldest(): Segment | undefined {
    return this.list[0];
  }

  at(slot: number): Segment {
    const segment = this.slots[slot];
    invariant(segment !== undefined, 'the index names segments that are there');
    return segment;
  }

  /** A slot for a segment to come. */
  freeSlot(): number {
    const free = this.slots.indexOf(undefined);
    return free === -1 ? this.slots.length : free;
  }

  add(segment: Segment): void {
    invariant(segment.number >= this.nextNumber, 'segments come in the order of their numbers');
    this.nextNumber = segment.number + 1;
    this.list.push(segment);
    this.slots[segment.slot] = segment;
  }

  /** Nothing is written to it any more: it takes what it has. */
  closed(segment: Segment, fileBytes: number): void {
    segment.roomBytes = roundUp(fileBytes, PAGE_BYTES);
  }

  /**
   * Removes a segment of which nothing is in the index any more. Its readers have a while to end.
   * @throws the disk's error: it stays in the list, to be removed again.
   */
  async retire(segment: Segment): Promise<void> {
    const { disk, folder } = this.options;
    segment.gone = true;
    try {
      await disk.unlink(segment.path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    // Else a loss of power could bring it back, whose purges may be forgotten by then.
    await disk.syncDirectory(folder);
    const at = this.list.indexOf(segment);
    invariant(at !== -1, 'a segment is removed once');
    this.list.splice(at, 1);
    this.slots[segment.slot] = undefined;
    this.leaving.add(segment);
    const timer = this.cutLater(segment);
    segment.release(() => {
      this.options.clock.clearTimer(timer);
      this.leaving.delete(segment);
      for (const resume of this.waiting.splice(0)) resume();
    });
  }

  get isAnyLeaving(): boolean {
    return this.leaving.size > 0;
  }

  /** Until one that was leaving has left. One is. */
  untilOneLeft(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The lowest sequence that a record in a segment may have. */
  get minSequence(): number {
    let lowest = Number.MAX_SAFE_INTEGER;
    for (const segment of this.list) lowest = Math.min(lowest, segment.minSequence);
    return lowest;
  }

  /** Ends all readings and closes all files, each as soon as nobody uses it. */
  closeAll(): Promise<void> {
    const all = [...this.list, ...this.leaving];
    for (const segment of all) segment.cut();
    return Promise.all(
      this.list.map((segment) => new Promise<void>((resolve) => segment.release(resolve))),
    ).then(async () => {
      while (this.leaving.size > 0) await this.untilOneLeft();
    });
  }

  private cutLater(segment: Segment): Timer {
    const timer = this.options.clock.setTimer(leavingMsMax, () => {
      this.options.counts.cutReadings += segment.cut();
    });
    timer.unref();
    return timer;
  }
}
