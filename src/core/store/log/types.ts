/**
 * What the owner of a log sees: entries in, callbacks out, positions as branded numbers.
 */
import type { WorkDone } from '../../base/index.ts';
import type { Clock, Disk, Random } from '../../runtime/index.ts';
import type { LogError } from './errors.ts';
import type { LogStats } from './stats.ts';

/** Position of an entry in the log, from 1, without gaps. */
export type LogIndex = number & { readonly __brand: 'LogIndex' };
/** Term of a leader; entries of one log never go back to a lower one. */
export type Epoch = number & { readonly __brand: 'Epoch' };

export const logIndex = (value: number): LogIndex => value as LogIndex;
export const epoch = (value: number): Epoch => value as Epoch;

/**
 * When an entry counts as safe.
 * `always`: durable before its flush calls back. `everysec`: written within milliseconds, durable
 * within about a second. `never`: written within milliseconds, durable when the system pleases.
 */
export type SyncPolicy = 'always' | 'everysec' | 'never';

/**
 * open: nothing under way. writing: bytes wait or are in flight. short: what was appended fits and is
 * written, but the disk refused room for more. See README.md for the arrows.
 */
export type LogState = 'open' | 'writing' | 'short' | 'failed' | 'closed';

/** One entry as read back. The object is reused: copy what outlives the call. */
export interface LogEntry {
  index: LogIndex;
  epoch: Epoch;
  /** Wall-clock milliseconds given at `commit`. */
  timestampMs: number;
  /** The payload is `buffer[start, end)`, valid only during the call. */
  buffer: Buffer;
  start: number;
  end: number;
  /** It goes on with the payload that the entry before began. */
  continues: boolean;
  /** Its payload goes on in the next entry. */
  more: boolean;
}

/**
 * Is shown entries of a replay a little before they are given, to prepare for them; may do nothing that is
 * seen. All of a group are noted, then `end` is called, then they are given one by one.
 */
export interface EntriesAhead {
  /** The payload is `buffer[start, end)`, valid only during the call. */
  note(buffer: Buffer, start: number, end: number): void;
  end(): void;
}

/** Where to encode a payload: from `offset` on. The object is reused by the next `reserve`. */
export interface LogReservation {
  buffer: Buffer;
  offset: number;
}

/** Called once: null, or why what was flushed is not safe. */
export type FlushCallback = (error: LogError | null) => void;

export interface LogOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Made when missing; holds nothing but the log. */
  readonly folder: string;
  /** At most 40 bytes of ASCII; a segment written by another node is refused. */
  readonly nodeId: string;
  readonly policy: SyncPolicy;
  /** Epoch of the entries to come; default: that of the last entry, or 1. */
  readonly epoch?: Epoch;
  /** Size of a segment file; default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes not yet written at which `onHighWater` is called; default 64 MiB. */
  readonly highWaterBytes?: number;
  /** Bytes not yet written at which `accepting` turns false; default 256 MiB. */
  readonly pendingBytesMax?: number;
  /** Whether `always` may write on the event loop while the disk is fast; default true. */
  readonly loopWrites?: boolean;
  /** Written bytes kept in memory until synced, so that a failed sync loses nothing; default 64 MiB. */
  readonly unsyncedBytesMax?: number;
  /**
   * The index the next entry must at least have (checkpoint + 1). A log that ends before it holds
   * nothing of use: it is dropped and begun anew there. Default 1.
   */
  readonly nextIndexMin?: LogIndex;
  /** Entries from `from` on are given to `entry` while the log is verified, in one pass, parts one by one. */
  readonly replay?: {
    readonly from: LogIndex;
    entry(entry: LogEntry): void;
    readonly ahead?: EntriesAhead;
    /** How much of the log has been read, every few MiB; others run in between. */
    progress?(done: WorkDone): void;
  };
  /** `pendingBytes` rose above `highWaterBytes`; called again only after it fell to half. */
  onHighWater?(pendingBytes: number): void;
  /** Everything up to `index` is durable. */
  onDurable?(index: LogIndex): void;
  /** Entered or left `failed` or `short`. */
  onStateChange?(state: LogState, failure: LogError | null): void;
  /** `everysec`: a sync has been running or overdue for more than two seconds. */
  onSyncLag?(lagMs: number): void;
}

