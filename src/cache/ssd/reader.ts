/**
 * Finds records and reads their bodies.
 *
 * A lookup reads the records under a hash one after the other, newest first, until the owner wants one: head and
 * meta, verified, and with them a body of up to a block, so that most need one read. Nothing waits for a write.
 */
import { invariant } from '../../core/base/index.ts';
import { SegmentReading } from './body-reading.ts';
import {
  decodeHead,
  HEAD_BYTES,
  type Head,
  heldChecksum,
  itemBytes,
  KIND_RECORD,
  tableBytes,
  UNIT,
} from './format.ts';
import { FoundRecord } from './found-record.ts';
import { firstReadBytes, lookupsMax } from './limits.ts';
import type { LoopReads } from './loop-reads.ts';
import { ReadGate } from './read-gate.ts';
import { ReadingNow, type ReadingNowOptions } from './reading-now.ts';
import { NONE, type RecordIndex } from './record-index.ts';
import type { Segment } from './segment.ts';
import type { Segments } from './segments.ts';
import type { BodyReading, BodySink, Damage, DiskRecord, TierCounts } from './types.ts';
import { bodyHolds, tableHolds } from './verify.ts';

/** Smaller ones share pages of memory. */
const POOLED_BYTES = 4096;

export interface ReaderOptions {
  readonly index: RecordIndex;
  readonly segments: Segments;
  readonly counts: TierCounts;
  readonly loopReads: LoopReads;
  readonly onDamage: (damage: Damage) => void;
}

interface Candidate {
  readonly entry: number;
  readonly order: number;
}

/** What a read of one record came to. */
type Outcome = FoundRecord | 'damaged' | 'io' | 'gone';

