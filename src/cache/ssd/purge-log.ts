/**
 * The purges that records on the disk may still be named by. A purge is durable before it is answered.
 *
 *     append ──▶ queue ──▶ one write and one sync for all that wait ──▶ answered
 *                             └─ no room in the file, or it failed: a new generation with what is needed
 *
 * Invariants: of what was answered nothing is missing in the generation with the highest number; there is a
 * generation before there is a segment.
 */
import { crc32 } from 'node:zlib';
import { type Disk, type DiskFile, errorCode, type Random } from '../../core/runtime/index.ts';
import { DiskTierError, ignoreDiskErrors } from './errors.ts';
import { datasync, readWhole, writeWhole } from './file-io.ts';
import { HEADER_BYTES, isOfOtherVersion, PURGES_MAGIC } from './format.ts';
import { purgesQueuedMax } from './limits.ts';
import {
  decodePurges,
  encodeFrame,
  encodePurgesHeader,
  encodeWitness,
  frameBytes,
  type HashSeeds,
  type PurgesHeader,
  WITNESS_BYTES,
} from './purge-frames.ts';
import { fileName, fileNumber } from './segments.ts';
import type { Purge } from './types.ts';

export interface PurgeLogOptions {
  readonly disk: Disk;
  readonly random: Random;
  readonly folder: string;
  /** Of one generation. Two are there while one takes the other's place. */
  readonly fileBytesMax: number;
}

/** How the log needs the rest of the tier. */
export interface PurgeLogHost {
  /** The lowest sequence that any record may have. */
  minSequence(): number;
  /** Lets the oldest records go. False: there are none that can. @throws DiskTierError. */
  makeRoom(): Promise<boolean>;
}

interface Waiting {
  readonly purge: Purge;
  readonly resolve: () => void;
  readonly reject: (error: DiskTierError) => void;
}

export class PurgeLog {
  /** Those that are needed, in the order of their coming. */
  purges: readonly Purge[];
  /** No record and no purge had a higher one. */
  sequenceMax: number;
  readonly seeds: HashSeeds;
  private readonly options: PurgeLogOptions;
  private host: PurgeLogHost | null = null;
  private file: DiskFile | null = null;
  private seed = 0;
  private generation: number;
  /** The highest generation holds. */
  private isBegun: boolean;
  /** Generations whose files may still be there. */
  private old: number[] = [];
  private end = 0;
  private queue: Waiting[] = [];
  private running: Promise<void> | null = null;
  private closed = false;

  private constructor(
    options: PurgeLogOptions,
    read: { readonly header: PurgesHeader; readonly purges: readonly Purge[] } | null,
    generation: number,
  ) {
    this.options = options;
    this.generation = generation;
    this.isBegun = read !== null;
    this.purges = read?.purges ?? [];
    this.sequenceMax = (read?.purges ?? []).reduce(
      (highest, { sequence }) => Math.max(highest, sequence),
      read?.header.sequenceMax ?? 0,
    );
    this.seeds = read?.header.seeds ?? { low: options.random.u32(), high: options.random.u32() };
  }

  /**
   * Reads what there is. The next purge begins a generation of its own.
   * @returns the log; `missing`: no record may stay, since purges may be missing or all is of another version.
   * @throws the disk's error.
   */
  static async open(
    options: PurgeLogOptions,
    names: readonly string[],
  ): Promise<{ log: PurgeLog; missing: 'purges' | 'version' | null; path: string }> {
    const numbers = names.map((name) => fileNumber(name, 'prg')).filter((each) => each !== null);
    const number = Math.max(0, ...numbers);
    const path = `${options.folder}/${fileName(number, 'prg')}`;
    if (number === 0) return { log: new PurgeLog(options, null, 0), missing: 'purges', path };
    const file = await options.disk.open(path, { mode: 'read' });
    try {
      const bytes = Buffer.alloc(file.sizeSync());
      const length = await readWhole(file, bytes, 0);
      const read = decodePurges(bytes.subarray(0, length), number);
      const isOther = isOfOtherVersion(PURGES_MAGIC, bytes);
      const missing = read !== null ? null : isOther ? 'version' : 'purges';
      return { log: new PurgeLog(options, read, number), missing, path };
    } finally {
      file.closeSync();
    }
  }

  get bytes(): number {
    return this.purges.reduce((sum, purge) => sum + frameBytes(purge), HEADER_BYTES);
  }

  /** The longest purge that is taken. */
  get purgeBytesMax(): number {
    return (this.options.fileBytesMax - HEADER_BYTES) / 8;
  }

  attach(host: PurgeLogHost): void {
    this.host = host;
  }

  /** Durable when it resolves. @throws DiskTierError: whether it is remembered is not known. */
  append(purge: Purge): Promise<void> {
    if (this.closed) return Promise.reject(new DiskTierError('closed'));
    if (purge.bytes.length === 0 || frameBytes(purge) > this.purgeBytesMax) {
      return Promise.reject(new DiskTierError('too-large', `${purge.bytes.length} bytes`));
    }
    if (this.queue.length >= purgesQueuedMax) return Promise.reject(new DiskTierError('busy'));
    return new Promise((resolve, reject) => {
      this.queue.push({ purge, resolve, reject });
      this.kick();
    });
  }

  /** There is a generation that holds when this is done. @throws DiskTierError. */
  async ensure(): Promise<void> {
    while (!this.isBegun) {
      if (this.running !== null) await this.running;
      else await this.alone(() => this.begin([]));
    }
  }

