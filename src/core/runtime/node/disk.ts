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
const privateMode = 0o600;
const folderMode = 0o750;

export function createNodeDisk(): Disk {
  return {
    openSync(path, options) {
      const fd = fs.openSync(path, openFlags(options), modeOf(options));
      permit(fd, options);
      return new NodeFile(path, fd);
    },
    async open(path, options) {
      const fd = await openDescriptor(path, options);
      permit(fd, options);
      return new NodeFile(path, fd);
    },
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
    totalBytesSync(path) {
      const stat = fs.statfsSync(path);
      return stat.blocks * stat.bsize;
    },
    realPathSync: (path) => fs.realpathSync(path),
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

function openDescriptor(path: string, options: OpenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, openFlags(options), modeOf(options), (error, fd) =>
      error ? reject(error) : resolve(fd),
    );
  });
}

/** Until `permit` has said otherwise nobody else may look into a file that needs care. */
function modeOf({ isPrivate, like }: OpenOptions): number {
  return isPrivate === true || like !== undefined ? privateMode : fileMode;
}

/** The umask, and a file that was there, must not decide who may read. */
function permit(fd: number, { isPrivate, like }: OpenOptions): void {
  if (isPrivate !== true && like === undefined) return;
  try {
    if (like === undefined) {
      fs.fchmodSync(fd, privateMode);
      return;
    }
    const { mode, uid, gid } = fs.statSync(like);
    const made = fs.fstatSync(fd);
    if (made.uid !== uid || made.gid !== gid) giveTo(fd, uid, gid);
    fs.fchmodSync(fd, mode & 0o7777);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

/** Only the superuser may give a file away; a file of another owner then stays ours. */
function giveTo(fd: number, uid: number, gid: number): void {
  try {
    fs.fchownSync(fd, uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
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
