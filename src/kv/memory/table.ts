/**
 * A chained hash table over nodes in the arena, with incremental rehash.
 *
 * A node begins with three words that the table owns; the rest is its user's:
 *
 *   w0  address of the next node of the bucket
 *   w1  hash of the key
 *   w2  key length in bytes (30 bits) | a bit of the user's | EXTRA_WORD (bit 31)
 *   ..  `headBytes` in all, one word more when EXTRA_WORD is set, then the key's bytes
 *
 * The table never copies a node: whoever moves one calls `replace`. While a rehash runs both bucket
 * arrays are live and every insert and removal moves some buckets on, so no operation is ever as long
 * as the table. `scan` gives the guarantee of Redis' SCAN: an element that is there from the first
 * call to the last is returned at least once, also across resizes (reverse binary cursor). When there is
 * no memory for more buckets it goes on with those it has.
 *
 * Benchmark: bench/kv.
 */

import { equalBytes, hashBytes } from '../../core/base/index.ts';
import { type Address, type Arena, SEGMENT_SHIFT } from '../../core/memory/index.ts';

const SEGMENT_MASK = (1 << SEGMENT_SHIFT) - 1;
const BUCKETS_MIN = 4;
/** Bucket arrays up to this are not worth a failure: the command that needs one fails with them. */
const SMALL_BUCKETS = 1024;
/** Buckets moved by one insert or removal while a rehash runs. */
const REHASH_STEP = 2;
/** Keys that `fetch` takes at once: more reads than that a processor does not have under way. */
export const FETCH_MAX = 32;
/** Buckets of one `rehash` from which it pays to fetch what stands in them first. */
const FETCH_STEPS_MIN = 64;
/** Times that `sample` looks for nodes in other buckets. */
const SAMPLE_TRIES = 16;
/** Longest chain of which `randomFair` gives every node the same chance. */
const FAIR_CHAIN = 8;

/** Bit of w2: one more word stands between the head and the key. */
export const EXTRA_WORD = 0x80000000;
export const KEY_LENGTH_MASK = 0x3fffffff;

export class Table {
  /** Nodes in the table. */
  size = 0;
  private readonly arena: Arena;
  private readonly headBytes: number;
  /** Length of the extra word: 0 in a table whose nodes have none, and EXTRA_WORD is theirs. */
  private readonly extraBytes: number;
  private buckets: Uint32Array;
  private mask: number;
  /** The smaller or larger array that is being emptied; undefined outside a rehash. */
  private old: Uint32Array | undefined;
  private oldMask = 0;
  private rehashIndex = 0;
  /** Nodes from which on more buckets are wanted: as many as buckets, more when there was no memory. */
  private growAt: number;
  /** While above zero no rehash step runs: an iteration over both arrays is under way. */
  private pauses = 0;

  /**
   * `headBytes`: length of a node's head, the offset of the key in a node without an extra word.
   * `extras`: EXTRA_WORD means what it says; else it is a bit of the table's user.
   */
  constructor(arena: Arena, headBytes: number, expected = 0, extras = true) {
    this.arena = arena;
    this.headBytes = headBytes;
    this.extraBytes = extras ? 4 : 0;
    this.buckets = this.newBuckets(bucketsFor(expected)) ?? new Uint32Array(BUCKETS_MIN);
    this.mask = this.buckets.length - 1;
    this.growAt = this.buckets.length;
  }

  /** Bytes of the bucket arrays (nodes are counted by the arena). */
  get bucketBytes(): number {
    return (this.buckets.length + (this.old === undefined ? 0 : this.old.length)) * 4;
  }

  get bucketCount(): number {
    return this.buckets.length;
  }

  get rehashing(): boolean {
    return this.old !== undefined;
  }

  hash(buf: Buffer, start: number, length: number): number {
    return hashBytes(buf, start, length, this.arena.hashSeed);
  }

  /** The node with this key, or 0. `hash` as `hash()` gave it. */
  find(hash: number, buf: Buffer, start: number, length: number): Address {
    let node = this.buckets[hash & this.mask] as number;
    const found = node === 0 ? 0 : this.findInChain(node, hash, buf, start, length);
    if (found !== 0 || this.old === undefined) return found;
    node = this.old[hash & this.oldMask] as number;
    return node === 0 ? 0 : this.findInChain(node, hash, buf, start, length);
  }

