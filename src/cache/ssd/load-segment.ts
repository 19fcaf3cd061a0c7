/**
 * Brings a segment that an earlier process left into the index: by its footer, or item by item where that does not
 * hold. What does not hold is dropped; docs/formats/cache-segments.md says how far it is believed.
 */
import { crc32 } from 'node:zlib';
import type { DiskFile } from '../../core/runtime/index.ts';
import { readWhole } from './file-io.ts';
import { Footer } from './footer.ts';
import {
  BLOCK_BYTES,
  blocksOf,
  decodeHead,
  decodeHeader,
  decodeTrailer,
  ENTRY_BYTES,
  HEAD_BYTES,
  HEADER_BYTES,
  type Head,
  heldChecksum,
  itemBytes,
  KIND_RECORD,
  KIND_REMOVE_TAG,
  SEGMENT_MAGIC,
  TRAILER_BYTES,
  tableBytes,
  UNIT,
} from './format.ts';
import { metaBytesMax } from './limits.ts';
import { NONE, type RecordIndex } from './record-index.ts';
import { Segment } from './segment.ts';
import type { Damage } from './types.ts';
import { blockHolds, tableHolds } from './verify.ts';

/** Read at a time; a head with its meta always fits. */
const WINDOW_BYTES = 1024 * 1024;

export interface LoadOptions {
  readonly index: RecordIndex;
  readonly slot: number;
  readonly onDamage: (damage: Damage) => void;
}

/** A segment, and what is needed to seal it when it has no footer that holds. */
export interface Loaded {
  readonly segment: Segment;
  readonly footer: Footer | null;
}

/** Null: the header does not hold. @throws the disk's error. */
export async function loadSegment(
  file: DiskFile,
  number: number,
  options: LoadOptions,
): Promise<Loaded | null> {
  const fileBytes = file.sizeSync();
  const bytes = Buffer.alloc(HEADER_BYTES);
  const read = await readWhole(file, bytes, 0);
  const header = decodeHeader(SEGMENT_MAGIC, bytes.subarray(0, read), number);
  if (header === null) return null;
  const segment = new Segment(header, file, options.slot, fileBytes);
  if (await loadFooter(segment, fileBytes, options.index)) return { segment, footer: null };
  return { segment, footer: await new Scan(segment, fileBytes, options).run() };
}

/** Takes away what a removal with this order is about. */
function applyRemoval(index: RecordIndex, head: Pick<Head, ItemKey>): void {
  for (let entry = index.first(head.hashLow, head.hashHigh); entry !== NONE; ) {
    const following = index.following(entry);
    const isMeant = head.kind !== KIND_REMOVE_TAG || index.tag(entry) === head.tag;
    if (isMeant && index.order(entry) < head.order) index.remove(entry);
    entry = following;
  }
}

type ItemKey = 'hashLow' | 'hashHigh' | 'tag' | 'order' | 'kind';

/** Offset and size in units. */
function apply(
  index: RecordIndex,
  head: Pick<Head, ItemKey>,
  place: { readonly slot: number; readonly offset: number; readonly size: number },
): void {
  if (head.kind !== KIND_RECORD) applyRemoval(index, head);
  else index.settle(index.add(head.hashLow, head.hashHigh, head.tag, head.order), place);
}

/** False: there is none that holds, and nothing was done. */
async function loadFooter(
  segment: Segment,
  fileBytes: number,
  index: RecordIndex,
): Promise<boolean> {
  if (fileBytes < HEADER_BYTES + TRAILER_BYTES) return false;
  const last = Buffer.alloc(TRAILER_BYTES);
  if ((await readWhole(segment.file, last, fileBytes - TRAILER_BYTES)) < TRAILER_BYTES) {
    return false;
  }
  const trailer = decodeTrailer(last, segment.header, fileBytes);
  if (trailer === null) return false;
  const { entriesAt, count } = trailer;
  const entries = Buffer.allocUnsafeSlow(count * ENTRY_BYTES);
  if ((await readWhole(segment.file, entries, entriesAt)) < entries.length) return false;
  if (crc32(entries, segment.header.seed) !== trailer.entriesSum) return false;
  for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
    const head = {
      hashLow: entries.readUInt32LE(at),
      hashHigh: entries.readUInt32LE(at + 4),
      tag: entries.readUInt32LE(at + 8),
      order: entries.readDoubleLE(at + 16),
      kind: entries.readUInt32LE(at + 28),
    };
    const offset = entries.readUInt32LE(at + 12);
    const size = entries.readUInt32LE(at + 24);
    apply(index, head, { slot: segment.slot, offset, size });
  }
  segment.end = entriesAt;
  segment.items = count;
  segment.minSequence = trailer.minSequence;
  segment.maxSequence = trailer.maxSequence;
  segment.maxOrder = trailer.maxOrder;
  return true;
}

