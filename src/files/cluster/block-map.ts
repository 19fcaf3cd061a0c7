/**
 * Which node has which block: all blocks with what is wanted of them and the nodes of their whole replicas.
 *
 * A row has 24 bytes, and the index about eight more: a million blocks with three replicas take 32 MB and are no
 * objects for the collector. Replicas beyond the third of a block stand apart.
 *
 *     word 0     word 1     word 2     half 6      halves 7-9             byte 20   21         22      23
 *     block low  length     stamp      block high  node + 1, mark bit 15  wanted    need,lack  state   more replicas
 *
 * Invariants: a row is free exactly when `wanted` is 0; the nodes of a row are different ones and stand without
 * gaps; a row keeps its number until it is freed.
 *
 * The mark of a replica says whether the report of its node that is under way, or was last, has named it
 * (see `reports.ts`).
 *
 * bench: `block-map.test.ts` measures a million blocks.
 */
import { invariant } from '../../core/base/index.ts';

const ROW_BYTES = 24;
const SEGMENT_BITS = 12;
const SEGMENT_ROWS = 1 << SEGMENT_BITS;
const IN_SEGMENT = SEGMENT_ROWS - 1;
const INLINE = 3;
const NODE_BITS = 0x7fff;
const HIGH = 2 ** 32;
/** Blocks have numbers below this. */
export const BLOCK_MAX = 2 ** 48;
/** Replicas that may be wanted of a block. */
export const REPLICATION_MAX = 15;

interface Segment {
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  readonly bytes: Uint8Array;
}

export interface RowFacts {
  readonly block: number;
  readonly stamp: number;
  readonly length: number;
  readonly replication: number;
}

export class BlockMap {
  /** Rows that are in use. */
  count = 0;
  private readonly segments: Segment[] = [];
  private readonly more = new Map<number, number[]>();
  /** Row + 1 at the place of a block's hash, 0: empty; linear probing. */
  private index = new Uint32Array(1024);
  private shift = 22;
  /** First of the freed rows + 1; the next one stands in its first word. */
  private freed = 0;
  private used = 0;

  /** Rows in use have lower numbers; some of these may be free. */
  get rowsEnd(): number {
    return this.used;
  }

  /** Memory of rows and index. */
  get bytes(): number {
    return this.segments.length * SEGMENT_ROWS * ROW_BYTES + this.index.byteLength;
  }

  /** Row of a block, -1 for none. */
  find(block: number): number {
    const mask = this.index.length - 1;
    const low = block >>> 0;
    for (let at = this.home(block); ; at = (at + 1) & mask) {
      const entry = this.index[at]!;
      if (entry === 0) return -1;
      const row = entry - 1;
      const segment = this.segments[row >>> SEGMENT_BITS]!;
      if (segment.words[(row & IN_SEGMENT) * 6] === low && this.block(row) === block) return row;
    }
  }

  /** @returns the row of a block that was not there. */
  add({ block, stamp, length, replication }: RowFacts): number {
    invariant(block >= 0 && block < BLOCK_MAX, 'the number of a block fits into 48 bits');
    if ((this.count + 1) * 4 > this.index.length * 3) this.growIndex();
    const row = this.takeRow();
    const { words, halves, bytes } = this.segments[row >>> SEGMENT_BITS]!;
    const at = row & IN_SEGMENT;
    words[at * 6] = block >>> 0;
    halves[at * 12 + 6] = Math.floor(block / HIGH);
    halves.fill(0, at * 12 + 7, at * 12 + 10);
    bytes.fill(0, at * ROW_BYTES + 20, at * ROW_BYTES + 24);
    this.set(row, stamp, length, replication);
    this.count++;
    this.enter(block, row);
    return row;
  }

