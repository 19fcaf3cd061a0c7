/**
 * Backups of the running store, one at a time.
 *
 *   start ─▶ flushing ─▶ linking ─▶ copying ─▶ done
 *               └───────────┴──────────┴─────▶ failed, cancelled: nothing of it stays
 *
 * A backup holds the state at one entry of the log, at or behind the last that was acknowledged when it
 * was begun. Tables are held only by second names of their files, in a staging folder beside the data,
 * so compactions go on; the names go when the backup ends.
 *
 * Invariant: until `publish` the folder has another name (`.partial`), and what a crash leaves of it is
 * noted in the staging folder and removed by the next start.
 */
import { dirname, join } from 'node:path';
import { InvariantError } from '../../core/base/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk } from '../../core/runtime/index.ts';
import { readFileWhole } from '../../core/store/index.ts';
import type { Persistence } from '../persistence/index.ts';
import { assemble, type Base, publish } from './assembly.ts';
import { DESCRIPTION, keysOf } from './description.ts';
import { BackupError, type BackupErrorCode } from './errors.ts';
import { PARTIAL, placeOf, refuseTaken } from './place.ts';
import { readDescription } from './read.ts';
import { checkpointStore } from './source.ts';
import { type FileSum, makeFolder, placeFile, removeFolder } from './transfer.ts';

/** Beside the store's data: what a backup under way needs, and where it writes. */
const STAGING = 'backup';
const NOTE = 'partial';

export interface BackupsOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Logger;
  readonly persistence: Persistence;
  /** Of the store. */
  readonly dataFolder: string;
  /** Where backups go. Made with the first. */
  readonly root: string;
}

export type BackupState =
  | 'idle'
  | 'flushing'
  | 'linking'
  | 'copying'
  | 'done'
  | 'failed'
  | 'cancelled';

export interface BackupStatus {
  state: BackupState;
  folder: string;
  /** Unix ms; 0: not yet. */
  startedMs: number;
  endedMs: number;
  doneBytes: number;
  /** 0: not known yet. */
  totalBytes: number;
  /** Bytes that take no room of their own; bytes that do. */
  linkedBytes: number;
  copiedBytes: number;
  logIndex: number;
  keys: number;
  errorCode: BackupErrorCode | '';
  error: string;
}

interface Job {
  readonly target: string;
  readonly base: string | undefined;
  readonly stopped: PromiseWithResolvers<never>;
  cancelled: boolean;
}

export class Backups {
  /** Of the backup under way, or of the last one. */
  status: BackupStatus = freshStatus('', 0);
  /** Unix ms of the last complete one since the start; 0 for none. */
  lastDoneMs = 0;
  private readonly options: BackupsOptions;
  private readonly staging: string;
  private readonly sums = new Map<string, FileSum>();
  private job: Job | undefined;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(options: BackupsOptions) {
    this.options = options;
    this.staging = join(options.dataFolder, STAGING);
  }

  get isRunning(): boolean {
    return this.job !== undefined;
  }

  /** Removes what a crash has left of a backup. @throws what the disk says. */
  async clean(): Promise<void> {
    const { disk, log } = this.options;
    const note = readFileWhole(disk, join(this.staging, NOTE));
    const partial = note?.toString() ?? '';
    if (partial.endsWith(PARTIAL)) {
      log.info('a backup that was cut short is removed', { folder: partial });
      await removeFolder(disk, partial);
    }
    await removeFolder(disk, this.staging);
  }

  /**
   * Begins one. `name` and `base` are names below the root, or paths that lie there; without a base the
   * newest backup beside the new one is taken where that saves room.
   * @throws BackupError: nothing was begun.
   */
  start(name: string, base?: string): void {
    const { disk, clock, root } = this.options;
    if (this.job !== undefined || this.closed) throw new BackupError('busy', this.status.folder);
    const target = placeOf(root, name);
    try {
      refuseTaken(disk, target);
      refuseTaken(disk, target + PARTIAL);
    } catch (error) {
      throw BackupError.from(error, target);
    }
    const job: Job = {
      target,
      base: base === undefined ? undefined : placeOf(root, base),
      stopped: Promise.withResolvers<never>(),
      cancelled: false,
    };
    job.stopped.promise.catch(() => {});
    this.job = job;
    this.status = freshStatus(target, clock.wallMs());
    this.status.state = 'flushing';
    // Not inside the command that asks for it.
    clock.nextTurn(() => {
      this.running = this.run(job);
    });
  }

