/**
 * An exclusive lock between processes that dies with its holder.
 *
 * Node offers neither flock(2) nor fcntl(2); SQLite, which ships with Node, holds its databases by
 * fcntl locks. An empty database in an exclusive transaction is therefore a kernel lock: no stale lock
 * after kill -9, no doubt about reused process ids, right across containers that share the folder.
 * Nothing is ever written to the database. The holder's process id stands in `<path>.pid`, only to
 * name it in messages.
 *
 * Invariant: nobody opens `path` by other means in this process: closing such a descriptor would drop
 * the lock (fcntl(2), "Record locks").
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { DiskLock, LockRefused } from '../disk.ts';

/** SQLITE_BUSY, sqlite.org/rescode.html. */
const sqliteBusy = 5;

/** Keeps held databases from the collector, whose finalizer would close them. */
const held = new Set<DatabaseSync>();

/** @throws the system's error when the file cannot be made or opened. */
export function takeLock(path: string): DiskLock | LockRefused {
  const pidPath = `${path}.pid`;
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return { holderPid: readPid(pidPath) };
    throw error;
  }
  try {
    writeFileSync(pidPath, `${process.pid}\n`);
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  return {
    release() {
      if (held.delete(database)) database.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy;
}

function readPid(path: string): number {
  try {
    const pid = Number.parseInt(readFileSync(path, 'latin1'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
  } catch {
    return 0;
  }
}
