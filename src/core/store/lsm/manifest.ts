/**
 * Which tables an engine has: edits in a write-ahead log of their own (docs/formats/lsm.md, 'Edit').
 *
 * Promise: an edit whose `append` resolved survives any crash; after a crash the manifest holds a prefix
 * of the edits, in the order of their appending, that has all those in it.
 *
 *     append ─▶ appended (in the log's memory) ─▶ durable: resolved
 *                    │  ▲
 *            refused ▼  │ tried again every second, and by `tryResume`
 *                 onTrouble
 *
 * What the log has taken it writes sooner or later, also after an error. So an edit is never told to have
 * failed while it may still become durable: its `append` waits until the disk takes it. It is rejected
 * only when this manifest ends: then nobody knows, and the next `open` finds out.
 */
import { dirname, join } from 'node:path';
import { invariant, runAtOnce } from '../../base/index.ts';
import type { Clock, Disk, Random, Timer } from '../../runtime/index.ts';
import {
  type Log,
  type LogEntry,
  LogError,
  type LogState,
  logIndex,
  openLog,
  PartJoiner,
  walkLog,
} from '../log/index.ts';
import { type Counters, decodeEdit, type Edit, encodeEdit, type LeveledTable } from './edit.ts';
import { LsmError } from './errors.ts';
import { ManifestState, type WholeEdit } from './manifest-state.ts';

export interface ManifestOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Of the manifest itself. Made when missing. */
  readonly folder: string;
  /** See `LogOptions.nodeId`; default `lsm`. */
  readonly nodeId?: string;
  /** See `LogOptions.segmentBytes`; default 1 MiB. An edit longer than half of it is written in parts. */
  readonly segmentBytes?: number;
  /** Bytes of edits behind a whole one, at least, before the next whole one; default 256 KiB. */
  readonly wholeBytesMin?: number;
  /** Nothing is there: called before anything is written. What it throws refuses the opening. */
  onFresh?(): void;
  /** The disk takes no edits, or soon will not, and is tried again; null: all is well again. */
  onTrouble?(failure: LsmError | null): void;
}

interface Waiting {
  /** Index of its last entry. */
  readonly index: number;
  readonly edit: Edit;
  resolve(): void;
  reject(error: LsmError): void;
}

const NODE_ID = 'lsm';
const SEGMENT_BYTES = 1024 * 1024;
const WHOLE_BYTES_MIN = 256 * 1024;
const RETRY_MS = 1000;
const MANIFEST_FOLDER = 'manifest';

export class Manifest {
  /** Nothing was there when it was opened. */
  readonly fresh: boolean;
  readonly #options: ManifestOptions;
  readonly #log: Log;
  /** What is durable. */
  readonly #durable: ManifestState;
  /** What is durable once all that was appended is. */
  readonly #appended: ManifestState;
  #waiting: Waiting[] = [];
  /** Bytes of the last whole edit, and of the edits behind it. */
  #wholeBytes: number;
  #bytesBehind: number;
  #trouble: LsmError | null = null;
  /** It ended with this. */
  #ended: LsmError | null = null;
  #retry: Timer | null = null;

  /** @throws LsmError 'corrupt', 'version', 'disk-full', 'io'. */
  static async open(options: ManifestOptions): Promise<Manifest> {
    const { folder } = options;
    const replay = new Replay(folder);
    let manifest: Manifest | null = null;
    const log = await openManifestLog(options, {
      replay: { from: logIndex(1), entry: (entry) => replay.take(entry) },
      onDurable: (index) => {
        if (manifest !== null) manifest.#onDurable(index);
      },
      onStateChange: (state, failure) => {
        if (manifest !== null) manifest.#onStateChange(state, failure);
      },
    });
    try {
      replay.end(log.firstIndex === 1);
      if (replay.fresh) {
        options.onFresh?.();
        replay.wholeBytes = writeEdit(log, replay.state.whole(), options);
        await durable(log, folder);
        await options.disk.syncDirectory(dirname(folder));
      }
    } catch (error) {
      // The first error counts; what was written is whole or does not count.
      await log.close().catch(() => {});
      throw LsmError.from(error, folder);
    }
    manifest = new Manifest(options, log, replay);
    return manifest;
  }

  private constructor(options: ManifestOptions, log: Log, replay: Replay) {
    this.#options = options;
    this.#log = log;
    this.fresh = replay.fresh;
    this.#wholeBytes = replay.wholeBytes;
    this.#bytesBehind = replay.bytesBehind;
    this.#durable = replay.state;
    this.#appended = new ManifestState();
    this.#appended.apply(replay.state.whole());
  }

