/**
 * Where each record is: a hash table in typed arrays, 35 bytes a record and the heads.
 *
 *     heads[hash & mask] ─▶ entry ─▶ entry ─▶ NONE        chains, newest in front
 *
 * Entries live in pieces of 65,536, so growing copies nothing and stalls nobody; the heads are as many as there may
 * be records, or down to half of that. An entry is named by its number and is still the same record as long as `order` says so.
 *
 * Invariants: an entry that is pending has no place yet and is not found; of those that have one, no two have equal
 * hash and tag.
 */
import { invariant } from '../../core/base/index.ts';

export const NONE = -1;

const CHUNK_BITS = 16;
const CHUNK = 1 << CHUNK_BITS;
const LOW = CHUNK - 1;

const LIVE = 1;
const PENDING = 2;
const USED = 4;

class Chunk {
  readonly hashLow = new Uint32Array(CHUNK);
  readonly hashHigh = new Uint32Array(CHUNK);
  readonly tag = new Uint32Array(CHUNK);
  /** In units of 8 bytes. */
  readonly offset = new Uint32Array(CHUNK);
  readonly size = new Uint32Array(CHUNK);
  readonly order = new Float64Array(CHUNK);
  readonly next = new Int32Array(CHUNK);
  readonly slot = new Uint16Array(CHUNK);
  readonly flags = new Uint8Array(CHUNK);
}

/** Memory of one entry in its chunk. */
const ENTRY_BYTES = 6 * 4 + 8 + 2 + 1;

/** Offsets and sizes are in units of 8 bytes. */
export interface Place {
  readonly slot: number;
  readonly offset: number;
  readonly size: number;
}

export class RecordIndex {
  /** Entries, pending ones too. */
  count = 0;
  readonly recordsMax: number;
  private readonly heads: Int32Array;
  private readonly mask: number;
  private readonly chunks: Chunk[] = [];
  private free = NONE;
  /** Entries from here on were never used. */
  private fresh = 0;

  constructor(recordsMax: number) {
    this.recordsMax = recordsMax;
    const heads = 2 ** Math.floor(Math.log2(recordsMax));
    this.heads = new Int32Array(heads).fill(NONE);
    this.mask = heads - 1;
  }

  /** Memory in bytes. */
  get bytes(): number {
    return this.heads.byteLength + this.chunks.length * CHUNK * ENTRY_BYTES;
  }

  get full(): boolean {
    return this.count >= this.recordsMax;
  }

  /** Makes a pending entry, also beyond `recordsMax`: who asks looks at `full` first. */
  add(hashLow: number, hashHigh: number, tag: number, order: number): number {
    const entry = this.take();
    const chunk = this.chunks[entry >>> CHUNK_BITS]!;
    const at = entry & LOW;
    const head = hashLow & this.mask;
    chunk.hashLow[at] = hashLow;
    chunk.hashHigh[at] = hashHigh;
    chunk.tag[at] = tag;
    chunk.order[at] = order;
    chunk.flags[at] = LIVE | PENDING;
    chunk.next[at] = this.heads[head]!;
    this.heads[head] = entry;
    this.count++;
    return entry;
  }

  /**
   * Gives an entry its place, from which it is found. Of the same hash and tag the one with the highest order stays,
   * of equal orders this one.
   * @returns false: it was the lower one and is gone.
   */
  settle(entry: number, place: Place): boolean {
    const chunk = this.chunks[entry >>> CHUNK_BITS]!;
    const at = entry & LOW;
    const order = chunk.order[at]!;
    const tag = chunk.tag[at]!;
    for (let other = this.first(chunk.hashLow[at]!, chunk.hashHigh[at]!); other !== NONE; ) {
      const following = this.following(other);
      if (other !== entry && !this.isPending(other) && this.tag(other) === tag) {
        if (this.order(other) > order) {
          this.remove(entry);
          return false;
        }
        this.remove(other);
      }
      other = following;
    }
    chunk.slot[at] = place.slot;
    chunk.offset[at] = place.offset;
    chunk.size[at] = place.size;
    chunk.flags[at] = LIVE;
    return true;
  }

