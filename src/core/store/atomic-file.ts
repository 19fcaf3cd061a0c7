/**
 * Replaces a whole file so that a crash at any moment leaves the old content or the new, never a part.
 *
 *     write <path>.new ─▶ datasync ─▶ rename over <path> ─▶ sync the folder
 *
 * A `.new` file left by a crash means nothing and is overwritten by the next write.
 */
import { dirname } from 'node:path';
import type { Disk, DiskFile, OpenOptions } from '../runtime/index.ts';

/**
 * Writes `bytes` as the new content of `path`; durable when it returns. One writer at a time.
 *
 * @throws the disk's error; the old content then still stands, unless the error came from the last
 * sync: then either stands.
 */
export function writeFileAtomic(disk: Disk, path: string, bytes: Uint8Array): void {
  const staged = stageFile(disk, path, bytes);
  staged.replace();
  staged.settle();
}

/** A new content that is durable beside the old one. Either `replace` and `settle` end it, or `drop`. */
export interface StagedFile {
  /** Takes the place of the old content. @throws the disk's error; the old content then still stands. */
  replace(): void;
  /** Makes the replacement durable. @throws the disk's error; after a loss of power either then stands. */
  settle(): void;
  /** Forgets the new content. */
  drop(): void;
}

/** Who may use the new file; see `OpenOptions`. */
export type FileCare = Pick<OpenOptions, 'isPrivate' | 'like'>;

/**
 * The first half of `writeFileAtomic`: all that needs room. After it the replacement itself is one rename.
 *
 * @throws the disk's error; the old content then still stands.
 */
export function stageFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  care: FileCare = {},
): StagedFile {
  const next = `${path}.new`;
  const file = disk.openSync(next, { mode: 'create', ...care });
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
  return {
    replace: () => disk.renameSync(next, path),
    settle: () => disk.syncDirectorySync(dirname(path)),
    drop: () => removeIfThere(disk, next),
  };
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
