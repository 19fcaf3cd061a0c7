/**
 * Sequences of purges by what they name, the newest of them exactly: URLs or hosts.
 *
 * Invariant: bounded by `namesMax` and `bytesMax`; the oldest one is folded into its hash (hashed-marks.ts), so none is forgotten.
 */
import { HashedMarks } from './hashed-marks.ts';
import type { PurgeVerdict } from './purge.ts';

interface Marks {
  hard: number;
  soft: number;
}

export class NamedMarks {
  /** Sequence of the last purge. */
  newest = 0;
  private readonly namesMax: number;
  private readonly bytesMax: number;
  /** The purge longest ago first. */
  private readonly marks = new Map<string, Marks>();
  private readonly folded: HashedMarks;
  private nameBytes = 0;

  /** @param bytesMax of all names together. */
  constructor(namesMax: number, bytesMax: number, foldedSlots: number) {
    this.namesMax = namesMax;
    this.bytesMax = bytesMax;
    this.folded = new HashedMarks(foldedSlots);
  }

  /** Purges that are known by name. */
  get size(): number {
    return this.marks.size;
  }

  /** About what it takes of memory. */
  get bytes(): number {
    return this.nameBytes + this.marks.size * 96 + this.folded.bytes;
  }

  mark(name: string, seq: number, soft: boolean): void {
    this.newest = Math.max(this.newest, seq);
    const marks = this.marks.get(name) ?? { hard: 0, soft: 0 };
    if (!this.marks.delete(name)) this.nameBytes += name.length;
    if (soft) marks.soft = Math.max(marks.soft, seq);
    else marks.hard = Math.max(marks.hard, seq);
    this.marks.set(name, marks);
    while (this.marks.size > this.namesMax || this.nameBytes > this.bytesMax) this.foldOldest();
  }

  /** What purges behind `seq` say of a name. */
  verdictOn(name: string, seq: number): PurgeVerdict | undefined {
    if (this.newest <= seq) return undefined;
    const slot = this.folded.slotOf(name);
    const marks = this.marks.get(name);
    if (this.folded.hardAt(slot) > seq || (marks !== undefined && marks.hard > seq)) return 'hard';
    const isSoft = this.folded.softAt(slot) > seq || (marks !== undefined && marks.soft > seq);
    return isSoft ? 'soft' : undefined;
  }

  private foldOldest(): void {
    for (const [name, { hard, soft }] of this.marks) {
      this.marks.delete(name);
      this.nameBytes -= name.length;
      this.folded.raise(this.folded.slotOf(name), hard, soft);
      return;
    }
  }
}
