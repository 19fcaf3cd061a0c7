/**
 * Packs small blocks of one disk into containers: all that wait go out by one write and one sync.
 *
 *     add ─▶ queue ─▶ group ─▶ write ─▶ fdatasync ─▶ index ─▶ answered
 *
 * Invariants: a block is answered only after its record is durable; a container is only written to by the life
 * of the process that made it, so nothing stale stands behind its end.
 *
 * Benchmark: bench/files-objects.ts.
 */

import { invariant } from '../../core/base/index.ts';
import type { DiskFile } from '../../core/runtime/index.ts';
import type { FilesError } from '../errors.ts';
import { translated } from '../translate.ts';
import type { BlockDisk } from './block-disk.ts';
import { type BlockIndex, IndexChange, type Location, type PackState } from './block-index.ts';
import { datasync, writeWhole } from './file-work.ts';
import { type BlockName, encodePackHead, HEAD_BYTES, recordBytes, writeRecord } from './format.ts';

const GROUP_BYTES_MAX = 4 * 1024 * 1024;

export interface PackedBlock extends BlockName {
  readonly data: Buffer;
  /** It only moves: if it is not where it was any more, its copy is dead. */
  readonly from?: Location;
  done(error: FilesError | null): void;
}

export interface PackWriterOptions {
  readonly disk: BlockDisk;
  readonly index: BlockIndex;
  readonly packBytes: number;
  /** Number of the next container. */
  nextPack(): number;
  /** What this disk could not take. */
  onRefused(blocks: readonly PackedBlock[], error: FilesError): void;
}

export class PackWriter {
  private readonly options: PackWriterOptions;
  private queue: PackedBlock[] = [];
  private running: Promise<void> | undefined;
  private file: DiskFile | undefined;
  /** Number of the container that is written to, -1 for none. */
  pack = -1;
  private end = 0;
  private state: PackState = { known: HEAD_BYTES, records: 0, dead: 0 };
  private buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

  constructor(options: PackWriterOptions) {
    this.options = options;
  }

  add(block: PackedBlock): void {
    this.queue.push(block);
    this.running ??= this.work();
  }

  /** Bytes of the container that do not count any more have become more. */
  addDead(pack: number, bytes: number): boolean {
    if (pack !== this.pack) return false;
    this.state = { ...this.state, dead: this.state.dead + bytes };
    return true;
  }

  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  async close(): Promise<void> {
    await this.idle();
    this.seal();
  }

  /** What was written last may be read back now and be gone later: a start must not believe it. */
  private cut(): void {
    try {
      this.file?.truncateSync(this.end);
    } catch {
      // The disk is left out anyway.
    }
  }

  /** Leaves the container: the next block begins another one. */
  private seal(): void {
    this.file?.closeSync();
    this.file = undefined;
    this.pack = -1;
  }

  private async work(): Promise<void> {
    // All that come in this turn go together.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const group = this.takeGroup();
      let refusal: FilesError | undefined;
      try {
        await this.write(group);
      } catch (error) {
        refusal = this.options.disk.refused(error);
        this.cut();
        this.seal();
      }
      if (refusal !== undefined) {
        this.options.onRefused(group, refusal);
        continue;
      }
      await this.index(group);
    }
    this.running = undefined;
  }

  private takeGroup(): PackedBlock[] {
    let bytes = 0;
    let count = 0;
    while (count < this.queue.length && (count === 0 || bytes < GROUP_BYTES_MAX)) {
      bytes += recordBytes(this.queue[count]!.data.length);
      count++;
    }
    return this.queue.splice(0, count);
  }

  /** @throws the disk's error. */
  private async write(group: readonly PackedBlock[]): Promise<void> {
    if (this.file === undefined || this.end >= this.options.packBytes) await this.begin();
    const bytes = group.reduce((sum, { data }) => sum + recordBytes(data.length), 0);
    if (bytes > this.buffer.length) this.buffer = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (const block of group) at = writeRecord(this.buffer, at, block, block.data);
    invariant(at === bytes, 'records are as long as was reckoned');
    const file = this.file!;
    await writeWhole(file, this.buffer, 0, bytes, this.end);
    await datasync(file);
  }

  private async begin(): Promise<void> {
    this.seal();
    const { disk } = this.options;
    const number = this.options.nextPack();
    const file = await disk.files.open(disk.packPath(number), { mode: 'exclusive' });
    try {
      await writeWhole(file, encodePackHead(number), 0, HEAD_BYTES, 0);
      await datasync(file);
      await disk.files.syncDirectory(`${disk.folder}/packs`);
    } catch (error) {
      file.closeSync();
      await disk.files.unlink(file.path).catch(() => {});
      throw error;
    }
    this.file = file;
    this.pack = number;
    this.end = HEAD_BYTES;
    this.state = { known: HEAD_BYTES, records: 0, dead: 0 };
  }

  /** Says where the blocks are, and that they are safe. */
  private async index(group: readonly PackedBlock[]): Promise<void> {
    let failure: FilesError | null = null;
    try {
      await this.options.index.write(this.indexed(group));
    } catch (error) {
      failure = translated(error, 'the index of blocks') as FilesError;
      // The container goes on behind what it holds, but the index does not know of that.
      this.seal();
    }
    for (const { done } of group) done(failure);
  }

  /** What the index is told of a group that is durable. @throws LsmError. */
  private indexed(group: readonly PackedBlock[]): IndexChange {
    const { disk, index } = this.options;
    const change = new IndexChange();
    let at = this.end;
    let { dead } = this.state;
    for (const { block, stamp, data, from } of group) {
      const bytes = recordBytes(data.length);
      const location = {
        disk: disk.number,
        stamp,
        length: data.length,
        pack: { number: this.pack, offset: at },
      };
      at += bytes;
      if (from !== undefined && !isSame(index.findNow(block), from)) dead += bytes;
      else change.putBlock(block, location);
    }
    this.end = at;
    this.state = { known: at, records: this.state.records + group.length, dead };
    return change.putPack(disk.number, this.pack, this.state);
  }
}

export function isSame(a: Location | null, b: Location): boolean {
  return (
    a !== null &&
    a.disk === b.disk &&
    a.stamp === b.stamp &&
    a.pack?.number === b.pack?.number &&
    a.pack?.offset === b.pack?.offset
  );
}
