/**
 * Queues of cached objects, by slots: what a queue knows of an object lies in typed arrays, so that a million of them
 * is nothing that the collector walks.
 *
 *     newest ─older─▶ … ─older─▶ oldest
 *
 * Invariant: a slot stands in one queue at most, and `queueOf` says in which.
 */

/** Number of an object in the table; 0 means nothing. */
export type Slot = number;

const SLOTS_MIN = 1024;
/** Bytes of a slot in the table. */
const SLOT_BYTES = 4 + 4 + 8 + 4 + 4 + 1 + 1;

export class Slots {
  newer: Uint32Array;
  older: Uint32Array;
  /** What it takes of memory in all, overhead included. */
  bytes: Float64Array;
  /** 32 bits of its key's hash: by them it is known again after it has left. */
  hash: Uint32Array;
  /** The owner's own word. */
  owned: Uint32Array;
  /** Uses since it came or was last looked at, a small number. */
  uses: Uint8Array;
  /** Number of the queue that it stands in; 0: none. */
  queueOf: Uint8Array;
  /** First free slot; those behind it hang on `older`. */
  private free: Slot = 0;
  /** All behind this one have never been taken. */
  private last: Slot = 0;

  constructor() {
    this.newer = new Uint32Array(SLOTS_MIN);
    this.older = new Uint32Array(SLOTS_MIN);
    this.bytes = new Float64Array(SLOTS_MIN);
    this.hash = new Uint32Array(SLOTS_MIN);
    this.owned = new Uint32Array(SLOTS_MIN);
    this.uses = new Uint8Array(SLOTS_MIN);
    this.queueOf = new Uint8Array(SLOTS_MIN);
  }

  /** What the table takes of memory. */
  get tableBytes(): number {
    return this.newer.length * SLOT_BYTES;
  }

  take(hash: number, bytes: number): Slot {
    let slot = this.free;
    if (slot === 0) {
      slot = ++this.last;
      if (slot === this.newer.length) this.grow();
    } else this.free = this.older[slot]!;
    this.hash[slot] = hash;
    this.bytes[slot] = bytes;
    this.owned[slot] = 0;
    this.uses[slot] = 0;
    return slot;
  }

  /** It stands in no queue, and what it knew stays there until the next `take`. */
  give(slot: Slot): void {
    this.older[slot] = this.free;
    this.free = slot;
  }

  /** Half as much again: what is copied at once stays within some milliseconds. */
  private grow(): void {
    const count = this.newer.length + (this.newer.length >>> 1);
    this.newer = grown(this.newer, new Uint32Array(count));
    this.older = grown(this.older, new Uint32Array(count));
    this.bytes = grown(this.bytes, new Float64Array(count));
    this.hash = grown(this.hash, new Uint32Array(count));
    this.owned = grown(this.owned, new Uint32Array(count));
    this.uses = grown(this.uses, new Uint8Array(count));
    this.queueOf = grown(this.queueOf, new Uint8Array(count));
  }
}

function grown<T extends Uint32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

export class Queue {
  count = 0;
  bytes = 0;
  private readonly slots: Slots;
  private readonly number: number;
  private newest: Slot = 0;
  private oldest: Slot = 0;

  /** @param number of its own among the queues of a table, from 1 on. */
  constructor(slots: Slots, number: number) {
    this.slots = slots;
    this.number = number;
  }

  /** It becomes the newest. It stands in no queue. */
  push(slot: Slot): void {
    const { slots, newest } = this;
    slots.queueOf[slot] = this.number;
    slots.older[slot] = newest;
    slots.newer[slot] = 0;
    if (newest === 0) this.oldest = slot;
    else slots.newer[newest] = slot;
    this.newest = slot;
    this.count++;
    this.bytes += slots.bytes[slot]!;
  }

  /** It stands in this one. */
  remove(slot: Slot): void {
    const { slots } = this;
    const newer = slots.newer[slot]!;
    const older = slots.older[slot]!;
    if (newer === 0) this.newest = older;
    else slots.older[newer] = older;
    if (older === 0) this.oldest = newer;
    else slots.newer[older] = newer;
    slots.queueOf[slot] = 0;
    this.count--;
    this.bytes -= slots.bytes[slot]!;
  }

  /** Takes the oldest out; 0: there is none. */
  pop(): Slot {
    const { oldest } = this;
    if (oldest !== 0) this.remove(oldest);
    return oldest;
  }
}
