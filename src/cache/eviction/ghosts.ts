/**
 * The hashes of objects that left lately, the oldest forgotten first: a ring, and the set of those that stand in it.
 *
 * Invariant: never more than `limit`, and a hash stands there once at most.
 */
export class Ghosts {
  private ring: Uint32Array = new Uint32Array(64);
  private first = 0;
  private length = 0;
  private readonly present = new Set<number>();

  get count(): number {
    return this.present.size;
  }

  /** Remembers one; those beyond the limit, the oldest, are forgotten. */
  add(hash: number, limit: number): void {
    if (this.present.has(hash)) return;
    if (this.length === this.ring.length) this.grow();
    this.ring[(this.first + this.length++) % this.ring.length] = hash;
    this.present.add(hash);
    while (this.present.size > limit) this.forgetOldest();
  }

  /** Whether it left lately; it is forgotten now, since it is back. */
  take(hash: number): boolean {
    return this.present.delete(hash);
  }

  private forgetOldest(): void {
    // One that was taken meanwhile has left its place in the ring, and if it left again has two: the older one
    // counts, which is a little early.
    this.present.delete(this.ring[this.first]!);
    this.first = (this.first + 1) % this.ring.length;
    this.length--;
  }

  /** Room for more: first what taken ones have left behind, then twice as much. */
  private grow(): void {
    const kept: number[] = [];
    const seen = new Set<number>();
    for (let i = this.length - 1; i >= 0; i--) {
      const hash = this.ring[(this.first + i) % this.ring.length]!;
      if (!this.present.has(hash) || seen.has(hash)) continue;
      seen.add(hash);
      kept.push(hash);
    }
    kept.reverse();
    const size = kept.length * 2 > this.ring.length ? this.ring.length * 2 : this.ring.length;
    this.ring = new Uint32Array(size);
    this.ring.set(kept);
    this.first = 0;
    this.length = kept.length;
  }
}
