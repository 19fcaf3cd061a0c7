/**
 * Removes keys that are on the disk only when their time has come, though nobody asks for them.
 *
 * The engine has an index of the keys that expire, ordered by time. A walk goes over it from the time
 * before which no such key is due (`colds.dueMs`) up to now, a page at a time; what it reads is read while
 * others run, and keys are removed in the slices of active expiry, one walk at a time. Values are not
 * loaded for that: the entry of a key tells whether the index is right about it and where its elements are.
 *
 * Invariant: a key that is on the disk only and expires is in the index under its time, and its time is
 * not before `colds.dueMs`, or the walk under way has still to come to it. The index may also have
 * entries that no key stands for, from flushes that were cut short: the walk deletes what no flush will.
 *
 *   idle --something may be due--> reading a page --it is there--> removing --page over--> reading a page
 *                                  removing --entries of keys are not in memory--> reading them --> removing
 *                                  removing --what follows is not due, the database is empty--> idle
 *                                  reading --disk error--> idle, and once more a minute later
 */
import type { Clock } from '../../core/runtime/index.ts';
import { Found, type Lookup, type Lsm } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import type { Changes, Database, StoredElements } from '../keyspace/index.ts';
import { EntryError, EntryReader } from './entry.ts';
import type { Flusher } from './flusher.ts';
import { contentRange, KeyWriter, NUMBERED_HEAD_BYTES, Space, timeOf, timesFrom } from './keys.ts';

/** Entries of the index read at a time. */
const PAGE_ENTRIES = 256;
/** Keys whose entries are read from the disk at the same time. */
const LOADS_MAX = 64;
/** Behind an error, what could not be read is tried again so much later. */
const RETRY_MS = 60_000;

export interface ColdExpiryOptions {
  readonly engine: Engine;
  readonly store: Lsm;
  readonly flusher: Flusher;
  readonly clock: Clock;
}

