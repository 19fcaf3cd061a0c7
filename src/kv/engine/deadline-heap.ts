/**
 * Waiting clients by the time at which their wait is over: a binary heap.
 *
 * A client keeps its place in the heap, so that the one who is served long before its time is taken
 * out in logarithmic time, and the heap holds nobody who does not wait. Who waits for ever is not in it.
 *
 * Invariant: for every entry at place i, its parent at (i - 1) >> 1 is due no later, and its `place` is i.
 */
import { invariant } from '../../core/base/index.ts';

/** What the heap orders. */
export interface Due {
  /** Monotonic ms; Infinity for never. */
  readonly deadlineMs: number;
  /** Where it is in the heap, -1 when it is not. The heap's own. */
  place: number;
}

export class DeadlineHeap<T extends Due> {
  private readonly entries: T[] = [];

  get size(): number {
    return this.entries.length;
  }

  /** The entry that is due first; undefined when there is none. */
  get first(): T | undefined {
    return this.entries[0];
  }

  add(entry: T): void {
    invariant(entry.place < 0, 'an entry waits once');
    if (entry.deadlineMs === Number.POSITIVE_INFINITY) return;
    this.entries.push(entry);
    this.rise(this.entries.length - 1, entry);
  }

  /** Takes an entry out if it is there. */
  remove(entry: T): void {
    const { entries } = this;
    const { place } = entry;
    if (place < 0) return;
    entry.place = -1;
    const last = entries.pop()!;
    if (last === entry) return;
    if (place > 0 && last.deadlineMs < entries[(place - 1) >> 1]!.deadlineMs) {
      this.rise(place, last);
    } else this.sink(place, last);
  }

  private rise(from: number, entry: T): void {
    const { entries } = this;
    let place = from;
    while (place > 0) {
      const parent = entries[(place - 1) >> 1]!;
      if (parent.deadlineMs <= entry.deadlineMs) break;
      this.put(place, parent);
      place = (place - 1) >> 1;
    }
    this.put(place, entry);
  }

  private sink(from: number, entry: T): void {
    const { entries } = this;
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= entries.length) break;
      if (
        child + 1 < entries.length &&
        entries[child + 1]!.deadlineMs < entries[child]!.deadlineMs
      ) {
        child++;
      }
      if (entries[child]!.deadlineMs >= entry.deadlineMs) break;
      this.put(place, entries[child]!);
      place = child;
    }
    this.put(place, entry);
  }

  private put(place: number, entry: T): void {
    this.entries[place] = entry;
    entry.place = place;
  }
}
