/**
 * The segment that is being written: begun, filled, and closed with its footer.
 *
 * All that fails throws a `DiskTierError` and leaves a file in which everything up to `segment.end` holds.
 */
import type { Clock, Disk, DiskFile, Random } from '../../core/runtime/index.ts';
import { DiskTierError } from './errors.ts';
import { datasync, writeWhole } from './file-io.ts';
import { Footer } from './footer.ts';
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  type Head,
  KIND_RECORD,
  SEGMENT_MAGIC,
} from './format.ts';
import { segmentRecordsShare, syncBytes } from './limits.ts';
import { Segment } from './segment.ts';
import { fileName, type Segments } from './segments.ts';

export interface TailPlace {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: string;
  readonly segments: Segments;
  readonly recordsMax: number;
}

export class Tail {
  readonly segment: Segment;
  /** Where the next write begins: behind the last item, or within one that is not finished. */
  position = HEADER_BYTES;
  /** Nothing is known of what was written before a sync that failed. */
  isDoubtful = false;
  private readonly segments: Segments;
  private readonly footer: Footer;
  private readonly itemsMax: number;
  private unsyncedBytes = HEADER_BYTES;

  private constructor(segment: Segment, footer: Footer, segments: Segments, itemsMax: number) {
    this.segment = segment;
    this.footer = footer;
    this.segments = segments;
    this.itemsMax = itemsMax;
  }

  /** A segment of an earlier process, to be sealed. */
  static resume(segment: Segment, footer: Footer, segments: Segments): Tail {
    return new Tail(segment, footer, segments, 0);
  }

  /** There is room for a segment. @throws DiskTierError: there is no file. */
  static async begin(place: TailPlace): Promise<Tail> {
    const { disk, segments } = place;
    const number = segments.nextNumber;
    const path = `${place.folder}/${fileName(number, 'seg')}`;
    const bytes = encodeHeader(SEGMENT_MAGIC, number, place.random.bytes(8), (header) =>
      header.writeDoubleLE(place.clock.wallMs(), 32),
    );
    let file: DiskFile | null = null;
    try {
      // One that is there is the rest of a beginning that failed.
      file = await disk.open(path, { mode: 'create' });
      file.truncateSync(0);
      await writeWhole(file, bytes, bytes.length, 0);
    } catch (error) {
      file?.closeSync();
      await disk.unlink(path).catch(() => {});
      throw DiskTierError.from(error);
    }
    const header = decodeHeader(SEGMENT_MAGIC, bytes, number)!;
    const segment = new Segment(header, file, segments.freeSlot(), segments.segmentBytes);
    segments.add(segment);
    return new Tail(segment, new Footer(), segments, place.recordsMax / segmentRecordsShare);
  }

  /** Whether there is room for an item at `start`, behind so many that are not noted yet. */
  fits(bytes: number, start: number, unnoted: number): boolean {
    const count = this.footer.count + unnoted + 1;
    if (count > this.itemsMax) return false;
    return start + bytes + Footer.bytesOf(count) <= this.segments.segmentBytes;
  }

  /** @throws DiskTierError. */
  async write(from: Buffer, length: number): Promise<void> {
    try {
      await writeWhole(this.segment.file, from, length, this.position);
    } catch (error) {
      throw DiskTierError.from(error);
    }
    this.position += length;
    this.unsyncedBytes += length;
  }

  /** An item is whole in the file. */
  note(head: Head, offset: number, bytes: number): void {
    this.footer.add(head, offset);
    this.segment.note(head.order, head.sequence, head.kind === KIND_RECORD);
    this.segment.end = offset + bytes;
  }

  /** Makes durable what was written, once it is much. @throws DiskTierError. */
  async syncSometimes(): Promise<void> {
    if (this.unsyncedBytes >= syncBytes) await this.sync();
  }

  /** Cuts off what was not finished. False: that failed too, and nothing more is written here. */
  cutBack(): boolean {
    try {
      this.segment.file.truncateSync(this.segment.end);
    } catch {
      return false;
    }
    this.position = this.segment.end;
    return true;
  }

  /** Whether the disk takes bytes: they are written behind the end and cut off. @throws DiskTierError. */
  async probe(bytes: number): Promise<void> {
    const room = this.segments.segmentBytes - this.segment.end;
    const zeros = Buffer.alloc(Math.min(bytes, room));
    try {
      await this.write(zeros, zeros.length);
      await this.sync();
    } catch (error) {
      this.cutBack();
      throw error;
    }
    if (!this.cutBack()) throw new DiskTierError('io', 'a segment cannot be cut');
  }

  /** Ends the segment with its footer. @throws DiskTierError: it has none and is read whole at the next start. */
  async seal(): Promise<void> {
    await this.sync();
    const { segment } = this;
    const footer = this.footer.encode(segment);
    try {
      await writeWhole(segment.file, footer, footer.length, segment.end);
      await datasync(segment.file);
      this.segments.closed(segment, segment.end + footer.length);
    } catch (error) {
      this.abandon();
      throw DiskTierError.from(error);
    }
  }

  /** Ends the segment as it is. */
  abandon(): void {
    const size = this.cutBack() ? this.segment.end : this.segments.segmentBytes;
    this.segments.closed(this.segment, size);
  }

  private async sync(): Promise<void> {
    this.unsyncedBytes = 0;
    try {
      await datasync(this.segment.file);
    } catch (error) {
      this.isDoubtful = true;
      throw DiskTierError.from(error);
    }
  }
}
