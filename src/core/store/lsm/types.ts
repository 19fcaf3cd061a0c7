/**
 * The engine as its owner sees it: an ordered map of bytes to bytes that is larger than memory.
 */
import type { Clock, Disk, Random } from '../../runtime/index.ts';
import type { WriteBatch } from './batch.ts';
import type { LsmError } from './errors.ts';
import type { LsmStats } from './stats.ts';

export interface LsmOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Made when missing; holds nothing but the engine. */
  readonly folder: string;
  /** Where flushes and compactions run. */
  readonly worker: LsmWorker;
  /**
   * `own`: batches are logged here, and safe when acknowledged with `sync`. `owner`: the owner logs
   * them itself and tells its position as `mark`; after a crash it goes on from `durableMark`, whose state
   * `atMark` shows. A folder keeps to the one it was made with. Default `own`.
   */
  readonly log?: 'own' | 'owner';
  /** Size at which the memory table is flushed; default 32 MiB. */
  readonly memtableBytes?: number;
  /** Bytes of blocks kept in memory; default 64 MiB. */
  readonly cacheBytes?: number;
  /** Bytes of a data block with its checksum; default 4,096, at most 65,535. */
  readonly blockBytes?: number;
  /** Size at which a table ends; default 32 MiB. */
  readonly tableBytes?: number;
  /** Size of the first level below 0; each level down is ten times larger. Default 128 MiB. */
  readonly levelBytes?: number;
  /** Entered or left a state, or damage was found. */
  onStateChange?(state: LsmState, failure: LsmError | null): void;
}

/** open: all is well. short: the disk is full. failed: it broke. Both are tried again each second. */
export type LsmState = 'open' | 'short' | 'failed' | 'closed';

/** What `lookup` found: `missing`, `found`, or `cold`: the disk has to be asked, by `load`. */
export const Found = { missing: 0, found: 1, cold: 2 } as const;
export type Found = (typeof Found)[keyof typeof Found];

/** Where the value of a found key stands; good until the next call of the engine. The owner's to reuse. */
export interface Lookup {
  value: Buffer;
  start: number;
  length: number;
  /** Unix ms; 0: never. */
  expiresAtMs: number;
}

export interface Snapshot {
  readonly sequence: number;
  /** Lets compaction drop what only this snapshot sees. Twice does nothing. */
  release(): void;
}

export interface ScanRange {
  /** Inclusive; default: the first key. */
  readonly from?: Buffer;
  /** Exclusive; default: behind the last key. */
  readonly to?: Buffer;
  /** From the last key to the first. Default false. */
  readonly reverse?: boolean;
  /** Default: as it is when the scan begins. */
  readonly snapshot?: Snapshot;
  /** Bytes and entries after which a page ends; defaults 64 KiB and 1,024. */
  readonly pageBytes?: number;
  readonly pageEntries?: number;
  /** Values are left out: they come as empty. Default false. */
  readonly keysOnly?: boolean;
  /** A page is written over the one before: what was handed out of that one is good no longer. Default false. */
  readonly reusePage?: boolean;
}

/** A walk over live entries, a page at a time. Close it: it holds tables open. */
export interface Scan {
  /**
   * Fills the next page; false: the range is over and the page is empty.
   * @throws LsmError; called again it goes on from there.
   */
  fill(): Promise<boolean>;
  /** As `fill`, reading what is needed on the loop, however long everybody waits for it. @throws LsmError. */
  fillNow(): boolean;
  /** Entries of the page, in order of the scan. */
  readonly count: number;
  /** Memory of the page, in which keys and values stand. */
  readonly bytes: Buffer;
  keyStart(nth: number): number;
  keyLength(nth: number): number;
  valueStart(nth: number): number;
  valueLength(nth: number): number;
  /** Views of `bytes`; good for ever unless `reusePage`. */
  key(nth: number): Buffer;
  value(nth: number): Buffer;
  expiresAtMs(nth: number): number;
  close(): void;
}

export interface WriteOptions {
  /**
   * `done` comes when the batch survives a power loss. Default false: it comes at once, and the batch
   * survives kill -9 some milliseconds later.
   */
  readonly sync?: boolean;
  /**
   * With `log: 'owner'`: all that was written up to and with this batch is the owner's state at this
   * position of its own; never falls. Batches without one belong to the next mark. The batch may be empty.
   */
  readonly mark?: number;
}

export interface CheckpointOptions {
  /** Default true. */
  readonly flush?: boolean;
}

export interface CheckpointReport {
  readonly tables: number;
  readonly bytes: number;
  readonly mark: number;
  /** With `log: 'owner'`: nothing is in it that was written behind the mark. */
  readonly exact: boolean;
}

export interface VerifyReport {
  readonly tables: number;
  readonly entries: number;
  readonly bytes: number;
  readonly damage: readonly LsmError[];
}

export interface Lsm {
  readonly state: LsmState;
  readonly failure: LsmError | null;
  readonly stats: LsmStats;
  /**
   * With `log: 'owner'`: the last mark whose state is in tables, 0 at first. After a crash there may also be
   * batches behind it in tables, of the group that was to end at the next mark.
   */
  readonly durableMark: number;

