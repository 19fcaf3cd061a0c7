/**
 * Writes what has changed to the engine while the store runs: no fork, no stop.
 *
 * A flush is the state behind the log entry at which it began. It goes over what was dirty then, in
 * slices of about a millisecond; a record that is about to change before the flush has come to it is
 * written first, as it was (copy before write). All of a flush counts, or nothing: only the last batch
 * carries the mark, and what comes before is not seen behind a crash (Lsm.atMark). Nothing reaches the
 * engine before the log is durable up to there: else a power loss could leave a flush of entries that are
 * gone.
 *
 * Of a large collection the flush writes the head at once, which takes a moment, and the elements that
 * have changed in slices; one that is about to change before its turn is written first, as it was.
 * Nobody waits for that, and the key may go meanwhile: the value stays until the flush has it.
 *
 *   idle --start--> writing --all in the engine's memory--> settling --in tables--> idle
 *                   writing --databases are emptied or exchanged--> idle --> writing (anew)
 *                   writing, settling --disk error--> idle, failed (the last mark stands)
 */
import type { Clock } from '../../core/runtime/index.ts';
import { type Lsm, type LsmError, WriteBatch } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import {
  type Database,
  Flag,
  type Generation,
  type LargeValue,
  type Name,
  Type,
} from '../keyspace/index.ts';
import { type Address, FETCH_MAX } from '../memory/index.ts';
import { ElementBatch, ElementEmission } from './element-emission.ts';
import { EntryWriter, isStoredByElement, WHOLE_ELEMENTS } from './entry.ts';
import { contentRange, elementsRange, KeyWriter, NUMBERS_KEY, Space, STATE_KEY } from './keys.ts';
import { encodeNumbers, encodeState, type StoredState, stateOf } from './state.ts';

const SLICE_MS = 1;
/** What the log holds behind a running flush, in flushes, from which on it takes a share of every turn. */
const URGENT = 0.5;
const URGENT_SLICE_MS = 4;
/** Records between two looks at the clock. */
const LOOK_EVERY = 64;
/** Elements between two looks at the clock, at most. */
const ELEMENTS_AT_ONCE = 32;
/** Bytes of a batch from which it goes to the engine. */
const BATCH_BYTES = 256 * 1024;
/** Bytes waiting for the engine above which no more writes are run. */
const CROWDED_BYTES = 64 * 1024 * 1024;
/** Between two tries to hand the engine what it refuses. */
const REFUSED_MS = 20;
/** Numbers of values that are set aside at a time. */
const VALUES_AHEAD = 1 << 20;

export interface FlusherOptions {
  readonly engine: Engine;
  readonly store: Lsm;
  readonly clock: Clock;
  /** Large values of more elements are stored by element; default WHOLE_ELEMENTS. */
  readonly wholeElements?: number;
  /** Calls back when the log is durable up to an entry, null, or why it is not. */
  makeDurable(logIndex: number, done: (error: unknown) => void): void;
  /** How much the log has grown since this flush began, as a share of what starts one. */
  behind(): number;
  /** A flush that holds all entries up to `logIndex` is durable. */
  onDone(logIndex: number): void;
  onFailed(error: unknown): void;
}

/** What a flush still has to write of one content. */
interface Work {
  readonly generation: Generation;
  /** How far it is: of the names a cursor of `scan`, -1 at their end; of the hashes an index. */
  goneCursor: number;
  untimedCursor: number;
  next: number;
}

export class Flusher {
  state: 'idle' | 'writing' | 'settling' = 'idle';
  /** Unix seconds of the last complete flush. */
  lastDoneSeconds: number;
  lastFailed = false;
  /** Monotonic ms when the last one failed. */
  lastFailedMs = 0;
  /** Duration of the last complete flush, ms; -1 for none. */
  lastDurationMs = -1;
  /** Complete flushes since the start. */
  completed = 0;
  /** Bytes given to the engine by the last complete flush. */
  lastBytes = 0;
  /**
   * The index of times may lack what it is said to have: a flush that was cut short has taken it out. Up
   * to the first complete flush all of what changed is written anew.
   */
  rewritesTimes = false;
  /** `engine.dirty` when the last complete flush began. */
  dirtyAtLast = 0;
  private readonly options: FlusherOptions;
  private readonly keys = new KeyWriter();
  private readonly entries = new EntryWriter();
  /** What the engine has not taken yet. Outlives a flush that is given up: its records count as written. */
  private readonly batch = new WriteBatch();
  /** The engine has taken a batch and slows us down. */
  private pending = false;
  /** The log is durable up to where the batch at hand is. */
  private logIsSafe = false;
  private sealed = false;
  private logIndex = 0;
  /** The store as of the beginning. */
  private stored: StoredState | undefined;
  private extras: [string, Buffer][] = [];
  private dropped: number[] = [];
  private work: Work[] = [];
  private readonly hashes = new Uint32Array(FETCH_MAX);
  /** Values of which elements are to be written, in the order in which they were met. */
  private emissions: ElementEmission[] = [];
  private readonly elements: ElementBatch;
  private readonly wholeElements: number;
  private readonly elementsAtOnce: number;
  private valuesAhead = 0;
  private bytes = 0;
  private dirtyAtStart = 0;
  private startedMs = 0;
  /** Counts flushes, those that were given up too: what comes back late belongs to none. */
  private life = 0;
  private waiters: ((error: unknown) => void)[] = [];
  private closed = false;

