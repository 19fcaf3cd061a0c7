/**
 * Nodes ordered by the time at which they are due: a binary heap outside the JavaScript heap.
 *
 * Every node keeps its place in the heap in one of its own words, so that a node's time can be changed
 * or taken away in logarithmic time. The arrays grow and shrink by chunks, so that neither copies much
 * and a heap that was emptied holds next to nothing; between the two is room, so that a node that comes
 * and goes at an edge costs no chunk each time.
 *
 * Invariant: for every node at place i, its parent at (i - 1) >> 1 is due no later, and the node's
 * word `indexWord` is i.
 */
import { type Address, type Arena, byteOffset, SEGMENT_SHIFT } from '../../core/memory/index.ts';

const CHUNK_SHIFT = 12;
const CHUNK = 1 << CHUNK_SHIFT;
const CHUNK_MASK = CHUNK - 1;
const FIRST_ENTRIES = 16;

export class DueHeap {
  size = 0;
  private readonly arena: Arena;
  private readonly indexWord: number;
  private readonly times: Float64Array[] = [];
  private readonly nodes: Uint32Array[] = [];
  /** Entries that there is room for. */
  private capacity = 0;

  /** `indexWord`: the word of a node that the heap may use. */
  constructor(arena: Arena, indexWord: number) {
    this.arena = arena;
    this.indexWord = indexWord;
  }

  /** Bytes of the arrays. */
  get bytes(): number {
    return this.capacity * 12;
  }

  /** Time of the node that is due first; Infinity when there is none. */
  get firstTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.timeAt(0);
  }

  /** The node that is due first; the heap is not empty. */
  get firstNode(): Address {
    return this.nodeAt(0);
  }

  /** Place of a node that is in the heap. */
  indexOf(node: Address): number {
    return this.arena.words[node >>> SEGMENT_SHIFT]![
      (byteOffset(node) >>> 2) + this.indexWord
    ] as number;
  }

  /** Time of a node that is in the heap. */
  timeOf(node: Address): number {
    return this.timeAt(this.indexOf(node));
  }

  add(node: Address, time: number): void {
    if (this.size === this.capacity) this.grow();
    this.rise(this.size++, node, time);
  }

  /** Changes the time of a node. */
  setTime(node: Address, time: number): void {
    const index = this.indexOf(node);
    if (time < this.timeAt(index)) this.rise(index, node, time);
    else this.sink(index, node, time);
  }

  /** Takes a node out. */
  remove(node: Address): void {
    const index = this.indexOf(node);
    const last = --this.size;
    const moved = this.nodeAt(last);
    const time = this.timeAt(last);
    if (last <= this.shrinkAt) this.shrink();
    if (index === last) return;
    if (index > 0 && time < this.timeAt((index - 1) >> 1)) this.rise(index, moved, time);
    else this.sink(index, moved, time);
  }

  /** A node has moved in memory; its words are copied already. */
  replace(moved: Address): void {
    const index = this.indexOf(moved);
    this.nodes[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = moved;
  }

  /** Number of nodes that are due at `time`; looks at these and their children only. */
  countDue(time: number, from = 0): number {
    if (from >= this.size || this.timeAt(from) > time) return 0;
    return 1 + this.countDue(time, 2 * from + 1) + this.countDue(time, 2 * from + 2);
  }

  /** Forgets all nodes. */
  reset(): void {
    this.size = 0;
    this.capacity = 0;
    this.times.length = 0;
    this.nodes.length = 0;
  }

  private rise(from: number, node: Address, time: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const parentTime = this.timeAt(parent);
      if (parentTime <= time) break;
      this.put(index, this.nodeAt(parent), parentTime);
      index = parent;
    }
    this.put(index, node, time);
  }

  private sink(from: number, node: Address, time: number): void {
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.timeAt(child + 1) < this.timeAt(child)) child++;
      const childTime = this.timeAt(child);
      if (childTime >= time) break;
      this.put(index, this.nodeAt(child), childTime);
      index = child;
    }
    this.put(index, node, time);
  }

  private put(index: number, node: Address, time: number): void {
    this.times[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = time;
    this.nodes[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] = node;
    this.arena.words[node >>> SEGMENT_SHIFT]![(byteOffset(node) >>> 2) + this.indexWord] = index;
  }

  private timeAt(index: number): number {
    return this.times[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] as number;
  }

  private nodeAt(index: number): Address {
    return this.nodes[index >>> CHUNK_SHIFT]![index & CHUNK_MASK] as number;
  }

  /** Number of nodes at which there is much more room than they need. */
  private get shrinkAt(): number {
    const { capacity } = this;
    if (capacity > CHUNK) return capacity - CHUNK - CHUNK / 2;
    return capacity > FIRST_ENTRIES ? capacity >>> 2 : -1;
  }

  private shrink(): void {
    if (this.capacity > CHUNK) {
      this.times.pop();
      this.nodes.pop();
      this.capacity -= CHUNK;
      return;
    }
    this.capacity >>>= 1;
    this.times[0] = this.times[0]!.slice(0, this.capacity);
    this.nodes[0] = this.nodes[0]!.slice(0, this.capacity);
  }

  private grow(): void {
    if (this.capacity >= CHUNK) {
      this.times.push(new Float64Array(CHUNK));
      this.nodes.push(new Uint32Array(CHUNK));
      this.capacity += CHUNK;
      return;
    }
    const entries = this.capacity === 0 ? FIRST_ENTRIES : this.capacity * 2;
    const times = new Float64Array(entries);
    const nodes = new Uint32Array(entries);
    if (this.capacity > 0) {
      times.set(this.times[0]!);
      nodes.set(this.nodes[0]!);
    }
    this.times[0] = times;
    this.nodes[0] = nodes;
    this.capacity = entries;
  }
}