  /** Looks without the disk. With `cold` ask `load`. @throws LsmError 'corrupt'. */
  lookup(key: Buffer, start: number, length: number, into: Lookup, snapshot?: Snapshot): Found;
  /** As `lookup`, reading what is needed on the loop, however long everybody waits for it. @throws LsmError. */
  lookupNow(key: Buffer, start: number, length: number, into: Lookup, snapshot?: Snapshot): boolean;
  /** As `lookup`, reading what is needed; `done` once, also inside the call when nothing had to be waited for. */
  load(
    key: Buffer,
    into: Lookup,
    done: (error: LsmError | null, found: boolean) => void,
    snapshot?: Snapshot,
  ): void;
  /** A copy of the value, null when there is none. @throws LsmError. */
  get(key: Buffer, snapshot?: Snapshot): Promise<Buffer | null>;
  /**
   * Applies a batch at once, whole: reads see it when this returns. `done` comes when it is as safe as
   * asked; it comes late when flushes and compactions lag behind, so that writers slow down gently.
   * The batch may be reused when this returns. An error before anything was applied leaves no trace
   * ('too-large', 'busy', 'closed', a state in the way); one of a `sync` that failed leaves a batch that is
   * seen and may survive.
   */
  write(batch: WriteBatch, options: WriteOptions, done: (error: LsmError | null) => void): void;
  snapshot(): Snapshot;
  /** With `log: 'owner'`: the state at `durableMark`, without any batch behind it. */
  atMark(): Snapshot;
  scan(range?: ScanRange): Scan;
  /** Everything written so far is in tables when this is done. @throws LsmError. */
  flush(): Promise<void>;
  /** Compacts a range down to its last level. @throws LsmError. */
  compact(from?: Buffer, to?: Buffer): Promise<void>;
  /**
   * A consistent copy by hard links in a new folder of the same file system: of everything written so far,
   * or of what is in tables when this is called. @throws LsmError.
   */
  checkpoint(folder: string, options?: CheckpointOptions): Promise<CheckpointReport>;
  /** Reads every block of every table. */
  verify(onProgress?: (doneBytes: number, allBytes: number) => void): Promise<VerifyReport>;
  /**
   * Ends work under way; with `log: 'own'` what was written stays in the log. Reads are refused from now on,
   * a scan goes on until it is closed.
   * @throws LsmError when not everything that was written is in the log.
   */
  close(): Promise<void>;
}

/** A table as the manifest knows it. Keys k of it: `smallest <= k < end`. */
export interface TableMeta {
  readonly number: number;
  readonly bytes: number;
  readonly entries: number;
  readonly deletes: number;
  readonly rangeDeletes: number;
  readonly smallest: Buffer;
  readonly end: Buffer;
  readonly minSequence: number;
  readonly maxSequence: number;
  /** Unix ms; 0: nothing in it expires. */
  readonly minExpiresAtMs: number;
}

/** A range of keys that a batch deleted. */
export interface RangeDelete {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly sequence: number;
}

/** What a job needs of the engine's options. */
export interface TableOptions {
  readonly folder: string;
  readonly blockBytes: number;
  readonly tableBytes: number;
}

export interface FlushJob {
  readonly options: TableOptions;
  /** Memory of the memory table, shared, no longer changing. */
  readonly memory: SharedArrayBuffer;
  /** Bytes of it in use. */
  readonly usedBytes: number;
  readonly rangeDeletes: readonly RangeDelete[];
  /** Versions that only sequences between snapshots see may be dropped: rising sequence numbers. */
  readonly snapshots: readonly number[];
  readonly nowMs: number;
  /** Number of the table to write. */
  readonly firstNumber: number;
}

export interface CompactionJob {
  readonly options: TableOptions;
  /** Newer ones before older ones where they overlap. */
  readonly inputs: readonly TableMeta[];
  readonly snapshots: readonly number[];
  readonly nowMs: number;
  /** Ranges of keys that levels below the output hold: deletes of other keys are not needed any more. */
  readonly below: readonly { readonly smallest: Buffer; readonly end: Buffer }[];
  readonly firstNumber: number;
  /** Numbers up to `firstNumber + numbers - 1` may be used. */
  readonly numbers: number;
}

export interface JobReport {
  readonly tables: readonly TableMeta[];
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Entries that were left out: old versions, deleted and expired ones. */
  readonly dropped: number;
}

/** Where flushes and compactions of one engine run: a thread, which other engines may have a share in. */
export interface LsmWorker {
  /** Flushes go before compactions that wait, and between two steps of one under way. @throws LsmError. */
  flush(job: FlushJob): Promise<JobReport>;
  compact(job: CompactionJob): Promise<JobReport>;
  /** Reads every block of the tables; damage is told, not thrown. */
  verify(job: VerifyJob, onProgress: (doneBytes: number) => void): Promise<VerifyReport>;
  /** Ends what is under way without a result: nothing of it runs any more when this resolves. */
  close(): Promise<void>;
}

export interface VerifyJob {
  readonly options: TableOptions;
  readonly tables: readonly TableMeta[];
}

/** Keys k with `smallest <= k < end`. */
export interface KeyRange {
  readonly smallest: Buffer;
  readonly end: Buffer;
}
