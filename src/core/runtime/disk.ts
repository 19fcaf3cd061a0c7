/**
 * Files as the durable parts of the program need them.
 *
 * Promises of a disk, the weakest that real ones keep:
 *  - written bytes are read back at once, but survive a power loss only after `datasync` (or through
 *    a file opened with `dsync`); until then any 512-byte sector of them may be lost, alone;
 *  - a created, linked, renamed or unlinked name survives only after `syncDirectory` of its folder;
 *  - after a failed `datasync` nothing is known of the bytes it covered, also if a later one succeeds;
 *  - a write may take fewer bytes than given.
 *
 * Errors are `Error`s with the system's `code` (`ENOENT`, `ENOSPC`, `EIO`, ...): see `errorCode`.
 */

/** The error code, or null; then the count of bytes moved. */
export type DiskCallback = (error: Error | null, bytes: number) => void;

export interface OpenOptions {
  /** `read`: must exist. `write`: must exist, for both. `create`: made when missing. `exclusive`: must not exist. */
  readonly mode: 'read' | 'write' | 'create' | 'exclusive';
  /** Every write is durable when it returns (O_DSYNC, open(2)). Default false. */
  readonly dsync?: boolean;
  /** Only its owner may read and write the file. */
  readonly isPrivate?: boolean;
  /** The file gets the permissions of the one at this path and, where this process may, its owner. */
  readonly like?: string;
}

/** An open file. Offsets and counts are bytes. */
export interface DiskFile {
  readonly path: string;
  /** Reads up to `length` bytes; 0 at the end of the file. */
  readSync(into: Buffer, at: number, length: number, position: number): number;
  /** Writes up to `length` bytes and returns how many. */
  writeSync(from: Buffer, at: number, length: number, position: number): number;
  /** As `writeSync`, off the loop. `from` must not change until `done`, which comes in a later turn. */
  write(from: Buffer, at: number, length: number, position: number, done: DiskCallback): void;
  read(into: Buffer, at: number, length: number, position: number, done: DiskCallback): void;
  /** What was written is durable when this is done (fdatasync(2)). */
  datasync(done: (error: Error | null) => void): void;
  datasyncSync(): void;
  truncateSync(bytes: number): void;
  sizeSync(): number;
  /** Closing twice does nothing. A closed file syncs nothing by itself. */
  closeSync(): void;
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
}

/** A lock held by this process on a path; another process, or another taker here, is refused. */
export interface DiskLock {
  /** Gives the lock back; twice does nothing. */
  release(): void;
}

/** Who holds a lock that was refused; 0 when that cannot be told. */
export interface LockRefused {
  readonly holderPid: number;
}

export interface Disk {
  /** @throws with code ENOENT, EEXIST, EACCES, ENOSPC, EMFILE, EIO. */
  openSync(path: string, options: OpenOptions): DiskFile;
  open(path: string, options: OpenOptions): Promise<DiskFile>;
  /** Names in a folder, sorted. */
  listSync(path: string): string[];
  /** Null when there is nothing. */
  statSync(path: string): FileStat | null;
  /** Makes the folder and those above it; an existing one is fine. */
  mkdirSync(path: string): void;
  renameSync(from: string, to: string): void;
  rename(from: string, to: string): Promise<void>;
  /**
   * Gives the file `from` a second name in the same file system (link(2)). Each name can go without the
   * other; the bytes go with the last one.
   * @throws ENOENT when `from` or the folder of `to` is missing, EEXIST when `to` is there, EXDEV.
   */
  linkSync(from: string, to: string): void;
  link(from: string, to: string): Promise<void>;
  /** @throws ENOENT when missing. */
  unlinkSync(path: string): void;
  unlink(path: string): Promise<void>;
  /**
   * Removes a folder with all that is in it, name by name: an end halfway leaves a part of it. Durable
   * after a sync of the folder above.
   * @throws ENOENT when missing, ENOTDIR when it is a file.
   */
  removeFolderSync(path: string): void;
  /** Makes the names in a folder durable. */
  syncDirectorySync(path: string): void;
  syncDirectory(path: string): Promise<void>;
  /** Bytes an ordinary user may still write on the file system of `path`. */
  freeBytesSync(path: string): number;
  /** Bytes that the file system of `path` has in all. */
  totalBytesSync(path: string): number;
  /** The path without symbolic links. @throws ENOENT, ELOOP. */
  realPathSync(path: string): string;
  /** True when this process may make files in the folder `path`. */
  writableSync(path: string): boolean;
  /**
   * Takes the exclusive lock kept in the file `path`. The lock of a process that is gone is taken over.
   * @returns the lock, or who holds it.
   */
  lock(path: string): Promise<DiskLock | LockRefused>;
}

/** The system's code of an error (`ENOSPC`), or `UNKNOWN`. */
export function errorCode(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return 'UNKNOWN';
}