  constructor(options: FlusherOptions) {
    this.options = options;
    const { engine, clock } = options;
    this.elements = new ElementBatch(engine.keyspace, this.batch);
    this.wholeElements = options.wholeElements ?? WHOLE_ELEMENTS;
    this.elementsAtOnce = Math.min(ELEMENTS_AT_ONCE, Math.max(1, this.wholeElements >>> 2));
    this.lastDoneSeconds = Math.floor(clock.wallMs() / 1000);
    engine.keyspace.beforeChange = (db, record) => this.emit(db, record);
    engine.onKeyspaceReplaced = () => this.startAnew();
  }

  get running(): boolean {
    return this.state !== 'idle';
  }

  /** How long the running flush has been at it, ms; -1 when none runs. */
  get runningMs(): number {
    return this.running ? this.options.clock.monotonicMs() - this.startedMs : -1;
  }

  /** More waits for the engine than should. */
  get crowded(): boolean {
    return this.batch.bytes > CROWDED_BYTES;
  }

  /** Begins a flush of the state as it is between two commands; false when one runs. */
  start(): boolean {
    if (!this.begin()) return false;
    const { clock } = this.options;
    const { life } = this;
    this.options.makeDurable(this.logIndex, (error) => {
      if (life !== this.life || this.state !== 'writing') return;
      if (error !== null) this.giveUp(error);
      else this.logIsSafe = true;
    });
    clock.nextTurn(this.step);
    return true;
  }

  /**
   * Writes everything that has changed into the engine's memory now, while nothing else runs; it becomes
   * durable in the background. @throws LsmError: then it is as if no flush had begun.
   */
  flushNow(): void {
    if (!this.begin()) throw new Error('a flush is already in progress');
    this.logIsSafe = true;
    while (!this.writtenAll) this.walk(Number.POSITIVE_INFINITY);
    this.seal();
    let refused: LsmError | null = null;
    this.options.store.write(this.batch, { mark: this.logIndex }, (error) => {
      refused = error;
    });
    if (refused !== null) {
      this.giveUp(refused);
      throw refused;
    }
    this.batch.clear();
    this.settle();
  }

  /** Calls back when the running flush has ended: null, or why it failed. */
  whenDone(callback: (error: unknown) => void): void {
    if (this.running) this.waiters.push(callback);
    else callback(null);
  }

  /** Hands the engine what waits for it; false when it does not take it yet. Then nothing may be dropped. */
  push(): boolean {
    if (this.pending) return false;
    if (this.batch.count === 0) return true;
    if (!this.logIsSafe) return false;
    const refusal = this.write(undefined);
    if (refusal !== null && this.options.store.state !== 'open') this.giveUp(refusal);
    return refusal === null && !this.pending;
  }

  /** Nothing is written any more. */
  close(): void {
    this.closed = true;
    this.state = 'idle';
    this.life++;
  }

  private begin(): boolean {
    if (this.running || this.closed) return false;
    const { engine, clock } = this.options;
    const { keyspace } = engine;
    engine.overwritten?.resolveAll();
    // Inside a transaction what it has changed so far is an entry before the flush.
    engine.effects.commit(keyspace.nowMs);
    this.logIndex = engine.effects.lastIndex;
    this.dirtyAtStart = engine.dirty;
    this.startedMs = clock.monotonicMs();
    this.bytes = 0;
    this.life++;
    this.logIsSafe = false;
    this.sealed = false;
    this.state = 'writing';
    this.noteNumbers();
    this.stored = stateOf(keyspace, this.logIndex, clock.wallMs());
    this.extras = [...engine.savedExtras()];
    this.dropped.push(...keyspace.droppedContents);
    keyspace.droppedContents = [];
    keyspace.beginFlush();
    this.work = keyspace.databases.map(({ changes }) => ({
      generation: changes.flushing!,
      goneCursor: 0,
      untimedCursor: 0,
      next: 0,
    }));
    return true;
  }

