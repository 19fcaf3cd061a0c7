/**
 * The memory of stored responses: off-heap blocks, and one count of all that objects cost.
 *
 * Invariant: what blocks take from the system and what objects take of the heap stay within `bytesMax`; whoever
 * asks for more gets others evicted first, or nothing.
 */
import { type Address, Arena, OutOfMemoryError, SEGMENT_SHIFT } from '../../core/memory/index.ts';

/** What one stored response takes of the heap beside its key: measured by bench/cache. */
export const OBJECT_HEAP_BYTES = 640;
/** Evictions tried for one block: fragments may keep a large one from fitting. */
const TRIES_MAX = 256;
/** Blocks may fill so much of the limit; the rest is what lies between them. */
const FILL_SHARE = 0.92;
/** The first segment of an arena. */
const BYTES_MIN = 8 * 1024 * 1024;

export class ObjectMemory {
  /** Heap that objects take, by their own count. */
  heapBytes = 0;
  bytesMax: number;
  /** What else stands within the limit, bytes: the ledger of purges. */
  othersBytes: () => number = () => 0;
  /** What the tables of the store take. */
  tableBytes: () => number = () => 0;
  private readonly arena: Arena;
  private readonly evict: () => boolean;

  /** @param evict lets one object go; false: there is none. */
  constructor(bytesMax: number, evict: () => boolean) {
    this.bytesMax = Math.max(bytesMax, BYTES_MIN);
    // Who gets none has somebody evicted: nothing has to be at hand.
    this.arena = new Arena(0, { bytesMax: this.bytesMax, segmentsAhead: 1 });
    this.evict = evict;
  }

  /** All that is taken, fragments between blocks not counted. */
  get usedBytes(): number {
    return this.objectBytes + this.tableBytes() + this.othersBytes();
  }

  /** What objects take of it. */
  get objectBytes(): number {
    return this.arena.usedBytes + this.heapBytes;
  }

  /** A block, or 0 when there is no room for it. */
  take(bytes: number): Address {
    const needed = Arena.roundUp(bytes);
    while (this.usedBytes + needed > this.bytesMax * FILL_SHARE) if (!this.evict()) return 0;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      try {
        return this.arena.alloc(bytes);
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
        if (!this.evict()) return 0;
      }
    }
    return 0;
  }

  /** A block for what makes others smaller, without letting anything go; 0: there is none. */
  takeSpare(bytes: number): Address {
    if (this.usedBytes + Arena.roundUp(bytes) > this.bytesMax * FILL_SHARE) return 0;
    try {
      return this.arena.alloc(bytes);
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error;
      return 0;
    }
  }

  free(address: Address): void {
    this.arena.free(address);
  }

  /** The memory that a block lies in; `byteOffset` says where. */
  bytesOf(address: Address): Buffer {
    return this.arena.bytes[address >>> SEGMENT_SHIFT] as Buffer;
  }

  /** The same memory as 32-bit words, and as 64-bit floats. */
  wordsOf(address: Address): Uint32Array {
    return this.arena.words[address >>> SEGMENT_SHIFT] as Uint32Array;
  }

  floatsOf(address: Address): Float64Array {
    return this.arena.floats[address >>> SEGMENT_SHIFT] as Float64Array;
  }

  capacityOf(address: Address): number {
    return this.arena.capacity(address);
  }
}
