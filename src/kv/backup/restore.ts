/**
 * Makes the store's data of a backup, by copies: the backup stays as it is.
 *
 *   <data>/kv.restoring/  is filled, all of it made durable ─▶ becomes <data>/kv
 *   <data>/kv             what was there is moved aside to kv.before-<time>, when that is asked for
 *
 * A restore that is cut short leaves `kv.restoring`, with which no store starts; run again it begins anew.
 */
import { dirname, join, resolve } from 'node:path';
import type { Clock, Disk } from '../../core/runtime/index.ts';
import { bytesOf, type Description } from './description.ts';
import { BackupError } from './errors.ts';
import { readDescription } from './read.ts';
import { copyFile, removeFolder } from './transfer.ts';

/** The store's folder below that of all data. */
export const STORE_FOLDER = 'kv';
const RESTORING = '.restoring';

export interface RestoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Verified before. */
  readonly backup: string;
  /** Of all data; the caller holds its lock. */
  readonly data: string;
  /** What is there is moved aside, not refused. */
  readonly force: boolean;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface RestoreReport {
  readonly description: Description;
  readonly bytes: number;
  /** Where the store went that was there; null: there was none. */
  readonly movedTo: string | null;
}

/** @throws BackupError: the data folder has what it had before. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { disk, data, backup, force } = options;
  const store = join(data, STORE_FOLDER);
  const next = store + RESTORING;
  const description = await readDescription(disk, backup);
  try {
    const taken = disk.statSync(store) !== null && disk.listSync(store).length > 0;
    if (taken && !force) throw new BackupError('data-not-empty', store);
    await removeFolder(disk, next);
    await fill(options, next, description);
    const movedTo = taken ? asideName(options, store) : null;
    if (movedTo === null) await removeFolder(disk, store);
    else await disk.rename(store, movedTo);
    await disk.rename(next, store);
    await disk.syncDirectory(data);
    // The data folder itself may be new; its own is not always ours to open.
    await disk.syncDirectory(dirname(resolve(data))).catch(() => {});
    return { description, bytes: bytesOf(description), movedTo };
  } catch (error) {
    throw BackupError.from(error, data);
  }
}

/** @throws BackupError 'restore-unfinished' for a store whose data may not be all there. */
export function refuseUnfinished(disk: Disk, store: string): void {
  const folder = store + RESTORING;
  if (disk.statSync(folder) !== null) throw new BackupError('restore-unfinished', folder);
}

async function fill(
  { disk, backup, onProgress }: RestoreOptions,
  folder: string,
  description: Description,
): Promise<void> {
  const totalBytes = bytesOf(description);
  disk.mkdirSync(folder);
  // Were it made durable last, a power loss could leave a store that is neither old nor new.
  await disk.syncDirectory(dirname(folder));
  try {
    const room = disk.freeBytesSync(folder);
    if (room < totalBytes) {
      throw new BackupError('disk-full', `${folder} needs ${totalBytes} bytes, ${room} are free`);
    }
    const folders = new Set([folder]);
    let doneBytes = 0;
    for (const { name, bytes, crc32 } of description.files) {
      const to = join(folder, name);
      for (let at = dirname(to); !folders.has(at); at = dirname(at)) folders.add(at);
      disk.mkdirSync(dirname(to));
      const sum = await copyFile(disk, join(backup, name), to, (piece) => {
        doneBytes += piece;
        onProgress?.(doneBytes, totalBytes);
      });
      if (sum.bytes !== bytes || sum.crc32 !== crc32) {
        throw new BackupError('damaged', join(backup, name));
      }
    }
    for (const each of folders) await disk.syncDirectory(each);
  } catch (error) {
    await removeFolder(disk, folder);
    throw error;
  }
}

/** Beside the store, by the time. */
function asideName({ disk, clock }: RestoreOptions, store: string): string {
  const stamp = new Date(clock.wallMs()).toISOString().replaceAll(/[:.]/g, '-');
  const name = `${store}.before-${stamp}`;
  for (let nth = 0; ; nth++) {
    const path = nth === 0 ? name : `${name}-${nth}`;
    if (disk.statSync(path) === null) return path;
  }
}