  private readonly step = (): void => {
    if (this.state !== 'writing') return;
    const { clock } = this.options;
    if (!this.logIsSafe) {
      clock.setTimer(1, this.step);
      return;
    }
    const urgent = this.options.behind() > URGENT;
    const sliceMs = urgent ? URGENT_SLICE_MS : SLICE_MS;
    if (!this.sealed && this.push() && !this.writtenAll) this.walk(clock.monotonicMs() + sliceMs);
    // It may have been given up.
    if (this.state !== 'writing') return;
    if (this.writtenAll && !this.pending) this.end();
    else if (this.batch.bytes > BATCH_BYTES * 2) clock.setTimer(REFUSED_MS, this.step);
    else if (urgent && !this.pending) clock.nextTurn(this.step);
    else clock.setTimer(1, this.step);
  };

  private get writtenAll(): boolean {
    return this.work.length === 0 && this.emissions.length === 0;
  }

  /** Everything is written but the mark; tried again while the engine is behind. */
  private end(): void {
    const { clock, store } = this.options;
    if (!this.sealed) this.seal();
    const refusal = this.write(this.logIndex);
    if (refusal === null) this.settle();
    else if (store.state !== 'open') this.giveUp(refusal);
    else clock.setTimer(REFUSED_MS, this.step);
  }

  /** Adds what belongs to the flush as a whole. */
  private seal(): void {
    const { batch, keys } = this;
    this.sealed = true;
    for (const content of this.dropped) {
      for (const space of [Space.key, Space.element, Space.time, Space.fields]) {
        const { from, to } = contentRange(space, content);
        batch.deleteRange(from, to);
      }
    }
    this.dropped = [];
    for (const [name, value] of this.extras) {
      const { buf, length } = keys.extra(name);
      batch.putRange(buf, 0, length, value, 0, value.length, 0);
    }
    // Numbers that were given to values meanwhile are of this flush: the next start leaves them alone.
    const { values } = this.options.engine.keyspace;
    batch.put(STATE_KEY, encodeState({ ...this.stored!, values }));
  }

  /** Gives the batch at hand to the engine; returns why it was refused. */
  private write(mark: number | undefined): LsmError | null {
    const { store } = this.options;
    let refusal: LsmError | null = null;
    this.pending = true;
    store.write(this.batch, mark === undefined ? {} : { mark }, (error) => {
      refusal = error;
      this.pending = false;
    });
    if (refusal !== null) return refusal;
    this.bytes += this.batch.bytes;
    this.batch.clear();
    return null;
  }

  /** The flush is in the engine's memory: from here on it has to become durable. */
  private settle(): void {
    const { engine, clock, store } = this.options;
    const { logIndex, life } = this;
    engine.keyspace.endFlush();
    this.state = 'settling';
    engine.onFlushProgress?.();
    store.flush().then(
      () => {
        if (life !== this.life) return;
        this.state = 'idle';
        this.lastFailed = false;
        this.rewritesTimes = false;
        this.completed++;
        this.lastBytes = this.bytes;
        this.lastDurationMs = clock.monotonicMs() - this.startedMs;
        this.lastDoneSeconds = Math.floor(clock.wallMs() / 1000);
        this.dirtyAtLast = this.dirtyAtStart;
        this.options.onDone(logIndex);
        this.tell(null);
      },
      (error: unknown) => {
        if (life !== this.life) return;
        this.state = 'idle';
        this.fail(error);
      },
    );
  }

  private walk(untilMs: number): void {
    const { clock } = this.options;
    const forEver = untilMs === Number.POSITIVE_INFINITY;
    while (!this.writtenAll) {
      if (this.emissions.length > 0) this.someElements(this.emissions[0]!);
      else this.some(this.work[0]!);
      if (forEver) continue;
      if (this.batch.bytes > BATCH_BYTES && !this.push()) return;
      if (clock.monotonicMs() >= untilMs) return;
    }
  }

