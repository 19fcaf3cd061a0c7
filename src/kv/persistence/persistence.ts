/**
 * What makes the store survive: recovery at start, the log while it runs, flushes that let the log be
 * cut, and what happens when the disk fails.
 *
 *   data folder = lsm/<the engine's tables>  log/<segments>
 *
 * Recovery takes from the engine how large the databases are, replays the log entries behind the last
 * flush, and leaves the keys where they are until somebody asks for them. While the log can not be
 * written, writes are refused with MISCONF and reads go on; it is tried again until it can.
 */
import type { WorkDone } from '../../core/base/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random } from '../../core/runtime/index.ts';
import {
  type Log,
  type LogError,
  type Lsm,
  type LsmWorker,
  logIndex,
  openLog,
  openLsm,
  type SyncPolicy,
} from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import {
  ColdExpiry,
  ColdKeys,
  Flusher,
  loadExpiringHashes,
  Overwritten,
  recoverState,
  Spill,
  Warming,
} from '../tier/index.ts';
import { Replay } from './replay.ts';

const RESUME_TRY_MS = 250;
/** Behind a flush that failed the next one waits so long. */
const FLUSH_TRY_MS = 1000;
/** Writes wait when a start would have to replay what begins so many flushes. */
const FAR_BEHIND = 2;
const MEBIBYTE = 1024 * 1024;
/** A flush for less costs more than what is dirty takes of memory. */
const FLUSH_BYTES_MIN = 64 * 1024;
const MEMTABLE_BYTES = 16 * MEBIBYTE;
const CACHE_BYTES = 32 * MEBIBYTE;
/** Keys stand in the order of their hashes: of a block only the one asked for is of use. */
const BLOCK_BYTES = 2048;

export interface PersistenceOptions {
  readonly engine: Engine;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly folder: string;
  readonly policy: SyncPolicy;
  readonly segmentBytes: number;
  /** Where the engine's tables are written and compacted. */
  readonly worker: LsmWorker;
  /** Size of the engine's memory tables; default 16 MiB. */
  readonly memtableBytes?: number;
  /** Log bytes since the last flush that start the next. */
  readonly flushLogBytes: number;
  /** Large values of more elements are stored by element; for tests. */
  readonly wholeElements?: number;
  /** How much of the log has been read at the start. */
  readonly onLoading?: (done: WorkDone) => void;
}

export interface RecoverySummary {
  readonly storedKeys: number;
  readonly replayedEntries: number;
  readonly tornBytes: number;
  readonly durationMs: number;
}

export class Persistence {
  readonly log: Log;
  readonly store: Lsm;
  readonly flusher: Flusher;
  readonly spill: Spill;
  private readonly warming: Warming;
  readonly recovery: RecoverySummary;
  private readonly options: PersistenceOptions;
  /** `log.stats.payloadBytes` when the last flush began. */
  private bytesAtFlush: number;
  /** The same of the last flush that came to its end. */
  private bytesAtMark: number;
  private writesSeen = 0;
  private resuming = false;
  private closed = false;

  private constructor(
    options: PersistenceOptions,
    parts: Pick<Persistence, 'log' | 'store' | 'recovery'> & { readonly cold: ColdKeys },
    replayedBytes: number,
  ) {
    const { engine, clock } = options;
    const { store, cold } = parts;
    this.options = options;
    this.log = parts.log;
    this.store = parts.store;
    this.recovery = parts.recovery;
    this.bytesAtMark = this.log.stats.payloadBytes - replayedBytes;
    this.bytesAtFlush = this.bytesAtMark;
    this.flusher = new Flusher({
      engine,
      store,
      clock,
      ...(options.wholeElements !== undefined && { wholeElements: options.wholeElements }),
      makeDurable: (index, done) => this.makeDurable(index, done),
      behind: () => this.bytesBehindFlush / this.flushAtBytes,
      onDone: (index) => this.flushed(index),
      onFailed: (error) => {
        options.log.error('a flush failed; the log keeps what it would have stored', {
          err: error,
        });
      },
    });
    const { flusher } = this;
    const spill = new Spill({ engine, flusher, clock, startFlush: () => this.flushEarly() });
    this.spill = spill;
    cold.makeRoom = () => spill.makeRoom();
    this.warming = new Warming(engine, { store, cold, clock });
    engine.coldExpiry = new ColdExpiry({ engine, store, flusher, clock });
  }

