/**
 * Moving whole files without holding up the loop: in pieces, each read and written off it, summed on the
 * way.
 */
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Disk, DiskFile } from '../../core/runtime/index.ts';
import { errorCode } from '../../core/runtime/index.ts';
import { PIECE_BYTES } from './limits.ts';

export interface FileSum {
  readonly bytes: number;
  readonly crc32: number;
}

/** Called behind each piece with its bytes; what it throws ends the work. */
export type OnPiece = (bytes: number) => void;

/** Reads a file whole. @throws what the disk says. */
export async function sumFile(disk: Disk, path: string, onPiece: OnPiece): Promise<FileSum> {
  const file = await disk.open(path, { mode: 'read' });
  try {
    return await readThrough(file, onPiece);
  } finally {
    file.closeSync();
  }
}

/** Copies a file to a new one, whose content is durable when this is done. @throws what the disk says. */
export async function copyFile(
  disk: Disk,
  from: string,
  to: string,
  onPiece: OnPiece,
): Promise<FileSum> {
  const source = await disk.open(from, { mode: 'read' });
  try {
    const target = await disk.open(to, { mode: 'exclusive' });
    try {
      const sum = await readThrough(source, onPiece, (piece, bytes, at) =>
        writePiece(target, piece, bytes, at),
      );
      await datasync(target);
      return sum;
    } finally {
      target.closeSync();
    }
  } finally {
    source.closeSync();
  }
}

async function readThrough(
  file: DiskFile,
  onPiece: OnPiece,
  take?: (piece: Buffer, bytes: number, at: number) => Promise<void>,
): Promise<FileSum> {
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let at = 0;
  let sum = 0;
  for (;;) {
    const bytes = await readPiece(file, piece, at);
    if (bytes === 0) return { bytes: at, crc32: sum };
    sum = crc32(piece.subarray(0, bytes), sum);
    await take?.(piece, bytes, at);
    at += bytes;
    onPiece(bytes);
  }
}

function readPiece(file: DiskFile, into: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    file.read(into, 0, into.length, position, (error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(error);
    });
  });
}

async function writePiece(file: DiskFile, from: Buffer, length: number, at: number): Promise<void> {
  for (let done = 0; done < length; ) {
    done += await new Promise<number>((resolve, reject) => {
      file.write(from, done, length - done, at + done, (error, bytes) => {
        if (error === null) resolve(bytes);
        else reject(error);
      });
    });
  }
}

function datasync(file: DiskFile): Promise<void> {
  return new Promise((resolve, reject) => {
    file.datasync((error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Puts a small file in place whole or not at all; its name is durable too. @throws what the disk says. */
export async function placeFile(disk: Disk, path: string, bytes: Buffer): Promise<void> {
  const next = `${path}.new`;
  const file = await disk.open(next, { mode: 'create' });
  try {
    file.truncateSync(0);
    await writePiece(file, bytes, bytes.length, 0);
    await datasync(file);
  } finally {
    file.closeSync();
  }
  await disk.rename(next, path);
  await disk.syncDirectory(dirname(path));
}

/** What link(2) says where two files can not be one; then a copy is made. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EXDEV',
  'EPERM',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/** False where the file systems do not allow it. @throws what else the disk says. */
export async function tryLink(disk: Disk, from: string, to: string): Promise<boolean> {
  try {
    await disk.link(from, to);
    return true;
  } catch (error) {
    if (NO_LINKS.has(errorCode(error))) return false;
    throw error;
  }
}

/** Makes a folder with those above it, their names durable. @throws what the disk says. */
export async function makeFolder(disk: Disk, path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; disk.statSync(at) === null; at = dirname(at)) missing.push(at);
  disk.mkdirSync(path);
  for (const made of missing) await disk.syncDirectory(dirname(made));
}

/** Removes a folder with all that is in it, without holding up the loop; nothing there is fine. */
export async function removeFolder(disk: Disk, path: string): Promise<void> {
  if (disk.statSync(path) === null) return;
  for (const name of disk.listSync(path)) {
    const inside = join(path, name);
    if (disk.statSync(inside)?.isDirectory === true) await removeFolder(disk, inside);
    else await disk.unlink(inside);
  }
  disk.removeFolderSync(path);
}
