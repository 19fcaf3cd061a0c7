/**
 * Which versions a rewrite keeps: those that some snapshot, or the present, can see.
 *
 * Snapshots part the sequence numbers into stripes: everything in one stripe is seen by the same
 * snapshots, so of each key only the newest version in a stripe matters, and a delete hides what stands
 * below it in its stripe. In the lowest stripe, and where no deeper level holds the key, a delete hides
 * nothing any more and goes too.
 */
import { compareBytes } from '../../base/index.ts';
import type { Cursor } from './cursor.ts';
import { Kind, SEQUENCE_MAX } from './kind.ts';
import type { Fragment, RangeDeletes } from './range-deletes.ts';
import type { KeyRange } from './types.ts';

export interface RetentionOptions {
  /** Sequence numbers of snapshots, rising. */
  readonly snapshots: readonly number[];
  readonly nowMs: number;
  /** Deleted ranges in what is rewritten. */
  readonly deletes: RangeDeletes;
  /** What deeper levels hold, sorted; null: anything, as far as is known. */
  readonly below: readonly KeyRange[] | null;
}

export class Retention {
  /** The sequence number and kind to write the kept version with. */
  sequence = 0;
  expired = false;
  private readonly options: RetentionOptions;
  private lastKey: Buffer = Buffer.allocUnsafeSlow(256);
  private lastKeyLength = -1;
  private lastStripe = -1;
  private keyIsBelow = false;
  private belowNth = 0;

  constructor(options: RetentionOptions) {
    this.options = options;
  }

  /** Whether the entry at hand is the first version of its key; call it once for each, in order. */
  isNewKey(cursor: Cursor): boolean {
    const { key, keyStart, keyLength } = cursor;
    if (this.lastKeyLength >= 0) {
      const order = compareBytes(this.lastKey, 0, this.lastKeyLength, key, keyStart, keyLength);
      if (order === 0) return false;
    }
    if (this.lastKey.length < keyLength) this.lastKey = Buffer.allocUnsafeSlow(keyLength * 2);
    key.copy(this.lastKey, 0, keyStart, keyStart + keyLength);
    this.lastKeyLength = keyLength;
    this.lastStripe = -1;
    this.keyIsBelow = this.isBelow(key, keyStart, keyLength);
    return true;
  }

  /** Whether the version at hand is kept; `sequence` and `expired` say how. After `isNewKey`. */
  keeps(cursor: Cursor): boolean {
    const { snapshots, nowMs, deletes } = this.options;
    const { sequence } = cursor;
    const stripe = stripeOf(snapshots, sequence);
    if (stripe === this.lastStripe) return false;
    const limit = snapshots[stripe] ?? SEQUENCE_MAX;
    // A delete of a range hides this version, and with it all older ones of the stripe.
    const hidden =
      deletes.size > 0 &&
      deletes.covering(cursor.key, cursor.keyStart, cursor.keyLength, limit) > sequence;
    this.lastStripe = stripe;
    if (hidden) return false;
    const { kind, expiresAtMs } = cursor;
    this.expired = kind === Kind.putUntil && expiresAtMs <= nowMs;
    const isLast = stripe === 0 && !this.keyIsBelow;
    if (isLast && (this.expired || kind === Kind.delete)) return false;
    // A kept delete of a range must go on to stand below the versions that came after it.
    const { key, keyStart, keyLength } = cursor;
    const covered =
      deletes.size > 0 && deletes.covering(key, keyStart, keyLength, SEQUENCE_MAX) > 0;
    this.sequence = isLast && !covered ? 0 : sequence;
    return true;
  }

  /** What is left of the deleted ranges. */
  keptFragments(): Fragment[] {
    const { snapshots, deletes } = this.options;
    const kept: Fragment[] = [];
    for (const { from, to, sequences } of deletes.fragments) {
      const isBelow = this.overlapsBelow(from, to);
      const needed = sequences.filter((sequence, nth) => {
        const stripe = stripeOf(snapshots, sequence);
        const newer = sequences[nth - 1];
        if (newer !== undefined && stripeOf(snapshots, newer) === stripe) return false;
        return stripe > 0 || isBelow;
      });
      if (needed.length > 0) kept.push({ from, to, sequences: needed });
    }
    return kept;
  }

  /** Keys come in order, so the ranges below are walked once. */
  private isBelow(key: Buffer, start: number, length: number): boolean {
    const { below } = this.options;
    if (below === null) return true;
    for (; this.belowNth < below.length; this.belowNth++) {
      const { smallest, end } = below[this.belowNth]!;
      if (compareBytes(end, 0, end.length, key, start, length) <= 0) continue;
      return compareBytes(smallest, 0, smallest.length, key, start, length) <= 0;
    }
    return false;
  }

  private overlapsBelow(from: Buffer, to: Buffer): boolean {
    const { below } = this.options;
    if (below === null) return true;
    return below.some(({ smallest, end }) => smallest.compare(to) < 0 && from.compare(end) < 0);
  }
}

/** How many snapshots are below a sequence number: it is seen by those from there on. */
export function stripeOf(snapshots: readonly number[], sequence: number): number {
  let low = 0;
  let high = snapshots.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (snapshots[middle]! < sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
