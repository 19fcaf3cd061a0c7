/**
 * One disk of a DataNode: its folder, its room, and whether it takes writes.
 *
 *     open ──no room──▶ full ──room again──▶ open
 *       └──error──▶ failed ──a trial write succeeds──▶ open
 *
 * Reads are tried in every state.
 */
import { join } from 'node:path';
import type { Clock, Disk, DiskFile, DiskLock, Random } from '../../core/runtime/index.ts';
import { errorCode } from '../../core/runtime/index.ts';
import { readFileWhole, writeFileAtomic } from '../../core/store/index.ts';
import { FilesError } from '../errors.ts';
import type { BlockName } from './format.ts';

const FREE_KNOWN_MS = 1000;
const TRIAL_MS = 10_000;

export type DiskState = 'open' | 'full' | 'failed';

export interface BlockDiskOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: string;
  /** Bytes that stay free. */
  readonly reserveBytes: number;
  /** Identity of the file system: blocks of another one are not touched. */
  readonly owner: string;
}

export class BlockDisk {
  readonly folder: string;
  readonly id: string;
  readonly files: Disk;
  /** Number by which the index knows it. */
  number = 0;
  /** What it failed with last. */
  failure: unknown;
  private readonly clock: Clock;
  private readonly reserveBytes: number;
  private readonly madeFolders = new Set<string>();
  private stateNow: DiskState = 'open';
  private freeKnown = 0;
  private freeKnownMs = Number.NEGATIVE_INFINITY;
  private trialMs = 0;

  private readonly lock: DiskLock;

  private constructor(options: BlockDiskOptions, id: string, lock: DiskLock) {
    this.lock = lock;
    this.folder = options.folder;
    this.files = options.disk;
    this.clock = options.clock;
    this.reserveBytes = options.reserveBytes;
    this.id = id;
  }

