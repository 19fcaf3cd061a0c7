/**
 * Fills a store from a running Redis or Valkey as its replica: the snapshot, then every command since.
 *
 *     connecting --FULLRESYNC--> waiting --first byte--> snapshot --last byte--> stream --> done
 *          ^------- link lost in the stream: from where it stopped, RESUME_MAX times ---/
 *
 * | phase      | link lost                    | asked to try later      | target lost or refusing |
 * | ---------- | ---------------------------- | ----------------------- | ----------------------- |
 * | connecting | ends                         | again, TRY_LATER_MAX x  | ends                    |
 * | waiting    | ends                         | -                       | ends                    |
 * | snapshot   | ends; how far it came        | -                       | ends                    |
 * | stream     | PSYNC from where it stopped  | again                   | ends                    |
 *
 * Memory: requests on their way to the target (IN_FLIGHT_*), one value or command; the source is not
 * read while the target is behind.
 */
import type { Clock, Network } from '../../core/runtime/index.ts';
import { Args } from '../../core/wire/index.ts';
import { RdbFileParser, type RdbFileResult } from '../rdb/index.ts';
import { ImportError } from './errors.ts';
import { ImportTarget } from './import-target.ts';
import { RESUME_MAX, RESUME_WAIT_MS, TRY_LATER_MAX, TRY_LATER_WAIT_MS } from './limits.ts';
import { type Endpoint, openPipe, type RespPipe } from './resp-pipe.ts';
import { SnapshotFeeder } from './snapshot-feeder.ts';
import { SourceLink } from './source-link.ts';
import { StreamSplitter } from './stream-splitter.ts';

export type LivePhase = 'connecting' | 'waiting' | 'snapshot' | 'stream' | 'done';

export interface LiveProgress {
  readonly phase: LivePhase;
  readonly snapshotBytes: number;
  /** Null where the source does not know it beforehand. */
  readonly snapshotTotalBytes: number | null;
  readonly keys: number;
  readonly functions: number;
  /** Commands of the stream given to the target. */
  readonly commands: number;
  /** Commands that the target refused, and what it said. */
  readonly refused: number;
  readonly refusals: readonly string[];
  /** Bytes of the stream that the source has and the target has not; null until it is known. */
  readonly lagBytes: number | null;
  /** How often a lost link was taken up again. */
  readonly resumed: number;
}

export interface LiveImportOptions {
  readonly dial: Network['dial'];
  readonly clock: Clock;
  readonly source: Endpoint;
  readonly target: Endpoint;
  readonly replace: boolean;
}

interface HeldCommand {
  readonly args: Args;
  readonly raw: Buffer;
  readonly endOffset: number;
}

interface OffsetWaiter {
  readonly offset: number;
  readonly resolve: () => void;
}

export class LiveImport {
  phase: LivePhase = 'connecting';
  /** A connection to the source for questions; another one when it is lost. */
  private controlPipe: RespPipe;
  readonly target: ImportTarget;
  private readonly options: LiveImportOptions;
  private readonly feeder: SnapshotFeeder;
  private readonly parser: RdbFileParser;
  private snapshotResult: RdbFileResult | null = null;
  private snapshotBytes = 0;
  private snapshotTotalBytes: number | null = null;
  private splitter: StreamSplitter | null = null;
  private streamId = '';
  private link: SourceLink | null = null;
  private laterLeft = TRY_LATER_MAX;
  private resumesLeft = RESUME_MAX;
  private resumed = 0;
  private sourceOffset: number | null = null;
  private waitingForRoom = false;
  private closed = false;
  /** Commands beyond this offset stay here; null: none do. */
  private holdBeyond: number | null = null;
  private held: HeldCommand[] = [];
  private readonly appliedWaiters: OffsetWaiter[] = [];
  private readonly forwardedWaiters: OffsetWaiter[] = [];
  private fail: (error: ImportError) => void = () => {};
  private readonly failure: Promise<never>;
  private tellStreaming: () => void = () => {};
  private readonly streaming: Promise<void>;

