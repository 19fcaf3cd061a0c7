/** Test support: a store in this process on a folder of its own, and disks that break under a backup. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultsOf } from '../../core/config/index.ts';
import { createMetrics, silentLogger } from '../../core/observe/index.ts';
import type { Disk, DiskFile } from '../../core/runtime/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../core/runtime/node/index.ts';
import { createLsmWorker } from '../../core/store/index.ts';
import { Args } from '../../core/wire/index.ts';
import { kvConfig } from '../config/config.ts';
import { Kv } from '../system.ts';
import { type BackupStatus, Backups } from './backups.ts';
import { verifyBackup } from './verify.ts';

export const disk = createNodeDisk();
export const clock = createNodeClock();

export class BackupWorld {
  readonly path = join(tmpdir(), `plinth-backups-${process.pid}-${createNodeRandom().u32()}`);
  readonly data = join(this.path, 'data');
  readonly root = join(this.path, 'backups');
  private kv: Kv | undefined;

  async start(): Promise<void> {
    const dataFolder = join(this.data, 'kv');
    disk.mkdirSync(dataFolder);
    this.kv = new Kv(
      { ...defaultsOf(kvConfig), port: 0, backupFolder: this.root },
      {
        clock,
        random: createNodeRandom(),
        disk,
        dataFolder,
        log: silentLogger(),
        metrics: createMetrics(),
      },
    );
    await this.kv.start();
  }

  async stop(): Promise<void> {
    await this.kv?.stop();
    this.kv = undefined;
  }

  async end(): Promise<void> {
    await this.stop();
    disk.removeFolderSync(this.path);
  }

  run(...words: string[]): void {
    const { engine } = this.kv!;
    const session = engine.sessions.open();
    engine.outlet.begin(session);
    engine.executor.beginBatch();
    engine.executor.execute(session, new Args().load(words));
    engine.outlet.end();
    engine.closeSession(session);
  }

  /** The text of a string, from wherever the key is. */
  has(key: string): boolean {
    const name = Buffer.from(key);
    return this.kv!.engine.database(0)!.find(name, 0, name.length) !== 0;
  }

  /** Its own, or those of a process that has another disk. */
  backups(other: Disk = disk): Backups {
    const persistence = this.kv!.engine.persistence!;
    const { root } = this;
    const dataFolder = join(this.data, 'kv');
    return new Backups({ disk: other, clock, log: silentLogger(), persistence, dataFolder, root });
  }

  async verify(folder: string) {
    const worker = createLsmWorker(createNodeThreads());
    try {
      return await verifyBackup({ disk, worker, folder });
    } finally {
      await worker.close();
    }
  }
}

/** Runs a backup to its end. */
export async function backUp(backups: Backups, name: string, base?: string): Promise<BackupStatus> {
  backups.start(name, base);
  const { status } = backups;
  while (backups.isRunning) await new Promise<void>((resolve) => clock.nextTurn(resolve));
  return status;
}

export function codeError(code: string): Error {
  return Object.assign(new Error(`${code}: on purpose`), { code });
}

/**
 * A disk that asks before each operation which changes it; what is thrown then is thrown by the operation.
 * Reading is free.
 */
export function guardedDisk(ask: (operation: string, from: string) => void): Disk {
  return {
    ...disk,
    open: async (path, options) => {
      if (options.mode !== 'read') ask('open', path);
      return guardedFile(await disk.open(path, options), ask);
    },
    mkdirSync: (path) => {
      ask('mkdir', path);
      disk.mkdirSync(path);
    },
    rename: async (from, to) => {
      ask('rename', from);
      await disk.rename(from, to);
    },
    link: async (from, to) => {
      ask('link', from);
      await disk.link(from, to);
    },
    unlink: async (path) => {
      ask('unlink', path);
      await disk.unlink(path);
    },
    removeFolderSync: (path) => {
      ask('removeFolder', path);
      disk.removeFolderSync(path);
    },
    syncDirectory: async (path) => {
      ask('syncDirectory', path);
      await disk.syncDirectory(path);
    },
  };
}

function guardedFile(file: DiskFile, ask: (operation: string, from: string) => void): DiskFile {
  const allowed = (operation: string, refused: (error: Error) => void): boolean => {
    try {
      ask(operation, file.path);
      return true;
    } catch (error) {
      clock.nextTurn(() => refused(error as Error));
      return false;
    }
  };
  return {
    path: file.path,
    readSync: (...args) => file.readSync(...args),
    writeSync: (...args) => file.writeSync(...args),
    read: (...args) => file.read(...args),
    write: (from, at, length, position, done) => {
      if (allowed('write', (error) => done(error, 0))) file.write(from, at, length, position, done);
    },
    datasync: (done) => {
      if (allowed('datasync', done)) file.datasync(done);
    },
    datasyncSync: () => file.datasyncSync(),
    truncateSync: (bytes) => file.truncateSync(bytes),
    sizeSync: () => file.sizeSync(),
    closeSync: () => file.closeSync(),
  };
}
