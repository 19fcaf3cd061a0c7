/**
 * Where backups may go: below one folder that the operator has chosen, so that a client who may make
 * backups can not write anywhere else.
 */
import { basename, isAbsolute, relative, resolve, sep } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import { BackupError } from './errors.ts';

/** What is still written ends so, beside the backup that it becomes. */
export const PARTIAL = '.partial';

/**
 * The folder that a client names, from the folder of backups or absolute.
 * @throws BackupError 'outside', 'bad-name'.
 */
export function placeOf(root: string, name: string): string {
  if (name === '' || name.includes('\0')) throw new BackupError('bad-name', JSON.stringify(name));
  const path = resolve(root, name);
  const inside = relative(resolve(root), path);
  if (inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw new BackupError('outside', `${path} is not below ${resolve(root)}`);
  }
  if (basename(path).endsWith(PARTIAL)) throw new BackupError('bad-name', path);
  return path;
}

/** @throws BackupError 'exists' unless there is nothing, or an empty folder. */
export function refuseTaken(disk: Disk, path: string): void {
  const stat = disk.statSync(path);
  if (stat === null) return;
  if (!stat.isDirectory || disk.listSync(path).length > 0) throw new BackupError('exists', path);
}
