/**
 * The folder that holds everything a node must not lose. One process at a time.
 *
 *     <folder>/LOCK        held by the process that uses the folder; the system frees it when that dies
 *     <folder>/LOCK.pid    who that is, for messages
 *     <folder>/...         what the systems keep, each in a folder of its own
 */
import { join } from 'node:path';
import { type Disk, type DiskLock, errorCode } from '../runtime/index.ts';

export const dataFolderErrorTable = {
  'cannot-create':
    'the data folder cannot be made: check the path and who owns the folder above it',
  'not-a-folder': 'the data folder is not a folder: choose another path',
  'not-writable':
    'the data folder cannot be written to: give this user the right to, or choose another',
  'in-use': 'the data folder is used by another process: stop that one or choose another folder',
} as const;

export type DataFolderErrorCode = keyof typeof dataFolderErrorTable;

export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
  readonly code: DataFolderErrorCode;
  readonly path: string;
  /** 'in-use': the other process, 0 when it cannot be told. */
  readonly holderPid: number;

  constructor(
    code: DataFolderErrorCode,
    path: string,
    more: { readonly holderPid?: number; readonly cause?: unknown } = {},
  ) {
    const holderPid = more.holderPid ?? 0;
    const who = holderPid > 0 ? ` (process ${holderPid})` : '';
    const why = more.cause instanceof Error ? ` (${more.cause.message})` : '';
    super(
      `${path}: ${dataFolderErrorTable[code]}${who}${why}`,
      more.cause === undefined ? {} : { cause: more.cause },
    );
    this.code = code;
    this.path = path;
    this.holderPid = holderPid;
  }
}

export interface DataFolder {
  readonly path: string;
  /** The folder of one system, made when missing. */
  subfolder(name: string): string;
  /** Lets another process have it; twice does nothing. */
  release(): void;
}

/** Makes the folder when missing, checks it and locks it. @throws DataFolderError. */
export async function openDataFolder(disk: Disk, path: string): Promise<DataFolder> {
  try {
    disk.mkdirSync(path);
  } catch (cause) {
    const code = ['EEXIST', 'ENOTDIR'].includes(errorCode(cause))
      ? 'not-a-folder'
      : 'cannot-create';
    throw new DataFolderError(code, path, { cause });
  }
  if (disk.statSync(path)?.isDirectory !== true) throw new DataFolderError('not-a-folder', path);
  if (!disk.writableSync(path)) throw new DataFolderError('not-writable', path);
  const lock = await takeLock(disk, path);
  return {
    path,
    subfolder(name) {
      const folder = join(path, name);
      disk.mkdirSync(folder);
      return folder;
    },
    release: () => lock.release(),
  };
}

async function takeLock(disk: Disk, path: string): Promise<DiskLock> {
  let lock: Awaited<ReturnType<Disk['lock']>>;
  try {
    lock = await disk.lock(join(path, 'LOCK'));
  } catch (cause) {
    // A read-only file system lets access(2) of root pass and shows here only.
    throw new DataFolderError('not-writable', path, { cause });
  }
  if ('holderPid' in lock) {
    throw new DataFolderError('in-use', path, { holderPid: lock.holderPid });
  }
  return lock;
}
