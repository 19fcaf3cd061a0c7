/**
 * An open table: its index, filter and deleted ranges in memory, its blocks on the disk and in the cache.
 *
 * Held by those who read it: it is closed, and deleted when nothing names it any more, by the last one
 * who lets go.
 */
import { invariant } from '../../base/index.ts';
import type { Disk, DiskFile } from '../../runtime/index.ts';
import { blockChecksum, CHECKSUM_BYTES } from './block.ts';
import { type CachedTable, NO_FRAME } from './block-cache.ts';
import { decodeDeletes } from './deletes-block.ts';
import { LsmError } from './errors.ts';
import { decodeFooter, type Extent, FOOTER_BYTES } from './footer.ts';
import { BlockIndex } from './index-block.ts';
import { RangeDeletes } from './range-deletes.ts';
import { tablePath } from './table-path.ts';
import type { TableMeta } from './types.ts';

export class Table implements CachedTable {
  readonly meta: TableMeta;
  readonly file: DiskFile;
  readonly index: BlockIndex;
  readonly filter: Buffer;
  readonly deletes: RangeDeletes;
  readonly frames: Int32Array;
  private holders = 1;
  private readonly onRelease: (table: Table) => void;

  /** @param onRelease the last holder has let go; the file is closed. */
  constructor(
    meta: TableMeta,
    file: DiskFile,
    parts: { index: BlockIndex; filter: Buffer; deletes: RangeDeletes },
    onRelease: (table: Table) => void,
  ) {
    this.meta = meta;
    this.file = file;
    this.index = parts.index;
    this.filter = parts.filter;
    this.deletes = parts.deletes;
    this.frames = new Int32Array(parts.index.count).fill(NO_FRAME);
    this.onRelease = onRelease;
  }

  /** Memory that it takes while it is open, without blocks. */
  get memoryBytes(): number {
    return this.index.bytes + this.filter.length + this.frames.byteLength;
  }

  hold(): void {
    invariant(this.holders > 0, 'a released table is not held again');
    this.holders++;
  }

  release(): void {
    this.holders--;
    invariant(this.holders >= 0, 'a table is released once by each holder');
    if (this.holders > 0) return;
    this.file.closeSync();
    this.onRelease(this);
  }

  /**
   * Checks the payload of a block that was read, checksum behind it, from `bytes[start, ...)`.
   * @throws LsmError 'corrupt'.
   */
  checkBlock(nth: number, bytes: Buffer, start: number): void {
    const extent = { offset: this.index.offset(nth), length: this.index.length(nth) };
    checkBlock(this.meta.number, this.file.path, extent, bytes, start);
  }
}

/**
 * Opens a table and reads what is kept in memory of it.
 * @throws LsmError 'corrupt', 'version', and what the disk says.
 */
export function openTable(
  disk: Disk,
  folder: string,
  meta: TableMeta,
  onRelease: (table: Table) => void = () => {},
): Table {
  const path = tablePath(folder, meta.number);
  const file = disk.openSync(path, { mode: 'read' });
  try {
    const size = file.sizeSync();
    if (size !== meta.bytes) {
      const detail = `the file has ${size} bytes, the manifest says ${meta.bytes}`;
      throw new LsmError('corrupt', { file: path, offset: Math.min(size, meta.bytes), detail });
    }
    const footerAt = size - FOOTER_BYTES;
    const footer = decodeFooter(
      readExact(file, Math.max(0, footerAt), FOOTER_BYTES),
      path,
      footerAt,
    );
    if (footer.number !== meta.number || footer.entries !== meta.entries) {
      const detail = `table ${footer.number} of ${footer.entries} entries stands in its place`;
      throw new LsmError('corrupt', { file: path, offset: footerAt, detail });
    }
    const read = (extent: Extent) => readPayload(meta.number, file, extent);
    const parts = {
      index: new BlockIndex(read(footer.index)),
      filter: read(footer.filter),
      deletes:
        footer.deletes.length === 0 ? new RangeDeletes() : decodeDeletes(read(footer.deletes)),
    };
    return new Table(meta, file, parts, onRelease);
  } catch (error) {
    file.closeSync();
    throw error;
  }
}

function readPayload(table: number, file: DiskFile, extent: Extent): Buffer {
  const bytes = readExact(file, extent.offset, extent.length + CHECKSUM_BYTES);
  checkBlock(table, file.path, extent, bytes, 0);
  return bytes.subarray(0, extent.length);
}

function checkBlock(
  table: number,
  file: string,
  extent: Extent,
  bytes: Buffer,
  start: number,
): void {
  const { offset, length } = extent;
  const checksum = blockChecksum(bytes, start, length, { table, offset });
  if (bytes.readUInt32LE(start + length) === checksum) return;
  throw new LsmError('corrupt', { file, offset, detail: 'the checksum of a block does not hold' });
}

/** @throws LsmError 'corrupt' when the file ends before. */
export function readExact(file: DiskFile, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  readInto(file, bytes, 0, length, offset);
  return bytes;
}

/** Reads `length` bytes of a file. @throws LsmError 'corrupt' when it ends before. */
export function readInto(
  file: DiskFile,
  into: Buffer,
  at: number,
  length: number,
  position: number,
): void {
  let done = 0;
  while (done < length) {
    const count = file.readSync(into, at + done, length - done, position + done);
    if (count === 0) {
      const detail = 'the file ends within a block';
      throw new LsmError('corrupt', { file: file.path, offset: position + done, detail });
    }
    done += count;
  }
}
