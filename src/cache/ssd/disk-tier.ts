/**
 * The disk tier: puts its parts together. What it promises stands at the head of index.ts.
 */
import { invariant } from '../../core/base/index.ts';
import { DiskTierError } from './errors.ts';
import { Evictor } from './evictor.ts';
import { itemBytes, KIND_RECORD, KIND_REMOVE_HASH, KIND_REMOVE_TAG } from './format.ts';
import type { Item } from './item.ts';
import { metaBytesMax } from './limits.ts';
import { LoopReads } from './loop-reads.ts';
import { openFolder } from './open-folder.ts';
import type { HashSeeds } from './purge-frames.ts';
import type { PurgeLog } from './purge-log.ts';
import { Reader } from './reader.ts';
import { NONE, RecordIndex } from './record-index.ts';
import { Segments } from './segments.ts';
import { type Settings, settingsOf } from './settings.ts';
import { Trouble } from './trouble.ts';
import type {
  BodyReading,
  BodySink,
  DiskRecord,
  DiskTierOptions,
  Purge,
  Put,
  PutAnswer,
  RecordNow,
  TierCounts,
  TierState,
  TierStats,
} from './types.ts';
import { Writer } from './writer.ts';

const EMPTY = new Uint8Array(0);

export class DiskTier {
  private readonly settings: Settings;
  private readonly index: RecordIndex;
  private readonly segments: Segments;
  private readonly counts: TierCounts;
  private readonly trouble: Trouble;
  private readonly reader: Reader;
  private readonly purgeLog: PurgeLog;
  private readonly evictor: Evictor;
  private readonly writer: Writer;
  private nextOrder: number;
  private closing: Promise<void> | null = null;

  /** @throws DiskTierError when the folder cannot be used. */
  static async open(options: DiskTierOptions): Promise<DiskTier> {
    const settings = settingsOf(options);
    const { disk, clock, random, folder, onDamage = () => {} } = options;
    const counts = zeroCounts();
    const index = new RecordIndex(settings.recordsMax);
    const { segmentBytes, reservedBytes } = settings;
    const segments = new Segments({ disk, clock, folder, segmentBytes, reservedBytes, counts });
    const place = { disk, clock, random, folder, settings, segments, index, counts, onDamage };
    try {
      const purgeLog = await openFolder(place);
      const tier = new DiskTier(options, { settings, counts, index, segments, purgeLog });
      await tier.evictor.fit();
      purgeLog.forget();
      return tier;
    } catch (error) {
      await segments.closeAll();
      throw DiskTierError.from(error);
    }
  }

  private constructor(
    options: DiskTierOptions,
    parts: {
      readonly settings: Settings;
      readonly counts: TierCounts;
      readonly index: RecordIndex;
      readonly segments: Segments;
      readonly purgeLog: PurgeLog;
    },
  ) {
    const { disk, clock, random, folder, keep, onState, onDamage = () => {} } = options;
    const { settings, counts, index, segments, purgeLog } = parts;
    const { bytesMax, recordsMax, queuedBytesMax } = settings;
    this.settings = settings;
    this.counts = counts;
    this.index = index;
    this.segments = segments;
    this.purgeLog = purgeLog;
    this.trouble = new Trouble(onState);
    const loopReads = new LoopReads(clock, () => this.writer);
    this.reader = new Reader({ index, segments, counts, loopReads, onDamage });
    this.evictor = new Evictor({
      ...{ clock, index, segments, bytesMax, keep, counts },
      open: () => this.writer.open,
      push: (item) => this.push(item),
    });
    this.writer = new Writer({
      ...{ disk, clock, random, folder, segments, recordsMax, index, counts, queuedBytesMax },
      evictor: this.evictor,
      trouble: this.trouble,
      prepare: () => purgeLog.ensure(),
    });
    purgeLog.attach({
      minSequence: () => Math.min(this.segments.minSequence, this.writer.minSequence),
      makeRoom: () => this.dropOldest(),
    });
    this.nextOrder = segments.list.reduce((next, { maxOrder }) => Math.max(next, maxOrder + 1), 1);
  }

  get state(): TierState {
    return this.trouble.state;
  }

  /** With these the owner hashes its keys: random, and the same as long as the folder is. */
  get hashSeeds(): HashSeeds {
    return this.purgeLog.seeds;
  }

  /** No record and no purge on the disk has a higher sequence. */
  get sequenceMax(): number {
    return this.segments.list.reduce(
      (highest, { maxSequence }) => Math.max(highest, maxSequence),
      this.purgeLog.sequenceMax,
    );
  }

  /** Whether there is a record under a hash, or one on its way, as far as the index knows. */
  has(hashLow: number, hashHigh: number): boolean {
    return this.index.has(hashLow, hashHigh);
  }

  /**
   * The newest record under a hash that is `wanted`, which compares what `meta` says: a hash may be another key's
   * too. Null also when too many lookups are under way. A record that is given counts as used.
   */
  find(
    hashLow: number,
    hashHigh: number,
    wanted: (record: DiskRecord) => boolean,
  ): Promise<DiskRecord | null> {
    if (this.closing !== null) return Promise.resolve(null);
    return this.reader.find(hashLow, hashHigh, wanted);
  }

  /**
   * The same as `find` in this turn, where all that has to be read is small and may be read on the loop; null: ask
   * `find`. It does not count as used before `usedNow`.
   */
  findNow(
    hashLow: number,
    hashHigh: number,
    wanted: (record: RecordNow) => boolean,
  ): RecordNow | null {
    return this.closing === null ? this.reader.now.find(hashLow, hashHigh, wanted) : null;
  }

