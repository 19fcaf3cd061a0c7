/**
 * Deleted ranges of keys, cut where they overlap: sorted fragments, each with the sequence numbers of the
 * deletes that cover it, falling.
 *
 * There are few of them beside the entries, so they are plain objects. Adding costs a walk over the
 * fragments that the new range touches.
 */
import { compareBytes } from '../../base/index.ts';
import type { RangeDelete } from './types.ts';

export interface Fragment {
  /** Inclusive. */
  from: Buffer;
  /** Exclusive. */
  to: Buffer;
  /** Falling. */
  sequences: number[];
}

export class RangeDeletes {
  readonly fragments: Fragment[] = [];

  get size(): number {
    return this.fragments.length;
  }

  /** Adds a deleted range, with any sequence numbers. */
  add({ from, to, sequence }: RangeDelete): void {
    const { fragments } = this;
    const first = this.firstEndingAfter(from, 0, from.length);
    const made: Fragment[] = [];
    let at = from;
    let nth = first;
    for (; nth < fragments.length; nth++) {
      const old = fragments[nth]!;
      if (old.from.compare(to) >= 0) break;
      if (old.from.compare(at) < 0) made.push({ ...old, to: at, sequences: [...old.sequences] });
      else if (at.compare(old.from) < 0)
        made.push({ from: at, to: old.from, sequences: [sequence] });
      const begin = at.compare(old.from) < 0 ? old.from : at;
      const end = to.compare(old.to) < 0 ? to : old.to;
      made.push({ from: begin, to: end, sequences: insertFalling(old.sequences, sequence) });
      if (end.compare(old.to) < 0) made.push({ from: end, to: old.to, sequences: old.sequences });
      at = end;
    }
    if (at.compare(to) < 0) made.push({ from: at, to, sequences: [sequence] });
    fragments.splice(first, nth - first, ...made);
  }

  /** The highest sequence number at or below `limit` of a delete that covers the key; 0: none does. */
  covering(key: Buffer, start: number, length: number, limit: number): number {
    if (this.fragments.length === 0) return 0;
    const nth = this.firstEndingAfter(key, start, length);
    const fragment = this.fragments[nth];
    if (fragment === undefined) return 0;
    const { from } = fragment;
    if (compareBytes(from, 0, from.length, key, start, length) > 0) return 0;
    for (const sequence of fragment.sequences) if (sequence <= limit) return sequence;
    return 0;
  }

  /** Index of the first fragment whose end is above a key. */
  private firstEndingAfter(key: Buffer, start: number, length: number): number {
    let low = 0;
    let high = this.fragments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { to } = this.fragments[middle]!;
      if (compareBytes(to, 0, to.length, key, start, length) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function insertFalling(sequences: readonly number[], sequence: number): number[] {
  if (sequences.includes(sequence)) return [...sequences];
  const at = sequences.findIndex((other) => other < sequence);
  const made = [...sequences];
  made.splice(at < 0 ? made.length : at, 0, sequence);
  return made;
}
