/** How `plinth kv backup`, `verify` and `restore` end when something is in their way. */

import { DataFolderError } from '../core/store/index.ts';
import { BackupError, type BackupErrorCode } from '../kv/backup/index.ts';
import { type ExitName, exitCode } from './exit-codes.ts';
import type { CommandContext } from './host.ts';

const exitOf: Readonly<Record<BackupErrorCode, ExitName>> = {
  busy: 'dataInUse',
  outside: 'dataUnwritable',
  'bad-name': 'usage',
  exists: 'dataUnwritable',
  'bad-base': 'dataUnwritable',
  cancelled: 'notReady',
  'flush-failed': 'dataUnwritable',
  'no-backup': 'noInput',
  incomplete: 'noInput',
  version: 'dataDamaged',
  damaged: 'dataDamaged',
  'disk-full': 'dataUnwritable',
  io: 'dataUnwritable',
  'data-not-empty': 'dataUnwritable',
  'restore-unfinished': 'dataDamaged',
};

/** The exit of a code that a server gave; one of a newer server passes for its refusal. */
export function backupExit(code: string): ExitName {
  return code in exitOf ? exitOf[code as BackupErrorCode] : 'dataUnwritable';
}

/** Tells an error that somebody foresaw, as text and as JSON. @throws any other. */
export function endWith({ host, exit }: CommandContext, error: unknown, json: boolean): void {
  const known = error instanceof BackupError || error instanceof DataFolderError;
  if (!known) throw error;
  const { code, message } = error;
  const name =
    error instanceof BackupError
      ? exitOf[error.code]
      : code === 'in-use'
        ? 'dataInUse'
        : 'dataUnwritable';
  if (json) host.out(`${JSON.stringify({ ok: false, code, message })}\n`);
  host.err(`plinth: ${message}\n`);
  exit(exitCode(name));
}