  /** Durable ones. */
  get counters(): Counters {
    return this.#durable.counters;
  }

  /** Why edits are not taken at the moment, or null. */
  get trouble(): LsmError | null {
    return this.#ended ?? this.#trouble;
  }

  /** Durable ones, in no order. */
  tables(): LeveledTable[] {
    return this.#durable.tables();
  }

  /**
   * Resolves when the edit is durable; edits become so in the order of their appending. Also while the
   * disk is in trouble: room for usual edits is kept ahead, and an edit may free space.
   * @throws LsmError when the manifest ended before: whether the edit counts the next `open` tells.
   */
  append(edit: Edit): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    invariant(this.#appended.refusal(edit) === null, 'an edit fits the tables that are there');
    const appended = this.#write(edit);
    this.#bytesBehind += appended.bytes;
    const { wholeBytesMin = WHOLE_BYTES_MIN } = this.#options;
    if (this.#bytesBehind > Math.max(wholeBytesMin, this.#wholeBytes)) this.#writeWhole();
    this.#log.flush();
    return appended.done;
  }

  /** Tries the disk again now, as after space was freed. @returns true when it takes edits. */
  async tryResume(): Promise<boolean> {
    if (this.#ended !== null) return false;
    const resumed = await this.#log.tryResume();
    if (!resumed) this.#retryLater();
    return resumed;
  }

  /**
   * Waits for what was appended, unless the disk is in trouble: then it is rejected as 'closed'.
   * @throws LsmError when not everything became durable.
   */
  async close(): Promise<void> {
    if (this.#ended !== null) return;
    const { folder: file, clock } = this.#options;
    const closed = new LsmError('closed', { file });
    this.#ended = closed;
    if (this.#retry !== null) clock.clearTimer(this.#retry);
    try {
      await this.#log.close();
    } catch (error) {
      throw LsmError.from(error, file);
    } finally {
      this.#rejectAll(closed);
    }
  }

  #write(edit: Edit): { bytes: number; done: Promise<void> } {
    const bytes = writeEdit(this.#log, edit, this.#options);
    this.#appended.apply(edit);
    const index = this.#log.lastIndex;
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ index, edit, resolve, reject });
    });
    return { bytes, done };
  }

  #writeWhole(): void {
    const first = logIndex(this.#log.lastIndex + 1);
    const { bytes, done } = this.#write(this.#appended.whole());
    this.#wholeBytes = bytes;
    this.#bytesBehind = 0;
    // What is not deleted now does no harm, and goes with the next whole edit.
    done.then(() => this.#log.truncateBefore(first)).catch(() => {});
  }

  #onDurable(index: number): void {
    const count = this.#waiting.findIndex((waiting) => waiting.index > index);
    const done = this.#waiting.splice(0, count < 0 ? this.#waiting.length : count);
    for (const { edit, resolve } of done) {
      this.#durable.apply(edit);
      resolve();
    }
  }

  #onStateChange(state: LogState, failure: LogError | null): void {
    if (this.#ended !== null) return;
    if (failure === null) {
      const troubled = this.#trouble !== null;
      this.#trouble = null;
      if (troubled) this.#options.onTrouble?.(null);
      return;
    }
    this.#trouble = LsmError.from(failure, this.#options.folder);
    if (state === 'failed' && !failure.retryable) {
      this.#ended = this.#trouble;
      this.#rejectAll(this.#trouble);
    } else this.#retryLater();
    this.#options.onTrouble?.(this.#trouble);
  }

  #retryLater(): void {
    if (this.#retry !== null || this.#ended !== null) return;
    this.#retry = this.#options.clock.setTimer(RETRY_MS, () => {
      this.#retry = null;
      void this.tryResume();
    });
    this.#retry.unref();
  }

  #rejectAll(error: LsmError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/**
 * Writes the manifest of a checkpoint: `manifest/` in `folder`, with this one edit; durable when done.
 * @throws LsmError.
 */
export async function writeCheckpointManifest(
  options: Omit<ManifestOptions, 'folder'>,
  folder: string,
  edit: WholeEdit,
): Promise<void> {
  const file = join(folder, MANIFEST_FOLDER);
  const log = await openManifestLog({ ...options, folder: file });
  try {
    invariant(log.lastIndex === 0, 'a checkpoint has a folder of its own');
    writeEdit(log, { ...edit, whole: true }, options);
    await durable(log, file);
    await log.close();
    await options.disk.syncDirectory(folder);
  } catch (error) {
    await log.close().catch(() => {});
    throw LsmError.from(error, file);
  }
}

