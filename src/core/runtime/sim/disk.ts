/**
 * A disk that keeps only the promises of `Disk`, and breaks everything else on purpose.
 *
 * Every operation has a number, from 1. At a number of your choice it can fail (`failAt`) or the power
 * can go (`losePowerAt`): nothing completes any more until `reboot`, after which any mix of the
 * unsynced sectors and the unsynced names is there. `killProcess` keeps what was written instead, and
 * a random part of what was in flight. The seed decides everything.
 */
import { dirname, join } from 'node:path';
import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { Disk, DiskFile, OpenOptions } from '../disk.ts';
import type { SimClock } from './clock.ts';
import { SimFile } from './file.ts';
import { type DirtyName, SimNames } from './names.ts';
import type { SimRandom } from './random.ts';

export type SimFault = 'ENOSPC' | 'EIO' | 'short';
export type SimOperation =
  | 'open'
  | 'read'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'rename'
  | 'link'
  | 'unlink'
  | 'removeFolder'
  | 'syncDirectory';

/** An error as the system would give it. */
export class SimDiskError extends Error {
  override readonly name = 'SimDiskError';
  readonly code: string;

  constructor(code: string, what: string) {
    super(`${code}: simulated, ${what}`);
    this.code = code;
  }
}

export class SimDisk implements Disk {
  readonly clock: SimClock;
  readonly random: SimRandom;
  /** Operations asked for so far. */
  operations = 0;
  /** True between a power loss and `reboot`. */
  dead = false;
  /** Rises when the process dies; files of an earlier life are useless. */
  life = 1;
  /** Bytes that all files together may hold. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Writes under way, so that a crash can leave a part of them. */
  readonly inFlight = new Set<(part: number) => void>();
  readonly #names = new SimNames();
  readonly #faults = new Map<number, SimFault>();
  readonly #standing = new Map<SimOperation, SimFault>();
  readonly #hanging = new Map<SimOperation, (() => void)[]>();
  readonly #locks = new Set<string>();
  #powerLossAt = 0;

  constructor(clock: SimClock, random: SimRandom) {
    this.clock = clock;
    this.random = random;
  }

  /** The operation with this number fails. 'short' matters to writes only. */
  failAt(operation: number, fault: SimFault): void {
    this.#faults.set(operation, fault);
  }

