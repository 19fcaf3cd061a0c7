/**
 * Writes what is queued into segments, one write at a time, in the order of the queue.
 *
 * Promises: a record is found once it is whole in its file, never before; what fails leaves a file that holds up to
 * the last whole item. The queue is bounded in bytes and items; a turn of the loop copies and sums up `writeBytes`
 * at most. After a failure all that was queued is dropped and nothing is taken until the disk takes bytes again.
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { DiskTierError, ignoreDiskErrors } from './errors.ts';
import type { Evictor } from './evictor.ts';
import { KIND_RECORD, UNIT } from './format.ts';
import type { Item } from './item.ts';
import { ItemEncoder } from './item-encoder.ts';
import { probeBytes, probeShare, queuedItemsMax, retryMs, writeBytes } from './limits.ts';
import { NONE, type RecordIndex } from './record-index.ts';
import type { Segment } from './segment.ts';
import { Tail, type TailPlace } from './tail.ts';
import type { Trouble } from './trouble.ts';
import type { TierCounts } from './types.ts';

export interface WriterOptions extends TailPlace {
  readonly clock: Clock;
  readonly index: RecordIndex;
  readonly evictor: Evictor;
  readonly trouble: Trouble;
  readonly counts: TierCounts;
  readonly queuedBytesMax: number;
  /** Done before the first segment is begun. @throws DiskTierError. */
  readonly prepare: () => Promise<void>;
}

interface Finished {
  readonly item: Item;
  /** Where it is in its file; null: it was not written, for nobody wants it any more. */
  readonly offset: number | null;
}

export class Writer {
  queuedBytes = 0;
  private readonly options: WriterOptions;
  private queue: Item[] = [];
  /** Items of the queue before it are written or dropped. */
  private head = 0;
  private tail: Tail | null = null;
  private readonly staging = Buffer.allocUnsafeSlow(writeBytes);
  private readonly encoder = new ItemEncoder();
  /** Where the item that is being written begins, when a part of it is written already. */
  private itemAt = 0;
  private running = false;
  private wantsRotation = false;
  private closing = false;
  private retry: Timer | null = null;
  /** A segment of which nothing may stay. */
  private condemned: Segment | null = null;
  private refusedBefore = 0;
  private readonly idlers: (() => void)[] = [];

  constructor(options: WriterOptions) {
    this.options = options;
  }

  get queuedItems(): number {
    return this.queue.length - this.head;
  }

  /** Whether the disk may be busy with what the tier writes. */
  get isWriting(): boolean {
    return this.running;
  }

  /** The segment being written; it does not leave. */
  get open(): Segment | null {
    return this.tail?.segment ?? null;
  }

  /** Whether so many bytes more may wait. One item may always be there alone. */
  hasRoom(bytes: number): boolean {
    if (this.queuedItems >= queuedItemsMax) return false;
    return this.queuedBytes === 0 || this.queuedBytes + bytes <= this.options.queuedBytesMax;
  }

  /** The tier is open. */
  push(item: Item): void {
    this.queue.push(item);
    this.queuedBytes += item.bytes;
    this.kick();
  }

  /** The lowest sequence of what is queued. */
  get minSequence(): number {
    let lowest = Number.MAX_SAFE_INTEGER;
    for (let nth = this.head; nth < this.queue.length; nth++) {
      const item = this.queue[nth]!;
      if (item.kind === KIND_RECORD) lowest = Math.min(lowest, item.sequence);
    }
    return lowest;
  }

  /** Until nothing is queued. */
  flush(): Promise<void> {
    if (!this.running && this.queuedItems === 0) return Promise.resolve();
    return new Promise((resolve) => this.idlers.push(resolve));
  }

  /** Ends the open segment, so that it can leave, once what is queued is written. */
  rotate(): Promise<void> {
    if (this.tail === null || this.options.trouble.state !== 'open') return this.flush();
    this.wantsRotation = true;
    this.kick();
    return this.flush();
  }

  /** Writes what is queued and seals the open segment. The tier takes nothing more. */
  async close(): Promise<void> {
    this.closing = true;
    if (this.retry !== null) this.options.clock.clearTimer(this.retry);
    await this.flush();
    const { tail } = this;
    this.tail = null;
    if (tail === null) return;
    // Without its footer it is read whole at the next start.
    await tail.seal().catch(ignoreDiskErrors);
  }

  private kick(): void {
    if (this.running) return;
    this.running = true;
    // In a later turn: what comes in this one goes into the same write.
    this.options.clock.nextTurn(() => void this.run());
  }

  private async run(): Promise<void> {
    try {
      while (this.queuedItems > 0) await this.batch();
      if (this.wantsRotation) await this.endTail();
    } catch (error) {
      if (!(error instanceof DiskTierError)) throw error;
      this.fail(error);
    }
    this.wantsRotation = false;
    this.running = false;
    if (this.queuedItems > 0) {
      this.kick();
      return;
    }
    for (const resolve of this.idlers.splice(0)) resolve();
  }

