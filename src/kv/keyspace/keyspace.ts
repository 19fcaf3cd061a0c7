/**
 * All databases of one store and what they share: memory, time, the access clock.
 */
import { invariant } from '../../core/base/index.ts';
import { Arena, type ArenaOptions } from '../memory/index.ts';
import { Database } from './database.ts';
import type { DatabaseShared } from './database-shared.ts';
import { LargeValues } from './large-value.ts';
import { CLOCK_MASK, Flag } from './record.ts';

export interface KeyspaceHooks {
  beforeChange(db: Database, record: number): void;
  onExpired(db: Database, record: number): boolean;
}

export interface KeyspaceOptions {
  readonly databases: number;
  readonly hashSeed: number;
  readonly memory?: ArenaOptions;
  readonly hooks: KeyspaceHooks;
}

export class Keyspace implements DatabaseShared {
  readonly arena: Arena;
  readonly large = new LargeValues();
  readonly databases: Database[] = [];
  nowMs = 0;
  accessClock = 0;
  touch: ((clockBits: number) => number) | undefined;
  /** Clock bits of a new record at a time (LFU); undefined: seconds. */
  clockOfNow: ((nowMs: number) => number) | undefined;
  dirtyBit = 0;
  flushingBit = 0;
  newFlags = 0;
  /** The next number of a content, and of the elements of a large value. */
  contents = 1;
  values = 1;
  /** Contents that nobody needs any more and the engine may have. */
  droppedContents: number[] = [];
  expiresOnLookup = true;
  beforeChange: (db: Database, record: number) => void;
  onExpired: (db: Database, record: number) => boolean;
  onMiss: DatabaseShared['onMiss'] = () => 0;
  eachCold: DatabaseShared['eachCold'] = () => {};

  constructor(options: KeyspaceOptions) {
    this.arena = new Arena(options.hashSeed, options.memory);
    this.beforeChange = options.hooks.beforeChange;
    this.onExpired = options.hooks.onExpired;
    for (let index = 0; index < options.databases; index++) {
      this.databases.push(new Database(index, this));
    }
  }

  /** Sets the time of the coming batch. Commands of one batch, and of one script, see one time. */
  setNow(nowMs: number): void {
    this.nowMs = nowMs;
    this.accessClock =
      this.clockOfNow === undefined
        ? Math.floor(nowMs / 1000) & CLOCK_MASK
        : this.clockOfNow(nowMs);
  }

  nextContent(): number {
    return this.contents++;
  }

  contentDropped(content: number): void {
    this.droppedContents.push(content);
  }

  /** Hashes keys as a store before this one did, whose order of keys is on the disk. Nothing is in memory yet. */
  adoptSeed(seed: number): void {
    invariant(this.arena.usedBytes === 0, 'the seed of hashes stays as long as there are keys');
    this.arena.hashSeed = seed;
  }

  /**
   * From here on it is noted what changes, for flushes. The databases are empty. `mayBeStored`: of a key
   * that is added the engine may have an entry all the same, up to `allIsReplayed`.
   */
  noteChanges(mayBeStored = false): void {
    this.dirtyBit = Flag.dirtyEven;
    this.newFlags = mayBeStored ? Flag.dirtyEven | Flag.stored : Flag.dirtyEven;
  }

  /** Of a key that is added from here on the engine has no entry. */
  allIsReplayed(): void {
    this.newFlags = this.dirtyBit;
  }

  /** Begins a flush: from here on what is dirty is reported before it changes. */
  beginFlush(): void {
    this.flushingBit = this.dirtyBit;
    this.dirtyBit = this.dirtyBit === Flag.dirtyEven ? Flag.dirtyOdd : Flag.dirtyEven;
    this.newFlags = this.dirtyBit;
    for (const { changes } of this.databases) changes.freeze();
  }

  /** Ends a flush that has written everything. */
  endFlush(): void {
    this.flushingBit = 0;
    for (const { changes } of this.databases) {
      const { flushing } = changes;
      changes.flushing = undefined;
      if (flushing !== undefined) this.large.bury(flushing.gone);
      if (flushing !== undefined) this.large.bury(flushing.untimed);
    }
  }

  /** Runs `load`, which adds records that the engine has as they are. */
  whileLoading<T>(load: () => T): T {
    const { dirtyBit, newFlags } = this;
    this.dirtyBit = 0;
    this.newFlags = Flag.stored;
    try {
      return load();
    } finally {
      this.dirtyBit = dirtyBit;
      this.newFlags = newFlags;
    }
  }

  get keys(): number {
    let keys = 0;
    for (const db of this.databases) keys += db.size;
    return keys;
  }

  /** Keys that are on the disk only. */
  get cold(): number {
    let keys = 0;
    for (const db of this.databases) keys += db.cold;
    return keys;
  }

  /** Bytes in use: records, values, buckets, expiry lists and what has changed. */
  get usedBytes(): number {
    let bytes = this.arena.usedBytes;
    for (const db of this.databases) bytes += db.tableBytes;
    return bytes;
  }
}
