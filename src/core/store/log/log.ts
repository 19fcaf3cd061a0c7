/**
 * The write-ahead log: opening, and the one object its owner holds.
 */
import { invariant, runInTurns } from '../../base/index.ts';
import { EntryBuffer } from './entry-buffer.ts';
import { LogError, repairCommand } from './errors.ts';
import { nodeIdBytes } from './format.ts';
import * as limits from './limits.ts';
import { LogReader } from './reader.ts';
import { restoreTail } from './restore.ts';
import { SegmentStore } from './segment-store.ts';
import { createLogStats, type LogStats } from './stats.ts';
import {
  type Epoch,
  epoch,
  type FlushCallback,
  type Log,
  type LogEntry,
  type LogIndex,
  type LogOptions,
  type LogReservation,
  type LogState,
  logIndex,
  type RecoveryReport,
  type SyncPolicy,
} from './types.ts';
import { type Walk, walkLog } from './walk.ts';
import { Writer } from './writer.ts';

/**
 * Opens a log, verifies it and cuts a torn tail.
 *
 * @throws LogError 'corrupt', 'foreign', 'version' when it does not hold: nothing was changed then;
 * 'disk-full', 'io' when the disk refuses.
 */
export async function openLog(options: LogOptions): Promise<Log> {
  const { disk, clock, random, folder, nodeId } = options;
  invariant(/^[\x21-\x7e]+$/.test(nodeId), 'a node id is printable ASCII');
  invariant(nodeId.length <= nodeIdBytes, 'a node id has at most 40 bytes');
  const segmentBytes = options.segmentBytes ?? limits.segmentBytesDefault;
  invariant(segmentBytes >= limits.segmentBytesMin, 'a segment has at least 64 KiB');
  invariant(segmentBytes <= limits.segmentBytesMax, 'a segment has at most 1 GiB');
  try {
    disk.mkdirSync(folder);
    const from = options.replay?.from ?? 0;
    const walking = walkLog({
      disk,
      folder,
      nodeId,
      from,
      visit: options.replay?.entry,
      ahead: options.replay?.ahead,
    });
    const walk = await runInTurns(
      walking,
      (run) => clock.nextTurn(run),
      (done) => options.replay?.progress?.(done),
    );
    refuseDamage(walk, options);
    const stats = createLogStats();
    const storeOptions = { disk, clock, random, folder, nodeId, segmentBytes, stats };
    const { segment, report } = restoreTail(walk, options, segmentBytes);
    const store = new SegmentStore(storeOptions, walk.segments, walk.spares);
    const nextIndexMin = options.nextIndexMin ?? 1;
    const obsolete = walk.nextIndex < nextIndexMin;
    if (obsolete) {
      segment?.file.closeSync();
      await store.dropAll();
    }
    const durableIndex = Math.max(walk.nextIndex, nextIndexMin) - 1;
    const entries = new EntryBuffer(durableIndex, Math.max(options.epoch ?? 1, walk.epoch));
    const writer = new Writer({
      log: options,
      entries,
      store,
      segment: obsolete ? null : segment,
      stats,
      durableIndex,
      testifiedIndex: walk.testifiedIndex,
      unsyncedBytesMax: options.unsyncedBytesMax ?? limits.unsyncedBytesMaxDefault,
    });
    if (store.segments.length === 0) await writer.openSegment();
    return new WriteAheadLog(options, { entries, writer, store, stats, report });
  } catch (error) {
    if (error instanceof LogError) throw error;
    throw LogError.fromDisk(error, folder);
  }
}

function refuseDamage(walk: Walk, options: LogOptions): void {
  const { damage } = walk;
  if (damage !== null) {
    const { code, file, offset } = damage;
    const advice = code === 'corrupt' ? `; ${repairCommand(options.folder)}` : '';
    throw new LogError(code, { file, offset, detail: damage.detail + advice });
  }
  const first = walk.segments[0];
  if (first === undefined || options.nextIndexMin === undefined) return;
  if (first.header.firstIndex > options.nextIndexMin) {
    const detail = `begins with entry ${first.header.firstIndex}, wanted ${options.nextIndexMin}`;
    throw new LogError('corrupt', { file: first.path, offset: 0, detail });
  }
}

interface Parts {
  readonly entries: EntryBuffer;
  readonly writer: Writer;
  readonly store: SegmentStore;
  readonly stats: LogStats;
  readonly report: RecoveryReport;
}

