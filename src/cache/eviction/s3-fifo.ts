/**
 * Which object leaves when memory is full: S3-FIFO, by bytes (Yang and others, "FIFO queues are all you need for
 * cache eviction", SOSP 2023, https://doi.org/10.1145/3600006.3613147).
 *
 *     new ──▶ small, a tenth ──used again──▶ main ◀──used since: round again──┐
 *               │ not used                    └────────────┴─ not used ─▶ gone
 *               └─▶ gone, its hash remembered; when it comes again: main
 *
 * A crowd of objects that are asked for once passes through the small queue and leaves the main one alone. A hit
 * writes one small number and moves nothing.
 */
import { Ghosts } from './ghosts.ts';
import { Queue, type Slot, Slots } from './queue.ts';

/** Of all bytes, for objects that have not been used again yet. */
const SMALL_SHARE = 0.1;
/** Uses that are counted. */
const USES_MAX = 3;
/** Uses in the small queue behind which an object belongs to the main one. */
const USES_TO_STAY = 1;
/** Hashes remembered although there are fewer objects than that. */
const GHOSTS_MIN = 64;
const SMALL = 1;
const MAIN = 2;

export class S3Fifo {
  private readonly slots = new Slots();
  private readonly small = new Queue(this.slots, SMALL);
  private readonly main = new Queue(this.slots, MAIN);
  private readonly ghosts = new Ghosts();

  get count(): number {
    return this.small.count + this.main.count;
  }

  get bytes(): number {
    return this.small.bytes + this.main.bytes;
  }

  /** What the queues themselves take of memory. */
  get tableBytes(): number {
    return this.slots.tableBytes;
  }

  used(slot: Slot): void {
    const { uses } = this.slots;
    const count = uses[slot]!;
    if (count < USES_MAX) uses[slot] = count + 1;
  }

  /** @returns its slot until it is removed or evicted. */
  add(hash: number, bytes: number): Slot {
    const slot = this.slots.take(hash, bytes);
    if (this.ghosts.take(hash)) this.main.push(slot);
    else this.small.push(slot);
    return slot;
  }

  /** It leaves for another reason, and is not remembered. */
  remove(slot: Slot): void {
    this.queueOf(slot).remove(slot);
    this.slots.give(slot);
  }

  bytesOf(slot: Slot): number {
    return this.slots.bytes[slot]!;
  }

  /** The bytes of one have changed, which may just have been evicted. */
  resize(slot: Slot, bytes: number): void {
    const { slots } = this;
    if (slots.queueOf[slot] !== 0) this.queueOf(slot).bytes += bytes - slots.bytes[slot]!;
    slots.bytes[slot] = bytes;
  }

  /** A word of the owner's, 32 bits, 0 at first; of one that was just evicted it is still there. */
  ownedOf(slot: Slot): number {
    return this.slots.owned[slot]!;
  }

  own(slot: Slot, word: number): void {
    this.slots.owned[slot] = word;
  }

  /** Takes out what is worth least; 0: there is nothing. */
  evict(): Slot {
    const { small, main } = this;
    let victim: Slot = 0;
    if (small.count > 0 && (main.count === 0 || small.bytes >= this.bytes * SMALL_SHARE)) {
      victim = this.evictSmall();
    }
    if (victim === 0) victim = this.evictMain();
    if (victim !== 0) this.slots.give(victim);
    return victim;
  }

  /**
   * 0: they were used again, and have moved on. The newest has had no time for that and stays, unless there is nothing
   * else: it may be what room is made for.
   */
  private evictSmall(): Slot {
    const { small, main } = this;
    const { uses, hash } = this.slots;
    while (small.count > 1 || (small.count > 0 && main.count === 0)) {
      const slot = small.pop();
      if (uses[slot]! < USES_TO_STAY) {
        this.ghosts.add(hash[slot]!, Math.max(GHOSTS_MIN, main.count));
        return slot;
      }
      uses[slot] = 0;
      main.push(slot);
    }
    return 0;
  }

  private evictMain(): Slot {
    const { uses } = this.slots;
    for (let slot = this.main.pop(); slot !== 0; slot = this.main.pop()) {
      const count = uses[slot]!;
      if (count === 0) return slot;
      uses[slot] = count - 1;
      this.main.push(slot);
    }
    return 0;
  }

  private queueOf(slot: Slot): Queue {
    return this.slots.queueOf[slot] === SMALL ? this.small : this.main;
  }
}
