/**
 * The NameNode's state while it runs: operations in, answers when they are durable; readers beside.
 *
 *   folder = log/<segments of the journal>  tables/<the LSM engine>
 *
 * Start: the tables as they are, then the entries of the journal behind their mark; nothing is scanned.
 *
 * Benchmark: bench/files-namespace.ts.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Random } from '../../core/runtime/index.ts';
import {
  type Log,
  type Lsm,
  type LsmError,
  type LsmWorker,
  logIndex,
  openLog,
  openLsm,
  WriteBatch,
} from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import { tableBytes } from '../limits.ts';
import { translated } from '../translate.ts';
import { Cold, Draft } from './draft.ts';
import { applyEntry } from './entry.ts';
import { HotRecords } from './hot-records.ts';
import { Journal } from './journal.ts';
import {
  type OperationArgs,
  type OperationName,
  type OperationResult,
  operations,
} from './operations/table.ts';
import { NamespaceReader } from './reader.ts';

const MEBIBYTE = 1024 * 1024;
const MEMTABLE_BYTES = 4 * MEBIBYTE;
const CACHE_BYTES = 16 * MEBIBYTE;
const REPLAY_BYTES = 4 * MEBIBYTE;
const RETRY_MS = 20;
/** After so many waits for the disk an operation reads what it needs on the loop. */
const COLD_TRIES_MAX = 64;

export interface NamespaceOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly folder: string;
  readonly worker: LsmWorker;
  /** Blocks of the tables kept in memory; default 16 MiB. */
  readonly cacheBytes?: number;
  readonly memtableBytes?: number;
  readonly segmentBytes?: number;
}

export interface NamespaceRecovery {
  readonly entries: number;
  readonly tornBytes: number;
  readonly durationMs: number;
}

export class Namespace {
  readonly reader: NamespaceReader;
  readonly recovery: NamespaceRecovery;
  private readonly log: Log;
  private readonly lsm: Lsm;
  private readonly clock: Clock;
  private readonly journal: Journal;
  private closing: Promise<void> | undefined;

  private constructor(
    parts: {
      readonly log: Log;
      readonly lsm: Lsm;
      readonly clock: Clock;
      readonly journal: Journal;
      readonly hot: HotRecords;
    },
    recovery: NamespaceRecovery,
  ) {
    this.log = parts.log;
    this.lsm = parts.lsm;
    this.clock = parts.clock;
    this.journal = parts.journal;
    this.recovery = recovery;
    this.reader = new NamespaceReader(parts.lsm, parts.hot);
  }

  /** @throws LsmError, LogError, RecordDamage: then nothing is left open. */
  static async open(options: NamespaceOptions): Promise<Namespace> {
    const { disk, clock, random, folder } = options;
    const startedMs = clock.monotonicMs();
    disk.mkdirSync(folder);
    const lsm = await openLsm({
      disk,
      clock,
      random,
      folder: `${folder}/tables`,
      worker: options.worker,
      log: 'owner',
      memtableBytes: options.memtableBytes ?? MEMTABLE_BYTES,
      cacheBytes: options.cacheBytes ?? CACHE_BYTES,
      tableBytes,
      onStateChange: (state, failure) => {
        if (failure !== null)
          options.logger.error('the tables of the namespace', { state, err: failure });
      },
    });
    let log: Log | undefined;
    try {
      const opened: { journal?: Journal } = {};
      log = await openJournalLog(options, lsm.durableMark + 1, opened);
      const { entries } = await replay(log, lsm, clock);
      const hot = new HotRecords();
      opened.journal = new Journal({ log, lsm, clock, logger: options.logger, hot });
      const recovery = {
        entries,
        tornBytes: log.recovery.tornTail?.bytes ?? 0,
        durationMs: clock.monotonicMs() - startedMs,
      };
      return new Namespace({ log, lsm, clock, hot, journal: opened.journal }, recovery);
    } catch (error) {
      await log?.close().catch(() => {});
      await lsm.close().catch(() => {});
      throw error;
    }
  }

  /** Operations that wait to be durable change so many records. */
  get pendingChanges(): number {
    return this.journal.pendingChanges;
  }

