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
import { WHOLE_ELEMENTS } from './entry.ts';
import { FlushWork } from './flush-work.ts';
import { KeyEmission } from './key-emission.ts';
import { StoreEmission } from './store-emission.ts';

const SLICE_MS = 1;
/** What the log holds behind a running flush, in flushes, from which on it takes a share of every turn. */
const URGENT = 0.5;
const URGENT_SLICE_MS = 4;
/** Bytes of a batch from which it goes to the engine. */
const BATCH_BYTES = 256 * 1024;
/** Bytes waiting for the engine above which no more writes are run. */
const CROWDED_BYTES = 64 * 1024 * 1024;
/** Between two tries to hand the engine what it refuses. */
const REFUSED_MS = 20;

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
  private readonly emission: StoreEmission;
  private readonly keys: KeyEmission;
  private readonly work: FlushWork;
  /** What the engine has not taken yet. Outlives a flush that is given up: its records count as written. */
  private readonly batch = new WriteBatch();
  /** The engine has taken a batch and slows us down. */
  private pending = false;
  /** The log is durable up to where the batch at hand is. */
  private logIsSafe = false;
  private sealed = false;
  private logIndex = 0;
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
    const { keyspace } = engine;
    const { batch } = this;
    const wholeElements = options.wholeElements ?? WHOLE_ELEMENTS;
    this.emission = new StoreEmission(engine, clock, batch);
    this.keys = new KeyEmission({ keyspace, batch, store: this.emission, wholeElements });
    this.work = new FlushWork(keyspace, this.keys, wholeElements);
    this.lastDoneSeconds = Math.floor(clock.wallMs() / 1000);
    keyspace.beforeChange = (db, record) => this.work.emit(db, record);
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
    while (!this.work.isDone) this.work.step();
    this.seal();
    const refusal = this.write(this.logIndex);
    if (refusal !== null) {
      this.giveUp(refusal);
      throw refusal;
    }
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
    const refusal = this.write();
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
    this.emission.begin(this.logIndex);
    this.keys.begin(this.logIndex, this.rewritesTimes);
    this.work.begin();
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
    if (!this.sealed && this.push() && !this.work.isDone) this.walk(clock.monotonicMs() + sliceMs);
    // It may have been given up.
    if (this.state !== 'writing') return;
    if (this.work.isDone && !this.pending) this.end();
    else if (this.batch.bytes > BATCH_BYTES * 2) clock.setTimer(REFUSED_MS, this.step);
    else if (urgent && !this.pending) clock.nextTurn(this.step);
    else clock.setTimer(1, this.step);
  };

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
    this.sealed = true;
    this.emission.end();
  }

  /** Gives the batch at hand to the engine; returns why it was refused. */
  private write(mark?: number): LsmError | null {
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
    this.work.end();
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
    while (!this.work.isDone) {
      this.work.step();
      if (this.batch.bytes > BATCH_BYTES && !this.push()) return;
      if (clock.monotonicMs() >= untilMs) return;
    }
  }

  /** Deletes an entry that says nothing true any more and that no flush would delete. */
  forget(key: Buffer): void {
    this.batch.delete(key);
  }

  /** Databases are about to be emptied or exchanged: the flush begins anew behind that. */
  private startAnew(): void {
    if (this.state !== 'writing') return;
    this.abandon();
    this.options.clock.nextTurn(() => this.start());
  }

  private giveUp(error: unknown): void {
    this.abandon();
    this.fail(error);
  }

  /** What the flush has not written is dirty as if it had not begun. */
  private abandon(): void {
    this.life++;
    this.work.giveUp();
    this.state = 'idle';
    this.options.engine.onFlushProgress?.();
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