  /** Makes the folder when missing. @throws FilesError 'corrupt', 'foreign', 'in-use', the disk's errors. */
  static async open(options: BlockDiskOptions): Promise<BlockDisk> {
    const { disk, folder } = options;
    disk.mkdirSync(folder);
    const lock = await disk.lock(join(folder, 'LOCK'));
    if ('holderPid' in lock) throw new FilesError('in-use', `${folder}, by ${lock.holderPid}`);
    try {
      return new BlockDisk(options, BlockDisk.identify(options), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** @returns the disk's id, a new one for a new disk. */
  private static identify({ disk, folder, random, owner }: BlockDiskOptions): string {
    disk.mkdirSync(join(folder, 'packs'));
    disk.mkdirSync(join(folder, 'blocks'));
    disk.syncDirectorySync(folder);
    const path = join(folder, 'disk.json');
    const bytes = readFileWhole(disk, path);
    if (bytes !== null) {
      const known = readIdentity(bytes, path);
      if (known.owner !== owner) throw new FilesError('foreign', folder);
      return known.id;
    }
    const id = newIdentity(random);
    writeFileAtomic(disk, path, Buffer.from(`${JSON.stringify({ format: 1, id, owner })}\n`));
    return id;
  }

  /** Another process may have it. */
  close(): void {
    this.lock.release();
  }

  /** Full is also what nobody has tried to write to: with no room nobody does. */
  get state(): DiskState {
    if (this.stateNow === 'failed' && this.clock.monotonicMs() >= this.trialMs) this.tryAgain();
    if (this.stateNow !== 'failed') this.stateNow = this.freeBytes > 0 ? 'open' : 'full';
    return this.stateNow;
  }

  /** Bytes that may still be written, the reserve left out; looked at once a second. */
  get freeBytes(): number {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.freeKnownMs < FREE_KNOWN_MS) return this.freeKnown;
    this.freeKnownMs = nowMs;
    try {
      this.freeKnown = Math.max(0, this.files.freeBytesSync(this.folder) - this.reserveBytes);
    } catch {
      this.freeKnown = 0;
    }
    return this.freeKnown;
  }

  /** Bytes that the disk has in all, the reserve left out; 0 when that can not be told. */
  get totalBytes(): number {
    try {
      return Math.max(0, this.files.totalBytesSync(this.folder) - this.reserveBytes);
    } catch {
      return 0;
    }
  }

  /** What an error means: the disk is left out until it is better. @returns what to tell. */
  refused(error: unknown): FilesError {
    const code = errorCode(error);
    this.failure = error;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      this.stateNow = 'full';
      this.freeKnown = 0;
      this.freeKnownMs = this.clock.monotonicMs();
      return new FilesError('disk-full', this.folder, error);
    }
    this.stateNow = 'failed';
    this.trialMs = this.clock.monotonicMs() + TRIAL_MS;
    return new FilesError('io', this.folder, error);
  }

  private tryAgain(): void {
    const path = join(this.folder, 'trial.tmp');
    try {
      writeFileAtomic(this.files, path, Buffer.from('trial\n'));
      this.files.unlinkSync(path);
      this.stateNow = 'open';
    } catch (error) {
      this.refused(error);
    }
  }

  packPath(number: number): string {
    return join(this.folder, 'packs', `${number}.pack`);
  }

  blockPath({ block, stamp }: BlockName, ending: 'blk' | 'tmp'): string {
    return join(this.blockFolder(block), `${block}-${stamp}.${ending}`);
  }

  blockFolder(block: number): string {
    return join(this.folder, 'blocks', (block & 0xff).toString(16).padStart(2, '0'));
  }

  /** Opens the file of a block that comes. @throws the disk's errors. */
  async createBlockFile(name: BlockName): Promise<DiskFile> {
    const folder = this.blockFolder(name.block);
    if (!this.madeFolders.has(folder)) {
      this.files.mkdirSync(folder);
      await this.files.syncDirectory(join(this.folder, 'blocks'));
      this.madeFolders.add(folder);
    }
    const file = await this.files.open(this.blockPath(name, 'tmp'), { mode: 'create' });
    file.truncateSync(0);
    return file;
  }
}

/** A disk for so many bytes: the more room, the more often. @throws FilesError 'disk-full', 'io'. */
export function chooseDisk(
  disks: readonly BlockDisk[],
  bytes: number,
  random: Random,
  except?: ReadonlySet<BlockDisk>,
): BlockDisk {
  const fit = disks.filter(
    (disk) => except?.has(disk) !== true && disk.state === 'open' && disk.freeBytes >= bytes,
  );
  if (fit.length === 0) {
    const isFailed = disks.every((disk) => disk.state === 'failed');
    const [first] = disks;
    throw new FilesError(isFailed ? 'io' : 'disk-full', 'of all disks', first?.failure);
  }
  if (fit.length === 1) return fit[0]!;
  const all = fit.reduce((sum, disk) => sum + disk.freeBytes, 0);
  let draw = random.float() * all;
  for (const disk of fit) {
    draw -= disk.freeBytes;
    if (draw < 0) return disk;
  }
  return fit[fit.length - 1]!;
}

const IDENTITY = /^[0-9a-f]{16}$/;

function readIdentity(
  bytes: Buffer,
  path: string,
): { readonly id: string; readonly owner: string } {
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    if (typeof parsed === 'object' && parsed !== null) {
      const { format, id, owner } = parsed as Record<string, unknown>;
      if (format === 1 && isIdentity(id) && isIdentity(owner)) return { id, owner };
    }
  } catch {
    // Told below.
  }
  throw new FilesError('corrupt', `${path} does not say which disk this is`);
}

function isIdentity(value: unknown): value is string {
  return typeof value === 'string' && IDENTITY.test(value);
}

/** Of a disk, or of a file system. */
export function newIdentity(random: Random): string {
  return random.bytes(8).toString('hex');
}
