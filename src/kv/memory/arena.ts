/**
 * Off-heap memory of the key-value store: everything a client stored lives here, so the garbage
 * collector never walks it.
 *
 * An address is a positive integer below 2^31 in units of 8 bytes; 0 is "nothing". An allocation
 * never crosses a segment, so `bytes[addr >>> SEGMENT_SHIFT]` with `byteOffset(addr)` reaches all of
 * it. Three sizes of allocation:
 *
 *   small   up to 8 KiB    slots of one of ~72 size classes, cut from spans of a few pages
 *   medium  up to 4 MiB    runs of 4 KiB pages inside a segment of 8 MiB
 *   large   above          a segment of its own, as long as asked for
 *
 * Invariants: a span belongs to one class until its last slot is freed; a free page run is never
 * next to another free run of its segment; a segment without used pages gives its memory back.
 * Limit: 2048 segments, that is 16 GiB of small and medium allocations a process, each large one
 * counted as a segment; `nearlyFull` warns 256 segments before.
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../../core/base/index.ts';

/** Address in units of 8 bytes; 0 means nothing. */
export type Address = number;

export const SEGMENT_SHIFT = 20;
const SEGMENT_UNITS = 1 << SEGMENT_SHIFT;
const SEGMENT_MASK = SEGMENT_UNITS - 1;
const SEGMENT_BYTES = SEGMENT_UNITS * 8;
const SEGMENTS_MAX = 2048;
/** Segments that are left for the command at hand once `nearlyFull` says so: two GiB. */
const SEGMENTS_SPARE = 256;
const PAGE_SHIFT = 9;
const PAGE_UNITS = 1 << PAGE_SHIFT;
const PAGE_BYTES = PAGE_UNITS * 8;
const SEGMENT_PAGES = SEGMENT_UNITS / PAGE_UNITS;
const SMALL_UNITS_MAX = 1024;
const MEDIUM_UNITS_MAX = SEGMENT_UNITS / 2;
/** Run kinds in `pageClass`: a class index below this is a span of that class. */
const KIND_FREE = 253;
const KIND_MEDIUM = 254;
const KIND_LARGE = 255;

const CLASS_UNITS: number[] = [];
const CLASS_OF_UNITS = new Uint8Array(SMALL_UNITS_MAX + 1);
const CLASS_PAGES: number[] = [];
for (let units = 1; units <= SMALL_UNITS_MAX; ) {
  CLASS_UNITS.push(units);
  units += units < 32 ? 1 : 1 << (31 - Math.clz32(units) - 3);
}
for (let units = 1, index = 0; units <= SMALL_UNITS_MAX; units++) {
  if (units > CLASS_UNITS[index]!) index++;
  CLASS_OF_UNITS[units] = index;
}
for (const units of CLASS_UNITS) {
  // At least eight slots a span, and under an eighth of it wasted.
  let pages = Math.max(2, Math.ceil((units * 8) / PAGE_UNITS));
  while (((pages * PAGE_UNITS) % units) * 8 > pages * PAGE_UNITS) pages++;
  CLASS_PAGES.push(pages);
}

/** Byte offset of an address inside its segment. */
export function byteOffset(addr: Address): number {
  return (addr & SEGMENT_MASK) << 3;
}

export class Arena {
  /** Seed of all key hashes over this memory: random in service, fixed in simulations. */
  readonly hashSeed: number;
  /** Byte view of each segment; a released segment is an empty buffer. */
  readonly bytes: Buffer[] = [];
  /** 32-bit word view of each segment. */
  readonly words: Uint32Array[] = [];
  /** 64-bit float view of each segment. */
  readonly floats: Float64Array[] = [];
  /** Bytes handed out, by the size really taken. */
  usedBytes = 0;
  /** Bytes of all segments held. */
  reservedBytes = 0;

