/** Reads and writes of files as promises, whole however little one call of the system moves. */
import type { DiskFile } from '../../core/runtime/index.ts';

/** Writes all of `bytes[start, end)`. @throws the disk's error. */
export async function writeWhole(
  file: DiskFile,
  bytes: Buffer,
  start: number,
  end: number,
  position: number,
): Promise<void> {
  let done = start;
  while (done < end) {
    const at = done;
    done += await new Promise<number>((resolve, reject) => {
      file.write(bytes, at, end - at, position + at - start, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    });
  }
}

/** Reads up to `length` bytes, fewer only at the end of the file. @returns how many. @throws the disk's error. */
export async function readWhole(
  file: DiskFile,
  into: Buffer,
  at: number,
  length: number,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const before = done;
    const read = await new Promise<number>((resolve, reject) => {
      file.read(into, at + before, length - before, position + before, (error, bytes) => {
        if (error === null) resolve(bytes);
        else reject(error);
      });
    });
    if (read === 0) break;
    done += read;
  }
  return done;
}

export function datasync(file: DiskFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.datasync((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
