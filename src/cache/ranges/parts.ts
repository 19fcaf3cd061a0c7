/**
 * Which bytes of a representation are there: sorted intervals that neither overlap nor touch.
 *
 *     bounds   start0 end0 start1 end1 ...      start0 < end0 < start1 < end1 ...
 */
import { invariant } from '../../core/base/index.ts';
import type { Part } from '../policy/index.ts';

/** Intervals of one representation: what comes in more crumbs is not kept. */
export const PARTS_MAX = 256;

export class Parts {
  /** Of the whole representation. */
  readonly lengthBytes: number;
  private readonly bounds: number[] = [];
  private held = 0;

  constructor(lengthBytes: number) {
    this.lengthBytes = lengthBytes;
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.held;
  }

  get count(): number {
    return this.bounds.length / 2;
  }

  /** All of it is there: it is as good as a 200 (RFC 9110 section 15.3.7.3). */
  get isComplete(): boolean {
    return this.held === this.lengthBytes;
  }

  /** False, and nothing is changed: that would be one interval too many. */
  add({ start, end }: Part): boolean {
    const { bounds, lengthBytes } = this;
    invariant(0 <= start && start < end && end <= lengthBytes, 'a part lies in its representation');
    // Those from `first` up to and without `last` overlap or touch it.
    const first = this.endingFrom(start);
    let last = first;
    let [from, to, replaced] = [start, end, 0];
    for (; last < bounds.length && bounds[last]! <= end; last += 2) {
      from = Math.min(from, bounds[last]!);
      to = Math.max(to, bounds[last + 1]!);
      replaced += bounds[last + 1]! - bounds[last]!;
    }
    if (first === last && this.count === PARTS_MAX) return false;
    bounds.splice(first, last - first, from, to);
    this.held += to - from - replaced;
    return true;
  }

  /** Whether all of it is there. */
  holds({ start, end }: Part): boolean {
    if (start === end) return true;
    const at = this.endingFrom(end);
    return at < this.bounds.length && this.bounds[at]! <= start;
  }

  /** What of a part is not there, in order: what a cache asks its origin for (RFC 9111 section 3.3). */
  missing({ start, end }: Part): Part[] {
    const { bounds } = this;
    const gaps: Part[] = [];
    let from = start;
    for (let at = this.endingFrom(start); at < bounds.length && bounds[at]! < end; at += 2) {
      if (bounds[at]! > from) gaps.push({ start: from, end: bounds[at]! });
      from = Math.max(from, bounds[at + 1]!);
    }
    if (from < end) gaps.push({ start: from, end });
    return gaps;
  }

  list(): Part[] {
    const parts: Part[] = [];
    for (let at = 0; at < this.bounds.length; at += 2) {
      parts.push({ start: this.bounds[at]!, end: this.bounds[at + 1]! });
    }
    return parts;
  }

  /** Index in `bounds` of the first interval that ends at `position` or behind it. */
  private endingFrom(position: number): number {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.bounds[middle * 2 + 1]! < position) low = middle + 1;
      else high = middle;
    }
    return low * 2;
  }
}