  /** Writes some of what has changed of one content. */
  private some(work: Work): void {
    const { generation } = work;
    if (work.untimedCursor >= 0) {
      const db = this.databaseOf(generation);
      work.untimedCursor = scanOn(work.untimedCursor, generation.untimed, (name) => {
        const { buf, length } = this.keys.time(
          db.content,
          name.timeMs,
          name.buf,
          name.start,
          name.length,
        );
        this.batch.delete(buf, 0, length);
      });
    } else if (work.goneCursor >= 0) {
      const db = this.databaseOf(generation);
      work.goneCursor = scanOn(work.goneCursor, generation.gone, (name) => this.gone(db, name));
    } else if (work.next < generation.dirty.size) this.someRecords(work);
    else {
      for (const { content, from, to } of generation.dead) {
        const range = elementsRange(content, from, to);
        this.batch.deleteRange(range.from, range.to);
      }
      this.work.shift();
    }
  }

  private databaseOf(generation: Generation): Database {
    const { databases } = this.options.engine.keyspace;
    // Emptied or exchanged databases begin the flush anew.
    return databases.find(({ changes }) => changes.flushing === generation)!;
  }

  /** A key that went. */
  private gone(db: Database, name: Name): void {
    const { batch, keys } = this;
    const { hash, buf, start, length, timeMs } = name;
    keys.key(db.content, hash, buf, start, length);
    batch.delete(keys.buf, 0, keys.length);
    if (timeMs <= 0) return;
    keys.time(db.content, timeMs, buf, start, length);
    batch.delete(keys.buf, 0, keys.length);
  }

  private someRecords(work: Work): void {
    const db = this.databaseOf(work.generation);
    const { table } = db;
    for (let looked = 0; looked < LOOK_EVERY && work.next < work.generation.dirty.size; ) {
      const count = work.generation.dirty.read(work.next, this.hashes);
      table.fetch(this.hashes, count);
      for (let i = 0; i < count; i++) {
        table.eachOfHash(this.hashes[i] as number, (record) => this.visit(db, record));
      }
      work.next += count;
      looked += count;
    }
  }

  private visit(db: Database, record: Address): void {
    if (this.isAwaited(db, record)) this.emit(db, record);
  }

  /** Whether the running flush still has to write a record. */
  private isAwaited(db: Database, record: Address): boolean {
    return (db.metaOf(record) & this.options.engine.keyspace.flushingBit) !== 0;
  }

  /** A number that no value has had. */
  private nextValue(): number {
    const number = this.options.engine.keyspace.values++;
    if (number >= this.valuesAhead) this.noteNumbers();
    return number;
  }

  /** Writes the head of a value that is stored by element, and freezes what has changed of it. */
  private emitHead(db: Database, record: Address, value: LargeValue): void {
    if (value.storedAs === undefined) {
      const number = this.nextValue();
      value.storedAs = { content: db.content, from: number, to: number + 1 };
      value.beginChanges(false);
    }
    this.entries.elements(db, record, value.storedAs.from, this.logIndex, value);
    this.writeEntry(db, record);
    // Only with all of its elements it is as stored as it will be.
    db.setFlag(record, this.options.engine.keyspace.flushingBit, true);
    const emission = new ElementEmission(this.elements, db, record, value);
    this.emissions.push(emission);
    value.changes!.freeze(emission);
  }

  /** Writes some elements of the first emission. */
  private someElements(emission: ElementEmission): void {
    const { db, key, value } = emission;
    if (!emission.isDone) value.changes!.step(this.elementsAtOnce);
    if (!emission.isDone) return;
    const { keyspace } = this.options.engine;
    this.emissions.shift();
    const record = db.findHot(key, 0, key.length);
    if (record !== 0 && db.isLarge(record) && db.largeOf(record) === value) {
      db.setFlag(record, keyspace.flushingBit, false);
    }
    keyspace.large.letGo(value);
  }

  /** Writes a record that the running flush does not have yet, all of it or what it takes to have all. */
  private emit(db: Database, record: Address): void {
    const value = db.isLarge(record) ? db.largeOf(record) : undefined;
    // Its head is written, and its elements are being.
    if (value?.changes?.frozen === true) return;
    if (value !== undefined && isStoredByElement(value, this.wholeElements)) {
      this.emitHead(db, record, value);
      return;
    }
    if (value?.storedAs !== undefined) {
      // In the next flush: a start from before this one finds the elements, and may go on with them.
      db.changes.dead.push(value.storedAs);
      value.storedAs = undefined;
      value.endChanges();
    }
    this.entries.whole(db, record);
    this.writeEntry(db, record);
  }