  // Per page of every segment. A run's length stands at its first and last page.
  private pageClass = new Uint8Array(0);
  private runPages = new Uint16Array(0);
  /** First page of the span that a page belongs to. */
  private spanOfPage = new Uint32Array(0);
  // Per span, at the index of its first page.
  private freeSlot = new Uint32Array(0);
  private usedSlots = new Uint16Array(0);
  private bumpSlot = new Uint16Array(0);
  private nextSpan = new Int32Array(0);
  private prevSpan = new Int32Array(0);

  /** First span with a free slot, by class; -1 for none. */
  private readonly partial = new Int32Array(CLASS_UNITS.length).fill(-1);
  /** First free run, by pages (exact below 64, then by power of two). */
  private readonly freeRuns = new Int32Array(64 + 12).fill(-1);
  private readonly usedPages: number[] = [];
  private readonly emptySegments: number[] = [];
  private readonly segmentsFull: number;

  /** `segmentsMax`: less than the address space holds, for tests. */
  constructor(hashSeed: number, segmentsMax = SEGMENTS_MAX) {
    this.hashSeed = hashSeed;
    this.segmentsFull = segmentsMax - SEGMENTS_SPARE;
    const first = this.takeSegment(SEGMENT_BYTES);
    // Page 0 of the first segment stays unused, because address 0 means nothing.
    this.setRun(0, 1, KIND_MEDIUM);
    this.usedPages[first] = 1;
    this.addFreeRun(1, SEGMENT_PAGES - 1);
  }

  /**
   * Takes at least `bytes` bytes. The content is whatever was there before.
   * Throws RangeError when the address space of the process is used up.
   */
  alloc(bytes: number): Address {
    const units = (bytes + 7) >>> 3;
    if (units > SMALL_UNITS_MAX) return this.allocRun(units);
    const sizeClass = CLASS_OF_UNITS[units === 0 ? 1 : units]!;
    const size = CLASS_UNITS[sizeClass]!;
    let span = this.partial[sizeClass]!;
    if (span < 0) span = this.newSpan(sizeClass);
    this.usedBytes += size << 3;
    const used = (this.usedSlots[span] as number) + 1;
    this.usedSlots[span] = used;
    const capacity = (((this.runPages[span] as number) * PAGE_UNITS) / size) | 0;
    let addr = this.freeSlot[span] as number;
    if (addr !== 0) {
      this.freeSlot[span] = this.words[addr >>> SEGMENT_SHIFT]![(addr & SEGMENT_MASK) << 1]!;
    } else {
      const slot = this.bumpSlot[span] as number;
      this.bumpSlot[span] = slot + 1;
      addr = span * PAGE_UNITS + slot * size;
    }
    if (used >= capacity) this.unlinkPartial(span, sizeClass);
    return addr;
  }

  /** The address space is nearly used up: what needs memory should be refused. */
  get nearlyFull(): boolean {
    return this.bytes.length - this.emptySegments.length > this.segmentsFull;
  }

  /** Gives an allocation back. */
  free(addr: Address): void {
    const page = addr >>> PAGE_SHIFT;
    const kind = this.pageClass[page] as number;
    if (kind >= KIND_FREE) {
      this.freeRun(addr, kind);
      return;
    }
    const span = this.spanOfPage[page] as number;
    const size = CLASS_UNITS[kind]!;
    this.usedBytes -= size << 3;
    this.words[addr >>> SEGMENT_SHIFT]![(addr & SEGMENT_MASK) << 1] = this.freeSlot[span] as number;
    this.freeSlot[span] = addr;
    const used = (this.usedSlots[span] as number) - 1;
    this.usedSlots[span] = used;
    const capacity = (((this.runPages[span] as number) * PAGE_UNITS) / size) | 0;
    if (used + 1 === capacity) this.linkPartial(span, kind);
    // One empty span a class is kept, so that a key set and deleted in turn does not cost a span each.
    if (used === 0 && (this.partial[kind] !== span || this.nextSpan[span]! >= 0)) {
      this.unlinkPartial(span, kind);
      this.releasePages(span);
    }
  }

