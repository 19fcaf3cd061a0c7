/** What is still to happen in a simulation, by its time; of two at the same moment the earlier asked for comes first. */
export interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Queue {
  nowMs = 0;
  private readonly heap: Happening[] = [];
  private orders = 0;

  in(delayMs: number, run: () => void): void {
    const { heap } = this;
    const happening = { atMs: this.nowMs + delayMs, order: this.orders++, run };
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(happening, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = happening;
  }

  runUntil(endMs: number): void {
    for (;;) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > endMs) break;
      this.removeFirst();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  private removeFirst(): void {
    const { heap } = this;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