/**
 * What a manifest that nobody has open says; reads only.
 * @throws LsmError 'corrupt', 'version', 'io'.
 */
export function readManifest(disk: Disk, folder: string): WholeEdit {
  const replay = new Replay(folder);
  try {
    const visit = (entry: LogEntry): void => replay.take(entry);
    const walking = walkLog({ disk, folder, nodeId: NODE_ID, from: 1, visit });
    const { damage, segments } = runAtOnce(walking);
    if (damage !== null) throw new LogError(damage.code, damage);
    replay.end((segments[0]?.header.firstIndex ?? 1) === 1);
  } catch (error) {
    throw LsmError.from(error, folder);
  }
  if (replay.fresh) throw new LsmError('corrupt', { file: folder, detail: 'it has no edit' });
  return replay.state.whole();
}

/** Reads edits into a state. Does not throw within the log's replay, where it would pass for the disk's. */
class Replay {
  readonly state = new ManifestState();
  fresh = false;
  wholeBytes = 0;
  bytesBehind = 0;
  readonly #file: string;
  readonly #joiner = new PartJoiner();
  #begun = false;
  #skipped = false;
  #failure: unknown = null;

  constructor(file: string) {
    this.#file = file;
  }

  take(entry: LogEntry): void {
    const pieces = this.#joiner.take(entry);
    if (pieces === undefined || this.#failure !== null) return;
    try {
      this.#edit(Buffer.concat(pieces), entry.index);
    } catch (error) {
      this.#failure = error;
    }
  }

  #edit(payload: Buffer, index: number): void {
    const edit = decodeEdit(payload, this.#file, index);
    const whole = edit.whole === true;
    // The log is cut by whole segments: before the first whole edit stands the end of a story.
    if (!this.#begun && !whole) {
      this.#skipped = true;
      return;
    }
    this.#begun = true;
    const refusal = this.state.refusal(edit);
    if (refusal !== null) {
      throw new LsmError('corrupt', { file: this.#file, detail: `entry ${index}: ${refusal}` });
    }
    this.state.apply(edit);
    this.wholeBytes = whole ? payload.length : this.wholeBytes;
    this.bytesBehind = whole ? 0 : this.bytesBehind + payload.length;
  }

  /** @throws what was wrong with the edits. */
  end(fromTheStart: boolean): void {
    if (this.#failure !== null) throw this.#failure;
    // What is written first is whole. Cut short by a crash it was never acknowledged, and is no edit.
    if (fromTheStart ? this.#skipped : !this.#begun) {
      throw new LsmError('corrupt', { file: this.#file, detail: 'it begins with no whole edit' });
    }
    this.fresh = !this.#begun;
  }
}

type ReplayOptions = Pick<Parameters<typeof openLog>[0], 'replay' | 'onDurable' | 'onStateChange'>;

async function openManifestLog(options: ManifestOptions, more: ReplayOptions = {}): Promise<Log> {
  const { disk, clock, random, folder, nodeId = NODE_ID, segmentBytes = SEGMENT_BYTES } = options;
  const place = { disk, clock, random, folder, nodeId };
  try {
    return await openLog({ ...place, policy: 'always', segmentBytes, ...more });
  } catch (error) {
    throw LsmError.from(error, folder);
  }
}

/** Appends an edit, in parts when it is long. @returns its bytes. */
function writeEdit(log: Log, edit: Edit, options: Omit<ManifestOptions, 'folder'>): number {
  const payload = encodeEdit(edit);
  const nowMs = options.clock.wallMs();
  const partBytes = (options.segmentBytes ?? SEGMENT_BYTES) / 2;
  for (let at = 0; at < payload.length; at += partBytes) {
    const bytes = Math.min(partBytes, payload.length - at);
    const { buffer, offset } = log.reserve(bytes);
    payload.copy(buffer, offset, at, at + bytes);
    log.commit(bytes, nowMs, at + bytes < payload.length);
  }
  return payload.length;
}

/** @throws LsmError when the disk refuses what was appended. */
async function durable(log: Log, file: string): Promise<void> {
  const failure = await new Promise<LogError | null>((done) => log.sync(done));
  if (failure !== null) throw LsmError.from(failure, file);
}
