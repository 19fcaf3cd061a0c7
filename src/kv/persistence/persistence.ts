/**
 * What makes the store survive: recovery at start, the log while it runs, checkpoints that let the log
 * be cut, and what happens when the disk fails.
 *
 *   data folder = checkpoint-<index>.plc  log/<segments>
 *
 * Recovery loads the newest checkpoint and replays the log entries behind it. While the log can not be
 * written, writes are refused with MISCONF and reads go on; it is tried again until it can.
 */
import { runInTurns, type WorkDone } from '../../core/base/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random } from '../../core/runtime/index.ts';
import {
  type Log,
  type LogError,
  logIndex,
  openLog,
  type SyncPolicy,
} from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import { Checkpointer } from './checkpointer.ts';
import { NEW_NAME } from './format.ts';
import { checkpointSteps, newestCheckpoint } from './loader.ts';
import { reloadBy } from './reload.ts';
import { Replay } from './replay.ts';

const RESUME_TRY_MS = 250;

export interface PersistenceOptions {
  readonly engine: Engine;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly folder: string;
  readonly policy: SyncPolicy;
  readonly segmentBytes: number;
  /** Log bytes since the last checkpoint that start the next. */
  readonly checkpointLogBytes: number;
  /** How much of what is read at the start has been read. */
  readonly onLoading?: (from: 'checkpoint' | 'log', done: WorkDone) => void;
}

export interface RecoverySummary {
  readonly checkpointKeys: number;
  readonly replayedEntries: number;
  readonly tornBytes: number;
  readonly durationMs: number;
}

export class Persistence {
  readonly log: Log;
  readonly checkpointer: Checkpointer;
  readonly recovery: RecoverySummary;
  private readonly options: PersistenceOptions;
  /** `log.stats.payloadBytes` when the last checkpoint began. */
  private bytesAtCheckpoint: number;
  private writesSeen = 0;
  private resuming = false;
  private closed = false;

  private constructor(
    options: PersistenceOptions,
    log: Log,
    recovery: RecoverySummary,
    replayedBytes: number,
  ) {
    this.options = options;
    this.log = log;
    this.recovery = recovery;
    this.bytesAtCheckpoint = log.stats.payloadBytes - replayedBytes;
    this.checkpointer = new Checkpointer({
      engine: options.engine,
      disk: options.disk,
      clock: options.clock,
      folder: options.folder,
      onDone: (index) => this.checkpointDone(index),
      onFailed: (error) => {
        options.log.error('a checkpoint failed; the last one still stands', { err: error });
      },
    });
  }

  /**
   * Brings an empty engine to what the folder holds and opens the log for writing.
   * @throws CorruptCheckpointError, LogError: nothing is served then.
   */
  static async open(options: PersistenceOptions): Promise<Persistence> {
    const { engine, disk, clock, folder } = options;
    const startedMs = clock.monotonicMs();
    const logFolder = `${folder}/log`;
    disk.mkdirSync(logFolder);
    if (disk.statSync(`${folder}/${NEW_NAME}`) !== null) disk.unlinkSync(`${folder}/${NEW_NAME}`);
    engine.keyspace.expiresOnLookup = false;
    engine.effects.sink = undefined;
    const name = newestCheckpoint(disk, folder);
    const loaded =
      name === undefined
        ? undefined
        : await runInTurns(
            checkpointSteps(engine, disk, `${folder}/${name}`),
            (run) => clock.nextTurn(run),
            (done) => options.onLoading?.('checkpoint', done),
          );
    const from = (loaded?.logIndex ?? 0) + 1;
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
        progress: (done) => options.onLoading?.('log', done),
      },
      onStateChange: (_state, failure) => self?.stateChanged(failure),
      onSyncLag: (lagMs) => options.log.warn('the disk is slow to make the log durable', { lagMs }),
    });
    engine.keyspace.expiresOnLookup = true;
    engine.keyspace.setNow(clock.wallMs());
    engine.effects.lastIndex = log.lastIndex;
    self = new Persistence(
      options,
      log,
      {
        checkpointKeys: loaded?.keys ?? 0,
        replayedEntries: replay.entries,
        tornBytes: log.recovery.tornTail?.bytes ?? 0,
        durationMs: clock.monotonicMs() - startedMs,
      },
      replay.bytes,
    );
    return self;
  }

  /**
   * Writes a checkpoint and replaces all keys by what it holds (DEBUG RELOAD, DEBUG LOADAOF). Nothing
   * else runs meanwhile. Saved keys can not differ from those in memory, so there is nothing to merge.
   * @throws ReplyError when a checkpoint is under way or can not be written: the keys are as before.
   */
  reload(): void {
    const { engine, disk, folder } = this.options;
    reloadBy(engine, this.checkpointer, disk, folder);
  }

  /** Payload of the log behind the last checkpoint that was begun: what a start would replay. */
  get bytesBehindCheckpoint(): number {
    return this.log.stats.payloadBytes - this.bytesAtCheckpoint;
  }

  /** Starts a checkpoint at once; false when one runs already or it can not be written. */
  startCheckpoint(): boolean {
    this.bytesAtCheckpoint = this.log.stats.payloadBytes;
    return this.checkpointer.start();
  }

  /** Called by the server's tick: starts a checkpoint when the log has grown enough. */
  tick(): void {
    if (
      this.bytesBehindCheckpoint >= this.options.checkpointLogBytes &&
      !this.checkpointer.running &&
      this.log.state !== 'failed'
    ) {
      this.startCheckpoint();
    }
    this.noteSlowWrite();
  }

  /** The last write since the last look, for LATENCY. */
  private noteSlowWrite(): void {
    const { writes, lastWriteMicros } = this.log.stats;
    if (writes === this.writesSeen) return;
    this.writesSeen = writes;
    this.options.engine.latency.note('aof-write', lastWriteMicros / 1000);
  }

  private checkpointDone(index: number): void {
    const { log } = this.options;
    this.log.truncateBefore(logIndex(index + 1)).catch((error: unknown) => {
      log.error('the log could not be cut behind a checkpoint', { err: error });
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
    // A checkpoint lets the log be cut; it may be that there is room for it.
    if (
      this.log.state === 'short' &&
      this.bytesBehindCheckpoint > 0 &&
      !this.checkpointer.running
    ) {
      this.startCheckpoint();
    }
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
    await this.log.close();
  }
}