  /**
   * Brings what `find` will read for these hashes (FETCH_MAX at most) into the processor's cache; changes
   * nothing. Reads that do not wait for one another are under way at the same time: over a table of
   * many megabytes that makes a lookup several times as fast as one by one.
   */
  fetch(hashes: Uint32Array, count: number): void {
    const { buckets, mask, old, oldMask } = this;
    for (let i = 0; i < count; i++) fetched[i] = buckets[(hashes[i] as number) & mask] as number;
    this.fetchNodes(count);
    if (old === undefined) return;
    for (let i = 0; i < count; i++) fetched[i] = old[(hashes[i] as number) & oldMask] as number;
    this.fetchNodes(count);
  }

  /** Reads the first `count` nodes of `fetched`, and those behind them in their buckets. */
  private fetchNodes(count: number): void {
    const { words } = this.arena;
    for (let hop = 0; hop < 2; hop++) {
      for (let i = 0; i < count; i++) {
        const node = fetched[i] as number;
        if (node !== 0) {
          fetched[i] = words[node >>> SEGMENT_SHIFT]![(node & SEGMENT_MASK) << 1] as number;
        }
      }
    }
  }

  private findInChain(
    first: Address,
    hash: number,
    buf: Buffer,
    start: number,
    length: number,
  ): Address {
    const arena = this.arena;
    let node = first;
    do {
      const segment = node >>> SEGMENT_SHIFT;
      const words = arena.words[segment]!;
      const w = (node & SEGMENT_MASK) << 1;
      if (words[w + 1] === hash) {
        const head = words[w + 2] as number;
        if ((head & KEY_LENGTH_MASK) === length) {
          const key = (w << 2) + this.headBytes + (head >= EXTRA_WORD ? this.extraBytes : 0);
          if (equalBytes(arena.bytes[segment]!, key, buf, start, length)) return node;
        }
      }
      node = words[w] as number;
    } while (node !== 0);
    return 0;
  }

  /** Adds a node whose w1 and w2 are set. The key must not be in the table. */
  insert(node: Address): void {
    if (this.old !== undefined) {
      if (this.pauses === 0) this.rehashSteps(REHASH_STEP);
    } else if (this.size >= this.growAt && this.pauses === 0) {
      this.resize(this.buckets.length * 2);
    }
    const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
    const w = (node & SEGMENT_MASK) << 1;
    const bucket = (words[w + 1] as number) & this.mask;
    words[w] = this.buckets[bucket] as number;
    this.buckets[bucket] = node;
    this.size++;
  }

  /** Takes a node out; the caller frees it. Returns whether it was in the table. */
  unlink(node: Address): boolean {
    const next = this.arena.words[node >>> SEGMENT_SHIFT]![(node & SEGMENT_MASK) << 1] as number;
    if (!this.relink(node, next)) return false;
    this.size--;
    if (this.old !== undefined) {
      if (this.pauses === 0) this.rehashSteps(REHASH_STEP);
    } else if (this.size * 8 < this.buckets.length && this.buckets.length > BUCKETS_MIN) {
      if (this.pauses === 0) this.resize(bucketsFor(this.size * 2));
    }
    return true;
  }

  /** Puts `moved`, a copy of `node` with the same w0 and w1, in the place of `node`. */
  replace(node: Address, moved: Address): boolean {
    return this.relink(node, moved);
  }

  private relink(node: Address, target: Address): boolean {
    const arena = this.arena;
    const hash = arena.words[node >>> SEGMENT_SHIFT]![((node & SEGMENT_MASK) << 1) + 1] as number;
    let buckets = this.buckets;
    let bucket = hash & this.mask;
    for (;;) {
      let at = buckets[bucket] as number;
      if (at === node) {
        buckets[bucket] = target;
        return true;
      }
      while (at !== 0) {
        const words = arena.words[at >>> SEGMENT_SHIFT]!;
        const w = (at & SEGMENT_MASK) << 1;
        at = words[w] as number;
        if (at === node) {
          words[w] = target;
          return true;
        }
      }
      if (this.old === undefined || buckets === this.old) return false;
      buckets = this.old;
      bucket = hash & this.oldMask;
    }
  }

  /** Grows at once to what `count` nodes need; for loading. */
  reserve(count: number): void {
    const wanted = bucketsFor(count);
    if (this.old === undefined && wanted > this.buckets.length) this.resize(wanted);
  }

  /** Moves up to `steps` buckets of a running rehash; true while more is to do. */
  rehash(steps: number): boolean {
    if (this.old !== undefined && this.pauses === 0) this.rehashSteps(steps);
    return this.old !== undefined;
  }

  /** Without memory for it everything stays as it is, and chains get longer. */
  private resize(count: number): void {
    if (count === this.buckets.length) return;
    const fresh = this.newBuckets(count);
    if (fresh === undefined) {
      this.growAt = this.size + (this.size >>> 2) + 1;
      return;
    }
    const empty = this.size === 0;
    if (!empty) {
      this.old = this.buckets;
      this.oldMask = this.mask;
      this.rehashIndex = 0;
    }
    this.buckets = fresh;
    this.mask = count - 1;
    this.growAt = count;
  }