  /** True while the entry is the record that had this order when it was added. */
  holds(entry: number, order: number): boolean {
    const chunk = this.chunks[entry >>> CHUNK_BITS]!;
    const at = entry & LOW;
    return (chunk.flags[at]! & LIVE) !== 0 && chunk.order[at] === order;
  }

  /** The first entry of a hash, pending or not; then `following`, until NONE. */
  first(hashLow: number, hashHigh: number): number {
    return this.match(this.heads[hashLow & this.mask]!, hashLow, hashHigh);
  }

  following(entry: number): number {
    const chunk = this.chunks[entry >>> CHUNK_BITS]!;
    const at = entry & LOW;
    return this.match(chunk.next[at]!, chunk.hashLow[at]!, chunk.hashHigh[at]!);
  }

  /** Pending ones count. */
  has(hashLow: number, hashHigh: number): boolean {
    return this.first(hashLow, hashHigh) !== NONE;
  }

  remove(entry: number): void {
    const chunk = this.chunks[entry >>> CHUNK_BITS]!;
    const at = entry & LOW;
    invariant((chunk.flags[at]! & LIVE) !== 0, 'only a live entry is removed');
    const head = chunk.hashLow[at]! & this.mask;
    let before = this.heads[head]!;
    if (before === entry) this.heads[head] = chunk.next[at]!;
    else {
      for (;;) {
        const piece = this.chunks[before >>> CHUNK_BITS]!;
        const next = piece.next[before & LOW]!;
        if (next === entry) {
          piece.next[before & LOW] = chunk.next[at]!;
          break;
        }
        before = next;
      }
    }
    chunk.flags[at] = 0;
    chunk.next[at] = this.free;
    this.free = entry;
    this.count--;
  }

  isPending(entry: number): boolean {
    return (this.chunks[entry >>> CHUNK_BITS]!.flags[entry & LOW]! & PENDING) !== 0;
  }

  isUsed(entry: number): boolean {
    return (this.chunks[entry >>> CHUNK_BITS]!.flags[entry & LOW]! & USED) !== 0;
  }

  markUsed(entry: number): void {
    const { flags } = this.chunks[entry >>> CHUNK_BITS]!;
    flags[entry & LOW] = flags[entry & LOW]! | USED;
  }

  tag(entry: number): number {
    return this.chunks[entry >>> CHUNK_BITS]!.tag[entry & LOW]!;
  }

  order(entry: number): number {
    return this.chunks[entry >>> CHUNK_BITS]!.order[entry & LOW]!;
  }

  slot(entry: number): number {
    return this.chunks[entry >>> CHUNK_BITS]!.slot[entry & LOW]!;
  }

  /** In units of 8 bytes, as `size`. */
  offset(entry: number): number {
    return this.chunks[entry >>> CHUNK_BITS]!.offset[entry & LOW]!;
  }

  size(entry: number): number {
    return this.chunks[entry >>> CHUNK_BITS]!.size[entry & LOW]!;
  }

  /** Pieces of all entries there are, for `inSlot`. */
  get pieces(): number {
    return this.chunks.length;
  }

  /** Calls `each` for what has its place in a slot, among the entries of one piece: some 60 us and the calls. */
  inSlot(piece: number, slot: number, each: (entry: number) => void): void {
    const chunk = this.chunks[piece]!;
    const { slot: slots, flags } = chunk;
    for (let at = 0; at < CHUNK; at++) {
      if (slots[at] === slot && (flags[at]! & (LIVE | PENDING)) === LIVE) {
        each((piece << CHUNK_BITS) | at);
      }
    }
  }

  private match(from: number, hashLow: number, hashHigh: number): number {
    let entry = from;
    while (entry !== NONE) {
      const chunk = this.chunks[entry >>> CHUNK_BITS]!;
      const at = entry & LOW;
      if (chunk.hashLow[at] === hashLow && chunk.hashHigh[at] === hashHigh) return entry;
      entry = chunk.next[at]!;
    }
    return NONE;
  }

  private take(): number {
    if (this.free !== NONE) {
      const entry = this.free;
      this.free = this.chunks[entry >>> CHUNK_BITS]!.next[entry & LOW]!;
      return entry;
    }
    if (this.fresh === this.chunks.length * CHUNK) this.chunks.push(new Chunk());
    return this.fresh++;
  }
}
