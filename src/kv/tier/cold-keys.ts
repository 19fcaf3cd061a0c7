/**
 * The keys that are on the disk only: found, brought into memory, counted.
 *
 * A key that is not in memory is asked for here, while there are any on the disk only. One that went and
 * whose delete the engine does not have yet is not there; for all others the engine knows. Clients'
 * commands come with their keys first (`holdOf`): what the disk gives at once is loaded, for the rest the
 * command waits and others go on. What can not wait (a script that names no keys, a replay) reads on
 * the loop (`onMiss`).
 *
 * Benchmark: bench/kv-tier.
 */
import {
  Found,
  type Lookup,
  type Lsm,
  LsmError,
  type Scan,
  type Snapshot,
} from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import { CLOCK_MASK, type Database } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { FREE } from '../session/held.ts';
import { type ColdEntry, ColdWalk } from './cold-walk.ts';
import { ElementsLoader } from './elements-loader.ts';
import { addEntry, EntryError, EntryReader } from './entry.ts';
import { elementsRange, KEY_HEAD_BYTES, KeyWriter } from './keys.ts';

/** Entries that a walk reads at a time. */
const PAGE_ENTRIES_MIN = 16;
const PAGE_ENTRIES_MAX = 1024;

export class ColdKeys {
  /** Keys brought into memory. */
  loads = 0;
  /** Commands that waited for the disk. */
  waits = 0;
  /** Look-ups that found that there is no such key. */
  missing = 0;
  /** What a recovery reads: the state as of the last mark. */
  snapshot: Snapshot | undefined;
  /** A key is about to be loaded outside a command: others may leave memory for it. */
  makeRoom: (() => void) | undefined;
  private readonly engine: Engine;
  private readonly store: Lsm;
  private readonly keys = new KeyWriter();
  private readonly entry = new EntryReader();
  private readonly found: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };
  /** The key that `keys` holds is not there, as long as this is the version of what is on the disk only. */
  private missedVersion = -1;
  /** Loads under way by the entry's key, latin1: the number that those wait for who need it. */
  private readonly loading = new Map<string, number>();
  /** Loads that failed, and why, for those who have waited. */
  private readonly failed = new Map<string, unknown>();

  constructor(engine: Engine, store: Lsm) {
    this.engine = engine;
    this.store = store;
    engine.keyspace.onMiss = (db, hash, buf, start, length) =>
      this.find(db, hash, buf, start, length);
    engine.keyspace.eachCold = (db, visit) => this.eachRecord(db, visit);
  }

  /** A key that is not in memory: its record, loaded at once, or 0. @throws ReplyError when it is damaged. */
  private find(db: Database, hash: number, buf: Buffer, start: number, length: number): Address {
    if (this.hasMissed(db, hash, buf, start, length)) return 0;
    if (db.changes.hasGone(hash, buf, start, length)) return 0;
    const { found, keys } = this;
    keys.key(db.content, hash, buf, start, length);
    this.missedVersion = -1;
    try {
      if (!this.store.lookupNow(keys.buf, 0, keys.length, found, this.snapshot)) {
        this.missed(db);
        return 0;
      }
      this.open(found.value, found.start, found.length);
      if (this.entry.isApart) return this.loadElements(db, buf, start, length);
      return this.add(db, hash, buf, start, length);
    } catch (error) {
      throw this.told(error);
    }
  }

  /**
   * FREE when a key is in memory or known not to be there; else the number of what has to be waited for:
   * `onFlushProgress` tells when it is there.
   * @throws ReplyError when it can not be read: a command that needs it does not run, not even in part.
   */
  holdOf(db: Database, buf: Buffer, start: number, length: number): number {
    const { table, changes } = db;
    const hash = table.hash(buf, start, length);
    if (table.find(hash, buf, start, length) !== 0) return FREE;
    if (changes.hasGone(hash, buf, start, length)) return FREE;
    this.makeRoom?.();
    const { found, keys } = this;
    keys.key(db.content, hash, buf, start, length);
    this.missedVersion = -1;
    try {
      const state = this.store.lookup(keys.buf, 0, keys.length, found);
      if (state === Found.missing) {
        this.missed(db);
        return FREE;
      }
      if (state === Found.found) {
        this.open(found.value, found.start, found.length);
        if (!this.entry.isApart) {
          this.add(db, hash, buf, start, length);
          return FREE;
        }
      }
    } catch (error) {
      throw this.told(error);
    }
    return this.await(db, hash, Buffer.from(keys.buf.subarray(0, keys.length)));
  }

  private missed(db: Database): void {
    this.missing++;
    this.missedVersion = db.colds.version;
  }

  /** Whether the last look-up was for this key and found none: a command asks again for what it came with. */
  private hasMissed(
    db: Database,
    hash: number,
    buf: Buffer,
    start: number,
    length: number,
  ): boolean {
    return (
      this.missedVersion === db.colds.version &&
      this.keys.isKey(db.content, hash, buf, start, length)
    );
  }

  /** Loads that wait for the disk. */
  get loadsUnderWay(): number {
    return this.loading.size;
  }

  /** Begins to load a key, unless that is under way. @throws ReplyError when it has failed just now. */
  private await(db: Database, hash: number, entryKey: Buffer): number {
    const name = entryKey.toString('latin1');
    const known = this.loading.get(name);
    if (known !== undefined) return known;
    this.throwFailed(name);
    const hold = this.engine.holds.nextNumber();
    this.waits++;
    this.loading.set(name, hold);
    const ended = (error: unknown): void => {
      if (!this.loading.delete(name)) return;
      if (error !== null) this.failed.set(name, error);
      this.engine.onFlushProgress?.(hold);
      // Behind those who have waited, who go on in the next turn.
      if (error !== null) this.engine.clock.nextTurn(() => this.failed.delete(name));
    };
    this.load(db.content, hash, entryKey, ended);
    if (this.loading.has(name)) return hold;
    // It has ended within the call.
    this.throwFailed(name);
    return FREE;
  }

  private throwFailed(name: string): void {
    const error = this.failed.get(name);
    if (error !== undefined) throw this.told(error);
  }

  private load(
    content: number,
    hash: number,
    entryKey: Buffer,
    done: (error: unknown) => void,
  ): void {
    const found: Lookup = { value: entryKey, start: 0, length: 0, expiresAtMs: 0 };
    this.store.load(entryKey, found, (error, isFound) => {
      if (error !== null || !isFound) {
        done(error);
        return;
      }
      const db = this.engine.keyspace.databases.find((other) => other.content === content);
      const length = entryKey.length - KEY_HEAD_BYTES;
      if (db === undefined || !this.isCold(db, hash, entryKey, KEY_HEAD_BYTES, length)) {
        done(null);
        return;
      }
      try {
        this.open(found.value, found.start, found.length);
        if (!this.entry.isApart) {
          this.add(db, hash, entryKey, KEY_HEAD_BYTES, length);
          done(null);
          return;
        }
      } catch (caught) {
        done(caught);
        return;
      }
      const value = Buffer.from(found.value.subarray(found.start, found.start + found.length));
      this.loadElementsLater(db, hash, entryKey, value).then(() => done(null), done);
    });
  }

  /** Loads a value by element page by page while others run; what changed meanwhile is loaded anew by who needs it. */
  private async loadElementsLater(
    db: Database,
    hash: number,
    entryKey: Buffer,
    value: Buffer,
  ): Promise<void> {
    const { content } = db;
    const key = Buffer.from(entryKey.subarray(KEY_HEAD_BYTES));
    this.open(value, 0, value.length);
    const number = this.entry.valueNumber;
    const loader = this.loaderOf(db, key);
    const scan = this.store.scan(elementsRange(content, number, number + 1));
    try {
      while (await scan.fill()) takePage(scan, loader);
      const { found } = this;
      const now = this.store.lookup(entryKey, 0, entryKey.length, found);
      const same =
        now === Found.found &&
        value.equals(found.value.subarray(found.start, found.start + found.length));
      if (!same || db.content !== content || !this.isCold(db, hash, key, 0, key.length)) {
        loader.drop();
        return;
      }
      this.counted(db, () => loader.finish());
    } catch (error) {
      loader.drop();
      throw error;
    } finally {
      scan.close();
    }
  }

  /** What takes the elements of the entry that was opened. */
  private loaderOf(db: Database, key: Buffer): ElementsLoader {
    return new ElementsLoader(this.engine, db, key, this.entry, this.snapshot !== undefined);
  }

  private loadElements(db: Database, buf: Buffer, start: number, length: number): Address {
    const key = Buffer.from(buf.subarray(start, start + length));
    const number = this.entry.valueNumber;
    const loader = this.loaderOf(db, key);
    const range = elementsRange(db.content, number, number + 1);
    const scan = this.store.scan({ ...range, ...(this.snapshot && { snapshot: this.snapshot }) });
    try {
      while (scan.fillNow()) takePage(scan, loader);
      return this.counted(db, () => loader.finish());
    } catch (error) {
      loader.drop();
      throw error;
    } finally {
      scan.close();
    }
  }

  /** Whether a key that the engine has is on the disk only. */
  isCold(db: Database, hash: number, buf: Buffer, start: number, length: number): boolean {
    if (db.table.find(hash, buf, start, length) !== 0) return false;
    return !db.changes.hasGone(hash, buf, start, length);
  }

  private open(value: Buffer, start: number, length: number): void {
    if (!this.entry.open(value, start, length)) throw new EntryError('a stored key is no entry');
  }

  /** Adds a key with the entry that was opened. */
  private add(db: Database, hash: number, buf: Buffer, start: number, length: number): Address {
    return this.counted(db, () =>
      addEntry(this.engine, db, hash, { buf, start, length }, this.entry),
    );
  }

  private counted(db: Database, load: () => Address): Address {
    const { keyspace, eviction } = this.engine;
    const record = keyspace.whileLoading(load);
    const meta = db.metaOf(record);
    db.setMeta(record, (meta & ~CLOCK_MASK) | eviction.clockOfLoaded(meta & CLOCK_MASK));
    db.colds.remove(db.expiryOf(record));
    this.loads++;
    return record;
  }

  /** What a client is told of a look-up that failed. */
  told(error: unknown): unknown {
    if (!(error instanceof LsmError || error instanceof EntryError)) return error;
    if (this.snapshot !== undefined) return error;
    this.engine.log?.error('a stored key can not be read', { err: error });
    return new ReplyError(`ERR a stored key can not be read: ${error.message}`);
  }

  /**
   * Visits the entries of the keys that are on the disk only, in the order of SCAN, from a place of it on,
   * until `visit` returns false; reads on the loop. `visit` may load and drop keys.
   */
  eachEntry(db: Database, place: number, visit: (cold: ColdEntry) => boolean): void {
    if (db.cold === 0) return;
    const walk = new ColdWalk(this, this.store, db, place);
    try {
      while (walk.next()) if (!visit(walk)) return;
    } catch (error) {
      throw this.told(error);
    } finally {
      walk.close();
    }
  }

  /** A walk from a place in the order of SCAN on, for about so many keys. Close it. */
  openWalk(db: Database, place: number, keys: number): ColdWalk {
    const pageEntries = Math.min(Math.max(keys * 2, PAGE_ENTRIES_MIN), PAGE_ENTRIES_MAX);
    return new ColdWalk(this, this.store, db, place, pageEntries);
  }

  /** The record of a random key that is on the disk only, loaded; there is one. */
  random(db: Database, place: number): Address {
    let record = 0;
    const load = (cold: ColdEntry): boolean => {
      record = this.take(db, cold);
      return false;
    };
    this.eachEntry(db, place, load);
    if (record === 0) this.eachEntry(db, 0, load);
    return record;
  }

  /** Visits the records of the keys that are on the disk only, each in memory for its visit. */
  private eachRecord(db: Database, visit: (record: Address) => void): void {
    this.eachEntry(db, 0, (cold) => {
      const record = this.take(db, cold);
      visit(record);
      db.drop(record);
      return true;
    });
  }

  /** Loads a key of which the entry is known. */
  private take(db: Database, { hash, buf, start, length, entry }: ColdEntry): Address {
    this.entry.copy(entry);
    if (entry.isApart) return this.loadElements(db, buf, start, length);
    return this.add(db, hash, buf, start, length);
  }
}

function takePage(scan: Scan, loader: ElementsLoader): void {
  for (let nth = 0; nth < scan.count; nth++) loader.entry(scan.key(nth), scan.value(nth));
}
