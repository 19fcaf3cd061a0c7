/**
 * One segment file, as long as anybody needs it.
 *
 *     open ──full──▶ closed ──leaves──▶ gone ──nobody reads──▶ file closed, room free
 *       └──a sync failed──────────────────▲
 *
 * Invariant: the file is closed only while no operation on it is under way, for its number may be another file's at
 * once; so whoever has one under way, or will, holds a pin.
 */
import { invariant } from '../../core/base/index.ts';
import type { DiskFile } from '../../core/runtime/index.ts';
import { type FileHeader, HEADER_BYTES, SEQUENCE_NONE } from './format.ts';

/** A body that is being read, to be ended when its segment's room is wanted. */
export interface Cuttable {
  cut(): void;
}

export class Segment {
  readonly header: FileHeader;
  readonly path: string;
  readonly file: DiskFile;
  /** Where the index says that it is. */
  readonly slot: number;
  /** End of the last item; behind it stands the footer, if there is one. */
  end = HEADER_BYTES;
  /** Bytes that it takes, or may come to take while it is open. */
  roomBytes: number;
  /** Lowest and highest sequence of its records. */
  minSequence = SEQUENCE_NONE;
  maxSequence = 0;
  maxOrder = 0;
  items = 0;
  /** It has left: nothing of it is found any more. */
  gone = false;
  readonly readings = new Set<Cuttable>();
  private pins = 0;
  private onFree: (() => void) | null = null;
  private freed = false;

  constructor(header: FileHeader, file: DiskFile, slot: number, roomBytes: number) {
    this.header = header;
    this.path = file.path;
    this.file = file;
    this.slot = slot;
    this.roomBytes = roomBytes;
  }

  get number(): number {
    return this.header.number;
  }

  note(order: number, sequence: number, isRecord: boolean): void {
    this.items++;
    this.maxOrder = Math.max(this.maxOrder, order);
    if (!isRecord) return;
    this.minSequence = Math.min(this.minSequence, sequence);
    this.maxSequence = Math.max(this.maxSequence, sequence);
  }

  pin(): void {
    this.pins++;
  }

  unpin(): void {
    this.pins--;
    invariant(this.pins >= 0, 'a pin is given back once');
    this.settle();
  }

  /** Closes the file as soon as nobody uses it, then calls `onFree`. */
  release(onFree: () => void): void {
    invariant(this.onFree === null, 'a segment is released once');
    this.onFree = onFree;
    this.settle();
  }

  /** Ends the readings that go on. */
  cut(): number {
    const { size } = this.readings;
    for (const reading of [...this.readings]) reading.cut();
    return size;
  }

  private settle(): void {
    if (this.onFree === null || this.pins > 0 || this.freed) return;
    this.freed = true;
    this.file.closeSync();
    this.onFree();
  }
}
