/**
 * The live streams of a connection by their ids: an open-addressed table with linear probing.
 *
 * Ids of one side rise by two, so half an id is a perfect hash for streams that come and go; a `Map` would
 * leave a hole for each one gone and copy itself all the time. Whoever chooses ids that collide makes a
 * probe as long as the number of streams allowed at once, no longer.
 *
 * Invariants: at least half of the slots are free; between a stream's first slot and its own none is free.
 */
import type { Http2Stream } from './stream.ts';

const SLOTS_FIRST = 16;

export class StreamTable<T> {
  size = 0;
  private slots: (Http2Stream<T> | null)[] = [];
  private mask = -1;

  get(id: number): Http2Stream<T> | undefined {
    if (this.size === 0) return undefined;
    const { slots, mask } = this;
    let at = (id >>> 1) & mask;
    for (;;) {
      const stream = slots[at]!;
      if (stream === null) return undefined;
      if (stream.id === id) return stream;
      at = (at + 1) & mask;
    }
  }

  /** Adds a stream whose id is not there. */
  add(stream: Http2Stream<T>): void {
    if (this.size * 2 >= this.slots.length) this.grow();
    this.place(stream);
    this.size++;
  }

  /** Removes a stream that is there. */
  delete(stream: Http2Stream<T>): void {
    const { slots, mask } = this;
    let free = (stream.id >>> 1) & mask;
    while (slots[free] !== stream) free = (free + 1) & mask;
    // Whoever stands behind and could stand here moves up, so that no probe ends too early.
    let at = free;
    for (;;) {
      at = (at + 1) & mask;
      const other = slots[at]!;
      if (other === null) break;
      const first = (other.id >>> 1) & mask;
      if (((at - first) & mask) < ((at - free) & mask)) continue;
      slots[free] = other;
      free = at;
    }
    slots[free] = null;
    this.size--;
  }

  /** All of them, in no order: a list of its own, which stays as it is when streams end. */
  list(): Http2Stream<T>[] {
    return this.slots.filter((stream) => stream !== null);
  }

  private place(stream: Http2Stream<T>): void {
    const { slots, mask } = this;
    let at = (stream.id >>> 1) & mask;
    while (slots[at] !== null) at = (at + 1) & mask;
    slots[at] = stream;
  }

  private grow(): void {
    const streams = this.list();
    const capacity = Math.max(SLOTS_FIRST, this.slots.length * 2);
    this.slots = new Array<Http2Stream<T> | null>(capacity).fill(null);
    this.mask = capacity - 1;
    for (const stream of streams) this.place(stream);
  }
}