  private constructor(options: LiveImportOptions, control: RespPipe, target: ImportTarget) {
    this.options = options;
    this.controlPipe = control;
    this.target = target;
    this.failure = new Promise((_, reject) => {
      this.fail = reject;
    });
    // Whoever waits is told; it is no fault that nobody does at the moment.
    this.failure.catch(() => {});
    this.streaming = new Promise((resolve) => {
      this.tellStreaming = resolve;
    });
    this.feeder = new SnapshotFeeder(target.give, { replace: options.replace });
    this.parser = new RdbFileParser(this.feeder);
    target.onFailed = (error) => this.fail(error);
    target.onApplied = () => tellReached(this.appliedWaiters, target.appliedOffset);
  }

  /** Connects to both sides; nothing is copied yet. @throws ImportError */
  static async open(options: LiveImportOptions): Promise<LiveImport> {
    const { dial, source, target: endpoint, replace } = options;
    const control = await openPipe({ dial, endpoint: source, lostCode: 'source-lost' });
    try {
      const target = await ImportTarget.open({ dial, endpoint, replace });
      return new LiveImport(options, control, target);
    } catch (error) {
      control.close();
      throw error;
    }
  }

  get progress(): LiveProgress {
    const { target, feeder, sourceOffset } = this;
    const { commands, refused, refusals, appliedOffset } = target;
    const lag = sourceOffset === null ? null : Math.max(0, sourceOffset - appliedOffset);
    return {
      phase: this.phase,
      snapshotBytes: this.snapshotBytes,
      snapshotTotalBytes: this.snapshotTotalBytes,
      keys: feeder.keys,
      functions: feeder.functions,
      commands,
      refused,
      refusals,
      lagBytes: this.phase === 'stream' || this.phase === 'done' ? lag : null,
      resumed: this.resumed,
    };
  }

  /** Copies the snapshot; the stream follows by itself from then on. @throws ImportError */
  async copySnapshot(): Promise<void> {
    this.connect(null);
    await this.orFail(this.streaming);
  }

  /** Resolves when the target has all that the source had when this was called. @throws ImportError */
  async caughtUp(): Promise<void> {
    await this.orFail(this.reached(await this.askSourceOffset(), this.appliedWaiters));
  }

  /** Asks the source how far it is, for `progress`. @throws ImportError */
  async askSourceOffset(): Promise<number> {
    const info = await this.orFail(this.asked('INFO', 'replication'));
    this.sourceOffset = offsetOf(String(info));
    return this.sourceOffset;
  }

