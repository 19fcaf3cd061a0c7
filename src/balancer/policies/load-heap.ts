/**
 * A level's candidates ordered by load, the least loaded on top; of equals the one chosen longest ago.
 *
 * A binary heap in typed arrays that is mended at the place of the one server whose work changed: finding
 * the least loaded of 1,000 servers looks at one, a change at about twenty.
 * Invariants: `places[heap[i]] === i`; no child stands above its parent. Keys follow `active` and `admits`
 * as long as every change of them is followed by `changed(server)`. A server without room has an infinite key.
 * Hot: bench/balancer-policies.ts.
 */
import type { Server } from '../servers/server.ts';

export class LoadHeap {
  private readonly loadOf: (server: Server) => number;
  private heap = new Uint32Array(0);
  private places = new Uint32Array(0);
  private keys = new Float64Array(0);
  /** Number of the choice that last fell on each slot. */
  private turns = new Float64Array(0);
  private turn = 0;
  private count = 0;

  constructor(loadOf: (server: Server) => number) {
    this.loadOf = loadOf;
  }

  /** Orders these candidates anew. */
  gather(candidates: readonly Server[]): void {
    const { length } = candidates;
    this.count = length;
    this.heap = Uint32Array.from(candidates, (_, slot) => slot);
    this.places = this.heap.slice();
    this.keys = Float64Array.from(candidates, (server) => this.keyOf(server));
    this.turns = new Float64Array(length);
    this.turn = 0;
    for (let at = (length >>> 1) - 1; at >= 0; at--) this.sink(at);
  }

  /** The slot of the least loaded; there must be one. */
  top(): number {
    return this.heap[0]!;
  }

  /** Whether slot `a` comes before slot `b`. */
  before(a: number, b: number): boolean {
    const difference = this.keys[a]! - this.keys[b]!;
    // Infinite keys differ by NaN.
    return difference < 0 || (!(difference > 0) && this.turns[a]! < this.turns[b]!);
  }

  /** A choice fell on this slot: of equals it is now the last. */
  chosen(slot: number): void {
    this.turns[slot] = ++this.turn;
    this.sink(this.places[slot]!);
  }

  /** The load of a candidate is another. */
  changed(server: Server): void {
    const { slot } = server;
    const key = this.keyOf(server);
    const rises = key < this.keys[slot]!;
    this.keys[slot] = key;
    if (rises) this.rise(this.places[slot]!);
    else this.sink(this.places[slot]!);
  }

  private keyOf(server: Server): number {
    return server.admits ? this.loadOf(server) : Number.POSITIVE_INFINITY;
  }

  private rise(from: number): void {
    const { heap, places } = this;
    const slot = heap[from]!;
    let at = from;
    while (at > 0) {
      const up = (at - 1) >>> 1;
      const parent = heap[up]!;
      if (!this.before(slot, parent)) break;
      heap[at] = parent;
      places[parent] = at;
      at = up;
    }
    heap[at] = slot;
    places[slot] = at;
  }

  private sink(from: number): void {
    const { heap, places, count } = this;
    const slot = heap[from]!;
    let at = from;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= count) break;
      if (down + 1 < count && this.before(heap[down + 1]!, heap[down]!)) down++;
      const child = heap[down]!;
      if (!this.before(child, slot)) break;
      heap[at] = child;
      places[child] = at;
      at = down;
    }
    heap[at] = slot;
    places[slot] = at;
  }
}
