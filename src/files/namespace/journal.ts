/**
 * The way of changes into the tables: entry of the log ─▶ durable ─▶ tables ─▶ answered.
 *
 * Invariants: nothing is in the tables before its entry is durable, so readers of the tables never see what a
 * crash could take back; operations see what waits, so they are decided in the order of the log; answers come in
 * that order, when readers see what was done.
 *
 *     add ─▶ waiting (seen by operations) ──log is durable──▶ one batch, marked with the entry's index ─▶ answers
 */
import { invariant } from '../../core/base/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock } from '../../core/runtime/index.ts';
import {
  Found,
  type Log,
  type LogError,
  type Lookup,
  type Lsm,
  type LsmError,
  logIndex,
  WriteBatch,
} from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import { pendingChangesMax, pendingOperationsMax } from '../limits.ts';
import { translated } from '../translate.ts';
import { type Changes, Cold, type RecordView } from './draft.ts';
import { applyChanges, encodeChanges } from './entry.ts';
import type { HotRecords } from './hot-records.ts';
import { Space } from './keys.ts';

const RETRY_MS = 20;
/** Of a page that is read for its first record. */
const FIRST_BYTES = 1024;
const RESUME_TRY_MS = 250;

export interface JournalOptions {
  readonly log: Log;
  readonly lsm: Lsm;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hot: HotRecords;
}

interface Group {
  readonly index: number;
  readonly changes: Changes;
}

interface Waiter {
  readonly index: number;
  done(error: FilesError | null): void;
}

interface Pending {
  readonly value: Buffer | null;
  readonly index: number;
}

