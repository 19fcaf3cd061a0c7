/**
 * The best candidates for eviction met so far, ordered by how dispensable they are. Sampling a few keys
 * and remembering the best of many samples comes close to the true order at constant cost (Redis'
 * approximated LRU). Keys are copied into buffers of the pool: no record is trusted to stay.
 */
const POOL_SIZE = 16;
const KEY_BYTES_KEPT = 255;

interface Candidate {
  /** The greater, the sooner it goes. */
  score: number;
  database: number;
  length: number;
  key: Buffer;
}

export class EvictionPool {
  /** Ascending by score; the first `count` are in use. */
  private readonly candidates: Candidate[] = [];
  private count = 0;

  constructor() {
    for (let i = 0; i < POOL_SIZE; i++) {
      this.candidates.push({
        score: 0,
        database: 0,
        length: 0,
        key: Buffer.allocUnsafeSlow(KEY_BYTES_KEPT),
      });
    }
  }

  get size(): number {
    return this.count;
  }

  /** Forgets all: the policy has changed, the scores mean nothing any more. */
  clear(): void {
    this.count = 0;
  }

  /** Takes a key in if it is more dispensable than the least of a full pool. */
  offer(score: number, database: number, buf: Buffer, start: number, length: number): void {
    const { candidates, count } = this;
    const full = count === POOL_SIZE;
    if (full && score <= candidates[0]!.score) return;
    let at = 0;
    while (at < count && candidates[at]!.score < score) at++;
    // The least goes, or a free place comes: it is turned into the place before `at`.
    const from = full ? 0 : count;
    const free = candidates[from]!;
    if (full) {
      at--;
      for (let i = 0; i < at; i++) candidates[i] = candidates[i + 1]!;
    } else {
      for (let i = count; i > at; i--) candidates[i] = candidates[i - 1]!;
      this.count++;
    }
    candidates[at] = free;
    free.score = score;
    free.database = database;
    free.length = length;
    if (free.key.length < length || free.key.length > KEY_BYTES_KEPT) {
      free.key = Buffer.allocUnsafeSlow(Math.max(length, KEY_BYTES_KEPT));
    }
    buf.copy(free.key, 0, start, start + length);
  }

  /** The best candidate, which leaves the pool; good until the next `offer`. */
  take(): Candidate | undefined {
    return this.count === 0 ? undefined : this.candidates[--this.count];
  }
}
