/** Counts of times in steps of 3 % at most, exact below 64 µs. */

const SUB_BITS = 5;
const SUBS = 2 ** SUB_BITS;

export class Histogram {
  private readonly counts = new Float64Array(SUBS * 32);
  private total = 0;
  private largest = 0;

  /** Adds `count` times of so many microseconds. */
  add(micros: number, count: number): void {
    const whole = Math.min(Math.max(Math.trunc(micros), 0), 0x7fffffff);
    if (whole > this.largest) this.largest = whole;
    const shift = Math.max(0, 31 - Math.clz32(whole | 1) - SUB_BITS);
    const at = shift * SUBS + (whole >>> shift);
    this.counts[at] = this.counts[at]! + count;
    this.total += count;
  }

  /** The time that so many percent do not exceed, milliseconds. */
  percentile(percent: number): number {
    const wanted = (this.total * percent) / 100;
    let seen = 0;
    for (let at = 0; at < this.counts.length; at++) {
      seen += this.counts[at]!;
      if (seen >= wanted && seen > 0) return upperMicros(at) / 1000;
    }
    return Number.NaN;
  }

  get maxMs(): number {
    return this.largest / 1000;
  }
}

/** The largest time that is counted at a place. */
function upperMicros(at: number): number {
  const shift = Math.max(0, (at >> SUB_BITS) - 1);
  return (at - shift * SUBS + 1) * 2 ** shift - 1;
}