export class Journal implements RecordView {
  private readonly log: Log;
  private readonly lsm: Lsm;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly hot: HotRecords;
  /** Changes that are not in the tables, the last one of each record. */
  private readonly pending = new Map<string, Pending>();
  /** The same, one for each entry. */
  private groups: Group[] = [];
  private waiters: Waiter[] = [];
  private durable: number;
  private truncated: number;
  private flushing = false;
  private retrying = false;
  private resuming = false;
  private closed = false;
  private readonly batch = new WriteBatch();
  private readonly into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };
  private readonly cold = new Cold();
  /** Set while an operation is decided that has had to wait for the disk too often. */
  readsNow = false;
  /** Readers see notes of something to be reclaimed that were not there when it was last set to false. */
  hasReclaims = false;

  constructor({ log, lsm, clock, logger, hot }: JournalOptions) {
    this.log = log;
    this.lsm = lsm;
    this.clock = clock;
    this.logger = logger;
    this.hot = hot;
    this.durable = log.lastIndex;
    this.truncated = log.firstIndex;
  }

  /** Changes that wait. */
  get pendingChanges(): number {
    return this.pending.size;
  }

  get crowded(): boolean {
    return this.pending.size > pendingChangesMax || this.waiters.length > pendingOperationsMax;
  }

  /** Why nothing may be decided now. */
  get refusal(): FilesError | null {
    if (this.closed) return new FilesError('closed');
    if (this.log.accepting) return null;
    const { failure } = this.log;
    if (failure === null) return new FilesError('busy', 'the journal is behind');
    return fromLog(failure);
  }

  get(key: Buffer): Buffer | null {
    const text = key.toString('latin1');
    const waiting = this.pending.get(text);
    if (waiting !== undefined) return waiting.value;
    const { lsm, into, hot } = this;
    const known = hot.get(text);
    if (known !== undefined) return known;
    if (this.readsNow) {
      return lsm.lookupNow(key, 0, key.length, into) ? copyOf(into) : null;
    }
    const found = lsm.lookup(key, 0, key.length, into);
    if (found === Found.missing) return null;
    if (found === Found.found) {
      const value = copyOf(into);
      hot.note(text, value);
      return value;
    }
    this.cold.key = key;
    throw this.cold;
  }

  /** Brings a record that was cold into memory. */
  load(key: Buffer): Promise<unknown> {
    return this.lsm.get(key);
  }

  first(from: Buffer, to: Buffer): { readonly key: Buffer; readonly value: Buffer } | null {
    const start = from.toString('latin1');
    const end = to.toString('latin1');
    let best: string | undefined;
    for (const [key, { value }] of this.pending) {
      const isIn = value !== null && key >= start && key < end;
      if (isIn && (best === undefined || key < best)) best = key;
    }
    const stored = this.firstStored(from, to);
    if (best === undefined || (stored !== null && stored.key.toString('latin1') < best))
      return stored;
    return { key: Buffer.from(best, 'latin1'), value: this.pending.get(best)!.value! };
  }

  /** The first record in the tables that does not wait to be changed. */
  private firstStored(from: Buffer, to: Buffer): { key: Buffer; value: Buffer } | null {
    const scan = this.lsm.scan({ from, to, pageEntries: 4, pageBytes: FIRST_BYTES });
    try {
      while (scan.fillNow()) {
        for (let nth = 0; nth < scan.count; nth++) {
          const key = scan.key(nth);
          if (!this.pending.has(key.toString('latin1'))) return { key, value: scan.value(nth) };
        }
      }
      return null;
    } finally {
      scan.close();
    }
  }

  /** Makes changes durable and seen. @throws FilesError: then it is not known whether they will be. */
  add(changes: Changes): Promise<void> {
    invariant(changes.size > 0, 'an entry changes something');
    const index = this.log.append(encodeChanges(changes), this.clock.wallMs());
    for (const [key, value] of changes) this.pending.set(key, { value, index });
    this.groups.push({ index, changes });
    this.flushSoon();
    return this.reached(index);
  }

  /** Everything that was added before is durable and seen. */
  settled(): Promise<void> {
    return this.groups.length === 0 ? Promise.resolve() : this.reached(this.log.lastIndex);
  }

  private reached(index: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (error: FilesError | null): void => {
      if (error === null) resolve();
      else reject(error);
    };
    this.waiters.push({ index, done });
    return promise;
  }

  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    this.clock.nextTurn(() => {
      this.flushing = false;
      if (this.closed) return;
      const index = this.log.lastIndex;
      this.log.flush((error) => {
        if (error !== null) this.answer(index, undecided(fromLog(error)));
      });
    });
  }

  /** The log tells: all entries up to here are durable. */
  madeDurable(index: number): void {
    this.durable = Math.max(this.durable, index);
    this.applyDurable();
  }

  private applyDurable(): void {
    let count = 0;
    while (count < this.groups.length && this.groups[count]!.index <= this.durable) count++;
    if (count === 0 || this.retrying) return;
    const { batch } = this;
    const last = this.groups[count - 1]!.index;
    batch.clear();
    const changes = count === 1 ? this.groups[0]!.changes : this.merged(count);
    applyChanges(changes, batch);
    let applied = false;
    this.lsm.write(batch, { mark: last }, (error) => {
      if (error === null) this.answer(last, null);
      else if (!applied) this.retry(error);
    });
    applied = !this.retrying;
    if (!applied) return;
    this.groups.splice(0, count);
    for (const [key, value] of changes) {
      if (this.pending.get(key)!.index <= last) this.pending.delete(key);
      this.hot.note(key, value);
      if (value !== null && key.charCodeAt(0) === Space.reclaim) this.hasReclaims = true;
    }
    this.truncate();
  }

  private merged(count: number): Changes {
    const all: Changes = new Map();
    for (let nth = 0; nth < count; nth++) {
      for (const [key, value] of this.groups[nth]!.changes) all.set(key, value);
    }
    return all;
  }

  /** The tables take nothing now. What is durable waits, and operations get `busy` when it is too much. */
  private retry(error: LsmError): void {
    if (error.code === 'closed') {
      this.answer(Number.POSITIVE_INFINITY, undecided(new FilesError('closed')));
      return;
    }
    this.retrying = true;
    this.clock.setTimer(RETRY_MS, () => {
      this.retrying = false;
      if (!this.closed) this.applyDurable();
    });
  }

  private answer(index: number, error: FilesError | null): void {
    let count = 0;
    while (count < this.waiters.length && this.waiters[count]!.index <= index) count++;
    for (const waiter of this.waiters.splice(0, count)) waiter.done(error);
  }

  /** What is in tables for good needs no log. */
  private truncate(): void {
    const { durableMark } = this.lsm;
    if (durableMark < this.truncated) return;
    this.truncated = durableMark + 1;
    this.log.truncateBefore(logIndex(this.truncated)).catch((error: unknown) => {
      if (!this.closed) this.logger.error('the journal could not be cut', { err: error });
    });
  }

  /** The log tells that it can not be written, or can again. */
  stateChanged(failure: LogError | null): void {
    if (failure === null) {
      this.logger.info('the namespace can be changed again');
      return;
    }
    this.logger.error('the namespace can not be changed until its journal can be written', {
      reason: failure.message,
    });
    this.tryResume();
  }

  private tryResume(): void {
    if (this.resuming || this.closed) return;
    this.resuming = true;
    this.clock.setTimer(RESUME_TRY_MS, () => {
      const attempt = this.closed ? Promise.resolve(true) : this.log.tryResume();
      attempt
        .catch(() => false)
        .then((resumed) => {
          this.resuming = false;
          if (!resumed) this.tryResume();
        })
        .catch((error: unknown) => {
          throw error;
        });
    });
  }

  /** Refuses from now on; who waits is told when the log has closed. */
  close(): void {
    this.closed = true;
  }

  /** The log and the tables are closed: nobody is answered any more. */
  end(): void {
    this.answer(Number.POSITIVE_INFINITY, undecided(new FilesError('closed')));
  }
}

function copyOf({ value, start, length }: Lookup): Buffer {
  return Buffer.from(value.subarray(start, start + length));
}

function undecided(error: FilesError): FilesError {
  error.isUndecided = true;
  return error;
}

function fromLog(error: LogError): FilesError {
  return translated(error, 'the journal of the namespace') as FilesError;
}
