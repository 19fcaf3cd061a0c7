/**
 * Those who wait for their entries to become durable, in the order of their entries.
 *
 * A callback may append, flush and wait again, and a write may end within that: every callback is
 * called once, and `onDurable` never goes back.
 */
import { type FlushCallback, type LogIndex, logIndex } from './types.ts';

interface Waiting {
  readonly index: number;
  readonly done: FlushCallback;
}

export class Waiters {
  readonly #onDurable: ((index: LogIndex) => void) | undefined;
  #waiting: Waiting[] = [];
  /** `onDurable` has been told so far. */
  #toldIndex: number;

  constructor(durableIndex: number, onDurable: ((index: LogIndex) => void) | undefined) {
    this.#toldIndex = durableIndex;
    this.#onDurable = onDurable;
  }

  get count(): number {
    return this.#waiting.length;
  }

  add(index: number, done: FlushCallback): void {
    this.#waiting.push({ index, done });
  }

  /** Everything up to `durableIndex` is durable. */
  settle(durableIndex: number): void {
    const waiting = this.#waiting;
    let count = 0;
    while (count < waiting.length && waiting[count]!.index <= durableIndex) count++;
    if (count > 0) {
      this.#waiting = waiting.slice(count);
      for (let at = 0; at < count; at++) waiting[at]!.done(null);
    }
    if (durableIndex <= this.#toldIndex) return;
    this.#toldIndex = durableIndex;
    this.#onDurable?.(logIndex(durableIndex));
  }

  /** What they wait for has failed. */
  takeAll(): Waiting[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }
}