  private newBuckets(count: number): Uint32Array | undefined {
    return count <= SMALL_BUCKETS ? new Uint32Array(count) : this.arena.wordsBeside(count);
  }

  private rehashSteps(steps: number): void {
    const arena = this.arena;
    const old = this.old!;
    const from = this.rehashIndex;
    // Empty buckets are cheap to pass, but their number in one step has a limit too.
    const end = Math.min(old.length, from + steps * 8);
    let left = steps;
    let index = from;
    const fetches = steps >= FETCH_STEPS_MIN;
    for (; index < end && left > 0; index++) {
      if (fetches && (index - from) % FETCH_MAX === 0) {
        const count = Math.min(FETCH_MAX, end - index);
        for (let i = 0; i < count; i++) fetched[i] = old[index + i] as number;
        this.fetchNodes(count);
      }
      let node = old[index] as number;
      if (node === 0) continue;
      left--;
      old[index] = 0;
      while (node !== 0) {
        const words = arena.words[node >>> SEGMENT_SHIFT]!;
        const w = (node & SEGMENT_MASK) << 1;
        const next = words[w] as number;
        const bucket = (words[w + 1] as number) & this.mask;
        words[w] = this.buckets[bucket] as number;
        this.buckets[bucket] = node;
        node = next;
      }
    }
    this.rehashIndex = index;
    if (index === old.length) this.old = undefined;
  }

  /**
   * Visits the buckets of one cursor step and returns the next cursor; 0 begins and ends a scan.
   * `visit` may unlink the node it is given, nothing else. A cursor is a 32-bit number.
   */
  scan(cursor: number, visit: (node: Address) => void): number {
    this.pauses++;
    try {
      if (this.old === undefined) {
        this.visitBucket(this.buckets, cursor & this.mask, visit);
        return nextCursor(cursor, this.mask);
      }
      let small = this.buckets;
      let large = this.old;
      if (small.length > large.length) [small, large] = [large, small];
      const smallMask = small.length - 1;
      const largeMask = large.length - 1;
      let at = cursor;
      this.visitBucket(small, at & smallMask, visit);
      do {
        this.visitBucket(large, at & largeMask, visit);
        at = nextCursor(at, largeMask);
      } while ((at & (smallMask ^ largeMask)) !== 0);
      return at;
    } finally {
      this.pauses--;
    }
  }

  /** Visits the nodes with this hash; `visit` may change them, not move or unlink. */
  eachOfHash(hash: number, visit: (node: Address) => void): void {
    this.visitChain(this.buckets[hash & this.mask] as number, hash, visit);
    if (this.old !== undefined)
      this.visitChain(this.old[hash & this.oldMask] as number, hash, visit);
  }

  private visitChain(first: Address, hash: number, visit: (node: Address) => void): void {
    for (let node = first; node !== 0; ) {
      const words = this.arena.words[node >>> SEGMENT_SHIFT]!;
      const w = (node & SEGMENT_MASK) << 1;
      if (words[w + 1] === hash) visit(node);
      node = words[w] as number;
    }
  }

  /** Visits every node; `visit` may unlink the node it is given. Stops when `visit` returns false. */
  each(visit: (node: Address) => boolean | undefined): void {
    this.pauses++;
    try {
      for (const buckets of this.old === undefined ? [this.buckets] : [this.old, this.buckets]) {
        for (let index = 0; index < buckets.length; index++) {
          let node = buckets[index] as number;
          while (node !== 0) {
            const next = this.nextOf(node);
            if (visit(node) === false) return;
            node = next;
          }
        }
      }
    } finally {
      this.pauses--;
    }
  }

  private visitBucket(buckets: Uint32Array, index: number, visit: (node: Address) => void): void {
    let node = buckets[index] as number;
    while (node !== 0) {
      const next = this.nextOf(node);
      visit(node);
      node = next;
    }
  }

  /** The hash of a node's key. */
  hashOf(node: Address): number {
    return this.arena.words[node >>> SEGMENT_SHIFT]![((node & SEGMENT_MASK) << 1) + 1] as number;
  }

  /** The node behind `node` in its bucket, or 0. */
  nextOf(node: Address): Address {
    return this.arena.words[node >>> SEGMENT_SHIFT]![(node & SEGMENT_MASK) << 1] as number;
  }

