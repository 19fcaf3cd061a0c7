/**
 * A walk over the keys of a database that are on the disk only, in the order of SCAN. Reads on the loop.
 */
import type { Lsm, Scan } from '../../core/store/index.ts';
import type { Database } from '../keyspace/index.ts';
import { reverseBits } from '../memory/index.ts';
import { EntryError, EntryReader } from './entry.ts';
import { contentRange, KEY_HEAD_BYTES, keysFrom, Space } from './keys.ts';

/** An entry of a key that is on the disk only, while it is visited. */
export interface ColdEntry {
  readonly hash: number;
  /** The key is `buf[start, start + length)`. */
  readonly buf: Buffer;
  readonly start: number;
  readonly length: number;
  readonly entry: EntryReader;
}

/** What tells which keys are on the disk only. */
interface Knower {
  isCold(db: Database, hash: number, buf: Buffer, start: number, length: number): boolean;
}

export class ColdWalk implements ColdEntry {
  hash = 0;
  buf: Buffer = Buffer.alloc(0);
  readonly start = KEY_HEAD_BYTES;
  readonly entry = new EntryReader();
  private readonly knower: Knower;
  private readonly db: Database;
  private readonly scan: Scan;
  private nth = -1;
  /** The entry at hand was met and not visited yet: it is behind where `upTo` had to stop. */
  private waiting = false;
  private over = false;

  /** `place`: a hash with its bits in reverse. `pageEntries`: entries read at a time. */
  constructor(knower: Knower, store: Lsm, db: Database, place: number, pageEntries = 1024) {
    this.knower = knower;
    this.db = db;
    const { to } = contentRange(Space.key, db.content);
    this.scan = store.scan({ from: keysFrom(db.content, place), to, pageEntries });
  }

  get length(): number {
    return this.buf.length - KEY_HEAD_BYTES;
  }

  /** Goes to the next key; false: there is none. @throws LsmError, EntryError. */
  next(): boolean {
    const { scan, db } = this;
    for (;;) {
      if (this.over) return false;
      if (++this.nth >= scan.count) {
        this.over = !scan.fillNow();
        this.nth = -1;
        continue;
      }
      this.buf = scan.key(this.nth);
      this.hash = reverseBits(this.buf.readUInt32BE(KEY_HEAD_BYTES - 4));
      if (!this.knower.isCold(db, this.hash, this.buf, this.start, this.length)) continue;
      const value = scan.value(this.nth);
      if (!this.entry.open(value, 0, value.length))
        throw new EntryError('a stored key is no entry');
      return true;
    }
  }

  /**
   * Visits keys before a place, about `most` of them, at least one. Returns up to where all were visited:
   * `end`, or a place before it. @throws LsmError, EntryError.
   */
  upTo(end: number, most: number, visit: (cold: ColdEntry) => void): number {
    let left = most;
    let last = -1;
    while (this.waiting || this.next()) {
      const place = this.buf.readUInt32BE(KEY_HEAD_BYTES - 4);
      // Keys of one hash are of one place: they go together.
      this.waiting = place >= end || (left <= 0 && place !== last);
      if (this.waiting) return Math.min(place, end);
      visit(this);
      last = place;
      left--;
    }
    return end;
  }

  close(): void {
    this.scan.close();
  }
}