  /** Removes what means nothing beside the generation that was read. @throws the disk's error. */
  async removeLeftovers(names: readonly string[]): Promise<void> {
    const { disk, folder } = this.options;
    for (const name of names) {
      const number = fileNumber(name.replace(/\.new$/, ''), 'prg');
      if (number === null || (number === this.generation && !name.endsWith('.new'))) continue;
      await disk.unlink(`${folder}/${name}`);
    }
  }

  /** Forgets what no record needs any more. The file follows with its next generation. */
  forget(): void {
    const lowest = this.host?.minSequence() ?? 0;
    if (this.purges.some(({ sequence }) => sequence <= lowest)) {
      this.purges = this.purges.filter(({ sequence }) => sequence > lowest);
    }
  }

  /** Answers those that wait. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.running !== null) await this.running.catch(ignoreDiskErrors);
    this.file?.closeSync();
    this.file = null;
  }

  private kick(): void {
    if (this.running !== null || this.queue.length === 0) return;
    // What fails is told to each that waits.
    this.alone(() => this.writeWaiting()).catch((error: unknown) => {
      throw error;
    });
  }

  private alone(work: () => Promise<void>): Promise<void> {
    this.running = work().finally(() => {
      this.running = null;
      this.kick();
    });
    return this.running;
  }

  private async writeWaiting(): Promise<void> {
    const batch: Waiting[] = [];
    // All of a batch finds room in a generation that was emptied.
    let bytes = 0;
    while (this.queue.length > 0 && bytes <= this.purgeBytesMax) {
      const next = this.queue.shift()!;
      bytes += frameBytes(next.purge);
      batch.push(next);
    }
    const purges = batch.map(({ purge }) => purge);
    try {
      if (!(await this.extend(purges, bytes))) await this.begin(purges);
    } catch (error) {
      if (!(error instanceof DiskTierError)) throw error;
      for (const each of batch) each.reject(error);
      return;
    }
    for (const each of batch) each.resolve();
  }

  /** Writes behind what is there. False: not there; whether it is there is not known. */
  private async extend(purges: readonly Purge[], bytes: number): Promise<boolean> {
    const { file, end, seed } = this;
    if (file === null || end + bytes + WITNESS_BYTES > this.options.fileBytesMax) return false;
    const frames = Buffer.concat(purges.map((purge) => encodeFrame(purge, end, seed)));
    try {
      await writeWhole(file, frames, frames.length, end);
      await datasync(file);
      this.end += frames.length;
      const witness = encodeWitness(this.end, seed);
      await writeWhole(file, witness, witness.length, this.end);
      this.end += witness.length;
    } catch {
      this.dropFile();
      return false;
    }
    this.remember(purges);
    return true;
  }

  /** Begins a generation with what is needed and these. @throws DiskTierError. */
  private async begin(purges: readonly Purge[]): Promise<void> {
    for (;;) {
      this.forget();
      const bytes = [...this.purges, ...purges].reduce((sum, each) => sum + frameBytes(each), 0);
      // So much must be free that the next generation is not begun at once.
      const isRoomy = HEADER_BYTES + bytes * 1.25 + WITNESS_BYTES <= this.options.fileBytesMax;
      try {
        if (!isRoomy) throw new DiskTierError('disk-full', 'too many purges are needed');
        await this.write([...this.purges, ...purges]);
        this.remember(purges);
        return;
      } catch (error) {
        const failure = DiskTierError.from(error);
        const more = failure.code === 'disk-full' && (await this.host?.makeRoom()) === true;
        if (!more) throw failure;
      }
    }
  }

  private remember(purges: readonly Purge[]): void {
    this.purges = [...this.purges, ...purges];
    for (const { sequence } of purges) this.sequenceMax = Math.max(this.sequenceMax, sequence);
  }

  /** @throws the disk's error: the generation before holds, or this one. */
  private async write(purges: readonly Purge[]): Promise<void> {
    const { disk, folder, random } = this.options;
    const number = this.generation + 1;
    const path = `${folder}/${fileName(number, 'prg')}`;
    const id = random.bytes(8);
    const header = encodePurgesHeader({
      number,
      id,
      seeds: this.seeds,
      sequenceMax: this.sequenceMax,
    });
    const seed = crc32(id);
    const whole = Buffer.concat([header, ...purges.map((each) => encodeFrame(each, 0, seed))]);
    const file = await disk.open(`${path}.new`, { mode: 'create' });
    try {
      file.truncateSync(0);
      await writeWhole(file, whole, whole.length, 0);
      await datasync(file);
      const witness = encodeWitness(whole.length, seed);
      await writeWhole(file, witness, witness.length, whole.length);
      await disk.rename(`${path}.new`, path);
      this.old.push(this.generation);
      this.generation = number;
      await disk.syncDirectory(folder);
      this.dropFile();
      this.file = await disk.open(path, { mode: 'write' });
      this.seed = seed;
      this.end = whole.length + witness.length;
      this.isBegun = true;
      await this.removeOld();
    } finally {
      file.closeSync();
    }
  }

  /** They mean nothing beside a higher one: what cannot be removed is tried again with the next. */
  private async removeOld(): Promise<void> {
    const { disk, folder } = this.options;
    for (const number of this.old.splice(0)) {
      try {
        await disk.unlink(`${folder}/${fileName(number, 'prg')}`);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') this.old.push(number);
      }
    }
  }

  private dropFile(): void {
    this.file?.closeSync();
    this.file = null;
  }
}