export class Reader {
  /** Lookups under way. */
  lookups = 0;
  readonly gate = new ReadGate();
  readonly counts: TierCounts;
  readonly now: ReadingNow;
  private readonly options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.options = options;
    this.counts = options.counts;
    const { index, segments, counts, loopReads } = options;
    const drop: ReadingNowOptions['drop'] = (...what) => this.drop(...what);
    this.now = new ReadingNow({ index, segments, counts, loopReads, drop });
  }

  find(
    hashLow: number,
    hashHigh: number,
    wanted: (record: DiskRecord) => boolean,
  ): Promise<DiskRecord | null> {
    const candidates = this.candidates(hashLow, hashHigh);
    if (candidates.length === 0) return Promise.resolve(null);
    if (this.lookups >= lookupsMax) {
      this.counts.refusedReads++;
      return Promise.resolve(null);
    }
    this.lookups++;
    return this.firstWanted(candidates, wanted);
  }

  readBody(
    record: DiskRecord,
    range: { readonly from: number; readonly to: number },
    sink: BodySink,
  ): BodyReading {
    invariant(record instanceof FoundRecord, 'a record comes from this tier');
    const { from, to } = range;
    invariant(from >= 0 && from <= to && to <= record.bodyBytes, 'a part lies within the body');
    if (record.table === null) {
      if (from < to) sink.onPiece(record.atHand.subarray(from, to));
      sink.onEnd(null);
      return ended;
    }
    if (record.segment.gone) {
      sink.onEnd('gone');
      return ended;
    }
    const reading = new SegmentReading(record, range, sink, this);
    reading.start();
    return reading;
  }

  onBroken(record: FoundRecord, problem: 'damaged' | 'io'): void {
    this.drop(record, problem, { file: record.segment.path, offset: record.bodyAt, what: 'body' });
  }

  private async firstWanted(
    candidates: readonly Candidate[],
    wanted: (record: DiskRecord) => boolean,
  ): Promise<DiskRecord | null> {
    try {
      for (const candidate of candidates) {
        const record = await this.readRecord(candidate);
        if (typeof record === 'string' || !wanted(record)) continue;
        if (this.options.index.holds(candidate.entry, candidate.order)) {
          this.options.index.markUsed(candidate.entry);
          this.counts.found++;
          return record;
        }
      }
      this.counts.notFound++;
      return null;
    } finally {
      this.lookups--;
    }
  }

  /** Newest first. */
  private candidates(hashLow: number, hashHigh: number): Candidate[] {
    const { index } = this.options;
    const candidates: Candidate[] = [];
    for (let entry = index.first(hashLow, hashHigh); entry !== NONE; ) {
      if (!index.isPending(entry)) candidates.push({ entry, order: index.order(entry) });
      entry = index.following(entry);
    }
    if (candidates.length > 1) candidates.sort((one, other) => other.order - one.order);
    return candidates;
  }

  private async readRecord(candidate: Candidate): Promise<Outcome> {
    const { index, segments } = this.options;
    const { entry, order } = candidate;
    if (!index.holds(entry, order)) return 'gone';
    const segment = segments.at(index.slot(entry));
    const offset = index.offset(entry) * UNIT;
    const size = index.size(entry) * UNIT;
    segment.pin();
    let outcome: Outcome;
    try {
      outcome = await this.readFrom(segment, { entry, order, offset, size });
    } finally {
      segment.unpin();
    }
    if (outcome === 'io' || outcome === 'damaged') {
      this.drop(candidate, outcome, { file: segment.path, offset, what: 'record' });
    }
    return outcome;
  }

  private async readFrom(
    segment: Segment,
    place: { entry: number; order: number; offset: number; size: number },
  ): Promise<Outcome> {
    const { offset, size } = place;
    let bytes = await this.readAt(segment, offset, Math.min(size, firstReadBytes));
    if (bytes === null) return 'io';
    const head = decodeHead(bytes, 0, offset);
    if (head === null || head.kind !== KIND_RECORD || head.order !== place.order) return 'damaged';
    if (itemBytes(head.kind, head.metaBytes, head.bodyBytes) !== size) return 'damaged';
    const bodyAt = HEAD_BYTES + head.metaBytes;
    if (bodyAt > bytes.length) {
      bytes = await this.readAt(segment, offset, bodyAt);
      if (bytes === null) return 'io';
      if (bytes.length < bodyAt) return 'damaged';
    }
    const headSum = heldChecksum(bytes, 0, head, segment.header.seed);
    if (headSum === null) return 'damaged';
    this.counts.readBytes += bytes.length;
    const where = { segment, entry: place.entry, offset };
    if (bytes.length === size) {
      if (!bodyHolds(bytes, bodyAt, head.bodyBytes, headSum)) return 'damaged';
      return new FoundRecord(head, where, { bytes, headSum, table: null });
    }
    return this.withTable(head, where, bytes, headSum);
  }

  private async withTable(
    head: Head,
    where: { segment: Segment; entry: number; offset: number },
    bytes: Buffer,
    headSum: number,
  ): Promise<Outcome> {
    const at = where.offset + HEAD_BYTES + head.metaBytes + head.bodyBytes;
    const table = await this.readAt(where.segment, at, tableBytes(head.bodyBytes));
    if (table === null) return 'io';
    if (!tableHolds(table, 0, head.bodyBytes, headSum)) return 'damaged';
    return new FoundRecord(head, where, { bytes, headSum, table });
  }

  /** So many bytes, fewer at the file's end; null: the disk refused. */
  private readAt(
    segment: Segment,
    position: number,
    length: number,
  ): Buffer | null | Promise<Buffer | null> {
    const bytes =
      length < POOLED_BYTES ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
    const { loopReads } = this.options;
    if (!loopReads.allows(length, segment)) return readByThread(segment, position, bytes);
    try {
      return bytes.subarray(0, loopReads.read(segment.file, bytes, length, position));
    } catch {
      return null;
    }
  }

  private drop(record: Candidate, problem: 'damaged' | 'io', damage: Damage): void {
    const { index, onDamage } = this.options;
    if (problem === 'io') this.counts.readErrors++;
    else {
      this.counts.damaged++;
      onDamage(damage);
    }
    if (index.holds(record.entry, record.order)) index.remove(record.entry);
  }
}

const ended: BodyReading = { resume() {}, cancel() {} };

function readByThread(segment: Segment, position: number, bytes: Buffer): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const read = (from: number): void => {
      segment.file.read(bytes, from, bytes.length - from, position + from, (error, count) => {
        const at = from + count;
        if (error !== null) resolve(null);
        else if (count === 0 || at === bytes.length) resolve(bytes.subarray(0, at));
        else read(at);
      });
    };
    read(0);
  });
}
