/**
 * What a cache may let go first, each written in the most obvious way beside ours: keys with sizes, a limit in bytes.
 *
 * `access` says whether the key was there; a key that was not is taken in, when the policy wants it.
 */
import { S3Fifo } from '../../src/cache/eviction/s3-fifo.ts';
import { Evictable, Queue } from './queue.ts';

export interface Policy {
  access(key: number, bytes: number): boolean;
}

export type MakePolicy = (bytesMax: number) => Policy;

/** The one that was used longest ago. */
class Lru implements Policy {
  private readonly sizes = new Map<number, number>();
  private used = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  access(key: number, bytes: number): boolean {
    const hit = this.sizes.delete(key);
    this.sizes.set(key, bytes);
    if (hit) return true;
    this.used += bytes;
    for (const [victim, size] of this.sizes) {
      if (this.used <= this.bytesMax) break;
      this.sizes.delete(victim);
      this.used -= size;
    }
    return false;
  }
}

/** The one that was used least often since it came; of equals the one that was used longest ago. */
class Lfu implements Policy {
  private readonly entries = new Map<number, Counted>();
  private readonly byUses = new Map<number, Queue>();
  private used = 0;
  private least = 1;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  access(key: number, bytes: number): boolean {
    const known = this.entries.get(key);
    if (known !== undefined) {
      known.queue?.remove(known);
      known.times++;
      this.listOf(known.times).push(known);
      return true;
    }
    this.used += bytes;
    const entry = new Counted(key, bytes);
    this.entries.set(key, entry);
    this.listOf(1).push(entry);
    this.least = 1;
    while (this.used > this.bytesMax) this.evict();
    return false;
  }

  private evict(): void {
    while (this.listOf(this.least).count === 0) this.least++;
    const victim = this.listOf(this.least).pop() as Counted;
    this.used -= victim.bytes;
    this.entries.delete(victim.key);
  }

  private listOf(times: number): Queue {
    let list = this.byUses.get(times);
    if (list === undefined) {
      list = new Queue();
      this.byUses.set(times, list);
    }
    return list;
  }
}

/** The paper's S3-FIFO with lists and maps: a tenth for the small queue, as many ghosts as the main one has keys. */
class S3FifoTwin implements Policy {
  private readonly small = new Map<number, { bytes: number; uses: number }>();
  private readonly main = new Map<number, { bytes: number; uses: number }>();
  private readonly ghosts = new Set<number>();
  private smallBytes = 0;
  private mainBytes = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  access(key: number, bytes: number): boolean {
    const entry = this.small.get(key) ?? this.main.get(key);
    if (entry !== undefined) {
      entry.uses = Math.min(3, entry.uses + 1);
      return true;
    }
    if (this.ghosts.delete(key)) {
      this.main.set(key, { bytes, uses: 0 });
      this.mainBytes += bytes;
    } else {
      this.small.set(key, { bytes, uses: 0 });
      this.smallBytes += bytes;
    }
    while (this.smallBytes + this.mainBytes > this.bytesMax) this.evict();
    return false;
  }

  private evict(): void {
    if (this.smallBytes >= this.bytesMax / 10 || this.main.size === 0) this.evictSmall();
    else this.evictMain();
  }

  private evictSmall(): void {
    for (const [key, entry] of this.small) {
      this.small.delete(key);
      this.smallBytes -= entry.bytes;
      if (entry.uses > 0) {
        this.main.set(key, { bytes: entry.bytes, uses: 0 });
        this.mainBytes += entry.bytes;
        continue;
      }
      this.ghosts.add(key);
      for (const oldest of this.ghosts) {
        if (this.ghosts.size <= Math.max(64, this.main.size)) break;
        this.ghosts.delete(oldest);
      }
      return;
    }
  }

  private evictMain(): void {
    for (const [key, entry] of this.main) {
      this.main.delete(key);
      if (entry.uses > 0) {
        entry.uses--;
        this.main.set(key, entry);
        continue;
      }
      this.mainBytes -= entry.bytes;
      return;
    }
  }
}

