/**
 * Writes checkpoints while the store runs: no fork, no stop.
 *
 * A checkpoint is the state behind the log entry at which it began. It walks all records in slices of
 * about a millisecond; a record that is about to change before the walk has come to it is written
 * first, as it was (copy before write). One bit of each record, the parity, says whether the running
 * checkpoint has it. Memory in use: a few blocks waiting for the disk.
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
import type { Database } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import { checkpointName, encodeHeader, indexOfName, NEW_NAME } from './format.ts';
import { RecordWriter } from './record-writer.ts';

const SLICE_MS = 1;
/** Buckets walked between two looks at the clock. */
const BUCKETS_PER_LOOK = 64;
/** Bytes waiting for the disk above which the walk pauses. */
const PENDING_BYTES_MAX = 4 * 1024 * 1024;

export interface CheckpointerOptions {
  readonly engine: Engine;
  readonly disk: Disk;
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
  private waiters: ((error: unknown) => void)[] = [];

  constructor(options: CheckpointerOptions) {
    this.options = options;
    this.lastDoneSeconds = Math.floor(options.clock.wallMs() / 1000);
    options.engine.keyspace.beforeChange = (db, record) => this.emit(db, record);
    options.engine.onKeyspaceReplaced = () => this.discard();
  }

  get running(): boolean {
    return this.state !== 'idle';
  }

  /** Starts a checkpoint of the state as it is between two commands; false when one runs. */
  start(): boolean {
    if (this.running) return false;
    const { engine, disk, clock, folder } = this.options;
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
    clock.nextTurn(this.step);
    return true;
  }

  /** Runs a whole checkpoint now, while nothing else runs; throws the disk's error. */
  runSync(): void {
    const { engine } = this.options;
    if (this.running) throw new Error('a checkpoint is already in progress');
    if (!this.start()) throw this.failure;
    while (this.current < this.databases.length) this.walk(Number.POSITIVE_INFINITY);
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

  /** The keys are about to be replaced as a whole: what was written of them is of no use. */
  private discard(): void {
    if (this.state === 'walking') {
      this.state = 'discarding';
      this.restart = true;
    }
  }

  private readonly step = (): void => {
    if (this.state === 'idle') return;
    const { clock } = this.options;
    if (this.writer.finishedBytes < PENDING_BYTES_MAX || this.state === 'discarding') {
      this.walk(clock.monotonicMs() + SLICE_MS);
    }
    if (this.current === this.databases.length) this.walked();
    else {
      this.flush();
      clock.setTimer(1, this.step);
    }
  };

  private walk(untilMs: number): void {
    const { clock } = this.options;
    while (this.current < this.databases.length) {
      const { db } = this.databases[this.current]!;
      for (let i = 0; i < BUCKETS_PER_LOOK; i++) {
        this.cursor = db.table.scan(this.cursor, (record) => db.prepareChange(record));
        if (this.cursor === 0) {
          this.current++;
          break;
        }
      }
      if (clock.monotonicMs() >= untilMs || this.writer.finishedBytes > PENDING_BYTES_MAX * 4) {
        if (untilMs !== Number.POSITIVE_INFINITY) return;
        for (const block of this.writer.takeBlocks()) this.writeSync(block);
      }
    }
  }

  /** Writes a record that the checkpoint does not have yet. */
  private emit(db: Database, record: Address): void {
    if (this.state !== 'walking' || this.failure !== undefined) return;
    const index = this.databases.find((entry) => entry.db === db)?.index ?? db.index;
    if (index !== this.writtenDatabase) {
      this.writer.database(index, db.size);
      this.writtenDatabase = index;
    }
    this.writer.key(db, record);
  }

  /** Every record has the new parity: nothing is reported any more. */
  private walked(): void {
    const { engine, clock } = this.options;
    engine.keyspace.endCheckpoint();
    if (this.state === 'discarding' || this.failure !== undefined) {
      this.finish();
      return;
    }
    this.writer.end();
    const waitForDisk = (): void => {
      this.flush();
      if (this.writing || this.writer.finishedBytes > 0) {
        clock.setTimer(1, waitForDisk);
      } else if (this.failure !== undefined) this.finish();
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
    if (discarded) {
      if (this.restart) this.start();
      return;
    }
    if (this.failure !== undefined) {
      this.fail(this.failure);
      return;
    }
    this.lastFailed = false;
    this.lastDurationMs = clock.monotonicMs() - this.startedMs;
    this.lastDoneSeconds = Math.floor(clock.wallMs() / 1000);
    this.dirtyAtLast = this.dirtyAtStart;
    this.options.onDone(this.logIndex);
    this.notifyWaiters(null);
  }

  private fail(error: unknown): void {
    this.failure = error;
    this.lastFailed = true;
    this.options.onFailed(error);
    this.notifyWaiters(error);
  }

  private notifyWaiters(error: unknown): void {
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter(error);
  }
}
