/** Why a backup is not begun, ends early, or can not be used: one code each. */
import { errorCode } from '../../core/runtime/index.ts';
import { LogError, LsmError } from '../../core/store/index.ts';

export const backupErrorTable = {
  busy: 'a backup is already under way',
  outside: 'a backup goes below the folder of backups (kv.backup_folder)',
  'bad-name': 'the name of a backup is no path that can be used',
  exists: 'the folder is not empty',
  'bad-base': 'the base is no backup that can be read',
  cancelled: 'the backup was cancelled',
  'flush-failed': 'the store could not be flushed',
  'no-backup': 'there is no backup',
  incomplete: 'the backup is incomplete: it was cut short and may be removed',
  version: 'the backup is of a newer version',
  damaged: 'the backup is damaged',
  'disk-full': 'the disk is full',
  io: 'the disk refuses',
  'data-not-empty': 'the data folder has a store already; --force moves it aside',
  'restore-unfinished':
    'a restore was begun and not ended: run it again, or remove this folder to go without it',
} as const;

export type BackupErrorCode = keyof typeof backupErrorTable;

/** The world's failure to let a backup be made, verified or restored. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: BackupErrorCode;

  constructor(code: BackupErrorCode, detail: string, cause?: unknown) {
    super(`${detail}: ${backupErrorTable[code]}`, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** What a disk, the engine or the log threw, in our words. A `BackupError` is given back as it is. */
  static from(error: unknown, what: string): BackupError {
    if (error instanceof BackupError) return error;
    const isOurs = error instanceof LsmError || error instanceof LogError;
    const code = isOurs ? error.code : errorCode(error);
    const detail = error instanceof Error ? error.message : String(error);
    const known = FULL.has(code) ? 'disk-full' : (KNOWN[code] ?? 'io');
    return new BackupError(known, `${what} (${detail})`, error);
  }
}

const FULL: ReadonlySet<string> = new Set(['disk-full', 'ENOSPC', 'EDQUOT']);
const KNOWN: Readonly<Record<string, BackupErrorCode>> = {
  corrupt: 'damaged',
  foreign: 'damaged',
  truncated: 'damaged',
  version: 'version',
};
