/**
 * Reads a small record in the turn in which it is asked for, into memory that all such reads share.
 *
 * Promise: what it gives is whole and verified, its meta and its body one behind the other in one buffer. It gives
 * nothing where that cannot be done at once: whoever gets nothing asks as usual. Hot: bench/cache, `disk`.
 */
import { decodeHead, HEAD_BYTES, heldChecksum, itemBytes, KIND_RECORD, UNIT } from './format.ts';
import { readNowBytes, recordsNowMax } from './limits.ts';
import type { LoopReads } from './loop-reads.ts';
import { NONE, type RecordIndex } from './record-index.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';
import type { Damage, RecordNow, TierCounts } from './types.ts';
import { bodyHolds } from './verify.ts';

export interface ReadingNowOptions {
  readonly index: RecordIndex;
  readonly segments: Segments;
  readonly counts: TierCounts;
  readonly loopReads: LoopReads;
  /** The record does not hold, or the disk refused it: it is not to be found again. */
  drop(
    record: { readonly entry: number; readonly order: number },
    problem: 'damaged' | 'io',
    damage: Damage,
  ): void;
}

/** In bytes. */
interface Place {
  readonly order: number;
  readonly offset: number;
  readonly size: number;
}

class AtHand implements RecordNow {
  /** Allocated with the first read: not every tier has any. */
  buffer: Buffer = Buffer.alloc(0);
  metaStart = HEAD_BYTES;
  bodyStart = 0;
  bodyBytes = 0;
  sequence = 0;
  tag = 0;
  entry = NONE;
}

export class ReadingNow {
  private readonly options: ReadingNowOptions;
  private readonly record = new AtHand();

  constructor(options: ReadingNowOptions) {
    this.options = options;
  }

  /**
   * The newest record under a hash that is `wanted`; null: there is none, one is being written, or they cannot be read
   * now.
   */
  find(
    hashLow: number,
    hashHigh: number,
    wanted: (record: RecordNow) => boolean,
  ): RecordNow | null {
    let below = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < recordsNowMax; tries++) {
      const entry = this.newestBelow(below, hashLow, hashHigh);
      if (entry === NONE || !this.read(entry)) return null;
      if (wanted(this.record)) return this.record;
      below = this.options.index.order(entry);
    }
    return null;
  }

  /** Of the records under a hash the newest with an order below this; NONE too when any of them waits to be written. */
  private newestBelow(below: number, hashLow: number, hashHigh: number): number {
    const { index } = this.options;
    let newest = NONE;
    let highest = 0;
    for (let entry = index.first(hashLow, hashHigh); entry !== NONE; ) {
      if (index.isPending(entry)) return NONE;
      const order = index.order(entry);
      if (order < below && order > highest) {
        newest = entry;
        highest = order;
      }
      entry = index.following(entry);
    }
    return newest;
  }

  /** False: not now, or it does not hold and is dropped. */
  private read(entry: number): boolean {
    const { index, segments, loopReads } = this.options;
    const size = index.size(entry) * UNIT;
    if (size > readNowBytes) return false;
    const segment = segments.at(index.slot(entry));
    if (!loopReads.allows(size, segment)) return false;
    const { record } = this;
    if (record.buffer.length === 0) record.buffer = Buffer.allocUnsafeSlow(readNowBytes);
    const offset = index.offset(entry) * UNIT;
    const order = index.order(entry);
    const problem = this.readAt(segment, { order, offset, size });
    if (problem !== null) {
      const damage = { file: segment.path, offset, what: 'record' } as const;
      this.options.drop({ entry, order }, problem, damage);
      return false;
    }
    record.entry = entry;
    this.options.counts.readBytes += size;
    return true;
  }

  private readAt(segment: Segment, place: Place): 'damaged' | 'io' | null {
    const { buffer } = this.record;
    const { offset, size } = place;
    try {
      const bytes = this.options.loopReads.read(segment.file, buffer, size, offset);
      return bytes === size && this.holds(place, segment.header.seed) ? null : 'damaged';
    } catch {
      return 'io';
    }
  }

  /** The record that was found last is used. */
  used(): void {
    const { index, counts } = this.options;
    index.markUsed(this.record.entry);
    counts.found++;
  }

  /** Whether what was read is that record; then `record` says where all is. */
  private holds({ order, offset, size }: Place, seed: number): boolean {
    const { record } = this;
    const { buffer } = record;
    const head = decodeHead(buffer, 0, offset);
    if (head === null || head.kind !== KIND_RECORD || head.order !== order) return false;
    const { metaBytes, bodyBytes } = head;
    if (itemBytes(KIND_RECORD, metaBytes, bodyBytes) !== size) return false;
    const headSum = heldChecksum(buffer, 0, head, seed);
    const bodyStart = HEAD_BYTES + metaBytes;
    if (headSum === null || !bodyHolds(buffer, bodyStart, bodyBytes, headSum)) return false;
    record.bodyStart = bodyStart;
    record.bodyBytes = bodyBytes;
    record.sequence = head.sequence;
    record.tag = head.tag;
    return true;
  }
}
