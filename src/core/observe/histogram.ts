/**
 * A histogram of plain numbers, for latencies in milliseconds or sizes in bytes.
 *
 * Invariants: `counts[i]` holds the values v with bounds[i-1] < v <= bounds[i], its last element the
 * values above the last bound; recording allocates nothing and never throws.
 * Hot: `record` runs once a command or request.
 */
import { assertAscending } from './names.ts';

/** Upper bounds for latencies, milliseconds: 10 µs to 10 s, about three a decade. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
];

/** Upper bounds for sizes, bytes: 64 B to 64 MiB in steps of four. */
export const SIZE_BOUNDS_BYTES: readonly number[] = [
  64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
];

export class Histogram {
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
  /** Sum and largest of all values, in the unit of the bounds. */
  sum = 0;
  max = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    assertAscending(bounds);
    this.bounds = Float64Array.from(bounds);
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Count one value, given in the unit of the bounds. */
  record(value: number): void {
    const bounds = this.bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= bounds[middle]!) high = middle;
      else low = middle + 1;
    }
    this.counts[low]!++;
    this.count++;
    this.sum += value;
    if (value > this.max) this.max = value;
  }

  /**
   * The value below which the share `q` (0 to 1) of all values lies, interpolated within its bucket and
   * never above the largest value seen; 0 when nothing was recorded.
   */
  quantile(q: number): number {
    if (this.count === 0) return 0;
    const rank = q * this.count;
    let below = 0;
    for (let i = 0; i < this.counts.length; i++) {
      const here = this.counts[i]!;
      if (here > 0 && below + here >= rank) {
        const lower = i === 0 ? 0 : this.bounds[i - 1]!;
        const upper = Math.min(this.bounds[i] ?? this.max, this.max);
        return Math.min(lower + (upper - lower) * Math.max(0, (rank - below) / here), this.max);
      }
      below += here;
    }
    return this.max;
  }

  /** Forget everything recorded, as CONFIG RESETSTAT asks for. */
  reset(): void {
    this.counts.fill(0);
    this.count = 0;
    this.sum = 0;
    this.max = 0;
  }
}

/** A histogram with these upper bounds, which must be finite and ascend. */
export function createHistogram(bounds: readonly number[] = LATENCY_BOUNDS_MS): Histogram {
  return new Histogram(bounds);
}