/** W-TinyLFU: a window of a hundredth, then whoever was asked for more often stays; exact counts, halved at times. */
class TinyLfuTwin implements Policy {
  private readonly window = new Map<number, number>();
  private readonly probation = new Map<number, number>();
  private readonly protectedOnes = new Map<number, number>();
  private readonly counts = new Map<number, number>();
  private accesses = 0;
  private bytes = { window: 0, probation: 0, protectedOnes: 0 };
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  access(key: number, bytes: number): boolean {
    this.count(key);
    if (this.window.delete(key)) {
      this.window.set(key, bytes);
      return true;
    }
    if (this.protectedOnes.delete(key)) {
      this.protectedOnes.set(key, bytes);
      return true;
    }
    if (this.probation.delete(key)) {
      this.bytes.probation -= bytes;
      this.protectedOnes.set(key, bytes);
      this.bytes.protectedOnes += bytes;
      for (const [oldest, size] of this.protectedOnes) {
        if (this.bytes.protectedOnes <= this.bytesMax * 0.79) break;
        this.protectedOnes.delete(oldest);
        this.bytes.protectedOnes -= size;
        this.probation.set(oldest, size);
        this.bytes.probation += size;
      }
      return true;
    }
    this.window.set(key, bytes);
    this.bytes.window += bytes;
    for (const [candidate, size] of this.window) {
      if (this.bytes.window <= this.bytesMax * 0.01) break;
      this.window.delete(candidate);
      this.bytes.window -= size;
      this.admit(candidate, size);
    }
    return false;
  }

  private admit(candidate: number, size: number): void {
    const room = this.bytesMax * 0.99;
    const used = (): number => this.bytes.probation + this.bytes.protectedOnes;
    if (size > room) return;
    while (used() + size > room) {
      const from = this.probation.size > 0 ? this.probation : this.protectedOnes;
      const [victim, bytes] = from.entries().next().value as [number, number];
      if ((this.counts.get(victim) ?? 0) >= (this.counts.get(candidate) ?? 0)) return;
      from.delete(victim);
      if (from === this.probation) this.bytes.probation -= bytes;
      else this.bytes.protectedOnes -= bytes;
    }
    this.probation.set(candidate, size);
    this.bytes.probation += size;
  }

  private count(key: number): void {
    this.counts.set(key, Math.min(15, (this.counts.get(key) ?? 0) + 1));
    const held = this.window.size + this.probation.size + this.protectedOnes.size;
    if (++this.accesses < Math.max(1000, held * 10)) return;
    this.accesses = 0;
    for (const [each, uses] of this.counts) {
      if (uses > 1) this.counts.set(each, uses >> 1);
      else this.counts.delete(each);
    }
  }
}

/** What ships. */
class Ours implements Policy {
  private readonly queue = new S3Fifo();
  private readonly slots = new Map<number, number>();
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  access(key: number, bytes: number): boolean {
    const known = this.slots.get(key);
    if (known !== undefined) {
      this.queue.used(known);
      return true;
    }
    // Room is made before an object comes, as the store does.
    while (this.queue.bytes + bytes > this.bytesMax) {
      const victim = this.queue.evict();
      if (victim === 0) return false;
      this.slots.delete(this.queue.ownedOf(victim));
    }
    const slot = this.queue.add(Math.imul(key + 1, 0x9e3779b1) >>> 0, bytes);
    this.queue.own(slot, key);
    this.slots.set(key, slot);
    return false;
  }
}

class Keyed extends Evictable {
  readonly key: number;

  constructor(key: number, bytes: number) {
    super(bytes);
    this.key = key;
  }
}

class Counted extends Keyed {
  times = 1;
}

export const policies: readonly (readonly [string, MakePolicy])[] = [
  ['LRU', (bytesMax) => new Lru(bytesMax)],
  ['LFU', (bytesMax) => new Lfu(bytesMax)],
  ['W-TinyLFU', (bytesMax) => new TinyLfuTwin(bytesMax)],
  ['S3-FIFO, obvious', (bytesMax) => new S3FifoTwin(bytesMax)],
  ['ours', (bytesMax) => new Ours(bytesMax)],
];
