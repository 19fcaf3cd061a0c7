/**
 * The log of batches that are not in tables yet.
 *
 *     open ──disk refuses──▶ tried again each second ──▶ open
 *       └──a sync failed, what it covered is out of memory──▶ lost ──renew──▶ open
 *
 * `lost`: the memory tables still hold everything that was applied. Once they are flushed nothing of the log is
 * needed, and it is begun anew.
 */
import type { Clock, Disk, Random, Timer } from '../../runtime/index.ts';
import { type Log, type LogError, logIndex, openLog } from '../log/index.ts';
import { BatchReader, type WriteBatch } from './batch.ts';
import { LsmError } from './errors.ts';

const NODE_ID = 'lsm';
const RETRY_MS = 1000;
const SEGMENT_BYTES_MIN = 64 * 1024;
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

export interface WalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: string;
  /** A segment is as large, within bounds: segments go as memory tables are flushed. */
  readonly memtableBytes: number;
  /** Entries up to this one are in tables. */
  readonly doneIndex: number;
  /** The highest sequence number in tables. */
  readonly sequence: number;
  /** A batch behind `doneIndex`, in order; `reader` has been opened on it, of so many bytes. */
  onBatch(reader: BatchReader, bytes: number, index: number): void;
  onFailure(failure: LsmError | null): void;
  /** It is lost: flush, and call `renew`. */
  onLost(): void;
}

export class Wal {
  private readonly options: WalOptions;
  private log: Log;
  private lost = false;
  private renewing = false;
  private closed = false;
  private retry: Timer | undefined;

  /** @throws LsmError. */
  static async open(options: WalOptions): Promise<Wal> {
    const replay = new Replay(options);
    let wal: Wal | undefined;
    const events = { onStateChange: (failure: LogError | null) => wal?.note(failure) };
    const log = await openBatchLog(options, options.doneIndex, replay, events);
    wal = new Wal(options, log);
    // What the disk refused while it was opened is known by now.
    if (log.failure !== null) wal.note(log.failure);
    return wal;
  }

  private constructor(options: WalOptions, log: Log) {
    this.options = options;
    this.log = log;
  }

  /** Why nothing may be appended now, or null. */
  get refusal(): LsmError | null {
    const { log } = this;
    if (log.accepting) return null;
    if (log.failure !== null) return LsmError.from(log.failure, this.options.folder);
    return new LsmError('busy', { detail: 'the log is behind' });
  }

  /** @returns the index of the entry. @throws LsmError 'too-large', 'closed'. */
  append(batch: WriteBatch): number {
    try {
      return this.log.append(batch.buffer.subarray(0, batch.bytes), 0);
    } catch (error) {
      throw LsmError.from(error, this.options.folder);
    }
  }

  /** Hands to the system what was appended, in a moment. */
  flush(): void {
    this.log.flush();
  }

  /** `done` when all that was appended is durable, or has failed. */
  sync(done: (error: LsmError | null) => void): void {
    this.log.sync((error) => done(error && LsmError.from(error, this.options.folder)));
  }

  /** Entries up to this one are in tables. */
  release(doneIndex: number): void {
    if (this.lost) {
      if (doneIndex >= this.log.lastIndex && !this.renewing) void this.renew();
      return;
    }
    // What is not deleted now goes with the next ones.
    this.log.truncateBefore(logIndex(doneIndex + 1)).catch(() => {});
  }

  /** @throws LsmError when not everything that was appended is durable. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.retry !== undefined) this.options.clock.clearTimer(this.retry);
    try {
      await this.log.close();
    } catch (error) {
      if (!this.lost) throw LsmError.from(error, this.options.folder);
    }
  }

  private note(failure: LogError | null): void {
    if (this.closed) return;
    this.options.onFailure(failure && LsmError.from(failure, this.options.folder));
    if (failure === null) return;
    if (failure.retryable) this.later(() => this.resume());
    else if (!this.lost) {
      this.lost = true;
      // Its owner flushes: not within the call of the log that has just failed.
      this.options.clock.nextTurn(() => {
        if (!this.closed) this.options.onLost();
      });
    }
  }

  private async resume(): Promise<void> {
    const resumed = await this.log.tryResume();
    if (!resumed && this.log.failure?.retryable === true) this.later(() => this.resume());
  }

  /** Begins anew behind the last entry: everything is in tables. */
  private async renew(): Promise<void> {
    this.renewing = true;
    const { lastIndex } = this.log;
    try {
      await this.log.close().catch(() => {});
      const replay = new Replay({ ...this.options, doneIndex: lastIndex });
      const log = await openBatchLog(this.options, lastIndex, replay, {
        onStateChange: (failure) => this.note(failure),
      });
      if (this.closed) {
        await log.close();
        return;
      }
      this.log = log;
      this.lost = false;
      this.options.onFailure(null);
    } catch (error) {
      this.options.onFailure(LsmError.from(error, this.options.folder));
      this.later(() => this.renew());
    } finally {
      this.renewing = false;
    }
  }

  private later(run: () => Promise<void>): void {
    if (this.retry !== undefined || this.closed) return;
    this.retry = this.options.clock.setTimer(RETRY_MS, () => {
      this.retry = undefined;
      void run();
    });
    this.retry.unref();
  }
}

interface LogEvents {
  onStateChange(failure: LogError | null): void;
}

async function openBatchLog(
  options: WalOptions,
  doneIndex: number,
  replay: Replay,
  events: LogEvents,
): Promise<Log> {
  const { disk, clock, random, folder, memtableBytes } = options;
  const from = logIndex(doneIndex + 1);
  let log: Log;
  try {
    log = await openLog({
      disk,
      clock,
      random,
      folder,
      nodeId: NODE_ID,
      policy: 'never',
      segmentBytes: Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, memtableBytes)),
      nextIndexMin: from,
      replay: {
        from,
        entry: ({ buffer, start, end, index }) => replay.take(buffer, start, end, index),
      },
      onStateChange: (_state, failure) => events.onStateChange(failure),
    });
  } catch (error) {
    throw LsmError.from(error, folder);
  }
  if (replay.failure === null) return log;
  await log.close().catch(() => {});
  throw replay.failure;
}

/** Hands batches on. Does not throw within the log's walk, where it would pass for the disk's error. */
class Replay {
  failure: unknown = null;
  private readonly options: WalOptions;
  private readonly reader = new BatchReader();
  private sequence: number;

  constructor(options: WalOptions) {
    this.options = options;
    this.sequence = options.sequence;
  }

  take(buffer: Buffer, start: number, end: number, index: number): void {
    if (this.failure !== null) return;
    const { reader, options } = this;
    try {
      reader.open(buffer, start, end, options.folder);
      if (reader.sequence !== this.sequence) {
        const detail = `entry ${index} goes on behind ${reader.sequence}, not ${this.sequence}`;
        throw new LsmError('corrupt', { file: options.folder, detail });
      }
      this.sequence += reader.count;
      options.onBatch(reader, end - start, index);
    } catch (error) {
      this.failure = error;
    }
  }
}
