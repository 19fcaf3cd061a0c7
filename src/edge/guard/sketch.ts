/**
 * How often each of any number of keys came of late, in a fixed amount of memory: a count-min sketch with conservative
 * update (Cormode and Muthukrishnan 2005; Estan and Varghese 2002) whose counts halve with every window.
 *
 *     cell: 12 bits of the window it was written in, 20 bits of count
 *
 * A cell is brought up to date when it is looked at, so that no window costs a sweep. A key that comes n times a
 * window is estimated between n and 2n. Invariant: the estimate is never less than the key's own halved count, and more
 * only where all its cells are shared. A cell that nobody touched for exactly 4,096 windows, or so many times that,
 * looks young; whoever it belongs to is then watched more closely than needed, and nothing else.
 * Hot: bench/edge-guard.ts.
 */
const ROWS = 4;
const COUNT_BITS = 20;
const COUNT_MAX = 2 ** COUNT_BITS - 1;
const WINDOW_MASK = 0xfff;
const CELL_BYTES = 4;

export class Sketch {
  readonly bytes: number;
  private readonly cells: Uint32Array;
  private readonly width: number;

  /** @param bytesMax takes the greatest power of two that fits. */
  constructor(bytesMax: number) {
    this.width = 2 ** Math.floor(Math.log2(Math.max(16, bytesMax / (ROWS * CELL_BYTES))));
    this.bytes = this.width * ROWS * CELL_BYTES;
    this.cells = new Uint32Array(this.width * ROWS);
  }

  /**
   * Counts a key `weight` times in a window (a number that rises by one with each).
   * @param hash of the key, 32 bits.
   * @returns the estimate, this time included.
   */
  add(hash: number, weight: number, window: number): number {
    const { cells, width } = this;
    const mask = width - 1;
    const stamp = window & WINDOW_MASK;
    const step = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 1;
    const at0 = hash & mask;
    const at1 = width + ((hash + step) & mask);
    const at2 = width * 2 + ((hash + step * 2) & mask);
    const at3 = width * 3 + ((hash + step * 3) & mask);
    const count0 = countOf(cells[at0]!, stamp);
    const count1 = countOf(cells[at1]!, stamp);
    const count2 = countOf(cells[at2]!, stamp);
    const count3 = countOf(cells[at3]!, stamp);
    const others = Math.min(Math.min(count0, count1), Math.min(count2, count3));
    const least = Math.min(COUNT_MAX, others + weight);
    const top = stamp << COUNT_BITS;
    // Counts of others that are greater already are right for this key too.
    if (count0 <= least) cells[at0] = top | least;
    if (count1 <= least) cells[at1] = top | least;
    if (count2 <= least) cells[at2] = top | least;
    if (count3 <= least) cells[at3] = top | least;
    return least;
  }

  clear(): void {
    this.cells.fill(0);
  }
}

/** The count of a cell in the window of `stamp`. */
function countOf(cell: number, stamp: number): number {
  const age = (stamp - (cell >>> COUNT_BITS)) & WINDOW_MASK;
  return age > COUNT_BITS ? 0 : (cell & COUNT_MAX) >>> age;
}