  /**
   * Brings an empty engine to what the folder holds and opens the log for writing.
   * @throws LsmError, EntryError, LogError: nothing is served then.
   */
  static async open(options: PersistenceOptions): Promise<Persistence> {
    const { disk, clock, random, folder, worker } = options;
    const store = await openLsm({
      disk,
      clock,
      random,
      folder: `${folder}/lsm`,
      worker,
      log: 'owner',
      memtableBytes: options.memtableBytes ?? MEMTABLE_BYTES,
      cacheBytes: CACHE_BYTES,
      blockBytes: BLOCK_BYTES,
      onStateChange: (state, failure) => {
        if (failure !== null) options.log.error('the tables of keys', { state, err: failure });
      },
    });
    try {
      return await Persistence.recover(options, store);
    } catch (error) {
      await store.close().catch(() => {});
      throw error;
    }
  }

  private static async recover(options: PersistenceOptions, store: Lsm): Promise<Persistence> {
    const { engine, disk, clock, folder } = options;
    const startedMs = clock.monotonicMs();
    const logFolder = `${folder}/log`;
    disk.mkdirSync(logFolder);
    engine.keyspace.expiresOnLookup = false;
    engine.effects.sink = undefined;
    const snapshot = store.atMark();
    const cold = new ColdKeys(engine, store);
    cold.snapshot = snapshot;
    engine.cold = cold;
    engine.overwritten = new Overwritten(engine, store, snapshot);
    const stored = await recoverState(engine, store, snapshot);
    const from = stored.logIndex + 1;
    const replay = new Replay(engine, options.log);
    let self: Persistence | undefined;
    const log = await openLog({
      disk,
      clock,
      random: options.random,
      folder: logFolder,
      nodeId: 'plinth',
      policy: options.policy,
      segmentBytes: options.segmentBytes,
      nextIndexMin: logIndex(from),
      replay: {
        from: logIndex(from),
        entry: replay.entry,
        ahead: replay.ahead,
        progress: (done) => options.onLoading?.(done),
      },
      onStateChange: (_state, failure) => self?.stateChanged(failure),
      onSyncLag: (lagMs) => options.log.warn('the disk is slow to make the log durable', { lagMs }),
    }).catch((error: unknown) => {
      throw replay.failure ?? error;
    });
    // From here on the newest is right: what a flush that was cut short wrote is in memory again.
    cold.snapshot = undefined;
    engine.keyspace.allIsReplayed();
    engine.keyspace.expiresOnLookup = true;
    engine.keyspace.setNow(clock.wallMs());
    engine.effects.lastIndex = log.lastIndex;
    const recovery = {
      storedKeys: stored.keys,
      replayedEntries: replay.entries,
      tornBytes: log.recovery.tornTail?.bytes ?? 0,
      durationMs: clock.monotonicMs() - startedMs,
    };
    self = new Persistence(options, { log, store, cold, recovery }, replay.bytes);
    if (stored.savedSeconds !== undefined) self.flusher.lastDoneSeconds = stored.savedSeconds;
    const { flusher } = self;
    flusher.rewritesTimes = stored.cutShort;
    await loadExpiringHashes(engine, store, (key) => flusher.forget(key));
    return self;
  }

  /** Too much waits for the engine: no more writes should be run. */
  get crowded(): boolean {
    return this.flusher.crowded || this.spill.crowded || this.isFarBehind;
  }

  /**
   * Stores all keys, forgets them in memory and has them loaded as they are asked for (DEBUG RELOAD,
   * DEBUG LOADAOF).
   * @throws ReplyError when a flush is under way or can not be written: the keys are as before.
   */
  reload(): void {
    const { keyspace } = this.options.engine;
    if (this.flusher.running) throw new ReplyError('ERR Background save already in progress');
    try {
      this.flusher.flushNow();
    } catch (error) {
      throw new ReplyError(`ERR the keys can not be stored: ${String(error)}`);
    }
    for (const db of keyspace.databases) {
      const hashes = db.expiringHashes();
      db.dropAll();
      for (const key of hashes) db.findRaw(key, 0, key.length);
    }
    this.warm();
  }