  /** What `findNow` gave last was what was looked for. */
  usedNow(): void {
    this.reader.now.used();
  }

  /**
   * Gives the bytes `from` to before `to` of a body. What is at hand is given at once, before this returns. The
   * record is one that `find` gave, and the range lies within its body.
   */
  readBody(
    record: DiskRecord,
    range: { readonly from: number; readonly to: number },
    sink: BodySink,
  ): BodyReading {
    return this.reader.readBody(record, range, sink);
  }

  /** Takes a record to be written; see `Put` and `PutAnswer`. It is found once `done` says so. */
  put(put: Put): PutAnswer {
    const { counts } = this;
    const bodyBytes = put.body.reduce((sum, piece) => sum + piece.length, 0);
    const bytes = itemBytes(KIND_RECORD, put.meta.length, bodyBytes);
    if (bytes > this.settings.recordBytesMax || put.meta.length > metaBytesMax) {
      counts.refusedLarge++;
      return 'too-large';
    }
    if (this.state !== 'open' || this.closing !== null) {
      counts.refusedFull++;
      return 'full';
    }
    if (this.index.full || !this.writer.hasRoom(bytes)) {
      counts.refusedBusy++;
      if (this.index.full) this.evictor.runAhead();
      return 'busy';
    }
    const order = this.nextOrder++;
    const { hashLow, hashHigh, tag, sequence, meta, body, done = null } = put;
    const entry = this.index.add(hashLow, hashHigh, tag, order);
    const metaBytes = meta.length;
    const kind = KIND_RECORD;
    this.writer.push({
      ...{ hashLow, hashHigh, tag, order, sequence, metaBytes, bodyBytes, kind },
      ...{ meta, body, bytes, entry, done },
    });
    return 'queued';
  }

  /**
   * Takes away what is under a hash, or under one tag of it, also what is queued. From now on it is not found in
   * this process; after a crash it may be again, unless a purge says otherwise.
   */
  remove(hashLow: number, hashHigh: number, tag?: number): void {
    let any = false;
    for (let entry = this.index.first(hashLow, hashHigh); entry !== NONE; ) {
      const following = this.index.following(entry);
      if (tag === undefined || this.index.tag(entry) === tag) {
        this.index.remove(entry);
        any = true;
      }
      entry = following;
    }
    if (!any) return;
    const kind = tag === undefined ? KIND_REMOVE_HASH : KIND_REMOVE_TAG;
    this.push({
      ...{ hashLow, hashHigh, tag: tag ?? 0, order: this.nextOrder++, sequence: 0 },
      ...{ metaBytes: 0, bodyBytes: 0, kind, meta: EMPTY, body: [], entry: NONE, done: null },
      bytes: itemBytes(kind, 0, 0),
    });
  }

  /**
   * Remembers a purge; durable when it resolves. `sequence` is its own.
   * @throws DiskTierError: whether it is remembered is not known.
   */
  appendPurge(sequence: number, bytes: Uint8Array): Promise<void> {
    invariant(sequence > 0, 'purges are numbered from 1');
    return this.purgeLog.append({ sequence, bytes: Buffer.from(bytes) });
  }

  /** The purges that records on the disk may be named by, in the order of their coming. */
  purges(): readonly Purge[] {
    return this.purgeLog.purges;
  }

  /** Until nothing is queued: written, or refused. */
  flush(): Promise<void> {
    return this.writer.flush();
  }

  /** Writes what is queued, ends readings and closes the files. Twice is fine. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  stats(): TierStats {
    const { index, segments, writer, reader, purgeLog } = this;
    return {
      state: this.state,
      segments: segments.list.length,
      records: index.count,
      bytes: segments.bytes,
      indexBytes: index.bytes,
      queuedBytes: writer.queuedBytes,
      queuedRecords: writer.queuedItems,
      purges: purgeLog.purges.length,
      purgeBytes: purgeLog.bytes,
      reading: reader.lookups + reader.gate.queued,
      counts: this.counts,
    };
  }

  /** What is not from outside: it may be left out. False: it was. */
  private push(item: Item): boolean {
    if (this.state !== 'open' || this.closing !== null) return false;
    if (!this.writer.hasRoom(item.bytes)) return false;
    this.writer.push(item);
    return true;
  }

  /** Lets the oldest records go, also when they are in the open segment. */
  private async dropOldest(): Promise<boolean> {
    if (await this.evictor.dropOldest()) return true;
    if (this.writer.open === null || this.writer.open.items === 0) return false;
    await this.writer.rotate();
    return this.evictor.dropOldest();
  }

  private async end(): Promise<void> {
    await this.evictor.close();
    await this.writer.close();
    await this.purgeLog.close();
    this.trouble.on('close');
    await this.segments.closeAll();
  }
}

function zeroCounts(): TierCounts {
  return {
    written: 0,
    writtenBytes: 0,
    found: 0,
    notFound: 0,
    readBytes: 0,
    refusedBusy: 0,
    refusedFull: 0,
    refusedLarge: 0,
    lost: 0,
    refusedReads: 0,
    readErrors: 0,
    writeErrors: 0,
    damaged: 0,
    evictedSegments: 0,
    evictedRecords: 0,
    reinserted: 0,
    cutReadings: 0,
  };
}