  /**
   * A random node, 0 when empty: a random non-empty bucket, then a random node of its chain.
   * `random32` gives unsigned 32-bit numbers.
   */
  random(random32: () => number): Address {
    if (this.size === 0) return 0;
    for (;;) {
      let buckets = this.buckets;
      if (
        this.old !== undefined &&
        random32() % (buckets.length + this.old.length) >= buckets.length
      ) {
        buckets = this.old;
      }
      const first = buckets[random32() & (buckets.length - 1)] as number;
      if (first === 0) continue;
      let chain = 0;
      for (let node = first; node !== 0; node = this.nextOf(node)) chain++;
      let node = first;
      for (let skip = random32() % chain; skip > 0; skip--) node = this.nextOf(node);
      return node;
    }
  }

  /**
   * Puts the nodes of some buckets side by side, then of others, into `out` until it is full; returns how
   * many, less than `out` holds when few buckets have any, 0 only when empty. One may come twice. What is
   * in neighbouring buckets is as random, and of the reads only those of nodes are far from one another,
   * and under way at the same time.
   */
  sample(random32: () => number, out: Uint32Array): number {
    const { words } = this.arena;
    // So few that what is behind the first node of a bucket has room too.
    const side = Math.min(FETCH_MAX, (out.length + 1) >>> 1);
    let count = 0;
    for (let tries = 0; tries < SAMPLE_TRIES && this.size > 0; tries++) {
      const { old } = this;
      const total = old === undefined ? 0 : this.buckets.length + old.length;
      const inOld = old !== undefined && random32() % total >= this.buckets.length;
      const buckets = inOld ? old : this.buckets;
      const mask = buckets.length - 1;
      const from = random32();
      for (let i = 0; i < side; i++) fetched[i] = buckets[(from + i) & mask] as number;
      for (let left = side; left > 0; ) {
        const nodes = left;
        left = 0;
        for (let i = 0; i < nodes; i++) {
          const node = fetched[i] as number;
          if (node === 0) continue;
          out[count++] = node;
          if (count === out.length) return count;
          fetched[left++] = words[node >>> SEGMENT_SHIFT]![(node & SEGMENT_MASK) << 1] as number;
        }
      }
    }
    if (count === 0 && this.size > 0) out[count++] = this.random(random32);
    return count;
  }

  /**
   * A random node, 0 when empty, every node equally likely (those of a chain longer than
   * FAIR_CHAIN, one bucket in a million, a little less): a bucket is taken with a chance that grows
   * with its chain. About ten tries, so `random` is the cheaper one.
   */
  randomFair(random32: () => number): Address {
    if (this.size === 0) return 0;
    for (;;) {
      let index = random32();
      let buckets = this.buckets;
      if (this.old === undefined) index = (index & this.mask) >>> 0;
      else {
        index %= buckets.length + this.old.length;
        if (index >= buckets.length) {
          index -= buckets.length;
          buckets = this.old;
        }
      }
      const first = buckets[index] as number;
      if (first === 0) continue;
      let chain = 0;
      for (let node = first; node !== 0; node = this.nextOf(node)) chain++;
      let skip = random32() % Math.max(chain, FAIR_CHAIN);
      if (skip >= chain) continue;
      let node = first;
      for (; skip > 0; skip--) node = this.nextOf(node);
      return node;
    }
  }

  /** Forgets all nodes without freeing them. */
  reset(): void {
    this.buckets = new Uint32Array(BUCKETS_MIN);
    this.mask = BUCKETS_MIN - 1;
    this.growAt = BUCKETS_MIN;
    this.old = undefined;
    this.size = 0;
  }
}

/** Nodes that `fetch` reads. */
const fetched = new Uint32Array(FETCH_MAX);

function bucketsFor(count: number): number {
  let buckets = BUCKETS_MIN;
  while (buckets < count) buckets *= 2;
  return buckets;
}

/** Counts up with the bits reversed, inside `mask`. */
function nextCursor(cursor: number, mask: number): number {
  let v = reverseBits((cursor | ~mask) >>> 0);
  v = (v + 1) >>> 0;
  return reverseBits(v);
}

/** A 32-bit number with its bits in reverse: the order in which `scan` goes over hashes. */
export function reverseBits(value: number): number {
  let v = value;
  v = ((v >>> 1) & 0x55555555) | ((v & 0x55555555) << 1);
  v = ((v >>> 2) & 0x33333333) | ((v & 0x33333333) << 2);
  v = ((v >>> 4) & 0x0f0f0f0f) | ((v & 0x0f0f0f0f) << 4);
  v = ((v >>> 8) & 0x00ff00ff) | ((v & 0x00ff00ff) << 8);
  return ((v >>> 16) | (v << 16)) >>> 0;
}