  /** Nothing fails any more and there is space. */
  heal(): void {
    this.#faults.clear();
    this.#standing.clear();
    this.capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** All operations of a kind fail until told otherwise. */
  failAll(kind: SimOperation, fault: SimFault | null): void {
    if (fault === null) this.#standing.delete(kind);
    else this.#standing.set(kind, fault);
  }

  /** Operations of a kind do not end until told otherwise. */
  hang(kind: SimOperation, on: boolean): void {
    if (on) {
      this.#hanging.set(kind, []);
      return;
    }
    const held = this.#hanging.get(kind) ?? [];
    this.#hanging.delete(kind);
    for (const done of held) this.complete(kind, done);
  }

  /** The power goes when the operation with this number begins. */
  losePowerAt(operation: number): void {
    this.#powerLossAt = operation;
  }

  /** The power goes now, if it has not gone already, and comes back. */
  async reboot(): Promise<void> {
    await this.#crashInFlight();
    for (const inode of this.#names.inodes()) inode.losePower(this.random);
    this.#names.losePower(this.random);
    this.#beginLife();
  }

  /** kill -9: the system lives on and keeps all that was written. */
  async killProcess(): Promise<void> {
    await this.#crashInFlight();
    this.#beginLife();
  }

  /** A disturbed medium: one bit of a file changes. */
  flipBit(path: string, offset: number, bit: number): void {
    this.#names.get(path).flipBit(offset, bit);
  }

  openSync(path: string, options: OpenOptions): DiskFile {
    this.begin('open', path);
    return this.#openNow(path, options);
  }

  async open(path: string, options: OpenOptions): Promise<DiskFile> {
    await this.#later('open', path);
    return this.#openNow(path, options);
  }

  listSync(path: string): string[] {
    return this.#names.list(path);
  }

  statSync(path: string): { sizeBytes: number; isDirectory: boolean } | null {
    if (this.#names.isDirectory(path)) return { sizeBytes: 0, isDirectory: true };
    const inode = this.#names.find(path);
    return inode === undefined ? null : { sizeBytes: inode.cacheBytes, isDirectory: false };
  }

  mkdirSync(path: string): void {
    this.#names.mkdir(path);
  }

  renameSync(from: string, to: string): void {
    this.begin('rename', from);
    this.#names.rename(from, to);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#later('rename', from);
    this.#names.rename(from, to);
  }

  linkSync(from: string, to: string): void {
    this.begin('link', from);
    this.#linkNow(from, to);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#later('link', from);
    this.#linkNow(from, to);
  }

  unlinkSync(path: string): void {
    this.begin('unlink', path);
    this.#names.unlink(path);
  }

  async unlink(path: string): Promise<void> {
    await this.#later('unlink', path);
    this.#names.unlink(path);
  }

  removeFolderSync(path: string): void {
    if (this.#names.find(path) !== undefined) throw new SimDiskError('ENOTDIR', path);
    for (const name of this.#names.list(path)) {
      const inside = join(path, name);
      if (this.#names.isDirectory(inside)) this.removeFolderSync(inside);
      else this.unlinkSync(inside);
    }
    this.begin('removeFolder', path);
    this.#names.removeFolder(path);
  }

  syncDirectorySync(path: string): void {
    this.begin('syncDirectory', path);
    this.#names.sync(path, Number.POSITIVE_INFINITY);
  }

  async syncDirectory(path: string): Promise<void> {
    const until: DirtyName | undefined = this.#names.lastDirty();
    await this.#later('syncDirectory', path);
    this.#names.sync(path, until?.order ?? 0);
  }

  freeBytesSync(_path: string): number {
    return Math.max(0, this.capacityBytes - this.#names.usedBytes());
  }

  totalBytesSync(_path: string): number {
    return this.capacityBytes;
  }

  realPathSync(path: string): string {
    if (this.statSync(path) === null) throw new SimDiskError('ENOENT', path);
    return path;
  }

  writableSync(path: string): boolean {
    return this.#names.isDirectory(path);
  }

  async lock(path: string): Promise<{ release(): void } | { holderPid: number }> {
    if (this.#locks.has(path)) return { holderPid: this.life };
    this.#locks.add(path);
    return { release: () => void this.#locks.delete(path) };
  }

  /** Counts an operation and throws what it is to fail with. @returns a fault left to the caller. */
  begin(kind: SimOperation, what: string): SimFault | null {
    if (this.dead) throw new SimDiskError('EIO', 'the power is off');
    this.operations++;
    if (this.operations === this.#powerLossAt) {
      this.dead = true;
      throw new SimDiskError('EIO', 'the power went off');
    }
    const fault = this.#faults.get(this.operations) ?? this.#standing.get(kind) ?? null;
    if (fault === null) return null;
    if (fault === 'short' || kind === 'datasync' || kind === 'write') return fault;
    throw new SimDiskError(fault, `${kind} ${what}`);
  }

  /** Calls `done` after a while, unless the process or the power has gone by then. */
  complete(kind: SimOperation, done: () => void): void {
    const held = this.#hanging.get(kind);
    if (held !== undefined) {
      held.push(done);
      return;
    }
    const life = this.life;
    const delayMs = this.random.chance(0.1) ? this.random.below(2000) / 10 : this.random.float();
    this.clock.setTimer(delayMs, () => {
      if (!this.dead && this.life === life) done();
    });
  }

  #openNow(path: string, options: OpenOptions): DiskFile {
    let inode = this.#names.find(path);
    if (inode !== undefined && options.mode === 'exclusive') throw new SimDiskError('EEXIST', path);
    if (inode === undefined) {
      if (options.mode === 'read' || options.mode === 'write') {
        throw new SimDiskError('ENOENT', path);
      }
      if (!this.#names.isDirectory(dirname(path))) throw new SimDiskError('ENOENT', dirname(path));
      inode = this.#names.create(path);
    }
    return new SimFile(this, path, inode, options.dsync === true);
  }

  #linkNow(from: string, to: string): void {
    const taken = this.#names.find(to) !== undefined || this.#names.isDirectory(to);
    if (this.#names.isDirectory(from)) throw new SimDiskError('EPERM', from);
    if (!this.#names.isDirectory(dirname(to))) throw new SimDiskError('ENOENT', dirname(to));
    this.#names.get(from);
    if (taken) throw new SimDiskError('EEXIST', to);
    this.#names.link(from, to);
  }

  async #later(kind: SimOperation, what: string): Promise<void> {
    this.begin(kind, what);
    await new Promise<void>((resolve) => this.complete(kind, resolve));
  }

  async #crashInFlight(): Promise<void> {
    // What the dead process still has on its promise queue must not reach the disk of its heir.
    this.dead = true;
    await nextImmediate();
    for (const leavePart of this.inFlight) leavePart(this.random.float());
    this.inFlight.clear();
  }

  #beginLife(): void {
    this.dead = false;
    this.life++;
    this.#powerLossAt = 0;
    this.heal();
    this.#hanging.clear();
    this.#locks.clear();
  }
}
