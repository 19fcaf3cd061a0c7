/**
 * Several cursors as one: all their entries by key, versions of a key by falling sequence number.
 *
 * It goes one way: after `seekFirst` or `seek` forwards, after `seekLast` or `seekBefore` backwards
 * (versions of a key then come oldest first). Sources stand in a binary heap by their entries.
 *
 * Benchmark: bench/lsm.
 */
import { compareBytes, invariant } from '../../base/index.ts';
import { At, type Cursor, Standing } from './cursor.ts';

export class MergeCursor extends Standing implements Cursor {
  private readonly sources: readonly Cursor[];
  /** Sources that stand on an entry; the first is the one at hand. */
  private readonly heap: Cursor[] = [];
  private forward = true;

  constructor(sources: readonly Cursor[]) {
    super();
    this.sources = sources;
  }

  seekFirst(): void {
    this.forward = true;
    for (const source of this.sources) source.seekFirst();
    this.gather();
  }

  seekLast(): void {
    this.forward = false;
    for (const source of this.sources) source.seekLast();
    this.gather();
  }

  seek(key: Buffer, start: number, length: number): void {
    this.forward = true;
    for (const source of this.sources) source.seek(key, start, length);
    this.gather();
  }

  seekBefore(key: Buffer, start: number, length: number): void {
    this.forward = false;
    for (const source of this.sources) source.seekBefore(key, start, length);
    this.gather();
  }

  next(): void {
    invariant(this.forward, 'a merge goes one way');
    const top = this.heap[0]!;
    this.at = At.cold;
    top.next();
    this.settle(top);
  }

  previous(): void {
    invariant(!this.forward, 'a merge goes one way');
    const top = this.heap[0]!;
    this.at = At.cold;
    top.previous();
    this.settle(top);
  }

  async load(): Promise<void> {
    for (const source of this.sources) {
      while (source.at === At.cold) await source.load();
    }
    this.gather();
  }

  loadNow(): void {
    for (const source of this.sources) {
      while (source.at === At.cold) source.loadNow();
    }
    this.gather();
  }

  close(): void {
    for (const source of this.sources) source.close();
  }

  /** The source at the top of the heap has moved. */
  private settle(top: Cursor): void {
    if (top.at === At.cold) {
      this.at = At.cold;
      return;
    }
    if (top.at === At.end) {
      const last = this.heap.pop()!;
      if (last !== top) this.heap[0] = last;
    }
    this.sink(0);
    this.showTop();
  }

  private gather(): void {
    const { heap } = this;
    heap.length = 0;
    for (const source of this.sources) {
      if (source.at === At.cold) {
        this.at = At.cold;
        return;
      }
      if (source.at === At.entry) heap.push(source);
    }
    for (let nth = (heap.length >>> 1) - 1; nth >= 0; nth--) this.sink(nth);
    this.showTop();
  }

  private showTop(): void {
    const top = this.heap[0];
    this.at = top === undefined ? At.end : At.entry;
    if (top !== undefined) this.show(top);
  }

  private sink(from: number): void {
    const { heap } = this;
    const moving = heap[from];
    if (moving === undefined) return;
    let nth = from;
    for (;;) {
      let child = nth * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.isBefore(heap[child]!, moving)) break;
      heap[nth] = heap[child]!;
      nth = child;
    }
    heap[nth] = moving;
  }

  private isBefore(a: Cursor, b: Cursor): boolean {
    const keys = compareBytes(a.key, a.keyStart, a.keyLength, b.key, b.keyStart, b.keyLength);
    const order = keys === 0 ? b.sequence - a.sequence : keys;
    return this.forward ? order < 0 : order > 0;
  }
}
