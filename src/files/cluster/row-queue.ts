/** Rows in the order in which they came. A million take 4 MB. */

export class RowQueue {
  length = 0;
  private ring = new Uint32Array(64);
  private head = 0;

  push(row: number): void {
    if (this.length === this.ring.length) this.grow();
    this.ring[(this.head + this.length++) & (this.ring.length - 1)] = row;
  }

  /** -1: there is none. */
  shift(): number {
    if (this.length === 0) return -1;
    const row = this.ring[this.head]!;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.length--;
    return row;
  }

  /** Drops what does not hold, and what is there twice. */
  keep(holds: (row: number) => boolean): void {
    const seen = new Set<number>();
    for (let left = this.length; left > 0; left--) {
      const row = this.shift();
      if (seen.has(row) || !holds(row)) continue;
      seen.add(row);
      this.push(row);
    }
  }

  private grow(): void {
    const { ring, head, length } = this;
    this.ring = new Uint32Array(length * 2);
    this.ring.set(ring.subarray(head));
    this.ring.set(ring.subarray(0, head), length - head);
    this.head = 0;
  }
}
