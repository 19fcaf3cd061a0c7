/** What all databases of one store share: memory, time, what flushes note, and the hooks of those above. */
import type { Address, Arena } from '../memory/index.ts';
import type { Database } from './database.ts';
import type { LargeValues } from './large-value.ts';

export interface DatabaseShared {
  readonly arena: Arena;
  readonly large: LargeValues;
  /** Unix time of the current batch, milliseconds. */
  nowMs: number;
  /** Access clock for new and touched records, 24 bits. */
  accessClock: number;
  /** Computes the clock bits of a touched record (LFU); undefined: `accessClock` is stored as it is. */
  touch: ((clockBits: number) => number) | undefined;
  /** Flag.dirtyEven or dirtyOdd: what has changed since the last flush began; 0: nobody flushes. */
  dirtyBit: number;
  /** The other one while a flush runs: what it has still to write; else 0. */
  flushingBit: number;
  /** Flags of a record that is added. */
  newFlags: number;
  /** Numbers that no content has had. */
  nextContent(): number;
  /** A database was emptied: nobody needs what the engine has of this content. */
  contentDropped(content: number): void;
  /** Writes a record to the running flush before it changes. */
  beforeChange(db: Database, record: Address): void;
  /** Asks the disk for a key that is not in memory; returns its record, which it has loaded, or 0. */
  onMiss(db: Database, hash: number, buf: Buffer, start: number, length: number): Address;
  /** Visits the records of the keys that are on the disk only, each loaded for its visit. Blocks. */
  eachCold(db: Database, visit: (record: Address) => void): void;
  /** A lookup met an expired key. True: the key is treated as missing (it may have been removed). */
  onExpired(db: Database, record: Address): boolean;
  /** Off while effects are replayed: then nothing expires by itself. */
  expiresOnLookup: boolean;
}
