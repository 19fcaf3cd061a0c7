/**
 * Makes room: the oldest segment leaves whole, and what was used of it is written anew.
 *
 *     list its used records ─▶ read, ask the owner, queue (bounded) ─▶ take all its records out of the index
 *         └─ room is wanted at once: left out ─────────────────────────▶   └─▶ remove the file
 *
 * It begins while the segment before is being filled, so that writes seldom wait. The index is searched a piece a
 * turn. One segment leaves at a time.
 */
import { invariant } from '../../core/base/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import { DiskTierError, ignoreDiskErrors } from './errors.ts';
import { UNIT } from './format.ts';
import type { Item } from './item.ts';
import { segmentRecordsShare, segmentsMax } from './limits.ts';
import type { RecordIndex } from './record-index.ts';
import { Reinsertion, type Used } from './reinsertion.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';
import type { DiskTierOptions, TierCounts } from './types.ts';

export interface EvictorOptions {
  readonly clock: Clock;
  readonly index: RecordIndex;
  readonly segments: Segments;
  readonly bytesMax: number;
  readonly keep: DiskTierOptions['keep'];
  readonly counts: TierCounts;
  /** The segment that is being written. */
  readonly open: () => Segment | null;
  /** Queues a record to be written anew. False: not now. */
  readonly push: (item: Item) => boolean;
}

export class Evictor {
  private readonly options: EvictorOptions;
  private running: Promise<void> | null = null;
  private closed = false;
  private readonly reinsertion: Reinsertion;

  constructor(options: EvictorOptions) {
    this.options = options;
    const { segmentBytes } = options.segments;
    this.reinsertion = new Reinsertion({ ...options, segmentBytes });
  }

  /** Lets the oldest segment leave in good time when the next one would find no room. */
  runAhead(): void {
    if (this.closed || this.running !== null || !this.lacks(2)) return;
    const oldest = this.oldest();
    // What fails is met again by who needs the room.
    if (oldest !== null) void this.start(oldest, true).catch(ignoreDiskErrors);
  }

  /** Until there is room for one segment. @throws DiskTierError. */
  async makeRoom(): Promise<void> {
    this.reinsertion.hurry();
    try {
      while (this.lacks(1)) {
        const oldest = this.oldest();
        if (this.running !== null) await this.running;
        else if (oldest !== null) await this.start(oldest, false);
        else {
          invariant(this.options.segments.isAnyLeaving, 'a tier has room for a segment');
          await this.options.segments.untilOneLeft();
        }
      }
    } finally {
      this.reinsertion.isHurried = this.closed;
    }
  }

  /** Lets segments leave until the tier is within its bounds, which may be tighter than they were. @throws DiskTierError. */
  async fit(): Promise<void> {
    const { segments, index, bytesMax } = this.options;
    for (;;) {
      const isOver =
        segments.bytes > bytesMax ||
        segments.list.length > segmentsMax ||
        index.count > index.recordsMax;
      if (!isOver || !(await this.dropOldest())) return;
    }
  }

  /** Lets the oldest segment leave, with all that is in it. False: there is none. @throws DiskTierError. */
  async dropOldest(): Promise<boolean> {
    await this.quiet();
    const oldest = this.oldest();
    if (oldest === null) return false;
    await this.start(oldest, false);
    return true;
  }

  /** Lets a segment leave that is not open, unless it has. @throws DiskTierError. */
  async drop(segment: Segment): Promise<void> {
    await this.quiet();
    if (this.options.segments.list.includes(segment)) await this.start(segment, false);
  }

  /** Ends what goes on. */
  async close(): Promise<void> {
    this.closed = true;
    this.reinsertion.hurry();
    await this.quiet();
  }

  private async quiet(): Promise<void> {
    while (this.running !== null) await this.running.catch(ignoreDiskErrors);
  }

  private oldest(): Segment | null {
    const { oldest } = this.options.segments;
    return oldest === undefined || oldest === this.options.open() ? null : oldest;
  }

  /** Whether there is no room for a segment more, or in the index for the records of so many. */
  private lacks(segmentsOfRecords: number): boolean {
    const { segments, index, bytesMax } = this.options;
    return (
      segments.bytes + segments.segmentBytes > bytesMax ||
      segments.list.length >= segmentsMax ||
      (index.count > index.recordsMax * (1 - segmentsOfRecords / segmentRecordsShare) &&
        this.oldest() !== null)
    );
  }

  private start(segment: Segment, reinserts: boolean): Promise<void> {
    invariant(this.running === null, 'one segment leaves at a time');
    this.running = this.evict(segment, reinserts).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async evict(segment: Segment, reinserts: boolean): Promise<void> {
    const { segments, index, counts } = this.options;
    if (reinserts) await this.reinsertion.run(segment, await this.usedIn(segment));
    await this.eachIn(segment, (entry) => {
      index.remove(entry);
      counts.evictedRecords++;
    });
    try {
      await segments.retire(segment);
    } catch (error) {
      throw DiskTierError.from(error);
    }
    counts.evictedSegments++;
  }

  /** What was used since it was written, in the order of the file. */
  private async usedIn(segment: Segment): Promise<Used[]> {
    const { index } = this.options;
    const used: Used[] = [];
    await this.eachIn(segment, (entry) => {
      if (!index.isUsed(entry)) return;
      const offset = index.offset(entry) * UNIT;
      used.push({ entry, order: index.order(entry), offset, bytes: index.size(entry) * UNIT });
    });
    return used.sort((one, other) => one.offset - other.offset);
  }

  private async eachIn(segment: Segment, each: (entry: number) => void): Promise<void> {
    const { index, clock } = this.options;
    for (let piece = 0; piece < index.pieces; piece++) {
      index.inSlot(piece, segment.slot, each);
      await new Promise<void>((resolve) => clock.nextTurn(resolve));
    }
  }
}
