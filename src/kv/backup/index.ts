/** Backups of the running store, and their way back: docs/backup.md, docs/formats/backup.md. */
export { type BackupState, type BackupStatus, Backups } from './backups.ts';
export { type Description, keysOf } from './description.ts';
export { BackupError, type BackupErrorCode, backupErrorTable } from './errors.ts';
export { readDescription } from './read.ts';
export {
  type RestoreReport,
  refuseUnfinished,
  restoreBackup,
  STORE_FOLDER,
} from './restore.ts';
export { type Damage, type Verification, verifyBackup, verifyStore } from './verify.ts';