  /** False when there is none. What there is of it goes in a moment. */
  cancel(): boolean {
    const { job } = this;
    if (job === undefined) return false;
    job.cancelled = true;
    job.stopped.reject(new BackupError('cancelled', job.target));
    return true;
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancel();
    await this.running;
  }

  private async run(job: Job): Promise<void> {
    const { status } = this;
    const { log, clock } = this.options;
    try {
      await this.make(job, status);
      status.state = 'done';
      this.lastDoneMs = clock.wallMs();
      log.info('backup done', { ...status });
    } catch (cause) {
      if (cause instanceof InvariantError) throw cause;
      const error = BackupError.from(cause, job.target);
      status.state = error.code === 'cancelled' ? 'cancelled' : 'failed';
      status.errorCode = error.code;
      status.error = error.message;
      log.error('backup not done', { err: error });
    }
    await this.clear(job.target + PARTIAL);
    status.endedMs = clock.wallMs();
    this.job = undefined;
    this.running = undefined;
  }

  private async make(job: Job, status: BackupStatus): Promise<void> {
    const { disk, persistence } = this.options;
    const { staging, sums } = this;
    const partial = job.target + PARTIAL;
    const refuseCancelled = (): void => {
      if (job.cancelled) throw new BackupError('cancelled', job.target);
    };
    refuseCancelled();
    const base = job.base === undefined ? null : await this.baseAt(job.base);
    await removeFolder(disk, staging);
    disk.mkdirSync(staging);
    await makeFolder(disk, dirname(partial));
    await placeFile(disk, join(staging, NOTE), Buffer.from(partial));
    const onFlushed = (): void => {
      refuseCancelled();
      status.state = 'linking';
    };
    const { stopped } = job;
    const { tableBytes, ...about } = await checkpointStore({
      disk,
      persistence,
      folder: staging,
      onFlushed,
      stopped: stopped.promise,
    });
    status.state = 'copying';
    status.totalBytes = tableBytes;
    status.logIndex = about.logIndex;
    status.keys = keysOf(about);
    let found: Promise<Base | null> | undefined;
    await assemble(
      {
        disk,
        staging,
        partial,
        sums,
        base: () => {
          found ??= base === null ? this.newestBeside(job.target) : Promise.resolve(base);
          return found;
        },
        onProgress: (bytes) => {
          refuseCancelled();
          status.doneBytes = Math.min(status.totalBytes, status.doneBytes + bytes);
        },
        onPlaced: (how, bytes) => {
          if (how === 'linked') status.linkedBytes += bytes;
          else status.copiedBytes += bytes;
        },
      },
      about,
    );
    refuseCancelled();
    await publish(disk, partial, job.target);
  }

  private async baseAt(folder: string): Promise<Base> {
    try {
      const { files } = await readDescription(this.options.disk, folder);
      return { folder, files: new Map(files.map((file) => [file.name, file])) };
    } catch (error) {
      throw new BackupError('bad-base', `${folder} (${String(error)})`, error);
    }
  }

  /** The newest complete backup in the same folder; null when there is none. */
  private async newestBeside(target: string): Promise<Base | null> {
    const { disk } = this.options;
    const above = dirname(target);
    let newest: { folder: string; createdMs: number } | null = null;
    for (const name of disk.listSync(above)) {
      const folder = join(above, name);
      if (name.endsWith(PARTIAL) || disk.statSync(join(folder, DESCRIPTION)) === null) continue;
      const description = await readDescription(disk, folder).catch(() => null);
      const createdMs = description?.createdMs ?? -1;
      if (createdMs > (newest?.createdMs ?? -1)) newest = { folder, createdMs };
    }
    return newest === null ? null : this.baseAt(newest.folder);
  }

  /** What can not be removed now the next start removes. */
  private async clear(partial: string): Promise<void> {
    const { disk, log } = this.options;
    try {
      await removeFolder(disk, partial);
      await removeFolder(disk, this.staging);
    } catch (error) {
      log.warn('what a backup has left could not be removed', { err: error });
    }
  }
}

function freshStatus(folder: string, startedMs: number): BackupStatus {
  return {
    state: 'idle',
    folder,
    startedMs,
    endedMs: 0,
    doneBytes: 0,
    totalBytes: 0,
    linkedBytes: 0,
    copiedBytes: 0,
    logIndex: 0,
    keys: 0,
    errorCode: '',
    error: '',
  };
}
