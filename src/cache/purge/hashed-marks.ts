/**
 * Sequences of purges by the hash of what they name: a place of fixed size for all that is not known by name any
 * more.
 *
 * Invariant: a mark never falls, so no purge is forgotten; names with one hash share a mark, so that at worst too
 * much is stale.
 */

export class HashedMarks {
  readonly slots: number;
  /** Made when the first mark comes. */
  private hard: Float64Array | null = null;
  private soft: Float64Array | null = null;

  /** @param slots a power of two. */
  constructor(slots: number) {
    this.slots = slots;
  }

  get bytes(): number {
    return (this.hard?.byteLength ?? 0) + (this.soft?.byteLength ?? 0);
  }

  slotOf(name: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    // FNV-1a leaves the low bits of like names near to each other.
    return (hash ^ (hash >>> 15)) & (this.slots - 1);
  }

  /** Sequence of the last purge that forgets, 0: none. */
  hardAt(slot: number): number {
    return this.hard === null ? 0 : this.hard[slot]!;
  }

  /** Sequence of the last purge that makes stale, 0: none. */
  softAt(slot: number): number {
    return this.soft === null ? 0 : this.soft[slot]!;
  }

  raise(slot: number, hard: number, soft: number): void {
    if (hard > 0) {
      this.hard ??= new Float64Array(this.slots);
      if (hard > this.hard[slot]!) this.hard[slot] = hard;
    }
    if (soft > 0) {
      this.soft ??= new Float64Array(this.slots);
      if (soft > this.soft[slot]!) this.soft[slot] = soft;
    }
  }
}
