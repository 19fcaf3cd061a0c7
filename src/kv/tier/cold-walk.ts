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

  /** `place`: a hash with its bits in reverse. */
  constructor(knower: Knower, store: Lsm, db: Database, place: number) {
    this.knower = knower;
    this.db = db;
    const { to } = contentRange(Space.key, db.content);
    this.scan = store.scan({ from: keysFrom(db.content, place), to });
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

  /** Visits the keys before a cursor of the table's scan; 0 is the end. @throws LsmError, EntryError. */
  upTo(cursor: number, visit: (cold: ColdEntry) => void): void {
    const end = cursor === 0 ? Number.POSITIVE_INFINITY : reverseBits(cursor);
    while (this.waiting || this.next()) {
      this.waiting = this.buf.readUInt32BE(KEY_HEAD_BYTES - 4) >= end;
      if (this.waiting) return;
      visit(this);
    }
  }

  close(): void {
    this.scan.close();
  }
}