/** Reads a segment from its beginning, as far as it holds. */
class Scan {
  private readonly segment: Segment;
  private readonly fileBytes: number;
  private readonly options: LoadOptions;
  private readonly footer = new Footer();
  private readonly memory = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  /** What of the file is in memory. */
  private window = this.memory.subarray(0, 0);
  private windowAt = 0;

  constructor(segment: Segment, fileBytes: number, options: LoadOptions) {
    this.segment = segment;
    this.fileBytes = fileBytes;
    this.options = options;
  }

  async run(): Promise<Footer> {
    const { segment } = this;
    const { index, slot } = this.options;
    for (;;) {
      const offset = segment.end;
      const head = await this.headAt(offset);
      if (head === null) break;
      const bytes = itemBytes(head.kind, head.metaBytes, head.bodyBytes);
      if (offset + bytes > this.fileBytes) break;
      segment.end += bytes;
      if (head.kind === KIND_RECORD && !(await this.bodyHolds(head, offset))) {
        this.options.onDamage({ file: segment.path, offset, what: 'body' });
        continue;
      }
      segment.note(head.order, head.sequence, head.kind === KIND_RECORD);
      this.footer.add(head, offset);
      apply(index, head, { slot, offset: offset / UNIT, size: bytes / UNIT });
    }
    return this.footer;
  }

  /** Null: here the segment ends. */
  private async headAt(offset: number): Promise<Head | null> {
    await this.show(offset, HEAD_BYTES);
    const head = decodeHead(this.window, offset - this.windowAt, offset);
    if (head === null || head.metaBytes > metaBytesMax) return null;
    await this.show(offset, HEAD_BYTES + head.metaBytes);
    const at = offset - this.windowAt;
    if (this.window.length < at + HEAD_BYTES + head.metaBytes) return null;
    const sum = heldChecksum(this.window, at, head, this.segment.header.seed);
    return sum === null ? null : head;
  }

  private async bodyHolds(head: Head, offset: number): Promise<boolean> {
    const headSum = this.window.readUInt32LE(offset - this.windowAt + 4);
    const bodyAt = offset + HEAD_BYTES + head.metaBytes;
    const bodyEnd = bodyAt + head.bodyBytes;
    const table = await this.tableAt(bodyEnd, tableBytes(head.bodyBytes));
    if (!tableHolds(table, 0, head.bodyBytes, headSum)) return false;
    for (let nth = 0; nth < blocksOf(head.bodyBytes); nth++) {
      const start = bodyAt + nth * BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES, bodyEnd - start);
      await this.show(start, length);
      const at = start - this.windowAt;
      const block = this.window.subarray(at, at + length);
      if (block.length < length || !blockHolds(block, nth, headSum, table, 0)) return false;
    }
    return true;
  }

  /** In memory of its own: the window moves on over the body. */
  private async tableAt(offset: number, length: number): Promise<Buffer> {
    const table = Buffer.alloc(length);
    const at = offset - this.windowAt;
    if (at + length <= this.window.length) this.window.copy(table, 0, at, at + length);
    else await readWhole(this.segment.file, table, offset);
    return table;
  }

  /** Brings so many bytes into memory, or as many as there are. */
  private async show(offset: number, length: number): Promise<void> {
    const at = offset - this.windowAt;
    if (at >= 0 && at + length <= this.window.length) return;
    this.windowAt = offset;
    const read = await readWhole(this.segment.file, this.memory, offset);
    this.window = this.memory.subarray(0, read);
  }
}