class WriteAheadLog implements Log {
  readonly stats: LogStats;
  readonly recovery: RecoveryReport;
  readonly #entries: EntryBuffer;
  readonly #writer: Writer;
  readonly #store: SegmentStore;
  readonly #reader: LogReader;
  readonly #options: LogOptions;
  readonly #pendingBytesMax: number;
  #closing = false;

  constructor(options: LogOptions, parts: Parts) {
    this.#options = options;
    this.#entries = parts.entries;
    this.#writer = parts.writer;
    this.#store = parts.store;
    this.stats = parts.stats;
    this.recovery = parts.report;
    this.#reader = new LogReader(options.disk, parts.store);
    this.#pendingBytesMax = options.pendingBytesMax ?? limits.pendingBytesMaxDefault;
  }

  get state(): LogState {
    if (this.#closing) return 'closed';
    if (this.#writer.failure !== null) return 'failed';
    if (this.#writer.short) return 'short';
    return this.#writer.pendingBytes > 0 ? 'writing' : 'open';
  }

  get failure(): LogError | null {
    return this.#writer.failure ?? this.#writer.shortage;
  }

  get accepting(): boolean {
    if (this.#closing || this.#writer.failure !== null || this.#writer.short) return false;
    return this.#writer.pendingBytes < this.#pendingBytesMax;
  }

  get policy(): SyncPolicy {
    return this.#writer.policy;
  }

  get epoch(): Epoch {
    return epoch(this.#entries.epoch);
  }

  get firstIndex(): LogIndex {
    return logIndex(this.#store.segments[0]?.header.firstIndex ?? this.#entries.lastIndex + 1);
  }

  get lastIndex(): LogIndex {
    return logIndex(this.#entries.lastIndex);
  }

  get writtenIndex(): LogIndex {
    return logIndex(this.#writer.writtenIndex);
  }

  get durableIndex(): LogIndex {
    return logIndex(this.#writer.durableIndex);
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  reserve(maxBytes: number, keepBytes = 0): LogReservation {
    if (this.#closing) throw new LogError('closed');
    if (maxBytes > limits.payloadBytesMax) {
      throw new LogError('entry-too-large', { detail: `${maxBytes} bytes` });
    }
    return this.#entries.reserve(maxBytes, keepBytes);
  }

  commit(usedBytes: number, timestampMs: number, more = false): LogIndex {
    this.stats.entries++;
    this.stats.payloadBytes += usedBytes;
    return logIndex(this.#entries.commit(usedBytes, timestampMs, more));
  }

  append(payload: Uint8Array, timestampMs: number): LogIndex {
    const { buffer, offset } = this.reserve(payload.length);
    buffer.set(payload, offset);
    return this.commit(payload.length, timestampMs);
  }

  flush(done?: FlushCallback): void {
    if (this.#closing) {
      done?.(new LogError('closed'));
      return;
    }
    if (done !== undefined && this.#writer.policy === 'always') {
      this.#writer.whenDurable(done);
      return;
    }
    this.#writer.flush();
    done?.(this.#writer.failure);
  }

  sync(done: FlushCallback): void {
    if (this.#closing) {
      done(new LogError('closed'));
      return;
    }
    this.#writer.whenDurable(done);
  }

  setPolicy(policy: SyncPolicy): void {
    this.#writer.setPolicy(policy);
  }

  setEpoch(next: Epoch): void {
    invariant(next >= this.#entries.epoch, 'epochs never fall');
    this.#entries.setEpoch(next);
  }

  async truncateBefore(index: LogIndex): Promise<number> {
    try {
      // What is not durable yet may have to be read from memory only, never from a deleted file.
      return await this.#store.truncateBefore(Math.min(index, this.#writer.durableIndex + 1));
    } catch (error) {
      throw LogError.fromDisk(error, this.#options.folder);
    }
  }

  readFrom(
    index: LogIndex,
    visit: (entry: LogEntry) => void,
    limitBytes = Number.POSITIVE_INFINITY,
  ): LogIndex {
    try {
      const lastIndex = this.#writer.writtenIndex;
      return logIndex(this.#reader.read(index, visit, { lastIndex, limitBytes }));
    } catch (error) {
      if (error instanceof LogError || !(error instanceof Error && 'code' in error)) throw error;
      throw LogError.fromDisk(error, this.#options.folder);
    }
  }

  tryResume(): Promise<boolean> {
    return this.#writer.tryResume();
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#writer.close();
  }
}
