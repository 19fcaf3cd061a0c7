/**
 * An open file of the simulated disk.
 */
import type { DiskCallback, DiskFile } from '../disk.ts';
import { type SimDisk, SimDiskError, type SimFault } from './disk.ts';
import { type Inode, sectorBytes } from './inode.ts';

export class SimFile implements DiskFile {
  readonly path: string;
  readonly #disk: SimDisk;
  readonly #inode: Inode;
  readonly #dsync: boolean;
  readonly #life: number;
  #closed = false;

  constructor(disk: SimDisk, path: string, inode: Inode, dsync: boolean) {
    this.#disk = disk;
    this.path = path;
    this.#inode = inode;
    this.#dsync = dsync;
    this.#life = disk.life;
  }

  readSync(into: Buffer, at: number, length: number, position: number): number {
    this.#check();
    this.#disk.begin('read', this.path);
    return this.#readNow(into, at, length, position);
  }

  read(into: Buffer, at: number, length: number, position: number, done: DiskCallback): void {
    this.#check();
    this.#start('read', done, () => {
      done(null, this.#readNow(into, at, length, position));
    });
  }

  writeSync(from: Buffer, at: number, length: number, position: number): number {
    this.#check();
    let fault: SimFault | null;
    try {
      fault = this.#disk.begin('write', this.path);
    } catch (error) {
      if (this.#disk.dead) this.#leavePart(from, at, length, position);
      throw error;
    }
    const taken = this.#admit(fault, from, at, length, position);
    this.#inode.write(from, at, taken, position);
    if (this.#dsync) this.#inode.syncRange(position, taken);
    return taken;
  }

  write(from: Buffer, at: number, length: number, position: number, done: DiskCallback): void {
    this.#check();
    let fault: SimFault | null = null;
    try {
      fault = this.#disk.begin('write', this.path);
    } catch (error) {
      if (this.#disk.dead) this.#leavePart(from, at, length, position);
      this.#disk.complete('write', () => done(error as Error, 0));
      return;
    }
    const leavePart = this.#leavePart(from, at, length, position);
    this.#disk.complete('write', () => {
      this.#disk.inFlight.delete(leavePart);
      let taken: number;
      try {
        taken = this.#admit(fault, from, at, length, position);
      } catch (error) {
        done(error as Error, 0);
        return;
      }
      this.#inode.write(from, at, taken, position);
      if (this.#dsync) this.#inode.syncRange(position, taken);
      done(null, taken);
    });
  }

  datasync(done: (error: Error | null) => void): void {
    this.#check();
    const scope = this.#inode.beginSync();
    this.#start('datasync', done, (fault) => {
      if (fault === null) this.#inode.finishSync(scope);
      else this.#inode.forgetDirty();
      done(fault === null ? null : new SimDiskError('EIO', `datasync ${this.path}`));
    });
  }

  datasyncSync(): void {
    this.#check();
    if (this.#disk.begin('datasync', this.path) !== null) {
      this.#inode.forgetDirty();
      throw new SimDiskError('EIO', `datasync ${this.path}`);
    }
    this.#inode.finishSync(this.#inode.beginSync());
  }

  truncateSync(bytes: number): void {
    this.#check();
    this.#disk.begin('truncate', this.path);
    this.#inode.truncate(bytes);
  }

  sizeSync(): number {
    this.#check();
    return this.#inode.cacheBytes;
  }

  closeSync(): void {
    this.#closed = true;
  }

  #readNow(into: Buffer, at: number, length: number, position: number): number {
    const end = Math.min(position + length, this.#inode.cacheBytes);
    if (end <= position) return 0;
    return this.#inode.cache.copy(into, at, position, end);
  }

  /** How much of a write is taken. @throws ENOSPC, EIO; a failed write may leave a part behind. */
  #admit(
    fault: SimFault | null,
    from: Buffer,
    at: number,
    length: number,
    position: number,
  ): number {
    if (fault === 'short') return Math.max(1, this.#disk.random.below(length + 1));
    if (fault !== null) {
      const part = this.#disk.random.below(length + 1);
      if (fault === 'EIO') this.#inode.write(from, at, part, position);
      throw new SimDiskError(fault, `write ${this.path}`);
    }
    const growth = Math.max(0, position + length - this.#inode.cacheBytes);
    const missing = growth - this.#disk.freeBytesSync(this.path);
    if (missing <= 0) return length;
    if (missing >= length) throw new SimDiskError('ENOSPC', `write ${this.path}`);
    return length - missing;
  }

  /** A crash leaves whole sectors of a write under way, as an unsynced prefix. */
  #leavePart(from: Buffer, at: number, length: number, position: number): (part: number) => void {
    const leave = (part: number): void => {
      const bytes = Math.floor((length * part) / sectorBytes) * sectorBytes;
      this.#inode.write(from, at, bytes, position);
    };
    this.#disk.inFlight.add(leave);
    return leave;
  }

  #start(
    kind: 'read' | 'datasync',
    fail: (error: Error, bytes: number) => void,
    run: (fault: SimFault | null) => void,
  ): void {
    let fault: SimFault | null;
    try {
      fault = this.#disk.begin(kind, this.path);
    } catch (error) {
      this.#disk.complete(kind, () => fail(error as Error, 0));
      return;
    }
    this.#disk.complete(kind, () => run(fault));
  }

  #check(): void {
    if (this.#closed || this.#life !== this.#disk.life) {
      throw new SimDiskError('EBADF', `${this.path} is closed`);
    }
  }
}