  /** Operations are decided now; else they are refused before anything has changed. */
  get accepting(): boolean {
    return this.journal.refusal === null;
  }

  /** Whether anything was noted to be reclaimed since it was asked the last time. */
  takeReclaims(): boolean {
    const { hasReclaims } = this.journal;
    this.journal.hasReclaims = false;
    return hasReclaims;
  }

  get stats(): { readonly tables: Lsm['stats']; readonly log: Log['stats'] } {
    return { tables: this.lsm.stats, log: this.log.stats };
  }

  /**
   * Decides an operation on everything that came before it; the answer comes when it is durable and readers
   * see it.
   * @throws FilesError: it was refused, or with 'disk-full', 'io', 'closed' it is not known whether it was done.
   */
  async run<N extends OperationName>(name: N, args: OperationArgs<N>): Promise<OperationResult<N>> {
    const operation = operations[name] as (
      draft: Draft,
      args: OperationArgs<N>,
    ) => OperationResult<N>;
    const { journal } = this;
    for (let tries = 0; ; tries++) {
      while (journal.crowded && journal.refusal === null) await journal.settled();
      const { refusal } = journal;
      if (refusal !== null) throw refusal;
      const draft = new Draft(journal, this.clock.wallMs());
      let result: OperationResult<N>;
      journal.readsNow = tries >= COLD_TRIES_MAX;
      try {
        result = operation(draft, args);
      } catch (error) {
        if (error instanceof Cold) {
          await this.load(error.key);
          continue;
        }
        // What it was refused for must not be taken back by a crash.
        if (error instanceof FilesError) await journal.settled();
        throw translated(error, 'the namespace');
      } finally {
        journal.readsNow = false;
      }
      await (draft.changes.size > 0 ? journal.add(draft.changes) : journal.settled());
      return result;
    }
  }

  private async load(key: Buffer): Promise<void> {
    try {
      await this.journal.load(key);
    } catch (error) {
      throw translated(error, 'the namespace');
    }
  }

  /** Makes everything durable and closes; twice does nothing. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    await this.journal.settled().catch(() => {});
    this.journal.close();
    const results = await Promise.allSettled([this.log.close(), this.lsm.close()]);
    this.journal.end();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

function openJournalLog(
  options: NamespaceOptions,
  from: number,
  opened: { journal?: Journal },
): Promise<Log> {
  const { disk, clock, random, folder, logger } = options;
  disk.mkdirSync(`${folder}/log`);
  return openLog({
    disk,
    clock,
    random,
    folder: `${folder}/log`,
    nodeId: 'plinth-files',
    policy: 'always',
    nextIndexMin: logIndex(from),
    ...(options.segmentBytes !== undefined && { segmentBytes: options.segmentBytes }),
    onDurable: (index) => opened.journal?.madeDurable(index),
    onStateChange: (_state, failure) => opened.journal?.stateChanged(failure),
    onSyncLag: (lagMs) => logger.warn('the disk is slow to make the journal durable', { lagMs }),
  });
}

/** Brings the tables to the end of the log, as fast as they take it. */
async function replay(log: Log, lsm: Lsm, clock: Clock): Promise<{ entries: number }> {
  let from = Math.max(lsm.durableMark + 1, log.firstIndex);
  let entries = 0;
  const batch = new WriteBatch();
  while (from <= log.lastIndex) {
    batch.clear();
    const next = log.readFrom(
      logIndex(from),
      ({ buffer, start, end }) => {
        entries++;
        applyEntry(buffer, start, end, batch);
      },
      REPLAY_BYTES,
    );
    await applyReplayed(lsm, clock, batch, next - 1);
    from = next;
  }
  return { entries };
}

async function applyReplayed(
  lsm: Lsm,
  clock: Clock,
  batch: WriteBatch,
  mark: number,
): Promise<void> {
  for (;;) {
    const error = await new Promise<LsmError | null>((resolve) => {
      lsm.write(batch, { mark }, resolve);
    });
    if (error === null) return;
    if (error.code !== 'busy') throw error;
    await new Promise<void>((resolve) => void clock.setTimer(RETRY_MS, resolve));
  }
}
