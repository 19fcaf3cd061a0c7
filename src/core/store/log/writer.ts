/**
 * Moves frames from memory to disk, one write in flight, and says when they are safe.
 *
 *     entries ─take─▶ in flight ─written─▶ unsynced ─synced─▶ durable: released, callbacks
 *                        │                    │                (`always`: straight from in flight)
 *                        └──── failure ◀──────┘  put back in order, callbacks get the error
 *
 * Invariants:
 *  - frames reach the segment in index order; what is written again is the same frame;
 *  - a frame's memory is kept until it is durable, or counted as dropped (`unsynced.ts`);
 *  - after a failed sync or an EIO the segment is never written to again: what it may have lost goes
 *    to a new one, because the page cache may show what the disk does not hold.
 */
import { invariant } from '../../base/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import { type EntryBuffer, type Frame, lastIndexOf } from './entry-buffer.ts';
import { isDiskFull, LogError, type LogErrorCode } from './errors.ts';
import { frameBytes, sealFrame } from './format.ts';
import { HighWater } from './high-water.ts';
import {
  eagerBytes,
  highWaterBytesDefault,
  syncLagReportMs,
  tickMs,
  writeIntervalMs,
} from './limits.ts';
import { LoopWrites } from './loop-writes.ts';
import { Room } from './room.ts';
import { datasync, type Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import type { LogStats } from './stats.ts';
import type { FlushCallback, LogOptions, SyncPolicy } from './types.ts';
import { UnsyncedFrames } from './unsynced.ts';
import { Waiters } from './waiters.ts';

export interface WriterOptions {
  readonly log: LogOptions;
  readonly entries: EntryBuffer;
  readonly store: SegmentStore;
  /** Null: the first frame begins a new segment. */
  readonly segment: Segment | null;
  readonly stats: LogStats;
  readonly durableIndex: number;
  /** Entries up to here are known to be durable by a frame in the log. */
  readonly testifiedIndex: number;
  readonly unsyncedBytesMax: number;
}

export class Writer {
  policy: SyncPolicy;
  failure: LogError | null = null;
  closed = false;
  writtenIndex: number;
  durableIndex: number;
  /** Bytes of the frame in flight, 0 when there is none. */
  inFlightBytes = 0;
  readonly #log: LogOptions;
  readonly #clock: Clock;
  readonly #entries: EntryBuffer;
  readonly #store: SegmentStore;
  readonly #stats: LogStats;
  readonly #unsynced: UnsyncedFrames;
  readonly #unsyncedBytesMax: number;
  readonly #highWater: HighWater;
  readonly #loopWrites: LoopWrites;
  readonly #waiters: Waiters;
  readonly #room: Room;
  readonly #onWritten = (error: Error | null, bytes: number): void => this.#written(error, bytes);
  #segment: Segment | null;
  /** The segment's file was opened with O_DSYNC. */
  #segmentDsync: boolean;
  /** The next frame begins a new segment. */
  #mustSwitch = false;
  /** Taken from the entries: waits for room in the segment or is being written. */
  #inFlight: Frame | null = null;
  #inFlightDone = 0;
  #writeStartMicros = 0;
  #lastWriteMs = Number.NEGATIVE_INFINITY;
  #syncing: Promise<void> | null = null;
  #syncStartMs = 0;
  /** Rises when the result of a running sync must not count any more. */
  #syncEra = 0;
  /** A sync failed while a frame was in flight; taken up when that has ended. */
  #syncError: unknown = null;
  #testifiedIndex: number;
  /** `tryResume` is under way: writes are tried although `failure` stands. */
  #resuming: ((resumed: boolean) => void) | null = null;
  /** Called once no frame is in flight. */
  #onQuiet: (() => void)[] = [];
  #tick: Timer;
  #pace: Timer | null = null;
  #kicking = false;
  #regaining = false;

  constructor(options: WriterOptions) {
    this.#log = options.log;
    this.#clock = options.log.clock;
    this.policy = options.log.policy;
    this.#entries = options.entries;
    this.#store = options.store;
    this.#stats = options.stats;
    this.#unsynced = new UnsyncedFrames(options.entries);
    this.#unsyncedBytesMax = options.unsyncedBytesMax;
    const { highWaterBytes = highWaterBytesDefault } = options.log;
    this.#highWater = new HighWater(highWaterBytes, options.log.onHighWater);
    this.#loopWrites = new LoopWrites(options.log.loopWrites);
    this.#segment = options.segment;
    this.#segmentDsync = this.policy === 'always';
    this.durableIndex = options.durableIndex;
    this.writtenIndex = options.durableIndex;
    this.#testifiedIndex = options.testifiedIndex;
    this.#waiters = new Waiters(options.durableIndex, options.log.onDurable);
    this.#room = new Room(options.store, () => this.#tellState());
    this.#tick = this.#nextTick();
  }

  get short(): boolean {
    return this.#room.shortage !== null;
  }

  /** The room ahead was refused: what is appended fits, more should not come. */
  get shortage(): LogError | null {
    const { shortage } = this.#room;
    if (shortage === null) return null;
    return LogError.fromDisk(shortage, this.#segment?.path ?? this.#log.folder);
  }

  get pendingBytes(): number {
    return this.#entries.waitingBytes + this.inFlightBytes;
  }

  /** Once per turn. `everysec` and `never` gather a few milliseconds, so that writes stay few. */
  flush(): void {
    const waitingBytes = this.#entries.waitingBytes;
    this.#highWater.look(this.pendingBytes);
    if (this.policy === 'always' || waitingBytes >= eagerBytes) {
      this.kick();
      return;
    }
    if (waitingBytes === 0 || this.#pace !== null) return;
    const waitMs = this.#lastWriteMs + writeIntervalMs - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.kick();
      return;
    }
    this.#pace = this.#clock.setTimer(waitMs, () => {
      this.#pace = null;
      this.kick();
    });
  }

  /** Calls `done` when everything appended so far is durable, or has failed. */
  whenDurable(done: FlushCallback): void {
    if (this.closed) {
      done(new LogError('closed'));
      return;
    }
    if (this.failure !== null) {
      done(this.failure);
      return;
    }
    this.#highWater.look(this.pendingBytes);
    const index = this.#entries.lastIndex;
    if (index <= this.durableIndex) {
      done(null);
      return;
    }
    this.#waiters.add(index, done);
    this.kick();
  }

  /** Starts what can be started: a write, or a sync that somebody waits for. */
  kick(): void {
    // What is written on the loop ends within `#begin` and kicks again: the loop here goes on with it.
    if (this.#kicking) return;
    this.#kicking = true;
    while (this.#inFlight === null && this.#mayWrite) {
      const frame = this.#entries.take();
      if (frame === undefined) {
        if (this.#waiters.count > 0 && this.#unsynced.count > 0) void this.#sync();
        break;
      }
      this.#begin(frame);
    }
    this.#kicking = false;
  }

  get #mayWrite(): boolean {
    return !this.closed && (this.failure === null || this.#resuming !== null);
  }

  setPolicy(policy: SyncPolicy): void {
    this.policy = policy;
    // O_DSYNC belongs to the open file, so the next frame begins a segment opened as needed now.
    if (this.#segmentDsync !== (policy === 'always')) this.#mustSwitch = true;
  }

  /** See `Log.tryResume`. */
  tryResume(): Promise<boolean> {
    if (this.failure === null) return this.#regainRoom();
    if (this.closed || this.#resuming !== null || !this.failure.retryable) {
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      this.#resuming = resolve;
      this.kick();
      if (this.#inFlight === null && this.#resuming !== null) this.#resumed();
    });
  }

  async #regainRoom(): Promise<boolean> {
    if (this.closed || this.#regaining) return false;
    if (this.#room.shortage === null) return true;
    this.#regaining = true;
    try {
      await this.#room.regain(this.#segment);
    } catch {
      return false;
    } finally {
      this.#regaining = false;
    }
    if (this.failure === null) this.#tellState();
    return this.failure === null;
  }

  #tellState(): void {
    const failure = this.failure ?? this.shortage;
    const state = this.failure !== null ? 'failed' : failure !== null ? 'short' : 'open';
    this.#log.onStateChange?.(state, failure);
  }

  /** Begins the first segment of an empty log, so that a disk that refuses is known at once. */
  async openSegment(): Promise<void> {
    await this.#switch();
  }

  /** Everything durable and witnessed, nothing running. @throws LogError when that cannot be had. */
  async close(): Promise<void> {
    if (this.closed) return;
    let failure = await new Promise<LogError | null>((done) => this.whenDurable(done));
    await this.#quiet();
    if (failure === null && this.#witnessDue()) {
      this.#begin(this.#entries.witness());
      await this.#quiet();
      failure = this.failure;
    }
    this.closed = true;
    this.#clock.clearTimer(this.#tick);
    if (this.#pace !== null) this.#clock.clearTimer(this.#pace);
    await this.#syncing;
    await this.#segment?.settled();
    await this.#store.close();
    try {
      if (failure === null && this.#segment !== null) await datasync(this.#segment.file);
    } catch (cause) {
      failure = new LogError('sync-failed', { file: this.#segment?.path ?? '', cause });
    }
    this.#segment?.file.closeSync();
    if (failure !== null) throw failure;
  }

  #begin(frame: Frame): void {
    const bytes = frameBytes(frame.bodyBytes);
    this.#inFlight = frame;
    this.inFlightBytes = frame.bodyBytes;
    this.#inFlightDone = 0;
    this.#writeStartMicros = this.#clock.nowMicros();
    const segment = this.#segment;
    const stay = segment !== null && !this.#mustSwitch && segment.hasRoom(bytes);
    if (stay && segment.position + bytes <= segment.allocated) {
      this.#write(segment, frame);
      return;
    }
    this.#makeRoom(stay ? segment : null, bytes).then(
      (roomy) => {
        if (this.#syncError !== null) this.#fail(this.#syncError, 'sync-failed');
        else this.#write(roomy, frame);
      },
      (error: unknown) => this.#fail(error, this.#syncError === null ? null : 'sync-failed'),
    );
  }

  /** A segment with `bytes` of zeros at its position. @throws the disk's error. */
  async #makeRoom(stay: Segment | null, bytes: number): Promise<Segment> {
    const segment = stay ?? (await this.#switch());
    await segment.fillTo(segment.position + bytes);
    return segment;
  }

  async #switch(): Promise<Segment> {
    while (this.#syncing !== null) await this.#syncing;
    if (this.#syncError === null) await this.#sync();
    if (this.#syncError !== null) throw this.#syncError;
    const old = this.#segment;
    await old?.settled();
    const dsync = this.policy === 'always';
    const { epoch } = this.#entries;
    const firstIndex = this.durableIndex + 1;
    const segment = await this.#store.activate({ firstIndex, epoch, dsync });
    old?.file.closeSync();
    this.#segment = segment;
    if (this.#segmentDsync !== dsync) this.#loopWrites.reset();
    this.#segmentDsync = dsync;
    this.#mustSwitch = dsync !== (this.policy === 'always');
    if (old !== null) this.#stats.rotations++;
    return segment;
  }

  #write(segment: Segment, frame: Frame): void {
    const { buffer } = frame.chunk;
    const { bodyBytes, count, firstIndex, epoch } = frame;
    const header = { bodyBytes, count, firstIndex, epoch, durableIndex: this.durableIndex };
    sealFrame(buffer, frame.start, segment.header.id, header);
    this.#testifiedIndex = this.durableIndex;
    const nowMs = this.#clock.monotonicMs();
    this.#lastWriteMs = nowMs;
    const bytes = frameBytes(bodyBytes);
    // Without O_DSYNC writes are few and large: there a thread costs little and is the faster way. And
    // while zeros are being synced, a write to the same file waits for them.
    const maybe = this.#segmentDsync && !segment.filling;
    if (maybe && this.#loopWrites.allows(bytes, nowMs)) this.#writeOnLoop(segment, frame);
    else segment.file.write(buffer, frame.start, bytes, segment.position, this.#onWritten);
  }

  #writeOnLoop(segment: Segment, frame: Frame): void {
    const bytes = frameBytes(frame.bodyBytes);
    const startMicros = this.#clock.nowMicros();
    let written: number;
    try {
      written = segment.file.writeSync(frame.chunk.buffer, frame.start, bytes, segment.position);
    } catch (error) {
      this.#written(error as Error, 0);
      return;
    }
    const endMicros = this.#clock.nowMicros();
    this.#loopWrites.took(endMicros - startMicros, this.#clock.monotonicMs());
    this.#written(null, written);
  }

  #written(error: Error | null, bytes: number): void {
    const frame = this.#inFlight;
    const segment = this.#segment;
    invariant(frame !== null && segment !== null, 'a write that ends was in flight');
    if (this.#syncError !== null) {
      this.#fail(this.#syncError, 'sync-failed');
      return;
    }
    if (error !== null) {
      this.#fail(error, null);
      return;
    }
    if (bytes <= 0) {
      this.#fail(new Error('the disk took no byte'), 'io');
      return;
    }
    const total = frameBytes(frame.bodyBytes);
    this.#inFlightDone += bytes;
    const done = this.#inFlightDone;
    if (done < total) {
      this.#stats.shortWrites++;
      const { buffer } = frame.chunk;
      const at = frame.start + done;
      segment.file.write(buffer, at, total - done, segment.position + done, this.#onWritten);
      return;
    }
    segment.position += total;
    this.#inFlight = null;
    this.inFlightBytes = 0;
    this.writtenIndex = lastIndexOf(frame);
    this.#stats.writes++;
    this.#stats.writtenBytes += total;
    this.#stats.lastWriteMicros = this.#clock.nowMicros() - this.#writeStartMicros;
    this.#highWater.look(this.pendingBytes);
    if (this.#resuming !== null) this.#resumed();
    this.#room.look(segment);
    if (this.#segmentDsync) {
      this.#advance(frame);
      this.#entries.release(frame);
    } else this.#retain(frame);
    // The next batch goes out before the callbacks of this one run, so the disk is never idle.
    this.kick();
    this.#waiters.settle(this.durableIndex);
    this.#tellQuiet();
  }

  /** Keeps a written frame until its sync. `never` keeps none: it asked for speed. */
  #retain(frame: Frame): void {
    const keptBytesMax = this.policy === 'never' ? 0 : this.#unsyncedBytesMax;
    this.#unsynced.push(frame, keptBytesMax);
    if (this.policy !== 'never' && this.#unsynced.keptBytes * 2 > keptBytesMax) void this.#sync();
  }

  /** Syncs what is written. Never rejects: a failed sync is the log's failure. */
  #sync(): Promise<void> {
    this.#syncing ??= this.#syncNow().finally(() => {
      this.#syncing = null;
      this.#stats.syncLagMs = 0;
      this.#waiters.settle(this.durableIndex);
      this.kick();
    });
    return this.#syncing;
  }

  async #syncNow(): Promise<void> {
    const segment = this.#segment;
    if (segment === null || this.#unsynced.count === 0) return;
    const through = this.writtenIndex;
    const era = this.#syncEra;
    const startMicros = this.#clock.nowMicros();
    this.#syncStartMs = this.#clock.monotonicMs();
    try {
      await datasync(segment.file);
    } catch (error) {
      if (era !== this.#syncEra) return;
      if (this.#inFlight !== null) this.#syncError = error;
      else this.#fail(error, 'sync-failed');
      return;
    }
    if (era !== this.#syncEra) return;
    this.#stats.syncs++;
    this.#stats.lastSyncMicros = this.#clock.nowMicros() - startMicros;
    const last = this.#unsynced.settle(through);
    if (last !== undefined) this.#advance(last);
  }

  #advance(frame: Frame): void {
    const index = lastIndexOf(frame);
    invariant(index >= this.durableIndex, 'entries become durable in order');
    this.durableIndex = index;
  }

  /** Enters `failed`. `code` null: told from the error. Nothing appended is given up. */
  #fail(error: unknown, code: LogErrorCode | null): void {
    const frame = this.#inFlight;
    this.#inFlight = null;
    this.inFlightBytes = 0;
    this.#syncError = null;
    let failureCode = code ?? (isDiskFull(error) ? 'disk-full' : 'io');
    const again = frame === null || frame.count === 0 ? [] : [frame];
    if (failureCode !== 'disk-full') {
      this.#syncEra++;
      this.#mustSwitch = true;
      const unsynced = this.#unsynced.takeBack();
      if (unsynced === null) failureCode = 'unsynced-lost';
      else again.unshift(...unsynced.filter((one) => one.count > 0));
      this.writtenIndex = this.durableIndex;
    }
    this.#entries.putBack(again);
    const file = this.#segment?.path ?? this.#log.folder;
    this.failure = new LogError(failureCode, { file, cause: error });
    this.#stats.failures++;
    const resuming = this.#resuming;
    this.#resuming = null;
    const waiting = this.#waiters.takeAll();
    if (resuming === null) this.#tellState();
    for (const { done } of waiting) done(this.failure);
    this.#tellQuiet();
    resuming?.(false);
  }

  #resumed(): void {
    const resolve = this.#resuming;
    this.#resuming = null;
    this.failure = null;
    this.#stats.resumes++;
    this.#tellState();
    resolve?.(true);
  }

  #nextTick(): Timer {
    const timer = this.#clock.setTimer(tickMs, () => {
      this.#tick = this.#nextTick();
      this.#onTick();
    });
    timer.unref();
    return timer;
  }

  /** Once a second: the sync of `everysec`, its lag, and a witness when the log has fallen idle. */
  #onTick(): void {
    if (this.failure !== null || this.policy === 'never') return;
    if (this.#syncing !== null) {
      this.#stats.syncLagMs = this.#clock.monotonicMs() - this.#syncStartMs;
      if (this.#stats.syncLagMs > syncLagReportMs) this.#log.onSyncLag?.(this.#stats.syncLagMs);
    } else if (this.#unsynced.count > 0) void this.#sync();
    else if (this.#witnessDue()) this.#begin(this.#entries.witness());
  }

  #witnessDue(): boolean {
    const idle = this.#inFlight === null && this.#entries.waitingBytes === 0;
    return idle && this.#segment !== null && this.#testifiedIndex < this.durableIndex;
  }

  #quiet(): Promise<void> {
    if (this.#inFlight === null) return Promise.resolve();
    return new Promise((resolve) => this.#onQuiet.push(resolve));
  }

  #tellQuiet(): void {
    if (this.#inFlight !== null || this.#onQuiet.length === 0) return;
    const tell = this.#onQuiet;
    this.#onQuiet = [];
    for (const quiet of tell) quiet();
  }
}