  /** Bytes that an allocation really has: it may grow to this in place. */
  capacity(addr: Address): number {
    const page = addr >>> PAGE_SHIFT;
    const kind = this.pageClass[page] as number;
    if (kind < KIND_FREE) return CLASS_UNITS[kind]! << 3;
    if (kind === KIND_MEDIUM) return (this.runPages[page] as number) * PAGE_BYTES;
    return this.bytes[addr >>> SEGMENT_SHIFT]!.length;
  }

  /** Bytes that an allocation of `bytes` would really take. */
  static roundUp(bytes: number): number {
    const units = (bytes + 7) >>> 3;
    if (units <= SMALL_UNITS_MAX) return CLASS_UNITS[CLASS_OF_UNITS[units]!]! << 3;
    return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
  }

  private allocRun(units: number): Address {
    if (units > MEDIUM_UNITS_MAX) return this.allocLarge(units);
    const pages = (units + PAGE_UNITS - 1) >>> PAGE_SHIFT;
    const first = this.takePages(pages, KIND_MEDIUM);
    this.usedBytes += pages * PAGE_BYTES;
    return first * PAGE_UNITS;
  }

  private allocLarge(units: number): Address {
    const bytes = Math.ceil((units * 8) / PAGE_BYTES) * PAGE_BYTES;
    const segment = this.takeSegment(bytes);
    const page = segment * SEGMENT_PAGES;
    this.pageClass[page] = KIND_LARGE;
    this.usedBytes += bytes;
    return segment * SEGMENT_UNITS;
  }

  private freeRun(addr: Address, kind: number): void {
    const segment = addr >>> SEGMENT_SHIFT;
    if (kind === KIND_LARGE) {
      const bytes = this.bytes[segment]!.length;
      this.usedBytes -= bytes;
      this.releaseSegment(segment);
      return;
    }
    invariant(kind === KIND_MEDIUM, 'a free of memory that is already free');
    const page = addr >>> PAGE_SHIFT;
    this.usedBytes -= (this.runPages[page] as number) * PAGE_BYTES;
    this.releasePages(page);
  }

  private newSpan(sizeClass: number): number {
    const pages = CLASS_PAGES[sizeClass]!;
    const span = this.takePages(pages, sizeClass);
    this.spanOfPage.fill(span, span, span + pages);
    this.pageClass.fill(sizeClass, span, span + pages);
    this.freeSlot[span] = 0;
    this.usedSlots[span] = 0;
    this.bumpSlot[span] = 0;
    this.nextSpan[span] = -1;
    this.prevSpan[span] = -1;
    this.partial[sizeClass] = span;
    return span;
  }

  private linkPartial(span: number, sizeClass: number): void {
    const head = this.partial[sizeClass] as number;
    this.nextSpan[span] = head;
    this.prevSpan[span] = -1;
    if (head >= 0) this.prevSpan[head] = span;
    this.partial[sizeClass] = span;
  }

  private unlinkPartial(span: number, sizeClass: number): void {
    const next = this.nextSpan[span] as number;
    const prev = this.prevSpan[span] as number;
    if (prev >= 0) this.nextSpan[prev] = next;
    else this.partial[sizeClass] = next;
    if (next >= 0) this.prevSpan[next] = prev;
    this.nextSpan[span] = -1;
    this.prevSpan[span] = -1;
  }

  // Page runs. `nextSpan` and `prevSpan` of a free run's first page link the list of its size.

  private takePages(pages: number, kind: number): number {
    let run = -1;
    for (let list = runList(pages); list < this.freeRuns.length && run < 0; list++) {
      for (run = this.freeRuns[list]!; run >= 0; run = this.nextSpan[run]!) {
        if ((this.runPages[run] as number) >= pages) break;
      }
    }
    if (run < 0) {
      run = this.takeSegment(SEGMENT_BYTES) * SEGMENT_PAGES;
      this.addFreeRun(run, SEGMENT_PAGES);
    }
    const length = this.runPages[run] as number;
    this.removeFreeRun(run);
    if (length > pages) this.addFreeRun(run + pages, length - pages);
    this.setRun(run, pages, kind);
    this.usedPages[Math.floor(run / SEGMENT_PAGES)]! += pages;
    return run;
  }

