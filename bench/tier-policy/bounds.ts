/** What no policy can be better than: one that knows how popular each key is, and one that knows the future. */
import { NO_RANK, type Trace } from './traces.ts';

/** Share of the accesses from `from` on to keys that are among the most popular `capacity` at that time. */
export function popularShare({ ranks }: Trace, capacity: number, from: number): number {
  let hits = 0;
  for (let i = from; i < ranks.length; i++) {
    const rank = ranks[i] as number;
    if (rank !== NO_RANK && rank < capacity) hits++;
  }
  return hits / (ranks.length - from);
}

/** Share of hits when the key leaves that is needed last, or is not let in at all (Belady, 1966). */
export function futureShare({ accesses, keys }: Trace, capacity: number, from: number): number {
  const count = accesses.length;
  const nextUse = new Uint32Array(count);
  const seen = new Uint32Array(keys).fill(count);
  for (let i = count - 1; i >= 0; i--) {
    const key = accesses[i] as number;
    nextUse[i] = seen[key] as number;
    seen[key] = i;
  }
  // The next use of keys in memory, 0 for none; the heap may also hold uses that are past.
  const dueAt = new Uint32Array(keys);
  const keyAt = accesses;
  const heap = new Latest(count);
  let inMemory = 0;
  let hits = 0;
  for (let i = 0; i < count; i++) {
    const key = keyAt[i] as number;
    const due = nextUse[i] as number;
    const hit = dueAt[key] === i && i > 0;
    if (hit) {
      if (i >= from) hits++;
      dueAt[key] = due;
      if (due < count) heap.push(due);
      else {
        dueAt[key] = 0;
        inMemory--;
      }
      continue;
    }
    if (due === count) continue;
    if (inMemory >= capacity) {
      let latest = heap.top();
      while (dueAt[keyAt[latest] as number] !== latest) {
        heap.pop();
        latest = heap.top();
      }
      if (latest <= due) continue;
      heap.pop();
      dueAt[keyAt[latest] as number] = 0;
      inMemory--;
    }
    dueAt[key] = due;
    heap.push(due);
    inMemory++;
  }
  return hits / (count - from);
}

/** Numbers, the greatest first. */
class Latest {
  private readonly items: Uint32Array;
  private count = 0;

  constructor(max: number) {
    this.items = new Uint32Array(max + 1);
  }

  top(): number {
    return this.items[0] as number;
  }

  push(item: number): void {
    const { items } = this;
    let at = this.count++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent]! >= item) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): void {
    const { items } = this;
    const item = items[--this.count] as number;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && items[child + 1]! > items[child]!) child++;
      if (items[child]! <= item) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = item;
  }
}
