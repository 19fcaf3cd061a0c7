/**
 * The sequence numbers that somebody still reads at: rewrites keep what they see.
 */
import type { Snapshot } from './types.ts';

export class Snapshots {
  private readonly holders = new Map<number, number>();

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

  /** Rising. */
  list(): number[] {
    return [...this.holders.keys()].sort((a, b) => a - b);
  }
}