  /** Resolves with what `promise` does, or rejects when the import fails meanwhile. */
  orFail<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.failure]);
  }

  /** A connection to the source for questions, made anew if it was lost. @throws ImportError */
  async control(): Promise<RespPipe> {
    if (this.controlPipe.lost !== null) {
      const { dial, source: endpoint } = this.options;
      this.controlPipe = await openPipe({ dial, endpoint, lostCode: 'source-lost' });
    }
    return this.controlPipe;
  }

  /** A question to the source. @throws ImportError */
  async asked(...words: readonly (string | number | Buffer)[]): Promise<unknown> {
    return (await this.control()).must('not-permitted', ...words);
  }

  /**
   * Runs `atSource` while the stream is held back, lets it go on to the offset that `atSource` gives and
   * runs `atTarget` there: both see the data at one point of the stream.
   */
  async atOnePoint<T>(
    atSource: () => Promise<{ value: T; offset: number }>,
    atTarget: (value: T) => Promise<void>,
  ): Promise<void> {
    this.holdBeyond = 0;
    try {
      const { value, offset } = await this.orFail(atSource());
      this.holdBeyond = offset;
      this.releaseHeld();
      this.readOn();
      await this.orFail(this.reached(offset, this.forwardedWaiters));
      // Nothing is forwarded between the wait above and the first request of `atTarget`: what is
      // beyond the offset is still held.
      const asked = atTarget(value);
      this.holdBeyond = null;
      this.releaseHeld();
      this.readOn();
      await this.orFail(asked);
    } finally {
      this.holdBeyond = null;
      this.releaseHeld();
      this.readOn();
    }
  }

  /** Ends the import with what was applied so far. */
  async finish(): Promise<void> {
    this.closed = true;
    this.link?.acknowledge();
    this.link?.close();
    this.controlPipe.close();
    await this.target.finish();
    this.phase = 'done';
  }

  /** Ends it at once. */
  close(): void {
    this.closed = true;
    this.link?.close();
    this.controlPipe.close();
    this.target.close();
  }

  private connect(resume: { id: string; nextOffset: number } | null): void {
    if (this.closed) return;
    const { dial, clock, source } = this.options;
    const link = new SourceLink(
      { dial, clock, endpoint: source, resume },
      {
        onFull: (id, offset) => this.onFull(id, offset),
        onContinued: (id) => this.onContinued(id),
        onSnapshotBegin: (bytes) => {
          this.phase = 'snapshot';
          this.snapshotTotalBytes = bytes;
        },
        onSnapshot: (chunk) => this.takeSnapshot(chunk),
        onSnapshotEnd: () => this.endSnapshot(),
        onStream: (chunk) => this.takeStream(chunk),
        mayRead: () => this.mayRead(),
        appliedOffset: () => this.target.appliedOffset,
        onEnded: (error, tryLater) => this.onLinkEnded(error, tryLater),
      },
    );
    this.link = link;
    void link.open();
  }

  private onFull(id: string, offset: number): void {
    if (this.splitter !== null) {
      const text =
        'its backlog no longer reaches back to where the link broke: start again with --replace';
      this.link?.close();
      this.fail(new ImportError('source-lost', text));
      return;
    }
    this.streamId = id;
    this.phase = 'waiting';
    this.splitter = new StreamSplitter(offset, (args, raw, end) =>
      this.takeCommand(args, raw, end),
    );
  }

  private onContinued(id: string | null): void {
    if (id !== null) this.streamId = id;
    this.resumed++;
    this.resumesLeft = RESUME_MAX;
  }

  private takeSnapshot(chunk: Buffer): void {
    this.snapshotBytes += chunk.length;
    const result = this.parser.push(chunk);
    this.snapshotResult = result;
    if (result.status !== 'more' && result.status !== 'ok') this.refuseSnapshot(result);
  }

  private endSnapshot(): void {
    const result = this.snapshotResult;
    if (result?.status !== 'ok') {
      this.refuseSnapshot(result?.status === 'more' ? this.parser.end() : result);
      return;
    }
    this.phase = 'stream';
    const { splitter } = this;
    if (splitter === null) return;
    this.target.beginStream(splitter.offset, this.feeder.streamDb, () => {
      // A master that sent a snapshot without a length waits for this before it sends more.
      this.link?.acknowledge();
      this.tellStreaming();
    });
  }

  private refuseSnapshot(result: RdbFileResult | null): void {
    this.link?.close();
    this.fail(snapshotError(result));
  }

  private takeStream(chunk: Buffer): void {
    const { splitter } = this;
    if (splitter === null) return;
    splitter.push(chunk);
    if (splitter.error === '') return;
    this.link?.close();
    this.fail(new ImportError('not-a-source', splitter.error));
  }

  private takeCommand(args: Args, raw: Buffer, endOffset: number): void {
    if (args.count > 1 && args.keyword(0) === 'REPLCONF' && args.keyword(1) === 'GETACK') {
      this.acknowledgeAt(endOffset);
    }
    if (this.holdBeyond !== null && endOffset > this.holdBeyond) {
      this.held.push({ args: copyOf(args), raw: Buffer.from(raw), endOffset });
      return;
    }
    this.forward(args, raw, endOffset);
  }

  private forward(args: Args, raw: Buffer, endOffset: number): void {
    this.target.forward(args, raw, endOffset);
    tellReached(this.forwardedWaiters, endOffset);
  }

  private releaseHeld(): void {
    const limit = this.holdBeyond ?? Number.POSITIVE_INFINITY;
    let count = 0;
    for (const { args, raw, endOffset } of this.held) {
      if (endOffset > limit) break;
      this.forward(args, raw, endOffset);
      count++;
    }
    this.held.splice(0, count);
  }

  /** The source asks how far the target is: told when the target is that far. */
  private acknowledgeAt(offset: number): void {
    void this.reached(offset, this.appliedWaiters).then(() => this.link?.acknowledge());
  }

  private mayRead(): boolean {
    if (this.held.length > 0 && this.holdBeyond !== null) return false;
    if (this.target.pipe.hasRoom) return true;
    this.waitForRoom();
    return false;
  }

  private waitForRoom(): void {
    if (this.waitingForRoom) return;
    this.waitingForRoom = true;
    const again = (): void => {
      this.waitingForRoom = false;
      this.readOn();
    };
    // A lost target is told by `onFailed`.
    this.target.pipe.room().then(again, () => {});
  }

  private readOn(): void {
    if (this.mayRead()) this.link?.resume();
  }

  /** Offsets of what is forwarded are those of the splitter unless something is held. */
  private reached(offset: number, waiters: OffsetWaiter[]): Promise<void> {
    const now = waiters === this.appliedWaiters ? this.target.appliedOffset : this.forwardedOffset;
    if (now >= offset) return Promise.resolve();
    return new Promise((resolve) => waiters.push({ offset, resolve }));
  }

  private get forwardedOffset(): number {
    const first = this.held[0];
    const offset = this.splitter?.offset ?? 0;
    return first === undefined ? offset : first.endOffset - first.raw.length;
  }

  private onLinkEnded(error: ImportError, tryLater: boolean): void {
    const { clock } = this.options;
    if (this.phase === 'stream' && this.resumesLeft > 0 && isPassing(error, tryLater)) {
      this.resumesLeft--;
      this.splitter?.dropPartial();
      const nextOffset = (this.splitter?.offset ?? 0) + 1;
      clock.setTimer(RESUME_WAIT_MS, () => this.connect({ id: this.streamId, nextOffset }));
      return;
    }
    if (this.phase === 'connecting' && tryLater && this.laterLeft > 0) {
      this.laterLeft--;
      clock.setTimer(TRY_LATER_WAIT_MS, () => this.connect(null));
      return;
    }
    this.fail(this.phase === 'snapshot' ? this.withProgress(error) : error);
  }

  private withProgress(error: ImportError): ImportError {
    const of = this.snapshotTotalBytes === null ? '' : ` of ${this.snapshotTotalBytes}`;
    const far = `after ${this.snapshotBytes}${of} bytes of the snapshot and ${this.feeder.keys} keys`;
    return new ImportError(
      error.code,
      `${error.message}, ${far}: start again with --replace`,
      error,
    );
  }
}

/** What a result of the parser other than 'ok' says to people. */
export function snapshotError(result: RdbFileResult | null): ImportError {
  const { status, offset, reason } = result ?? { status: 'truncated', offset: 0, reason: '' };
  const text = `${status} at byte ${offset}${reason === '' ? '' : `: ${reason}`}`;
  return new ImportError(status === 'unsupported' ? 'snapshot-too-new' : 'snapshot-bad', text);
}

function isPassing(error: ImportError, tryLater: boolean): boolean {
  return tryLater || error.code === 'source-lost' || error.code === 'unreachable';
}

/** The offset in an answer of INFO. @throws ImportError */
export function offsetOf(info: string): number {
  const text = /^master_repl_offset:(\d+)/m.exec(info)?.[1];
  if (text === undefined) throw new ImportError('not-a-source', 'INFO has no master_repl_offset');
  return Number(text);
}

function tellReached(waiters: OffsetWaiter[], offset: number): void {
  for (let i = waiters.length - 1; i >= 0; i--) {
    const waiter = waiters[i] as OffsetWaiter;
    if (waiter.offset > offset) continue;
    waiters.splice(i, 1);
    waiter.resolve();
  }
}

function copyOf(args: Args): Args {
  return new Args().load(args.copies());
}
