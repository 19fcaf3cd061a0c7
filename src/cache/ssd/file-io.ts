/**
 * Whole reads and writes of a `DiskFile`, which may take fewer bytes than given, as promises. For work that is
 * counted in batches; a lookup reads by callbacks.
 */
import type { DiskFile } from '../../core/runtime/index.ts';

/** Reads until the buffer is full or the file ends. @returns how many bytes. @throws the disk's error. */
export async function readWhole(file: DiskFile, into: Buffer, position: number): Promise<number> {
  let at = 0;
  while (at < into.length) {
    const from = at;
    const bytes = await new Promise<number>((resolve, reject) => {
      file.read(into, from, into.length - from, position + from, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
    if (bytes === 0) break;
    at += bytes;
  }
  return at;
}

/** Writes `length` bytes from the beginning of `from`. @throws the disk's error; a part may be written. */
export async function writeWhole(
  file: DiskFile,
  from: Buffer,
  length: number,
  position: number,
): Promise<void> {
  let at = 0;
  while (at < length) {
    const start = at;
    at += await new Promise<number>((resolve, reject) => {
      file.write(from, start, length - start, position + start, (error, count) =>
        error === null ? resolve(count) : reject(error),
      );
    });
  }
}

/** @throws the disk's error. */
export function datasync(file: DiskFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.datasync((error) => (error === null ? resolve() : reject(error)));
  });
}