  /** Writes the entry that was encoded, and what goes along; the record is as stored as it will be. */
  private writeEntry(db: Database, record: Address): void {
    const { batch, keys, entries } = this;
    const bytes = db.bytesOf(record);
    const start = db.keyOffset(record);
    const length = db.keyLength(record);
    const hash = db.hashOf(record);
    keys.key(db.content, hash, bytes, start, length);
    batch.putRange(keys.buf, 0, keys.length, entries.sink.buf, 0, entries.sink.at, 0);
    const meta = db.metaOf(record);
    if ((meta & Flag.variant) !== 0 && db.typeOf(record) === Type.hash) {
      keys.fields(db.content, hash, bytes, start, length);
      batch.putRange(keys.buf, 0, keys.length, NOTHING, 0, 0, 0);
    }
    const timeMs = db.expiryOf(record);
    if (timeMs >= 0) this.writeTime(db, record, timeMs);
    db.setMeta(record, (meta & ~this.options.engine.keyspace.flushingBit) | Flag.stored);
  }

  private writeTime(db: Database, record: Address, timeMs: number): void {
    const storedMs = db.storedTime(record);
    const { batch, keys } = this;
    const bytes = db.bytesOf(record);
    const start = db.keyOffset(record);
    const length = db.keyLength(record);
    // What the flush would delete of it is what it writes now.
    const { untimed } = db.changes.flushing!;
    if (untimed.timeOf(db.hashOf(record), bytes, start, length) === timeMs) {
      untimed.remove(db.hashOf(record), bytes, start, length);
    }
    if (storedMs === timeMs && !this.rewritesTimes) return;
    if (storedMs > 0 && storedMs !== timeMs) {
      keys.time(db.content, storedMs, bytes, start, length);
      batch.delete(keys.buf, 0, keys.length);
    }
    keys.time(db.content, timeMs, bytes, start, length);
    batch.putRange(keys.buf, 0, keys.length, NOTHING, 0, 0, 0);
    db.setStoredTime(record, timeMs);
  }

  /** Writes down numbers before they are used by what may survive this flush. */
  private noteNumbers(): void {
    const { contents, values } = this.options.engine.keyspace;
    this.valuesAhead = values + VALUES_AHEAD;
    this.batch.put(NUMBERS_KEY, encodeNumbers({ contents, values: this.valuesAhead }));
  }

  /** Deletes an entry that says nothing true any more and that no flush would delete. */
  forget(key: Buffer): void {
    this.batch.delete(key);
  }

  /** Databases are about to be emptied or exchanged: the flush begins anew behind that. */
  private startAnew(): void {
    if (this.state !== 'writing') return;
    this.merge();
    this.state = 'idle';
    this.options.engine.onFlushProgress?.();
    this.options.clock.nextTurn(() => this.start());
  }

  private giveUp(error: unknown): void {
    this.merge();
    this.state = 'idle';
    this.options.engine.onFlushProgress?.();
    this.fail(error);
  }

  /** What the flush has not written is dirty as if it had not begun. */
  private merge(): void {
    const { keyspace } = this.options.engine;
    const { flushingBit, dirtyBit } = keyspace;
    this.life++;
    for (const { value, isDone } of this.emissions) {
      if (!isDone) value.changes!.unfreeze();
      keyspace.large.letGo(value);
    }
    this.emissions = [];
    for (const db of keyspace.databases) {
      const generation = db.changes.flushing;
      if (generation === undefined) continue;
      db.changes.unfreeze(generation, (hash, buf, start, length) => {
        const record = db.table.find(hash, buf, start, length);
        if (record !== 0) db.setFlag(record, Flag.stored, true);
        return record !== 0;
      });
      for (let i = 0; i < generation.dirty.size; i++) {
        db.table.eachOfHash(generation.dirty.at(i), (record) => {
          const meta = db.metaOf(record);
          if ((meta & flushingBit) === 0) return;
          if ((meta & dirtyBit) === 0) db.changes.dirty.add(generation.dirty.at(i));
          db.setMeta(record, (meta & ~flushingBit) | dirtyBit);
        });
      }
    }
    this.work = [];
    keyspace.endFlush();
  }

  private fail(error: unknown): void {
    this.lastFailed = true;
    this.lastFailedMs = this.options.clock.monotonicMs();
    this.options.onFailed(error);
    this.tell(error);
  }

  private tell(error: unknown): void {
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter(error);
  }
}

const NOTHING = Buffer.alloc(0);

/** One step over names; -1 at the end. */
function scanOn(cursor: number, names: Generation['gone'], visit: (name: Name) => void): number {
  const next = names.size === 0 ? 0 : names.scan(cursor, visit);
  return next === 0 ? -1 : next;
}
