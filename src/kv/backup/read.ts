/** Reads what a backup says of itself. */
import { join } from 'node:path';
import type { Disk } from '../../core/runtime/index.ts';
import { DESCRIPTION, type Description, decodeDescription } from './description.ts';
import { BackupError } from './errors.ts';
import { DESCRIPTION_BYTES_MAX } from './limits.ts';

/** @throws BackupError 'no-backup', 'incomplete', 'damaged', 'version', 'io'. */
export async function readDescription(disk: Disk, folder: string): Promise<Description> {
  const path = join(folder, DESCRIPTION);
  try {
    if (disk.statSync(folder)?.isDirectory !== true) throw new BackupError('no-backup', folder);
    if (disk.statSync(path) === null) {
      const isPart = disk.listSync(folder).length > 0;
      throw new BackupError(isPart ? 'incomplete' : 'no-backup', folder);
    }
    const file = await disk.open(path, { mode: 'read' });
    try {
      const bytes = Buffer.alloc(file.sizeSync());
      if (bytes.length > DESCRIPTION_BYTES_MAX) throw new BackupError('damaged', path);
      for (let done = 0; done < bytes.length; ) {
        const read = file.readSync(bytes, done, bytes.length - done, done);
        if (read === 0) throw new BackupError('damaged', path);
        done += read;
      }
      return decodeDescription(bytes, path);
    } finally {
      file.closeSync();
    }
  } catch (error) {
    throw BackupError.from(error, path);
  }
}
