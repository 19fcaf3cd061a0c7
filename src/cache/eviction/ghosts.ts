/**
 * The hashes of objects that left lately, the oldest forgotten first: a ring, and the place of each hash in it.
 *
 * Invariant: never more than `limit`, and of a hash that stands in the ring twice the later place counts.
 */
export class Ghosts {
  private ring: Uint32Array = new Uint32Array(64);
  /** Places that were ever left behind, and given: a place modulo the ring's length is where it lies. */
  private first = 0;
  private next = 0;
  private readonly places = new Map<number, number>();

  get count(): number {
    return this.places.size;
  }

  /** Remembers one; those beyond the limit, the oldest, are forgotten. */
  add(hash: number, limit: number): void {
    if (this.places.has(hash)) return;
    if (this.next - this.first === this.ring.length) this.makeRoom();
    this.ring[this.next % this.ring.length] = hash;
    this.places.set(hash, this.next++);
    while (this.places.size > limit) this.forgetOldest();
  }

  /** Whether it left lately; it is forgotten now, since it is back. */
  take(hash: number): boolean {
    return this.places.delete(hash);
  }

  private forgetOldest(): void {
    const hash = this.ring[this.first % this.ring.length]!;
    // One that was taken meanwhile has left its place behind, and may have another one now.
    if (this.places.get(hash) === this.first) this.places.delete(hash);
    this.first++;
  }

  /** Room for more: first what taken ones have left behind, then twice as much. */
  private makeRoom(): void {
    const kept: number[] = [];
    for (let place = this.first; place < this.next; place++) {
      const hash = this.ring[place % this.ring.length]!;
      if (this.places.get(hash) === place) kept.push(hash);
    }
    const size = kept.length * 2 > this.ring.length ? this.ring.length * 2 : this.ring.length;
    this.ring = new Uint32Array(size);
    this.ring.set(kept);
    for (const [place, hash] of kept.entries()) this.places.set(hash, place);
    this.first = 0;
    this.next = kept.length;
  }
}
