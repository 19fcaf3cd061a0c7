/**
 * Replaces a whole file so that a crash at any moment leaves the old content or the new, never a part.
 *
 *     write <path>.new ─▶ datasync ─▶ rename over <path> ─▶ sync the folder
 *
 * A `.new` file left by a crash means nothing and is overwritten by the next write.
 */
import { dirname } from 'node:path';
import type { Disk, DiskFile } from '../runtime/index.ts';

/**
 * Writes `bytes` as the new content of `path`; durable when it returns. One writer at a time.
 *
 * @throws the disk's error; the old content then still stands, unless the error came from the last
 * sync: then either stands.
 */
export function writeFileAtomic(disk: Disk, path: string, bytes: Uint8Array): void {
  const next = `${path}.new`;
  const file = disk.openSync(next, { mode: 'create' });
  try {
    file.truncateSync(0);
    writeWhole(file, bytes);
    file.datasyncSync();
  } catch (error) {
    file.closeSync();
    removeIfThere(disk, next);
    throw error;
  }
  file.closeSync();
  disk.renameSync(next, path);
  disk.syncDirectorySync(dirname(path));
}

/** The whole content of a file, or null when there is none. @throws the disk's other errors. */
export function readFileWhole(disk: Disk, path: string): Buffer | null {
  const stat = disk.statSync(path);
  if (stat === null) return null;
  const file = disk.openSync(path, { mode: 'read' });
  try {
    const bytes = Buffer.alloc(file.sizeSync());
    let done = 0;
    while (done < bytes.length) {
      const read = file.readSync(bytes, done, bytes.length - done, done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  } finally {
    file.closeSync();
  }
}

function writeWhole(file: DiskFile, bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let done = 0;
  while (done < buffer.length) done += file.writeSync(buffer, done, buffer.length - done, done);
}

/** After a failed write: gives its space back. What fails here hides nothing, the first error counts. */
function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.unlinkSync(path);
  } catch {
    // The next write of the same file overwrites it.
  }
}
