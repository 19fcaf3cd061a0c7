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
import { readWhole } from './file-io.ts';
import { decodeHead, HEAD_BYTES, heldChecksum, itemBytes, KIND_RECORD, UNIT } from './format.ts';
import type { Item } from './item.ts';
import {
  metaBytesMax,
  reinsertBytesMax,
  reinsertQueuedBytes,
  reinsertShare,
  segmentRecordsShare,
  segmentsMax,
} from './limits.ts';
import type { RecordIndex } from './record-index.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';
import type { DiskTierOptions, TierCounts } from './types.ts';
import { bodyHolds } from './verify.ts';

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
  /** Somebody waits for room. */
  private isWanted = false;
  private closed = false;
  private wake: (() => void) | null = null;
  private queuedBytes = 0;

  constructor(options: EvictorOptions) {
    this.options = options;
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
    this.isWanted = true;
    this.wake?.();
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
      this.isWanted = false;
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
    this.wake?.();
    await this.quiet();
  }

  private get isUrgent(): boolean {
    return this.isWanted || this.closed;
  }

  private async quiet(): Promise<void> {
    while (this.running !== null) await this.running.catch(ignoreDiskErrors);
  }

  private oldest(): Segment | null {
    const { oldest } = this.options.segments;
    return oldest === undefined || oldest === this.options.open() ? null : oldest;
  }

  /** Whether there is no room for a segment more, or for its records: so many eighths of the index. */
  private lacks(eighths: number): boolean {
    const { segments, index, bytesMax } = this.options;
    return (
      segments.bytes + segments.segmentBytes > bytesMax ||
      segments.list.length >= segmentsMax ||
      (index.count > index.recordsMax * (1 - eighths / segmentRecordsShare) &&
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
    if (reinserts) await this.reinsert(segment);
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

  private async eachIn(segment: Segment, each: (entry: number) => void): Promise<void> {
    const { index, clock } = this.options;
    for (let piece = 0; piece < index.pieces; piece++) {
      index.inSlot(piece, segment.slot, each);
      await new Promise<void>((resolve) => clock.nextTurn(resolve));
    }
  }

  /** Writes anew what was used, as far as it may. */
  private async reinsert(segment: Segment): Promise<void> {
    const { index, segments } = this.options;
    const used: { entry: number; order: number; offset: number }[] = [];
    await this.eachIn(segment, (entry) => {
      if (index.isUsed(entry) && index.size(entry) * UNIT <= reinsertBytesMax) {
        used.push({ entry, order: index.order(entry), offset: index.offset(entry) });
      }
    });
    used.sort((one, other) => one.offset - other.offset);
    let left = segments.segmentBytes / reinsertShare;
    for (const { entry, order } of used) {
      while (this.queuedBytes >= reinsertQueuedBytes && !this.isUrgent) await this.untilWoken();
      if (this.isUrgent) return;
      if (!index.holds(entry, order)) continue;
      const bytes = index.size(entry) * UNIT;
      if (bytes > left) continue;
      const item = await this.copyOf(segment, entry, order);
      if (item === null) continue;
      if (this.isUrgent || !this.options.push(item)) return;
      left -= bytes;
      this.queuedBytes += item.bytes;
    }
    // What is still queued when the segment has left is not written.
    while (this.queuedBytes > 0 && !this.isUrgent) await this.untilWoken();
  }

  private async copyOf(segment: Segment, entry: number, order: number): Promise<Item | null> {
    const { index, counts, keep } = this.options;
    const bytes = Buffer.allocUnsafeSlow(index.size(entry) * UNIT);
    const offset = index.offset(entry) * UNIT;
    segment.pin();
    try {
      if ((await readWhole(segment.file, bytes, offset)) < bytes.length) return null;
    } catch {
      counts.readErrors++;
      return null;
    } finally {
      segment.unpin();
    }
    const head = decodeHead(bytes, 0, offset);
    if (head === null || head.kind !== KIND_RECORD || head.order !== order) return null;
    if (itemBytes(head.kind, head.metaBytes, head.bodyBytes) !== bytes.length) return null;
    const sum = heldChecksum(bytes, 0, head, segment.header.seed);
    const bodyAt = HEAD_BYTES + head.metaBytes;
    if (sum === null || !bodyHolds(bytes, bodyAt, head.bodyBytes, sum)) {
      counts.damaged++;
      return null;
    }
    const meta = bytes.subarray(HEAD_BYTES, bodyAt);
    const kept = keep === undefined ? { sequence: head.sequence, meta } : keep({ ...head, meta });
    if (kept === null || kept.meta.length > metaBytesMax) return null;
    const size = itemBytes(head.kind, kept.meta.length, head.bodyBytes);
    return {
      ...head,
      sequence: kept.sequence,
      metaBytes: kept.meta.length,
      meta: kept.meta,
      body: [bytes.subarray(bodyAt, bodyAt + head.bodyBytes)],
      bytes: size,
      entry,
      done: (stored) => {
        if (stored) counts.reinserted++;
        this.queuedBytes -= size;
        this.wake?.();
      },
    };
  }

  private untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        this.wake = null;
        resolve();
      };
    });
  }
}
