/**
 * A table of a fixed number of rows by prefix and tag: sets of eight ways, of which the one that was not touched for
 * longest makes room. A row can be pinned until a time and then goes last.
 *
 * Its owner keeps what belongs to a row in arrays of its own by the row's number, and clears them in `onPlaced`.
 * Nothing is allocated after the table was made. Invariant: a key has one row at most. Hot: bench/edge-guard.ts.
 */
const WAYS = 8;
const FREE = 0;
/** What one row takes here, bytes. */
export const ROW_BYTES = 32;

export class PrefixTable {
  readonly rows: number;
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  /** 0: the row is free. */
  readonly tag: Int32Array;
  /** Monotonic milliseconds. */
  readonly touchedMs: Float64Array;
  readonly pinnedMs: Float64Array;
  /** Rises when a row is given to another key. */
  readonly generation: Uint16Array;
  /** Rows in use. */
  used = 0;
  /** Rows that were taken from one key for another. */
  evicted = 0;
  private readonly setMask: number;

  /** @param rowsMax takes the greatest power of two that fits, 8 at least. */
  constructor(rowsMax: number) {
    this.rows = 2 ** Math.floor(Math.log2(Math.max(WAYS, rowsMax)));
    this.setMask = this.rows / WAYS - 1;
    this.a = new Uint32Array(this.rows);
    this.b = new Uint32Array(this.rows);
    this.tag = new Int32Array(this.rows);
    this.touchedMs = new Float64Array(this.rows);
    this.pinnedMs = new Float64Array(this.rows);
    this.generation = new Uint16Array(this.rows);
  }

  /** @returns the row, or -1. */
  find(hash: number, a: number, b: number, tag: number): number {
    const start = (hash & this.setMask) * WAYS;
    const end = start + WAYS;
    for (let row = start; row < end; row++) {
      if (this.b[row] === b && this.a[row] === a && this.tag[row] === tag) return row;
    }
    return -1;
  }

  /** A row for a key that has none. */
  place(hash: number, a: number, b: number, tag: number, nowMs: number): number {
    const row = this.roomIn((hash & this.setMask) * WAYS, nowMs);
    if (this.tag[row] === FREE) this.used++;
    else this.evicted++;
    this.a[row] = a;
    this.b[row] = b;
    this.tag[row] = tag;
    this.touchedMs[row] = nowMs;
    this.pinnedMs[row] = 0;
    this.generation[row] = this.generation[row]! + 1;
    this.onPlaced(row);
    return row;
  }

  /** The row is nobody's any more. */
  free(row: number): void {
    if (this.tag[row] === FREE) return;
    this.tag[row] = FREE;
    this.used--;
  }

  /** A row has another key: what was kept of it is forgotten. */
  protected onPlaced(_row: number): void {}

  private roomIn(start: number, nowMs: number): number {
    let best = start;
    let bestPinned = Number.POSITIVE_INFINITY;
    let bestTouched = Number.POSITIVE_INFINITY;
    for (let row = start; row < start + WAYS; row++) {
      if (this.tag[row] === FREE) return row;
      const pinned = this.pinnedMs[row]! > nowMs ? this.pinnedMs[row]! : 0;
      const touched = this.touchedMs[row]!;
      if (pinned < bestPinned || (pinned === bestPinned && touched < bestTouched)) {
        best = row;
        bestPinned = pinned;
        bestTouched = touched;
      }
    }
    return best;
  }
}
