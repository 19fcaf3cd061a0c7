/**
 * All databases of one store and what they share: memory, time, the access clock.
 */
import { Arena, type ArenaOptions } from '../memory/index.ts';
import { Database, type DatabaseShared } from './database.ts';
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
  checkpointParity = 0;
  checkpointing = false;
  expiresOnLookup = true;
  beforeChange: (db: Database, record: number) => void;
  onExpired: (db: Database, record: number) => boolean;

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

  /** Begins a checkpoint: from here on every record of the old parity is reported before it changes. */
  beginCheckpoint(): void {
    this.checkpointParity = this.checkpointParity === 0 ? Flag.checkpoint : 0;
    this.checkpointing = true;
  }

  /** Ends a checkpoint that has visited every record. */
  endCheckpoint(): void {
    this.checkpointing = false;
  }

  get keys(): number {
    let keys = 0;
    for (const db of this.databases) keys += db.size;
    return keys;
  }

  /** Bytes in use: records, values, buckets and expiry lists. */
  get usedBytes(): number {
    let bytes = this.arena.usedBytes;
    for (const db of this.databases)
      bytes += db.table.bucketBytes + db.expiries.bytes + db.fieldExpiries.bytes;
    return bytes;
  }
}