export class ColdExpiry {
  /** Keys removed. */
  expired = 0;
  /** Entries of the index that no key stood for. */
  stale = 0;
  private readonly options: ColdExpiryOptions;
  private readonly keys = new KeyWriter();
  private readonly entry = new EntryReader();
  private readonly found: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };
  /** Whose keys the walk goes over; 0: there is none. */
  private content = 0;
  /** Where the next page begins. */
  private from: Buffer = Buffer.alloc(0);
  /** Keys of the index, and how far the walk is with them. */
  private page: Buffer[] = [];
  private nth = 0;
  /** Entries of the page before this one have been asked of the disk. */
  private loadedTo = 0;
  /** The disk is being read. */
  private reading = false;
  /** The walk has met something that it deletes from the index. */
  private deletes = false;
  /** By content: the time from which on something could not be read. */
  private readonly troubled = new Map<number, number>();
  private retryMs = 0;
  private lastDatabase = -1;
  private closed = false;

  constructor(options: ColdExpiryOptions) {
    this.options = options;
  }

  /** Removes what is due until the time is over; then false. True: there is nothing to do at the moment. */
  slice(timeIsOver: () => boolean): boolean {
    const { engine } = this.options;
    // Names of what went need memory until a flush has written them.
    if (engine.effects.crowded || engine.persistence?.crowded === true) return true;
    while (!this.reading && !this.closed) {
      const db = this.content === 0 ? this.begin() : this.database();
      if (db === undefined) {
        // It was emptied.
        if (this.content !== 0) this.content = 0;
        else return true;
      } else if (timeIsOver()) return false;
      else this.step(db);
    }
    return true;
  }

  /** Nothing is read any more. */
  close(): void {
    this.closed = true;
  }

  private database(): Database | undefined {
    const { databases } = this.options.engine.keyspace;
    return databases.find(({ content }) => content === this.content);
  }

  /** Begins a walk over the next database in which something may be due. */
  private begin(): Database | undefined {
    const { databases, nowMs } = this.options.engine.keyspace;
    this.retry();
    for (let i = 1; i <= databases.length; i++) {
      const db = databases[(this.lastDatabase + i) % databases.length]!;
      const { colds, content } = db;
      if (colds.expiring === 0 || colds.dueMs > nowMs) continue;
      this.lastDatabase = db.index;
      this.content = content;
      this.from = timesFrom(content, colds.dueMs);
      this.page = [];
      this.nth = 0;
      // What leaves memory behind the walk lowers it.
      colds.dueMs = Number.POSITIVE_INFINITY;
      return db;
    }
    return undefined;
  }

  private step(db: Database): void {
    const key = this.page[this.nth];
    if (db.colds.expiring === 0) this.end(db, Number.POSITIVE_INFINITY);
    else if (key === undefined) this.read(db);
    else {
      const atMs = timeOf(key);
      if (atMs > this.options.engine.keyspace.nowMs) this.end(db, atMs);
      else if (this.visit(db, key, atMs)) this.nth++;
      else this.load(db);
    }
  }

  /** The walk is over: what follows is due at `nextMs` or later. */
  private end(db: Database, nextMs: number): void {
    this.content = 0;
    db.colds.dueMs = Math.min(db.colds.dueMs, nextMs);
    if (this.deletes) this.options.flusher.push();
    this.deletes = false;
  }

  /** Sees to an entry of the index that is due. False: the disk has to be read first. */
  private visit(db: Database, timeKey: Buffer, atMs: number): boolean {
    const { table, changes } = db;
    const length = timeKey.length - NUMBERED_HEAD_BYTES;
    const hash = table.hash(timeKey, NUMBERED_HEAD_BYTES, length);
    const record = table.find(hash, timeKey, NUMBERED_HEAD_BYTES, length);
    if (record !== 0) {
      // A key in memory expires by itself; a flush sets right what the index has of it.
      if (db.storedTime(record) !== atMs) this.forget(changes, hash, timeKey, atMs);
      return true;
    }
    if (changes.hasGone(hash, timeKey, NUMBERED_HEAD_BYTES, length)) {
      this.forget(changes, hash, timeKey, atMs);
      return true;
    }
    try {
      const state = this.lookUp(db, hash, timeKey);
      if (state === Found.cold) return false;
      if (state === Found.missing || this.entry.expiry !== atMs) {
        this.forget(changes, hash, timeKey, atMs);
      } else this.expire(db, hash, timeKey);
    } catch (error) {
      this.trouble(atMs, error);
    }
    return true;
  }

  /** Finds the entry of a key and opens it. @throws LsmError, EntryError. */
  private lookUp(db: Database, hash: number, timeKey: Buffer): Found {
    const { keys, found, entry } = this;
    const { store } = this.options;
    keys.key(db.content, hash, timeKey, NUMBERED_HEAD_BYTES, timeKey.length - NUMBERED_HEAD_BYTES);
    let state = store.lookup(keys.buf, 0, keys.length, found);
    // What was read has left the cache again: seldom.
    if (state === Found.cold && this.nth < this.loadedTo) {
      const isThere = store.lookupNow(keys.buf, 0, keys.length, found);
      state = isThere ? Found.found : Found.missing;
    }
    if (state === Found.found && !entry.open(found.value, found.start, found.length)) {
      throw new EntryError('a stored key is no entry');
    }
    return state;
  }

  /** Removes the key whose entry is open. */
  private expire(db: Database, hash: number, timeKey: Buffer): void {
    const { entry } = this;
    const { changes, colds, content } = db;
    const key = Buffer.from(timeKey.subarray(NUMBERED_HEAD_BYTES));
    changes.gone.add(hash, key, 0, key.length, entry.expiry);
    if (entry.isApart) changes.dead.push(elementsOf(content, entry));
    colds.remove(entry.expiry);
    this.expired++;
    this.options.engine.expired(db, key);
  }

  /** Deletes an entry of the index unless a flush will. */
  private forget(changes: Changes, hash: number, timeKey: Buffer, atMs: number): void {
    const length = timeKey.length - NUMBERED_HEAD_BYTES;
    const { gone, untimed, flushing } = changes;
    for (const names of [gone, untimed, flushing?.gone, flushing?.untimed]) {
      if (names?.timeOf(hash, timeKey, NUMBERED_HEAD_BYTES, length) === atMs) return;
    }
    this.stale++;
    this.deletes = true;
    this.options.flusher.forget(timeKey);
  }

  /** Reads the next page of the index. */
  private read(db: Database): void {
    const { to } = contentRange(Space.time, db.content);
    const { from } = this;
    this.reading = true;
    this.page = [];
    this.nth = 0;
    this.loadedTo = 0;
    const { content } = this;
    this.readPage(from, to).then(
      (page) => {
        const last = page.at(-1);
        this.page = page;
        if (last !== undefined) this.from = Buffer.concat([last, BEHIND]);
        else this.stop(content, Number.POSITIVE_INFINITY);
        this.wake();
      },
      (error: unknown) => {
        const fromMs = timeOf(from);
        this.trouble(fromMs, error);
        this.stop(content, Number.POSITIVE_INFINITY);
        this.wake();
      },
    );
  }

  private stop(content: number, nextMs: number): void {
    const { databases } = this.options.engine.keyspace;
    const db = databases.find((other) => other.content === content);
    if (db === undefined) this.content = 0;
    else this.end(db, nextMs);
  }

  private async readPage(from: Buffer, to: Buffer): Promise<Buffer[]> {
    // A scan of its own for every page: a walk may take long, and a scan holds on to tables.
    const scan = this.options.store.scan({ from, to, pageEntries: PAGE_ENTRIES });
    try {
      const page: Buffer[] = [];
      if (await scan.fill()) for (let nth = 0; nth < scan.count; nth++) page.push(scan.key(nth));
      return page;
    } finally {
      scan.close();
    }
  }

  /** Reads the entries of the keys that come next into the engine's cache. */
  private load(db: Database): void {
    const { store, engine } = this.options;
    const { table, changes, content } = db;
    const { nowMs } = engine.keyspace;
    let pending = 1;
    const done = (): void => {
      // What could not be read fails anew when the walk comes to it.
      if (--pending === 0) this.wake();
    };
    this.reading = true;
    this.loadedTo = Math.min(this.nth + LOADS_MAX, this.page.length);
    for (const timeKey of this.page.slice(this.nth, this.loadedTo)) {
      if (timeOf(timeKey) > nowMs) break;
      const length = timeKey.length - NUMBERED_HEAD_BYTES;
      const hash = table.hash(timeKey, NUMBERED_HEAD_BYTES, length);
      if (table.find(hash, timeKey, NUMBERED_HEAD_BYTES, length) !== 0) continue;
      if (changes.hasGone(hash, timeKey, NUMBERED_HEAD_BYTES, length)) continue;
      const { keys } = this;
      keys.key(content, hash, timeKey, NUMBERED_HEAD_BYTES, length);
      const into: Lookup = { value: timeKey, start: 0, length: 0, expiresAtMs: 0 };
      pending++;
      store.load(Buffer.from(keys.buf.subarray(0, keys.length)), into, done);
    }
    done();
  }

  /** What was read is there: the walk goes on with the next slice. */
  private wake(): void {
    this.reading = false;
    if (!this.closed) this.options.engine.onBackgroundWork?.();
  }

  /** Something that is due at this time, or a page from there on, can not be read. */
  private trouble(fromMs: number, error: unknown): void {
    const { engine, clock } = this.options;
    if (this.closed) return;
    const { content, troubled } = this;
    if (troubled.size === 0) {
      this.retryMs = clock.monotonicMs() + RETRY_MS;
      engine.log?.error('a stored key that is due can not be read', { err: error });
    }
    troubled.set(content, Math.min(fromMs, troubled.get(content) ?? fromMs));
  }

  private retry(): void {
    const { engine, clock } = this.options;
    const { troubled } = this;
    if (troubled.size === 0 || clock.monotonicMs() < this.retryMs) return;
    for (const { content, colds } of engine.keyspace.databases) {
      colds.dueMs = Math.min(colds.dueMs, troubled.get(content) ?? colds.dueMs);
    }
    troubled.clear();
  }
}

/** What makes a key the least one behind another. */
const BEHIND = Buffer.alloc(1);

function elementsOf(content: number, entry: EntryReader): StoredElements {
  const value = entry.valueNumber;
  return { content, from: value, to: value + 1 };
}
