/**
 * Off-heap memory: what a system keeps by the million lives here, so that the garbage collector never
 * walks it.
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
 * counted as a segment. `nearlyFull` warns 256 segments before, and as soon as the system refuses
 * memory: some segments are taken from it ahead of need, so that the command at hand comes to its end.
 * An allocation that fails has changed nothing.
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../base/index.ts';
import { lacksMemory, OutOfMemoryError } from './out-of-memory.ts';
import { dropUncounted, takeUncounted } from './segment-memory.ts';

/** Address in units of 8 bytes; 0 means nothing. */
export type Address = number;

export const SEGMENT_SHIFT = 20;
const SEGMENT_UNITS = 1 << SEGMENT_SHIFT;
const SEGMENT_MASK = SEGMENT_UNITS - 1;
const SEGMENT_BYTES = SEGMENT_UNITS * 8;
const SEGMENTS_MAX = 2048;
/** Segments that are left for the command at hand once `nearlyFull` says so: two GiB. */
const SEGMENTS_SPARE = 256;
/** Segments taken from the system ahead of need. Their pages cost nothing until they are used. */
const SEGMENTS_AHEAD = 4;
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

export interface ArenaOptions {
  /** Less than the address space holds, for tests. */
  readonly segmentsMax?: number;
  /** Segments may take so many bytes together; without it, what the address space holds. */
  readonly bytesMax?: number;
  /** Segments taken from the system ahead of need, at least one; default four. */
  readonly segmentsAhead?: number;
  /** Where memory comes from. @throws RangeError when there is none. */
  readonly allocate?: (bytes: number) => ArrayBufferLike;
}

export class Arena {
  /** Seed of all key hashes over this memory: random in service, fixed in simulations. */
  hashSeed: number;
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
  private pageClass: Uint8Array = new Uint8Array(0);
  private runPages: Uint16Array = new Uint16Array(0);
  /** First page of the span that a page belongs to. */
  private spanOfPage: Uint32Array = new Uint32Array(0);
  // Per span, at the index of its first page.
  private freeSlot: Uint32Array = new Uint32Array(0);
  private usedSlots: Uint16Array = new Uint16Array(0);
  private bumpSlot: Uint16Array = new Uint16Array(0);
  private nextSpan: Int32Array = new Int32Array(0);
  private prevSpan: Int32Array = new Int32Array(0);

  /** First span with a free slot, by class; -1 for none. */
  private readonly partial = new Int32Array(CLASS_UNITS.length).fill(-1);
  /** First free run, by pages (exact below 64, then by power of two). */
  private readonly freeRuns = new Int32Array(64 + 12).fill(-1);
  private readonly usedPages: number[] = [];
  private readonly emptySegments: number[] = [];
  private readonly segmentsFull: number;
  private readonly bytesMax: number;
  private readonly segmentsAhead: number;
  private readonly allocate: (bytes: number) => ArrayBufferLike;
  /** Memory of segments to come; the next one is the last, which has pages already if any has. */
  private readonly ahead: ArrayBufferLike[] = [];
  /** The system has refused memory for them. */
  private starved = false;

  constructor(hashSeed: number, options: ArenaOptions = {}) {
    this.hashSeed = hashSeed;
    this.segmentsFull = (options.segmentsMax ?? SEGMENTS_MAX) - SEGMENTS_SPARE;
    this.bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
    this.segmentsAhead = options.segmentsAhead ?? SEGMENTS_AHEAD;
    this.allocate = options.allocate ?? allocate;
    const first = this.takeSegment(SEGMENT_BYTES);
    // Page 0 of the first segment stays unused, because address 0 means nothing.
    this.setRun(0, 1, KIND_MEDIUM);
    this.usedPages[first] = 1;
    this.addFreeRun(1, SEGMENT_PAGES - 1);
  }

  /**
   * Takes at least `bytes` bytes. The content is whatever was there before.
   * Throws OutOfMemoryError when there is none; nothing has changed then.
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

  /** Memory or the address space are nearly used up: what needs memory should be refused. */
  get nearlyFull(): boolean {
    return this.starved || this.bytes.length - this.emptySegments.length > this.segmentsFull;
  }

  /** The system has refused memory; `replenish` tries again. */
  get isStarved(): boolean {
    return this.starved;
  }

  /** Takes from the system what was used of the memory ahead of need. */
  replenish(): void {
    try {
      this.reservePages(this.bytes.length + this.segmentsAhead);
      while (this.ahead.length < this.segmentsAhead) {
        this.ahead.unshift(this.allocate(SEGMENT_BYTES));
      }
      this.starved = false;
    } catch (error) {
      if (!lacksMemory(error)) throw error;
      this.starved = true;
    }
  }