  /** What is wanted of a block. */
  set(row: number, stamp: number, length: number, replication: number): void {
    invariant(stamp >= 0 && stamp < HIGH, 'a stamp fits into 32 bits');
    invariant(length >= 0 && length < HIGH, 'the length of a block fits into 32 bits');
    invariant(replication >= 1 && replication <= REPLICATION_MAX, 'replication is 1 to 15');
    const { words, bytes } = this.segments[row >>> SEGMENT_BITS]!;
    const at = row & IN_SEGMENT;
    words[at * 6 + 1] = length;
    words[at * 6 + 2] = stamp;
    bytes[at * ROW_BYTES + 20] = replication;
  }

  /** Frees a row. */
  remove(row: number): void {
    this.leave(row);
    const { words, bytes } = this.segments[row >>> SEGMENT_BITS]!;
    const at = row & IN_SEGMENT;
    bytes[at * ROW_BYTES + 20] = 0;
    words[at * 6] = this.freed;
    this.freed = row + 1;
    this.more.delete(row);
    this.count--;
  }

  isUsed(row: number): boolean {
    return row < this.used && this.wanted(row) !== 0;
  }

  block(row: number): number {
    const { words, halves } = this.segments[row >>> SEGMENT_BITS]!;
    const at = row & IN_SEGMENT;
    return halves[at * 12 + 6]! * HIGH + words[at * 6]!;
  }

  length(row: number): number {
    return this.segments[row >>> SEGMENT_BITS]!.words[(row & IN_SEGMENT) * 6 + 1]!;
  }

  stamp(row: number): number {
    return this.segments[row >>> SEGMENT_BITS]!.words[(row & IN_SEGMENT) * 6 + 2]!;
  }

