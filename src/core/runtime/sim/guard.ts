/**
 * The disk and the clock of a simulated thread: they serve it as long as it lives.
 *
 * Of an operation under way when the thread ends the disk may still do its part, as a real one does, but
 * nobody is told.
 */
import type { Clock } from '../clock.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { SimDiskError } from './disk.ts';

/** The thread on whose behalf something is done. */
export interface ThreadLife {
  readonly alive: boolean;
  /** Runs a piece of the thread, if it lives; what that throws ends the thread. */
  act(run: () => void): void;
}

export function guardClock(clock: Clock, life: ThreadLife): Clock {
  return {
    monotonicMs: () => clock.monotonicMs(),
    nowMicros: () => clock.nowMicros(),
    wallMs: () => clock.wallMs(),
    setTimer: (delayMs, run) => clock.setTimer(delayMs, () => life.act(run)),
    clearTimer: (timer) => clock.clearTimer(timer),
    nextTurn: (run) => clock.nextTurn(() => life.act(run)),
  };
}

export function guardDisk(disk: Disk, life: ThreadLife): Disk {
  const now = <T>(path: string, run: () => T): T => {
    check(life, path);
    return run();
  };
  /** A promise that the dead never see settle. */
  const later = <T>(path: string, run: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      check(life, path);
      run().then(
        (value) => life.act(() => resolve(value)),
        (error: unknown) => life.act(() => reject(error as Error)),
      );
    });
  return {
    openSync: (path, options) => now(path, () => guardFile(disk.openSync(path, options), life)),
    open: (path, options) =>
      later(path, async () => guardFile(await disk.open(path, options), life)),
    listSync: (path) => now(path, () => disk.listSync(path)),
    statSync: (path) => now(path, () => disk.statSync(path)),
    mkdirSync: (path) => now(path, () => disk.mkdirSync(path)),
    renameSync: (from, to) => now(from, () => disk.renameSync(from, to)),
    rename: (from, to) => later(from, () => disk.rename(from, to)),
    linkSync: (from, to) => now(from, () => disk.linkSync(from, to)),
    link: (from, to) => later(from, () => disk.link(from, to)),
    unlinkSync: (path) => now(path, () => disk.unlinkSync(path)),
    unlink: (path) => later(path, () => disk.unlink(path)),
    removeFolderSync: (path) => now(path, () => disk.removeFolderSync(path)),
    syncDirectorySync: (path) => now(path, () => disk.syncDirectorySync(path)),
    syncDirectory: (path) => later(path, () => disk.syncDirectory(path)),
    freeBytesSync: (path) => now(path, () => disk.freeBytesSync(path)),
    totalBytesSync: (path) => now(path, () => disk.totalBytesSync(path)),
    realPathSync: (path) => now(path, () => disk.realPathSync(path)),
    writableSync: (path) => now(path, () => disk.writableSync(path)),
    lock: (path) => later(path, () => disk.lock(path)),
  };
}

function guardFile(file: DiskFile, life: ThreadLife): DiskFile {
  const now = <T>(run: () => T): T => {
    check(life, file.path);
    return run();
  };
  return {
    path: file.path,
    readSync: (into, at, length, position) => now(() => file.readSync(into, at, length, position)),
    writeSync: (from, at, length, position) =>
      now(() => file.writeSync(from, at, length, position)),
    write: (from, at, length, position, done) =>
      now(() =>
        file.write(from, at, length, position, (error, bytes) =>
          life.act(() => done(error, bytes)),
        ),
      ),
    read: (into, at, length, position, done) =>
      now(() =>
        file.read(into, at, length, position, (error, bytes) => life.act(() => done(error, bytes))),
      ),
    datasync: (done) => now(() => file.datasync((error) => life.act(() => done(error)))),
    datasyncSync: () => now(() => file.datasyncSync()),
    truncateSync: (bytes) => now(() => file.truncateSync(bytes)),
    sizeSync: () => now(() => file.sizeSync()),
    closeSync: () => file.closeSync(),
  };
}

function check(life: ThreadLife, path: string): void {
  if (!life.alive) throw new SimDiskError('EBADF', `${path}: the thread has ended`);
}
