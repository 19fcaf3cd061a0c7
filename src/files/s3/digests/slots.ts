/**
 * The memory on the way to the threads that make digests, in slots that bodies take in turn.
 *
 * Invariants: a body holds no more than its share, which is at least one slot; while somebody waits for want of slots
 * none stays half filled by a body whose client sends nothing.
 */
import { S3Error } from '../errors.ts';
import { SLOT_BYTES } from './digest-thread.ts';

/** A body that has slots. */
export interface SlotHolder {
  /** Slots. */
  held: number;
  /** For which it has waited. */
  give(slot: number): void;
  /** What is in the slot that it fills goes to the threads, full or not. */
  send(): void;
}

export class Slots {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Buffer;
  readonly #bodyCount: () => number;
  readonly #free: number[];
  /** By slot: who filled it, and how many threads have not given it back. */
  readonly #holders: { body: SlotHolder | undefined; threads: number }[];
  readonly #open = new Set<SlotHolder>();
  /** In the order of their coming. */
  readonly #waiting = new Map<SlotHolder, PromiseWithResolvers<void>>();

  constructor(count: number, bodyCount: () => number) {
    this.memory = new SharedArrayBuffer(count * SLOT_BYTES);
    this.#bytes = Buffer.from(this.memory);
    this.#bodyCount = bodyCount;
    // The first is taken first, again and again: memory that nobody needs is never touched.
    this.#free = Array.from({ length: count }, (_, slot) => count - 1 - slot);
    this.#holders = this.#free.map(() => ({ body: undefined, threads: 0 }));
  }

  get held(): number {
    return this.#holders.length - this.#free.length;
  }

  /** Somebody waits, and there is none: what is half filled goes on its way. */
  get areShort(): boolean {
    return this.#waiting.size > 0 && this.#free.length === 0;
  }

  /** Undefined: wait by `wait`. */
  take(body: SlotHolder): number | undefined {
    // Who waits now waits for a slot of its own share, or there is none: nobody is overtaken.
    const share = Math.max(1, Math.floor(this.#holders.length / this.#bodyCount()));
    if (body.held >= share) return undefined;
    const slot = this.#free.pop();
    if (slot === undefined) return undefined;
    this.#holders[slot] = { body, threads: 0 };
    body.held++;
    this.#open.add(body);
    return slot;
  }

  /** Done when the body was given one. */
  wait(body: SlotHolder): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(body, waiting);
    if (this.areShort) for (const each of [...this.#open]) each.send();
    return waiting.promise;
  }

  cancel(body: SlotHolder): void {
    this.#waiting.get(body)?.reject(new S3Error('InternalError'));
    this.#waiting.delete(body);
  }

  /** Not by `set`, which takes ten times as long for shared memory unless both begin at a whole word. */
  copy(slot: number, at: number, bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#bytes, slot * SLOT_BYTES + at, start, end);
  }

  /** The slot is with so many threads. */
  sent(slot: number, body: SlotHolder, threads: number): void {
    this.#open.delete(body);
    this.#holders[slot] = { body, threads };
  }

  /** A thread has done with it, or its body without any. */
  giveBack(slot: number): void {
    const holder = this.#holders[slot];
    if (holder === undefined || --holder.threads > 0) return;
    if (holder.body !== undefined) {
      holder.body.held--;
      this.#open.delete(holder.body);
    }
    holder.body = undefined;
    this.#free.push(slot);
    this.serve();
  }

  serve(): void {
    for (const [body, { resolve }] of this.#waiting) {
      if (this.#free.length === 0) return;
      const slot = this.take(body);
      if (slot === undefined) continue;
      this.#waiting.delete(body);
      body.give(slot);
      resolve();
    }
  }
}
