/** Policies of the literature, as their papers have them. */
import type { Policy, Room } from './policy.ts';

/** A list of keys in one array of links: the front is what was added last. */
class Queue {
  count = 0;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly end: number;

  constructor(keys: number) {
    this.end = keys;
    this.next = new Int32Array(keys + 1).fill(-1);
    this.previous = new Int32Array(keys + 1).fill(-1);
    this.next[keys] = keys;
    this.previous[keys] = keys;
  }

  has(key: number): boolean {
    return this.next[key] !== -1;
  }

  push(key: number): void {
    const { next, previous, end } = this;
    const first = next[end] as number;
    next[key] = first;
    previous[key] = end;
    previous[first] = key;
    next[end] = key;
    this.count++;
  }

  remove(key: number): void {
    const { next, previous } = this;
    const after = next[key] as number;
    const before = previous[key] as number;
    next[before] = after;
    previous[after] = before;
    next[key] = -1;
    this.count--;
  }

  /** The one that was added first; it stays. */
  last(): number {
    return this.previous[this.end] as number;
  }

  pop(): number {
    const key = this.last();
    this.remove(key);
    return key;
  }
}

/** The least recently used leaves. */
export class Lru implements Policy {
  private readonly queue: Queue;
  private readonly capacity: number;

  constructor({ keys, capacity }: Room) {
    this.queue = new Queue(keys);
    this.capacity = capacity;
  }

  access(key: number): boolean {
    const { queue } = this;
    const hit = queue.has(key);
    if (hit) queue.remove(key);
    else if (queue.count >= this.capacity) queue.pop();
    queue.push(key);
    return hit;
  }
}

/**
 * Counters of 4 bits in four rows, halved after ten accesses for each key in memory (Einziger, Friedman,
 * Manes, 2017, https://doi.org/10.1145/3149371).
 */
class Sketch {
  private readonly rows: Uint8Array[] = [];
  private readonly mask: number;
  private readonly sample: number;
  private added = 0;

  constructor(capacity: number) {
    const width = 2 ** Math.ceil(Math.log2(capacity * 4));
    this.mask = width - 1;
    this.sample = capacity * 10;
    for (let row = 0; row < 4; row++) this.rows.push(new Uint8Array(width));
  }

  add(key: number): void {
    const count = this.of(key);
    for (let row = 0; row < 4 && count < 15; row++) {
      const at = this.at(key, row);
      if (this.rows[row]![at] === count) this.rows[row]![at] = count + 1;
    }
    if (++this.added < this.sample) return;
    this.added >>>= 1;
    for (const row of this.rows) for (let i = 0; i < row.length; i++) row[i] = row[i]! >>> 1;
  }

  of(key: number): number {
    let least = 15;
    for (let row = 0; row < 4; row++) least = Math.min(least, this.rows[row]![this.at(key, row)]!);
    return least;
  }

  private at(key: number, row: number): number {
    return hashKey(key + row * 0x3c6ef372) & this.mask;
  }
}

export function hashKey(key: number): number {
  let mixed = Math.imul(key ^ (key >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A window of 1 % by recency before a segmented LRU that only lets in what is used more than what goes. */
export class WindowTinyLfu implements Policy {
  private readonly sketch: Sketch;
  private readonly window: Queue;
  private readonly probation: Queue;
  private readonly safe: Queue;
  private readonly windowMax: number;
  private readonly safeMax: number;
  private readonly mainMax: number;

  constructor({ keys, capacity }: Room) {
    this.sketch = new Sketch(capacity);
    this.window = new Queue(keys);
    this.probation = new Queue(keys);
    this.safe = new Queue(keys);
    this.windowMax = Math.max(1, Math.round(capacity / 100));
    this.mainMax = capacity - this.windowMax;
    this.safeMax = Math.round(this.mainMax * 0.8);
  }

  access(key: number): boolean {
    const { sketch, window, probation, safe } = this;
    sketch.add(key);
    if (window.has(key)) {
      window.remove(key);
      window.push(key);
      return true;
    }
    if (safe.has(key)) {
      safe.remove(key);
      safe.push(key);
      return true;
    }
    if (probation.has(key)) {
      probation.remove(key);
      safe.push(key);
      if (safe.count > this.safeMax) probation.push(safe.pop());
      return true;
    }
    window.push(key);
    if (window.count > this.windowMax) this.admit(window.pop());
    return false;
  }

  private admit(candidate: number): void {
    const { sketch, probation, safe } = this;
    if (probation.count + safe.count < this.mainMax) {
      probation.push(candidate);
      return;
    }
    const victims = probation.count > 0 ? probation : safe;
    const victim = victims.last();
    if (sketch.of(candidate) <= sketch.of(victim)) return;
    victims.remove(victim);
    probation.push(candidate);
  }
}

/** Yang, Zhang, Qiu, Yue, Rashmi, SOSP 2023, https://doi.org/10.1145/3600006.3613147 */
export class S3Fifo implements Policy {
  private readonly small: Queue;
  private readonly main: Queue;
  private readonly ghosts: Queue;
  private readonly uses: Uint8Array;
  private readonly capacity: number;
  private readonly smallMax: number;

  constructor({ keys, capacity }: Room) {
    this.small = new Queue(keys);
    this.main = new Queue(keys);
    this.ghosts = new Queue(keys);
    this.uses = new Uint8Array(keys);
    this.capacity = capacity;
    this.smallMax = Math.max(1, Math.round(capacity / 10));
  }

  access(key: number): boolean {
    const { small, main, ghosts, uses } = this;
    if (small.has(key) || main.has(key)) {
      uses[key] = Math.min(3, uses[key]! + 1);
      return true;
    }
    while (small.count + main.count >= this.capacity) {
      if (small.count >= this.smallMax) this.evictSmall();
      else this.evictMain();
    }
    uses[key] = 0;
    if (ghosts.has(key)) {
      ghosts.remove(key);
      main.push(key);
    } else small.push(key);
    return false;
  }

  private evictSmall(): void {
    const { small, main, ghosts, uses } = this;
    while (small.count > 0) {
      const key = small.pop();
      if (uses[key]! > 1) {
        main.push(key);
        uses[key] = 0;
        continue;
      }
      ghosts.push(key);
      if (ghosts.count > this.capacity) ghosts.pop();
      return;
    }
  }

  private evictMain(): void {
    const { main, uses } = this;
    while (main.count > 0) {
      const key = main.pop();
      if (uses[key] === 0) return;
      uses[key] = uses[key]! - 1;
      main.push(key);
    }
  }
}