/** What opening found. */
export interface RecoveryReport {
  readonly segments: number;
  readonly entries: number;
  readonly bytes: number;
  /** Null: the log ended cleanly. Otherwise what was cut off the end: never acknowledged as durable. */
  readonly tornTail: {
    readonly file: string;
    readonly offset: number;
    readonly bytes: number;
  } | null;
}

export interface Log {
  readonly state: LogState;
  /** Why the state is `failed` or `short`, else null. */
  readonly failure: LogError | null;
  /** True while the owner may execute further writes: not failed, short or closed, backlog within bounds. */
  readonly accepting: boolean;
  readonly policy: SyncPolicy;
  readonly epoch: Epoch;
  /** Index of the oldest entry kept; `lastIndex + 1` when there is none. */
  readonly firstIndex: LogIndex;
  /** Index of the newest entry appended, 0 (or what precedes the first) when there is none. */
  readonly lastIndex: LogIndex;
  /** Entries up to here have been handed to the kernel; they survive kill -9 of this process. */
  readonly writtenIndex: LogIndex;
  /** Entries up to here survive a power loss. */
  readonly durableIndex: LogIndex;
  /** Bytes appended and not yet written. */
  readonly pendingBytes: number;
  readonly stats: LogStats;
  readonly recovery: RecoveryReport;

  /**
   * Room for one entry of at most `maxBytes`. Only the last reservation counts; one not committed
   * leaves no trace. `keepBytes` of the reservation before are carried over, for entries that turn
   * out larger than thought. Never refused for a backlog: the owner looks at `accepting` before it
   * changes anything, what it has changed has to be written.
   * @throws LogError 'entry-too-large', 'closed'.
   */
  reserve(maxBytes: number, keepBytes?: number): LogReservation;
  /**
   * Makes the first `usedBytes` of the reservation an entry, in the turn it was made. `more`: the next
   * entry goes on with its payload; readers take both or, when the log ends before the last, neither
   * (`parts.ts`).
   * @returns its index.
   */
  commit(usedBytes: number, timestampMs: number, more?: boolean): LogIndex;
  /** `reserve`, copy, `commit`. */
  append(payload: Uint8Array, timestampMs: number): LogIndex;
  /**
   * Once per turn of the loop: writes what was appended, under `always` on the loop while the disk is
   * fast, else on a thread. `done` comes when all of it is as safe as the policy promises: under `everysec` and
   * `never` at once, inside this call; also inside it when the write was made on the loop, when there
   * is nothing to wait for or when the log has failed.
   */
  flush(done?: FlushCallback): void;
  /** As `flush`, but waits for durability whatever the policy. */
  sync(done: FlushCallback): void;
  setPolicy(policy: SyncPolicy): void;
  /** Entries to come carry this epoch, which may not be lower. */
  setEpoch(epoch: Epoch): void;
  /** Deletes or recycles whole segments that hold only entries before `index`. @returns how many. */
  truncateBefore(index: LogIndex): Promise<number>;
  /**
   * Gives written entries from `index` on to `visit`, in order, to the end or until `limitBytes` of
   * payload have been passed; looks at that after each batch as it was written, at most 1 MiB unless
   * one entry is larger. Reads synchronously.
   * @returns the index to go on from.
   * @throws LogError 'truncated' when `index` is before `firstIndex`, 'corrupt', 'io'.
   */
  readFrom(index: LogIndex, visit: (entry: LogEntry) => void, limitBytes?: number): LogIndex;
  /** `failed`: tries again to write; `short`: to get room. @returns true when that is in order again. */
  tryResume(): Promise<boolean>;
  /** Writes and syncs what is pending, then closes. @throws LogError when that failed. */
  close(): Promise<void>;
}