  /**
   * Whether a request that may store `bytes` can be carried out. What the memory ahead of need holds
   * is not asked for; what is more is taken and given back.
   */
  hasRoomFor(bytes: number): boolean {
    if (bytes * 2 <= this.segmentsAhead * SEGMENT_BYTES) return true;
    try {
      this.allocate(bytes);
      return true;
    } catch (error) {
      if (!lacksMemory(error)) throw error;
      return false;
    }
  }

  /** So many zeros beside the arena, from where its memory comes; undefined when there is none. */
  wordsBeside(count: number): Uint32Array | undefined {
    try {
      return new Uint32Array(this.allocate(count * 4), 0, count);
    } catch (error) {
      if (!lacksMemory(error)) throw error;
      return undefined;
    }
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
    const segment = this.emptySegments.at(-1) ?? this.bytes.length;
    if (segment >= SEGMENTS_MAX) {
      throw new OutOfMemoryError('the address space of the arena is used up');
    }
    if (segment > 0 && this.reservedBytes + bytes > this.bytesMax) {
      throw new OutOfMemoryError('the arena has all the memory that it may have');
    }
    const memory = this.memoryFor(segment, bytes);
    if (segment < this.bytes.length) this.emptySegments.pop();
    this.bytes[segment] = Buffer.from(memory);
    this.words[segment] = new Uint32Array(memory);
    this.floats[segment] = new Float64Array(memory);
    this.usedPages[segment] = 0;
    this.reservedBytes += bytes;
    // The first is taken at the start, when nothing has to be carried to its end.
    if (segment > 0 && !this.starved) this.replenish();
    return segment;
  }

  private memoryFor(segment: number, bytes: number): ArrayBufferLike {
    try {
      this.reservePages(segment + 1);
      const ahead = bytes === SEGMENT_BYTES ? this.ahead.pop() : undefined;
      return ahead ?? this.allocate(bytes);
    } catch (error) {
      if (!lacksMemory(error)) throw error;
      throw new OutOfMemoryError(`no memory for ${bytes} bytes`, { cause: error });
    }
  }

  private releaseSegment(segment: number): void {
    const { buffer } = this.bytes[segment]!;
    this.reservedBytes -= buffer.byteLength;
    if (buffer.byteLength === SEGMENT_BYTES) this.keepAhead(buffer);
    this.bytes[segment] = EMPTY_BYTES;
    this.words[segment] = EMPTY_WORDS;
    this.floats[segment] = EMPTY_FLOATS;
    this.emptySegments.push(segment);
  }

  /**
   * Keeps the memory of a segment for the next one: it has its pages, and a key that comes and goes at
   * the end of a segment does not take new ones each time. What was kept longest goes in its place.
   */
  private keepAhead(memory: ArrayBufferLike): void {
    this.ahead.push(memory);
    if (this.ahead.length > this.segmentsAhead) dropUncounted(this.ahead.shift()!);
    if (this.ahead.length === this.segmentsAhead) this.starved = false;
  }

  /** Makes the page tables long enough for so many segments. */
  private reservePages(segments: number): void {
    if (segments * SEGMENT_PAGES <= this.pageClass.length) return;
    const pages = Math.max(segments * 2, 4) * SEGMENT_PAGES;
    // One allocation for all: it fails or does not.
    const memory = this.allocate(pages * PAGE_TABLE_BYTES);
    let at = 0;
    const next = (bytes: number): [ArrayBufferLike, number, number] => {
      at += bytes * pages;
      return [memory, at - bytes * pages, pages];
    };
    this.spanOfPage = grown(this.spanOfPage, new Uint32Array(...next(4)));
    this.freeSlot = grown(this.freeSlot, new Uint32Array(...next(4)));
    this.nextSpan = grown(this.nextSpan, new Int32Array(...next(4)));
    this.prevSpan = grown(this.prevSpan, new Int32Array(...next(4)));
    this.runPages = grown(this.runPages, new Uint16Array(...next(2)));
    this.usedSlots = grown(this.usedSlots, new Uint16Array(...next(2)));
    this.bumpSlot = grown(this.bumpSlot, new Uint16Array(...next(2)));
    this.pageClass = grown(this.pageClass, new Uint8Array(...next(1)));
  }
}

/**
 * Large values are counted by the collector: each comes and goes by itself, and what was freed has to be
 * given back before there is much of it.
 */
function allocate(bytes: number): ArrayBufferLike {
  return bytes === SEGMENT_BYTES ? takeUncounted(bytes) : new ArrayBuffer(bytes);
}

/** Of one page in all page tables. */
const PAGE_TABLE_BYTES = 4 * 4 + 3 * 2 + 1;
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
