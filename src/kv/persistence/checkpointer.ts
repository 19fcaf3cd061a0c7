/**
 * Writes checkpoints while the store runs: no fork, no stop.
 *
 * A checkpoint is the state behind the log entry at which it began. It walks all records in slices of
 * about a millisecond; a record that is about to change before the walk has come to it is written
 * first, as it was (copy before write). One bit of each record, the parity, says whether the running
 * checkpoint has it. Memory in use: a few blocks waiting for the disk.
 *
 * Large collections are written in pieces. A command that would change one which is not written yet
 * waits until it is (`mustWait`); what can not wait (a script that names no keys) completes it at once.
 *
 *   idle --start--> walking --all written, synced, renamed--> idle
 *                   walking --disk error--> failed walk --> idle (the old checkpoint stands)
 *                   walking --a database is emptied--> discarding --walk ends--> walking (anew)
 *
 * A walk that is given up goes on to its end without writing, so that all records have one parity
 * again. Cost: the time of one walk, shared with the load.
 */
import type { Clock, Disk, DiskFile } from '../../core/runtime/index.ts';
import type { Engine } from '../engine/engine.ts';
import { type Database, Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { checkpointName, encodeHeader, indexOfName, NEW_NAME } from './format.ts';
import { LargeEmission } from './large-emission.ts';
import { RecordWriter } from './record-writer.ts';

const SLICE_MS = 1;
/** Buckets walked between two looks at the clock. */
const BUCKETS_PER_LOOK = 64;
/** Collections up to this size are written in one piece. */
const PIECE_ELEMENTS = 512;
/** Bytes waiting for the disk above which the walk pauses. */
const PENDING_BYTES_MAX = 4 * 1024 * 1024;

/** What checkpoints ask of a disk. */
export type CheckpointDisk = Pick<
  Disk,
  'openSync' | 'renameSync' | 'unlinkSync' | 'listSync' | 'syncDirectorySync'
>;

export interface CheckpointerOptions {
  readonly engine: Engine;
  readonly disk: CheckpointDisk;
  readonly clock: Clock;
  /** Folder of the checkpoints; exists. */
  readonly folder: string;
  /** A checkpoint that holds all entries up to `logIndex` is durable. */
  onDone(logIndex: number): void;
  onFailed(error: unknown): void;
}

export type CheckpointState = 'idle' | 'walking' | 'discarding';

export class Checkpointer {
  state: CheckpointState = 'idle';
  /** Unix seconds of the last complete checkpoint. */
  lastDoneSeconds: number;
  lastFailed = false;
  /** Duration of the last complete checkpoint, ms; -1 for none. */
  lastDurationMs = -1;
  /** Complete checkpoints since the start. */
  completed = 0;
  /** Bytes of the last complete checkpoint. */
  lastBytes = 0;
  /** `engine.dirty` when the last complete checkpoint began. */
  dirtyAtLast = 0;
  private readonly options: CheckpointerOptions;
  private writer = new RecordWriter();
  private file: DiskFile | undefined;
  private position = 0;
  private writing = false;
  private logIndex = 0;
  private dirtyAtStart = 0;
  private startedMs = 0;
  private failure: unknown;
  private restart = false;
  /** Databases with the number they had at the start, and how far the walk has come. */
  private databases: { db: Database; index: number }[] = [];
  private current = 0;
  private cursor = 0;
  private writtenDatabase = -1;
  /** Large collections met by the walk or waited for, in the order in which they are written. */
  private emissions: LargeEmission[] = [];
  private nextEmission = 1;
  private waiters: ((error: unknown) => void)[] = [];

  constructor(options: CheckpointerOptions) {
    this.options = options;
    this.lastDoneSeconds = Math.floor(options.clock.wallMs() / 1000);
    options.engine.keyspace.beforeChange = (db, record) => this.emit(db, record);
    options.engine.checkpointWaits = (db, buf, start, length) =>
      this.mustWait(db, buf, start, length);
    options.engine.onKeyspaceReplaced = () => this.discard();
  }

  get running(): boolean {
    return this.state !== 'idle';
  }

  /** How long the running checkpoint has been at it, ms; -1 when none runs. */
  get runningMs(): number {
    return this.running ? this.options.clock.monotonicMs() - this.startedMs : -1;
  }

  /** Starts a checkpoint of the state as it is between two commands; false when one runs. */
  start(): boolean {
    if (!this.begin()) return false;
    this.options.clock.nextTurn(this.step);
    return true;
  }

  private begin(): boolean {
    if (this.running) return false;
    const { engine, disk, clock, folder } = this.options;
    // Inside a transaction what it has changed so far is an entry before the checkpoint.
    engine.effects.commit(engine.keyspace.nowMs);
    this.logIndex = engine.effects.lastIndex;
    this.dirtyAtStart = engine.dirty;
    this.startedMs = clock.monotonicMs();
    this.failure = undefined;
    this.restart = false;
    try {
      this.file = disk.openSync(`${folder}/${NEW_NAME}`, { mode: 'create' });
      this.file.truncateSync(0);
      this.position = 0;
      this.writeSync(encodeHeader(this.logIndex, clock.wallMs()));
    } catch (error) {
      this.closeFile();
      this.fail(error);
      return false;
    }
    this.writer = new RecordWriter();
    for (const [name, value] of engine.savedExtras()) this.writer.extra(name, value);
    this.databases = engine.keyspace.databases.map((db) => ({ db, index: db.index }));
    this.current = 0;
    this.cursor = 0;
    this.writtenDatabase = -1;
    this.state = 'walking';
    engine.keyspace.beginCheckpoint();
    return true;
  }

  /** Runs a whole checkpoint now, while nothing else runs; throws the disk's error. */
  runSync(): void {
    const { engine } = this.options;
    if (this.running) throw new Error('a checkpoint is already in progress');
    if (!this.begin()) throw this.failure;
    while (!this.walkedAll) this.walk(Number.POSITIVE_INFINITY);
    this.writer.end();
    try {
      for (const block of this.writer.takeBlocks()) this.writeSync(block);
      this.file!.datasyncSync();
      this.publish();
    } catch (error) {
      this.failure = error;
    }
    engine.keyspace.endCheckpoint();
    this.finish();
    if (this.failure !== undefined) throw this.failure;
  }

  /** Calls back when the running checkpoint has ended: null, or why it failed. */
  whenDone(callback: (error: unknown) => void): void {
    if (this.running) this.waiters.push(callback);
    else callback(null);
  }

  /**
   * The keys are about to be replaced as a whole: what was written of them is of no use. The walk goes
   * over everything once more, because databases may change places.
   */
  private discard(): void {
    if (!this.options.engine.keyspace.checkpointing) return;
    this.state = 'discarding';
    this.restart = true;
    this.current = 0;
    this.cursor = 0;
  }

  private get walkedAll(): boolean {
    return this.current === this.databases.length && this.emissions.length === 0;
  }

  private readonly step = (): void => {
    if (this.state === 'idle') return;
    const { clock } = this.options;
    if (this.writer.finishedBytes < PENDING_BYTES_MAX || this.state === 'discarding') {
      this.walk(clock.monotonicMs() + SLICE_MS);
    }
    if (this.walkedAll) this.walked();
    else {
      this.flush();
      clock.setTimer(1, this.step);
    }
  };

  private walk(untilMs: number): void {
    const { clock } = this.options;
    this.writePieces(untilMs);
    while (this.current < this.databases.length && this.emissions.length === 0) {
      const { db } = this.databases[this.current]!;
      for (let i = 0; i < BUCKETS_PER_LOOK; i++) {
        this.cursor = db.table.scan(this.cursor, (record) => this.visit(db, record));
        if (this.cursor === 0) {
          this.current++;
          break;
        }
      }
      this.writePieces(untilMs);
      if (clock.monotonicMs() >= untilMs || this.writer.finishedBytes > PENDING_BYTES_MAX * 4) {
        if (untilMs !== Number.POSITIVE_INFINITY) return;
        for (const block of this.writer.takeBlocks()) this.writeSync(block);
      }
    }
  }

  private visit(db: Database, record: Address): void {
    if (this.writesPieces(db, record)) this.emissionOf(db, record);
    else db.prepareChange(record);
  }

  /** Whether a record has to be written in pieces. */
  private writesPieces(db: Database, record: Address): boolean {
    if (this.state !== 'walking' || this.failure !== undefined) return false;
    if (!db.isLarge(record) || db.isCheckpointed(record)) return false;
    return db.largeOf(record).size > PIECE_ELEMENTS;
  }

  /** The emission of a large collection, begun or queued now. */
  private emissionOf(db: Database, record: Address): LargeEmission {
    const value = db.largeOf(record);
    const found = this.emissions.find((emission) => emission.value === value);
    if (found !== undefined) return found;
    const emission = new LargeEmission(db, record, this.nextEmission++);
    this.emissions.push(emission);
    return emission;
  }

  /** Writes pieces of the queued collections until the time is over. */
  private writePieces(untilMs: number): void {
    const { clock } = this.options;
    while (this.emissions.length > 0) {
      this.completePiece(this.emissions[0]!);
      if (clock.monotonicMs() < untilMs && this.writer.finishedBytes <= PENDING_BYTES_MAX) continue;
      if (untilMs !== Number.POSITIVE_INFINITY) break;
      for (const block of this.writer.takeBlocks()) this.writeSync(block);
    }
  }

  private completePiece(emission: LargeEmission): void {
    const { db, key } = emission;
    if (this.state === 'walking' && this.failure === undefined) {
      this.toDatabase(db);
      emission.step(this.writer, PIECE_ELEMENTS);
      if (!emission.done) return;
    }
    // Gives the record the new parity; `emit` finds the emission done.
    const record = db.findRaw(key, 0, key.length);
    if (record !== 0) db.prepareChange(record);
    this.forget(emission);
  }

  /** An emission is over: those who waited for it may go on. */
  private forget(emission: LargeEmission): void {
    this.emissions = this.emissions.filter((other) => other !== emission);
    this.options.engine.onCheckpointProgress?.(emission.id);
  }

  /**
   * The number of the large collection that has to be written before a command changes this key, 0 for
   * none. It is written next; `engine.onCheckpointProgress` tells when to try again.
   */
  private mustWait(db: Database, buf: Buffer, start: number, length: number): number {
    const record = db.findRaw(buf, start, length);
    if (record === 0 || !this.writesPieces(db, record)) return 0;
    const emission = this.emissionOf(db, record);
    this.emissions = [emission, ...this.emissions.filter((other) => other !== emission)];
    return emission.id;
  }

  /** Writes a record that the checkpoint does not have yet, all of it. */
  private emit(db: Database, record: Address): void {
    if (this.state !== 'walking' || this.failure !== undefined) return;
    this.toDatabase(db);
    if (!db.isLarge(record) || isShortStream(db, record)) {
      this.writer.key(db, record);
      return;
    }
    const emission = this.emissionOf(db, record);
    while (!emission.done) emission.step(this.writer, PIECE_ELEMENTS);
    this.forget(emission);
  }

  /** The records that follow belong to this database. */
  private toDatabase(db: Database): void {
    const index = this.databases.find((entry) => entry.db === db)?.index ?? db.index;
    if (index !== this.writtenDatabase) {
      this.writer.database(index, db.size);
      this.writtenDatabase = index;
    }
  }

  /** Every record has the new parity: nothing is reported any more. */
  private walked(): void {
    const { engine, clock } = this.options;
    engine.keyspace.endCheckpoint();
    this.writer.end();
    // Also when it is given up: a file is not closed while it is written.
    const waitForDisk = (): void => {
      this.flush();
      if (this.writing || this.writer.finishedBytes > 0) {
        clock.setTimer(1, waitForDisk);
      } else if (this.state === 'discarding' || this.failure !== undefined) this.finish();
      else {
        this.file!.datasync((error) => {
          if (error !== null) this.failure = error;
          else this.tryPublish();
          this.finish();
        });
      }
    };
    waitForDisk();
  }

  private flush(): void {
    if (this.writing || this.writer.finishedBytes === 0) return;
    const blocks = this.writer.takeBlocks();
    if (this.failure !== undefined || this.state === 'discarding') return;
    this.writing = true;
    const bytes = blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks);
    this.writeRest(bytes, 0);
  }

  private writeRest(bytes: Buffer, from: number): void {
    this.file!.write(bytes, from, bytes.length - from, this.position, (error, count) => {
      if (error !== null) {
        this.failure = error;
        this.writing = false;
        return;
      }
      this.position += count;
      if (from + count < bytes.length) this.writeRest(bytes, from + count);
      else this.writing = false;
    });
  }

  private writeSync(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const count = this.file!.writeSync(bytes, at, bytes.length - at, this.position);
      at += count;
      this.position += count;
    }
  }

  private tryPublish(): void {
    try {
      this.publish();
    } catch (error) {
      this.failure = error;
    }
  }

  /** Gives the written file its name and removes older checkpoints. */
  private publish(): void {
    const { disk, folder } = this.options;
    this.closeFile();
    disk.renameSync(`${folder}/${NEW_NAME}`, `${folder}/${checkpointName(this.logIndex)}`);
    disk.syncDirectorySync(folder);
    for (const name of disk.listSync(folder)) {
      const index = indexOfName(name);
      if (index >= 0 && index < this.logIndex) disk.unlinkSync(`${folder}/${name}`);
    }
  }

  private closeFile(): void {
    this.file?.closeSync();
    this.file = undefined;
  }

  private finish(): void {
    const { clock } = this.options;
    this.closeFile();
    const discarded = this.state === 'discarding';
    this.state = 'idle';
    this.writer = new RecordWriter();
    this.databases = [];
    this.emissions = [];
    this.options.engine.onCheckpointProgress?.();
    if (discarded) {
      if (this.restart) this.start();
      return;
    }
    if (this.failure !== undefined) {
      this.fail(this.failure);
      return;
    }
    this.lastFailed = false;
    this.completed++;
    this.lastBytes = this.position;
    this.lastDurationMs = clock.monotonicMs() - this.startedMs;
    this.lastDoneSeconds = Math.floor(clock.wallMs() / 1000);
    this.dirtyAtLast = this.dirtyAtStart;
    this.options.onDone(this.logIndex);
    this.notifyWaiters(null);
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.removeUnfinished();
    this.lastFailed = true;
    this.options.onFailed(error);
    this.notifyWaiters(error);
  }

  /** Gives back the room of a checkpoint that failed: the disk may be full. */
  private removeUnfinished(): void {
    const { disk, folder } = this.options;
    try {
      disk.unlinkSync(`${folder}/${NEW_NAME}`);
    } catch {
      // It was not there, or the disk refuses this too: the next checkpoint begins it anew.
    }
  }

  private notifyWaiters(error: unknown): void {
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter(error);
  }
}

/** Streams are large values from their first entry on: a short one is written as it is dumped. */
function isShortStream(db: Database, record: Address): boolean {
  return db.typeOf(record) === Type.stream && db.largeOf(record).size <= PIECE_ELEMENTS;
}