  private releasePages(page: number): void {
    const segment = Math.floor(page / SEGMENT_PAGES);
    const segmentEnd = (segment + 1) * SEGMENT_PAGES;
    let first = page;
    let pages = this.runPages[page] as number;
    this.usedPages[segment]! -= pages;
    const after = first + pages;
    if (after < segmentEnd && this.pageClass[after] === KIND_FREE) {
      pages += this.runPages[after] as number;
      this.removeFreeRun(after);
    }
    if (first > segment * SEGMENT_PAGES && this.pageClass[first - 1] === KIND_FREE) {
      const before = this.runPages[first - 1] as number;
      first -= before;
      pages += before;
      this.removeFreeRun(first);
    }
    if (this.usedPages[segment] === 0) {
      this.releaseSegment(segment);
      return;
    }
    this.addFreeRun(first, pages);
  }

  private setRun(first: number, pages: number, kind: number): void {
    this.pageClass[first] = kind;
    this.pageClass[first + pages - 1] = kind;
    this.runPages[first] = pages;
    this.runPages[first + pages - 1] = pages;
  }

  private addFreeRun(first: number, pages: number): void {
    this.setRun(first, pages, KIND_FREE);
    const list = runList(pages);
    const head = this.freeRuns[list] as number;
    this.nextSpan[first] = head;
    this.prevSpan[first] = -1;
    if (head >= 0) this.prevSpan[head] = first;
    this.freeRuns[list] = first;
  }

  private removeFreeRun(first: number): void {
    const list = runList(this.runPages[first] as number);
    const next = this.nextSpan[first] as number;
    const prev = this.prevSpan[first] as number;
    if (prev >= 0) this.nextSpan[prev] = next;
    else this.freeRuns[list] = next;
    if (next >= 0) this.prevSpan[next] = prev;
  }

  private takeSegment(bytes: number): number {
    const reused = this.emptySegments.pop();
    const segment = reused ?? this.bytes.length;
    if (segment >= SEGMENTS_MAX) throw new RangeError('the address space of the arena is used up');
    const memory = new ArrayBuffer(bytes);
    this.bytes[segment] = Buffer.from(memory);
    this.words[segment] = new Uint32Array(memory);
    this.floats[segment] = new Float64Array(memory);
    this.usedPages[segment] = 0;
    this.reservedBytes += bytes;
    if ((segment + 1) * SEGMENT_PAGES > this.pageClass.length) this.growPageTables(segment + 1);
    return segment;
  }

  private releaseSegment(segment: number): void {
    this.reservedBytes -= this.bytes[segment]!.length;
    this.bytes[segment] = EMPTY_BYTES;
    this.words[segment] = EMPTY_WORDS;
    this.floats[segment] = EMPTY_FLOATS;
    this.emptySegments.push(segment);
  }

  private growPageTables(segments: number): void {
    const pages = Math.max(segments * 2, 4) * SEGMENT_PAGES;
    this.pageClass = grown(this.pageClass, new Uint8Array(pages));
    this.runPages = grown(this.runPages, new Uint16Array(pages));
    this.spanOfPage = grown(this.spanOfPage, new Uint32Array(pages));
    this.freeSlot = grown(this.freeSlot, new Uint32Array(pages));
    this.usedSlots = grown(this.usedSlots, new Uint16Array(pages));
    this.bumpSlot = grown(this.bumpSlot, new Uint16Array(pages));
    this.nextSpan = grown(this.nextSpan, new Int32Array(pages));
    this.prevSpan = grown(this.prevSpan, new Int32Array(pages));
  }
}

const EMPTY_BYTES = Buffer.alloc(0);
const EMPTY_WORDS = new Uint32Array(0);
const EMPTY_FLOATS = new Float64Array(0);

function runList(pages: number): number {
  return pages < 64 ? pages : 64 + (31 - Math.clz32(pages) - 6);
}

function grown<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