  /** One write. @throws DiskTierError. */
  private async batch(): Promise<void> {
    this.skipUnwanted();
    const first = this.queue[this.head];
    if (first === undefined) return;
    const tail = await this.tailFor(first);
    const finished: Finished[] = [];
    let to = 0;
    while (to < this.staging.length) {
      const item = this.queue[this.head + finished.length];
      if (item === undefined) break;
      if (this.encoder.finished) {
        if (!this.isWanted(item)) {
          finished.push({ item, offset: null });
          continue;
        }
        const start = tail.position + to;
        if (!tail.fits(item.bytes, start, finished.length)) break;
        this.encoder.begin(item, start, tail.segment.header.seed);
        this.itemAt = start;
      }
      to = this.encoder.fill(this.staging, to);
      if (!this.encoder.finished) break;
      finished.push({ item, offset: this.itemAt });
    }
    await tail.write(this.staging, to);
    for (const each of finished) this.finish(each, tail);
    await tail.syncSometimes();
  }

  private skipUnwanted(): void {
    while (this.encoder.finished) {
      const item = this.queue[this.head];
      if (item === undefined || this.isWanted(item)) return;
      this.leave(item, false);
    }
  }

  /**
   * Not what was removed or replaced while it waited: behind what replaced it, it would outlive that on the disk, and
   * be found at the next start.
   */
  private isWanted(item: Item): boolean {
    return item.kind !== KIND_RECORD || this.options.index.holds(item.entry, item.order);
  }

  private finish({ item, offset }: Finished, tail: Tail): void {
    const { index, counts } = this.options;
    if (offset === null) {
      this.leave(item, false);
      return;
    }
    tail.note(item, offset, item.bytes);
    counts.writtenBytes += item.bytes;
    let stored = item.kind !== KIND_RECORD;
    if (!stored && this.isWanted(item)) {
      stored = index.settle(item.entry, {
        slot: tail.segment.slot,
        offset: offset / UNIT,
        size: item.bytes / UNIT,
      });
      counts.written++;
    }
    this.leave(item, stored);
  }

  /** Takes the first item out of the queue. */
  private leave(item: Item, stored: boolean): void {
    this.head++;
    this.queuedBytes -= item.bytes;
    // The part of the queue that is behind us goes now and then, all at once.
    if (this.head === this.queue.length || this.head > queuedItemsMax) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
    item.done?.(stored);
  }

  /** The open segment, with room for an item. @throws DiskTierError. */
  private async tailFor(item: Item): Promise<Tail> {
    const { tail } = this;
    if (tail !== null) {
      if (!this.encoder.finished || tail.fits(item.bytes, tail.position, 0)) return tail;
      await this.endTail();
    }
    return this.beginTail();
  }

  /** @throws DiskTierError. */
  private async beginTail(): Promise<Tail> {
    await this.options.prepare();
    await this.options.evictor.makeRoom();
    const tail = await Tail.begin(this.options);
    this.tail = tail;
    this.options.evictor.runAhead();
    return tail;
  }

  /** @throws DiskTierError: the segment is closed all the same. */
  private async endTail(): Promise<void> {
    const { tail } = this;
    if (tail === null) return;
    try {
      await tail.seal();
    } catch (error) {
      this.letGo(tail);
      throw error;
    }
    this.tail = null;
  }

  private fail(failure: DiskTierError): void {
    const { trouble, counts } = this.options;
    counts.writeErrors++;
    this.encoder.finished = true;
    const isFull = failure.code === 'disk-full';
    const { tail } = this;
    // A full disk is nothing against the place; another refusal is.
    if (tail !== null && (!isFull || tail.isDoubtful || !tail.cutBack())) {
      this.letGo(tail);
    }
    trouble.on(isFull ? 'disk-full' : 'disk-refused', failure);
    this.refusedBefore = counts.refusedFull;
    this.dropQueue();
    this.tryLater();
  }

  /** Nothing more is written into a segment. What is empty or doubtful leaves whole. */
  private letGo(tail: Tail): void {
    this.tail = null;
    tail.abandon();
    if (tail.isDoubtful || tail.segment.items === 0) this.condemned ??= tail.segment;
  }

  private dropQueue(): void {
    const { index, counts } = this.options;
    while (this.queuedItems > 0) {
      const item = this.queue[this.head]!;
      if (
        item.entry !== NONE &&
        index.holds(item.entry, item.order) &&
        index.isPending(item.entry)
      ) {
        index.remove(item.entry);
        counts.lost++;
      }
      this.leave(item, false);
    }
  }

  private tryLater(): void {
    if (this.closing || this.retry !== null) return;
    this.retry = this.options.clock.setTimer(retryMs, () => {
      this.retry = null;
      void this.tryAgain();
    });
    this.retry.unref();
  }

  /** Goes on when the disk takes bytes. While it is full and somebody wants to write, the oldest segment leaves. */
  private async tryAgain(): Promise<void> {
    const { trouble, evictor, counts, segments } = this.options;
    this.running = true;
    try {
      if (this.condemned !== null) {
        await evictor.drop(this.condemned);
        this.condemned = null;
      }
      const tail = this.tail ?? (await this.beginTail());
      await tail.probe(Math.min(probeBytes, Math.ceil(segments.segmentBytes / probeShare)));
      trouble.on('disk-takes');
    } catch (error) {
      if (!(error instanceof DiskTierError)) throw error;
      counts.writeErrors++;
      if (this.tail?.isDoubtful === true) this.letGo(this.tail);
      const isWanted = counts.refusedFull > this.refusedBefore;
      if (trouble.state === 'full' && isWanted) {
        await evictor.dropOldest().catch(ignoreDiskErrors);
      }
      this.refusedBefore = counts.refusedFull;
      this.tryLater();
    }
    this.running = false;
    for (const resolve of this.idlers.splice(0)) resolve();
  }
}
