/**
 * The trash: what is deleted through this door waits in `/user/<name>/.Trash/Current`, below its own path. At each
 * checkpoint `Current` gets the time as its name, and what has such a name for long enough goes for good.
 *
 * Each step is one entry of the journal, so a crash between two leaves nothing half done: the next run goes on. Times
 * of runs are multiples of the checkpoint's, as Hadoop has them, so that restarts do not put them off.
 *
 * Hadoop, "fs.trash.interval": https://hadoop.apache.org/docs/r3.3.6/hadoop-project-dist/hadoop-common/core-default.xml
 */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import type { Path } from '../namespace/chain.ts';
import { entryName, isDirectoryKey, rangeOf, Space } from '../namespace/keys.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import type { FileSystem } from '../objects/file-system.ts';

export const USERS_DIRECTORY = 'user';
const TRASH_DIRECTORY = '.Trash';
const CURRENT = 'Current';
const MINUTE_MS = 60_000;
/** Timers of the process do not go further than some weeks. */
const TIMER_MS_MAX = 24 * 60 * MINUTE_MS;
/** `yyMMddHHmmss`, in UTC; another one of the same second has a number behind. */
const CHECKPOINT = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(-\d+)?$/;

export interface TrashTimes {
  /** Minutes for which what was deleted stays; 0: deletes are real. */
  readonly minutes: number;
  /** Minutes between two checkpoints; 0: as `minutes`. */
  readonly checkpointMinutes: number;
}

export const trashOf = (user: string): Path => [USERS_DIRECTORY, user, TRASH_DIRECTORY];
export const currentTrashOf = (user: string): Path => [...trashOf(user), CURRENT];

/** Whether a path is the trash of somebody, or in it. */
export function isInTrash(path: Path): boolean {
  return path[0] === USERS_DIRECTORY && path[2] === TRASH_DIRECTORY;
}

/** Whether the trash of a user is below a path. */
export function holdsTrash(path: Path, user: string): boolean {
  const trash = trashOf(user);
  return path.length <= trash.length && path.every((name, nth) => name === trash[nth]);
}

/** Users who have a trash. */
export async function trashOwners(reader: NamespaceReader): Promise<string[]> {
  const users = await directoriesIn(reader, [USERS_DIRECTORY]);
  const owners: string[] = [];
  for (const user of users) {
    if ((await reader.directory(trashOf(user))) !== null) owners.push(user);
  }
  return owners;
}

async function directoriesIn(reader: NamespaceReader, path: Path): Promise<string[]> {
  const inode = await reader.directory(path);
  const names: string[] = [];
  if (inode === null) return names;
  await reader.each(rangeOf(Space.entry, inode.id), (key) => {
    if (isDirectoryKey(key)) names.push(entryName(key));
    return true;
  });
  return names;
}

export interface TrashEmptierOptions {
  readonly files: FileSystem;
  readonly clock: Clock;
  /** A run has failed; the next one tries again. */
  onFailure(error: unknown): void;
}

export class TrashEmptier {
  private readonly options: TrashEmptierOptions;
  private times: TrashTimes;
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(options: TrashEmptierOptions, times: TrashTimes) {
    this.options = options;
    this.times = times;
  }

  start(): void {
    this.schedule();
  }

  /** Counts from the next run on. */
  apply(times: TrashTimes): void {
    this.times = times;
    if (this.running === undefined) this.schedule();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== undefined) this.options.clock.clearTimer(this.timer);
    await this.running;
  }

  private schedule(): void {
    const { clock } = this.options;
    if (this.timer !== undefined) clock.clearTimer(this.timer);
    this.timer = undefined;
    if (this.stopped || this.times.minutes === 0) return;
    const everyMs = checkpointMs(this.times);
    const nowMs = clock.wallMs();
    const atMs = (Math.floor(nowMs / everyMs) + 1) * everyMs;
    const waitMs = Math.min(atMs - nowMs, TIMER_MS_MAX);
    this.timer = clock.setTimer(waitMs, () => {
      this.timer = undefined;
      if (clock.wallMs() < atMs) this.schedule();
      else this.running = this.runAndGoOn();
    });
    this.timer.unref();
  }

  private async runAndGoOn(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      if (!this.stopped) this.options.onFailure(error);
    } finally {
      this.running = undefined;
      this.schedule();
    }
  }

  /** What is old enough goes, then what was deleted since the last run gets its checkpoint. @throws FilesError */
  async run(): Promise<void> {
    const { files, clock } = this.options;
    const { reader } = files.namespace;
    for (const user of await trashOwners(reader)) {
      const trash = trashOf(user);
      const nowMs = clock.wallMs();
      for (const name of await directoriesIn(reader, trash)) {
        if (this.stopped) return;
        const madeMs = checkpointTime(name);
        if (madeMs === undefined || nowMs - madeMs < this.times.minutes * MINUTE_MS) continue;
        await unless(['not-found', 'snapshot'], () =>
          files.namespace.run('removeDirectory', {
            ...{ path: [...trash, name], recursive: true, keepsDirectories: true },
          }),
        );
        files.reclaim();
      }
      await this.checkpoint(trash, nowMs);
    }
  }

  private async checkpoint(trash: Path, nowMs: number): Promise<void> {
    const { namespace } = this.options.files;
    const from = [...trash, CURRENT];
    const name = checkpointName(nowMs);
    for (let nth = 0; nth < 1000; nth++) {
      const to = [...trash, nth === 0 ? name : `${name}-${nth}`];
      const done = await unless(['exists'], () =>
        unless(['not-found', 'snapshot'], () =>
          namespace.run('rename', { from, to, kind: 'directory' }),
        ),
      );
      if (done) return;
    }
  }
}

/** @returns false when it was refused for one of these. @throws FilesError */
async function unless(codes: readonly string[], work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof FilesError && codes.includes(error.code)) return false;
    throw error;
  }
}

function checkpointMs({ minutes, checkpointMinutes }: TrashTimes): number {
  const every = checkpointMinutes === 0 ? minutes : Math.min(checkpointMinutes, minutes);
  return every * MINUTE_MS;
}

export function checkpointName(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(2, 19).replace(/\D/g, '');
}

/** Unix ms; undefined: it is no checkpoint. */
export function checkpointTime(name: string): number | undefined {
  const parts = CHECKPOINT.exec(name)?.slice(1, 7).map(Number);
  if (parts === undefined) return undefined;
  const [year, month, day, hour, minute, second] = parts as [
    ...[number, number, number, number, number, number],
  ];
  return Date.UTC(2000 + year, month - 1, day, hour, minute, second);
}
