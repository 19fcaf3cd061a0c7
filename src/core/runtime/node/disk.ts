/**
 * The machine's file systems. Only this file, `lock.ts` and `make-folders.ts` touch node:fs.
 */
import fs, { constants } from 'node:fs';
import { join } from 'node:path';
import type { Disk, DiskFile, OpenOptions } from '../disk.ts';
import { takeLock } from './lock.ts';
import { makeFolders } from './make-folders.ts';

/** Data files hold what clients stored: readable by our user and group only. */
const fileMode = 0o640;
const folderMode = 0o750;

export function createNodeDisk(): Disk {
  return {
    openSync: (path, options) =>
      new NodeFile(path, fs.openSync(path, openFlags(options), fileMode)),
    open: async (path, options) =>
      new NodeFile(path, await openDescriptor(path, openFlags(options))),
    listSync: (path) => fs.readdirSync(path).sort(),
    statSync(path) {
      const stat = fs.statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? null : { sizeBytes: stat.size, isDirectory: stat.isDirectory() };
    },
    mkdirSync: (path) => makeFolders(path, folderMode),
    renameSync: (from, to) => fs.renameSync(from, to),
    rename: (from, to) => fs.promises.rename(from, to),
    linkSync: (from, to) => fs.linkSync(from, to),
    link: (from, to) => fs.promises.link(from, to),
    unlinkSync: (path) => fs.unlinkSync(path),
    unlink: (path) => fs.promises.unlink(path),
    removeFolderSync: removeFolder,
    syncDirectorySync(path) {
      const fd = fs.openSync(path, constants.O_RDONLY);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    },
    async syncDirectory(path) {
      const handle = await fs.promises.open(path, constants.O_RDONLY);
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
    freeBytesSync(path) {
      const stat = fs.statfsSync(path);
      return stat.bavail * stat.bsize;
    },
    writableSync(path) {
      try {
        fs.accessSync(path, constants.W_OK | constants.X_OK);
        return true;
      } catch {
        return false;
      }
    },
    lock: async (path) => takeLock(path),
  };
}

/** Not node's recursive `rmSync`, which also removes a file in the folder's place. */
function removeFolder(path: string): void {
  for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) removeFolder(inside);
    else fs.unlinkSync(inside);
  }
  fs.rmdirSync(path);
}

function openFlags(options: OpenOptions): number {
  const dsync = options.dsync === true ? constants.O_DSYNC : 0;
  switch (options.mode) {
    case 'read':
      return constants.O_RDONLY;
    case 'write':
      return constants.O_RDWR | dsync;
    case 'create':
      return constants.O_RDWR | constants.O_CREAT | dsync;
    case 'exclusive':
      return constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | dsync;
  }
}

function openDescriptor(path: string, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, fileMode, (error, fd) => (error ? reject(error) : resolve(fd)));
  });
}

class NodeFile implements DiskFile {
  readonly path: string;
  readonly #fd: number;
  #closed = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  readSync(into: Buffer, at: number, length: number, position: number): number {
    return fs.readSync(this.#fd, into, at, length, position);
  }

  writeSync(from: Buffer, at: number, length: number, position: number): number {
    return fs.writeSync(this.#fd, from, at, length, position);
  }

  write(
    from: Buffer,
    at: number,
    length: number,
    position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void {
    fs.write(this.#fd, from, at, length, position, done);
  }

  read(
    into: Buffer,
    at: number,
    length: number,
    position: number,
    done: (error: Error | null, bytes: number) => void,
  ): void {
    fs.read(this.#fd, into, at, length, position, done);
  }

  datasync(done: (error: Error | null) => void): void {
    fs.fdatasync(this.#fd, done);
  }

  datasyncSync(): void {
    fs.fdatasyncSync(this.#fd);
  }

  truncateSync(bytes: number): void {
    fs.ftruncateSync(this.#fd, bytes);
  }

  sizeSync(): number {
    return fs.fstatSync(this.#fd).size;
  }

  closeSync(): void {
    if (this.#closed) return;
    this.#closed = true;
    fs.closeSync(this.#fd);
  }
}
