/**
 * The sequence numbers that somebody still reads at, or will after a crash: rewrites keep what they see.
 */
import type { Snapshot } from './types.ts';

export class Snapshots {
  private readonly holders = new Map<number, number>();
  /** Where the owner's durable mark was reached; null: nobody goes back there. */
  private mark: number | null = null;

  get count(): number {
    let count = 0;
    for (const holders of this.holders.values()) count += holders;
    return count;
  }

  take(sequence: number): Snapshot {
    const { holders } = this;
    holders.set(sequence, (holders.get(sequence) ?? 0) + 1);
    let held = true;
    return {
      sequence,
      release() {
        if (!held) return;
        held = false;
        const left = holders.get(sequence)! - 1;
        if (left === 0) holders.delete(sequence);
        else holders.set(sequence, left);
      },
    };
  }

  /** Holds the durable mark from now on, and no longer the one before. */
  holdMark(sequence: number): void {
    this.mark = sequence;
  }

  /** Rising. @param nextMark where a mark was reached that is about to be durable. */
  list(nextMark = 0): number[] {
    const sequences = new Set(this.holders.keys());
    if (this.mark !== null) sequences.add(this.mark).add(Math.max(this.mark, nextMark));
    return [...sequences].sort((a, b) => a - b);
  }
}