  wanted(row: number): number {
    return this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 20]!;
  }

  /** Need in the low four bits, lack in the high ones. */
  need(row: number): number {
    return this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 21]!;
  }

  setNeed(row: number, need: number): void {
    this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 21] = need;
  }

  /** Where the row stands in the agenda. */
  state(row: number): number {
    return this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 22]!;
  }

  setState(row: number, state: number): void {
    this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 22] = state;
  }

  /** Appends the nodes of a row to `into` after emptying it. */
  nodes(row: number, into: number[]): number[] {
    into.length = 0;
    const { halves } = this.segments[row >>> SEGMENT_BITS]!;
    const first = (row & IN_SEGMENT) * 12 + 7;
    for (let nth = 0; nth < INLINE; nth++) {
      const slot = halves[first + nth]!;
      if (slot === 0) return into;
      into.push((slot & NODE_BITS) - 1);
    }
    if (this.hasMore(row)) {
      for (const slot of this.more.get(row)!) into.push((slot & NODE_BITS) - 1);
    }
    return into;
  }

  has(row: number, node: number): boolean {
    return this.slot(row, node) !== 0;
  }

  /** The mark of a replica, -1 when the node has none. */
  mark(row: number, node: number): number {
    const slot = this.slot(row, node);
    return slot === 0 ? -1 : slot >>> 15;
  }

  /** Adds a replica or changes its mark. @returns whether it is a new one. */
  put(row: number, node: number, mark: number): boolean {
    const slot = (node + 1) | (mark << 15);
    const { halves, bytes } = this.segments[row >>> SEGMENT_BITS]!;
    const first = (row & IN_SEGMENT) * 12 + 7;
    for (let nth = 0; nth < INLINE; nth++) {
      const there = halves[first + nth]!;
      if (there !== 0 && (there & NODE_BITS) !== node + 1) continue;
      halves[first + nth] = slot;
      return there === 0;
    }
    const others = this.more.get(row);
    if (others === undefined) {
      this.more.set(row, [slot]);
      bytes[(row & IN_SEGMENT) * ROW_BYTES + 23] = 1;
      return true;
    }
    const nth = others.findIndex((other) => (other & NODE_BITS) === node + 1);
    if (nth === -1) others.push(slot);
    else others[nth] = slot;
    return nth === -1;
  }

  /** @returns whether the node had a replica. */
  drop(row: number, node: number): boolean {
    const { halves } = this.segments[row >>> SEGMENT_BITS]!;
    const first = (row & IN_SEGMENT) * 12 + 7;
    for (let nth = 0; nth < INLINE; nth++) {
      if ((halves[first + nth]! & NODE_BITS) !== node + 1) continue;
      for (let rest = nth; rest < INLINE - 1; rest++) {
        halves[first + rest] = halves[first + rest + 1]!;
      }
      halves[first + INLINE - 1] = this.takeMore(row, 0);
      return true;
    }
    if (!this.hasMore(row)) return false;
    const at = this.more.get(row)!.findIndex((other) => (other & NODE_BITS) === node + 1);
    if (at === -1) return false;
    this.takeMore(row, at);
    return true;
  }

  /** Calls with each row in which a node stands, and the mark there; the replica may be dropped meanwhile. */
  eachOf(node: number, visit: (row: number, mark: number) => void): void {
    for (let row = 0; row < this.used; row++) {
      const slot = this.wanted(row) === 0 ? 0 : this.slot(row, node);
      if (slot !== 0) visit(row, slot >>> 15);
    }
  }

  /** Takes the replica `at` of those that stand apart; 0 when there are none. */
  private takeMore(row: number, at: number): number {
    if (!this.hasMore(row)) return 0;
    const others = this.more.get(row)!;
    const taken = others.splice(at, 1)[0]!;
    if (others.length === 0) {
      this.more.delete(row);
      this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 23] = 0;
    }
    return taken;
  }

  private hasMore(row: number): boolean {
    return this.segments[row >>> SEGMENT_BITS]!.bytes[(row & IN_SEGMENT) * ROW_BYTES + 23] !== 0;
  }

  private slot(row: number, node: number): number {
    const { halves } = this.segments[row >>> SEGMENT_BITS]!;
    const first = (row & IN_SEGMENT) * 12 + 7;
    for (let nth = 0; nth < INLINE; nth++) {
      const slot = halves[first + nth]!;
      if ((slot & NODE_BITS) === node + 1) return slot;
    }
    if (!this.hasMore(row)) return 0;
    return this.more.get(row)!.find((other) => (other & NODE_BITS) === node + 1) ?? 0;
  }

  private takeRow(): number {
    if (this.freed !== 0) {
      const row = this.freed - 1;
      this.freed = this.segments[row >>> SEGMENT_BITS]!.words[(row & IN_SEGMENT) * 6]!;
      return row;
    }
    if (this.used === this.segments.length * SEGMENT_ROWS) {
      const buffer = new ArrayBuffer(SEGMENT_ROWS * ROW_BYTES);
      this.segments.push({
        words: new Uint32Array(buffer),
        halves: new Uint16Array(buffer),
        bytes: new Uint8Array(buffer),
      });
    }
    return this.used++;
  }

  /** Fibonacci hashing: blocks are numbered one after the other. */
  private home(block: number): number {
    const mixed = (block >>> 0) ^ Math.imul(Math.floor(block / HIGH), 0x85ebca6b);
    return Math.imul(mixed, 0x9e3779b1) >>> this.shift;
  }

  private enter(block: number, row: number): void {
    const mask = this.index.length - 1;
    let at = this.home(block);
    while (this.index[at] !== 0) at = (at + 1) & mask;
    this.index[at] = row + 1;
  }

  /** Takes a row from the index; what stands behind it moves up, so that no gaps are left. */
  private leave(row: number): void {
    const { index } = this;
    const mask = index.length - 1;
    let hole = this.home(this.block(row));
    while (index[hole] !== row + 1) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = this.home(this.block(index[at]! - 1));
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      index[hole] = index[at]!;
      hole = at;
    }
    index[hole] = 0;
  }

  private growIndex(): void {
    const old = this.index;
    this.index = new Uint32Array(old.length * 2);
    this.shift--;
    for (const entry of old) {
      if (entry !== 0) this.enter(this.block(entry - 1), entry - 1);
    }
  }
}