  /** Writes are faster than flushes: the log, and with it the next start, would grow without a bound. */
  private get isFarBehind(): boolean {
    const behind = this.log.stats.payloadBytes - this.bytesAtMark;
    return this.flusher.running && behind > this.flushAtBytes * FAR_BEHIND;
  }

  /** Begins to bring keys into memory that nobody has asked for, as far as there is room. */
  warm(): void {
    this.warming.start();
  }

  /** Keys should leave memory, and too many of them are dirty. */
  private flushEarly(): void {
    if (this.flusher.running || this.flusher.lastFailed) return;
    if (this.options.engine.overwritten?.pending === true) return;
    if (this.bytesBehindFlush > 0) this.startFlush();
  }

  /** Payload of the log behind the last flush that was begun. */
  get bytesBehindFlush(): number {
    return this.log.stats.payloadBytes - this.bytesAtFlush;
  }

  /** Starts a flush at once; false when one runs already. */
  startFlush(): boolean {
    if (!this.flusher.start()) return false;
    this.bytesAtFlush = this.log.stats.payloadBytes;
    return true;
  }

  /** Called by the server's tick: starts a flush when the log has grown enough. */
  tick(): void {
    const { flusher, options } = this;
    const { clock } = options;
    const { overwritten } = options.engine;
    if (!flusher.running && this.log.state !== 'failed' && overwritten?.pending !== true) {
      const again =
        flusher.lastFailed && clock.monotonicMs() >= flusher.lastFailedMs + FLUSH_TRY_MS;
      const due = !flusher.lastFailed && this.bytesBehindFlush >= this.flushAtBytes;
      if (again || due) this.startFlush();
    }
    this.noteSlowWrite();
  }

  /** Log bytes that start a flush: fewer when what is dirty would fill the memory of the tier. */
  private get flushAtBytes(): number {
    const { flushLogBytes, engine } = this.options;
    const { tierMemory } = engine.settings;
    if (tierMemory === 0) return flushLogBytes;
    return Math.min(flushLogBytes, Math.max(FLUSH_BYTES_MIN, tierMemory / 8));
  }

  /** The last write since the last look, for LATENCY. */
  private noteSlowWrite(): void {
    const { writes, lastWriteMicros } = this.log.stats;
    if (writes === this.writesSeen) return;
    this.writesSeen = writes;
    this.options.engine.latency.note('aof-write', lastWriteMicros / 1000);
  }

  private makeDurable(index: number, done: (error: unknown) => void): void {
    if (this.log.durableIndex >= index) done(null);
    else this.log.sync(done);
  }

  private flushed(index: number): void {
    const { log, engine } = this.options;
    this.bytesAtMark = this.bytesAtFlush;
    if (this.bytesBehindFlush >= this.flushAtBytes) {
      this.startFlush();
      engine.onUnpaused?.();
    }
    this.log.truncateBefore(logIndex(index + 1)).catch((error: unknown) => {
      log.error('the log could not be cut behind a flush', { err: error });
    });
  }

  private stateChanged(failure: LogError | null): void {
    const { engine, log } = this.options;
    if (failure === null) {
      if (engine.writesRefused !== undefined) log.info('writes are accepted again');
      engine.writesRefused = undefined;
      return;
    }
    const reason = failure.message;
    engine.writesRefused = new ReplyError(`MISCONF Errors writing to the AOF file: ${reason}`);
    log.error('writes are refused until the log can be written again', { reason });
    // A flush lets the log be cut; it may be that there is room for it.
    if (this.log.state === 'short' && this.bytesBehindFlush > 0) this.startFlush();
    this.tryResume();
  }

  private tryResume(): void {
    if (this.resuming || this.closed) return;
    this.resuming = true;
    const { clock } = this.options;
    clock.setTimer(RESUME_TRY_MS, () => {
      this.log
        .tryResume()
        .catch(() => false)
        .then(() => {
          this.resuming = false;
          if (this.closed) return;
          if (this.log.failure === null) this.stateChanged(null);
          else this.tryResume();
        })
        .catch((error: unknown) => {
          throw error;
        });
    });
  }

  /** Makes everything durable and closes. */
  async close(): Promise<void> {
    this.closed = true;
    this.flusher.close();
    this.warming.stop();
    this.options.engine.coldExpiry?.close();
    const results = await Promise.allSettled([this.log.close(), this.store.close()]);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}
