/**
 * Pools of objects that are reused, but never while something on the stack may still refer to them.
 *
 *     take ─▶ in use ─give─▶ rests ──wake, at the base of the next event──▶ taken again
 *
 * Why: what ends a message is often called from within the delivery of its last byte, and the callers above go on
 * touching the object they hold. What rests is left alone until the stack has unwound: `wakePools` is called
 * first thing by whoever gets an event from the transport, which never calls inside a call of ours.
 *
 * Invariants: an object given back is not taken before the next `wakePools`; what does not fit is dropped.
 */

/** Those in which something rests. */
const resting: RestingPool<unknown>[] = [];

export class RestingPool<T> {
  private readonly max: number;
  private readonly ready: T[] = [];
  private readonly rest: T[] = [];

  /** @param max objects kept. */
  constructor(max: number) {
    this.max = max;
  }

  take(): T | undefined {
    return this.ready.pop();
  }

  give(object: T): void {
    if (this.ready.length + this.rest.length >= this.max) return;
    if (this.rest.length === 0) resting.push(this);
    this.rest.push(object);
  }

  /** Those that may be taken, and all. For tests and status. */
  get sizes(): { readonly ready: number; readonly all: number } {
    return { ready: this.ready.length, all: this.ready.length + this.rest.length };
  }

  wake(): void {
    const { rest, ready } = this;
    // `pop` keeps the memory of the list, `length = 0` would not.
    for (let one = rest.pop(); one !== undefined; one = rest.pop()) ready.push(one);
  }
}

/** Nothing on the stack refers to what was given back. */
export function wakePools(): void {
  for (let pool = resting.pop(); pool !== undefined; pool = resting.pop()) pool.wake();
}
