/**
 * The content of one simulated file: what a reader sees (`cache`) beside what a power loss leaves
 * (`durable`), with the sectors in which the two may differ.
 *
 * Invariant: a sector not in `dirty` is equal in both, unless a failed sync made the cache lie.
 */
import type { SimRandom } from './random.ts';

/** The unit that a disk writes whole or not at all. */
export const sectorBytes = 512;

/** Sectors that were unsynced, and the length of the file, when a sync began. */
export interface SyncScope {
  readonly sectors: readonly number[];
  readonly bytes: number;
}

export class Inode {
  cache: Buffer = Buffer.alloc(0);
  cacheBytes = 0;
  #durable: Buffer = Buffer.alloc(0);
  #durableBytes = 0;
  readonly #dirty = new Set<number>();

  /** Writes into the cache, growing the file with zeros where needed. */
  write(from: Buffer, at: number, length: number, position: number): void {
    if (length === 0) return;
    this.#resizeCache(Math.max(this.cacheBytes, position + length));
    from.copy(this.cache, position, at, at + length);
    this.#markDirty(position, length);
  }

  truncate(bytes: number): void {
    if (bytes < this.cacheBytes) this.cache.fill(0, bytes, this.cacheBytes);
    const from = Math.min(bytes, this.cacheBytes);
    const to = Math.max(bytes, this.cacheBytes);
    this.#resizeCache(bytes);
    this.#markDirty(from, Math.max(1, to - from));
  }

  /** Makes the sectors of a range durable: a write through O_DSYNC. */
  syncRange(position: number, length: number): void {
    const first = Math.floor(position / sectorBytes);
    const end = (position + length) / sectorBytes;
    this.#durableBytes = Math.max(this.#durableBytes, position + length);
    for (const sector of [...this.#dirty]) {
      if (sector >= first && sector < end) this.#persist(sector);
    }
    this.#trimDurable();
  }

  /** What a sync that starts now covers; hand it to `finishSync`. */
  beginSync(): SyncScope {
    return { sectors: [...this.#dirty], bytes: this.cacheBytes };
  }

  finishSync(scope: SyncScope): void {
    for (const sector of scope.sectors) if (this.#dirty.has(sector)) this.#persist(sector);
    this.#durableBytes = Math.min(this.cacheBytes, Math.max(this.#durableBytes, scope.bytes));
    this.#trimDurable();
  }

  /** A sync failed: nothing became durable, yet the system believes the cache to be clean. */
  forgetDirty(): void {
    this.#dirty.clear();
  }

  /** What was not synced is lost, torn or kept, sector by sector. */
  losePower(random: SimRandom): void {
    // Lose all, keep all, keep a mix: each matters, so none is left to rare coincidence.
    const keep = [0, 0.1, 0.5, 0.9, 1][random.below(5)]!;
    const grown = Math.max(this.#durableBytes, this.cacheBytes);
    if (random.chance(keep)) this.#durableBytes = this.cacheBytes;
    else if (this.cacheBytes > this.#durableBytes) {
      this.#durableBytes += random.below(grown - this.#durableBytes + 1);
    }
    for (const sector of [...this.#dirty]) {
      if (random.chance(keep)) this.#persist(sector);
    }
    this.#dirty.clear();
    this.#trimDurable();
    this.cache = Buffer.from(this.#durable);
    this.cacheBytes = this.#durableBytes;
  }

  /** Flips one bit on the medium and in the cache. */
  flipBit(offset: number, bit: number): void {
    this.cache[offset] = this.cache[offset]! ^ (1 << bit);
    if (offset < this.#durable.length) this.#durable[offset] = this.cache[offset]!;
  }

  #markDirty(position: number, length: number): void {
    const last = Math.floor((position + length - 1) / sectorBytes);
    for (let sector = Math.floor(position / sectorBytes); sector <= last; sector++) {
      this.#dirty.add(sector);
    }
  }

  #persist(sector: number): void {
    const start = sector * sectorBytes;
    const end = start + sectorBytes;
    if (this.#durable.length < end) this.#durable = grow(this.#durable, end);
    this.#durable.fill(0, start, end);
    this.cache.copy(this.#durable, start, start, Math.min(end, this.cacheBytes));
    this.#dirty.delete(sector);
  }

  /** Bytes behind the end of a file are never seen again: a later growth shows zeros. */
  #trimDurable(): void {
    if (this.#durable.length < this.#durableBytes) {
      this.#durable = grow(this.#durable, this.#durableBytes);
    }
    this.#durable.fill(0, this.#durableBytes);
  }

  #resizeCache(bytes: number): void {
    if (this.cache.length < bytes) this.cache = grow(this.cache, bytes);
    this.cacheBytes = bytes;
  }
}

function grow(buffer: Buffer, bytes: number): Buffer {
  const larger = Buffer.alloc(Math.max(bytes, buffer.length * 2, 4096));
  buffer.copy(larger);
  return larger;
}
