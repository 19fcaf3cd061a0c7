/**
 * A queue of cached objects, linked through the objects themselves, for the policies that ours is compared with.
 *
 * Invariant: an object stands in one queue at most, and `queue` of it says in which.
 */

export class Evictable {
  /** What it takes of memory in all, overhead included. */
  bytes: number;
  queue: Queue | null = null;
  newer: Evictable | null = null;
  older: Evictable | null = null;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

export class Queue {
  count = 0;
  bytes = 0;
  private newest: Evictable | null = null;
  private oldest: Evictable | null = null;

  /** It becomes the newest. It stands in no queue. */
  push(object: Evictable): void {
    object.queue = this;
    object.older = this.newest;
    if (this.newest === null) this.oldest = object;
    else this.newest.newer = object;
    this.newest = object;
    this.count++;
    this.bytes += object.bytes;
  }

  remove(object: Evictable): void {
    const { newer, older } = object;
    if (newer === null) this.newest = older;
    else newer.older = older;
    if (older === null) this.oldest = newer;
    else older.newer = newer;
    object.queue = null;
    object.newer = null;
    object.older = null;
    this.count--;
    this.bytes -= object.bytes;
  }

  /** Takes the oldest out. */
  pop(): Evictable | null {
    const { oldest } = this;
    if (oldest !== null) this.remove(oldest);
    return oldest;
  }
}
