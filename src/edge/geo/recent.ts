/**
 * Remembers what was asked for lately, at most `2 * half` of it.
 *
 * Two halves: what is found in the older one moves to the newer one; when that is full the older one is forgotten
 * whole. So what is asked for often stays, and a flood of what never comes again costs its share of memory and nothing
 * else.
 */
export class Recent<K, V> {
  private newer = new Map<K, V>();
  private older = new Map<K, V>();
  private readonly half: number;

  /** @param half entries of each half. */
  constructor(half: number) {
    this.half = half;
  }

  get size(): number {
    return this.newer.size + this.older.size;
  }

  get(key: K): V | undefined {
    const found = this.newer.get(key);
    if (found !== undefined) return found;
    const old = this.older.get(key);
    if (old === undefined) return undefined;
    this.older.delete(key);
    this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.newer.size >= this.half && !this.newer.has(key)) {
      this.older = this.newer;
      this.newer = new Map();
    }
    this.newer.set(key, value);
  }

  clear(): void {
    this.newer.clear();
    this.older.clear();
  }
}
