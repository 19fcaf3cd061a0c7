/** The digests of one body in the threads that make them. */
import type { Thread } from '../../../core/runtime/index.ts';
import { S3Error } from '../errors.ts';
import { type DigestOrder, SLOT_BYTES } from './digest-thread.ts';
import type { DigestName, Digests, RunningDigests } from './running-digests.ts';
import type { SlotHolder, Slots } from './slots.ts';

/** A thread with what is in it. */
export interface Hand {
  readonly thread: Thread;
  readonly bodies: Set<ThreadedDigests>;
  /** Slots that it has not given back. */
  readonly slots: Set<number>;
  /** Sum of the costs of what it makes. */
  load: number;
  /** It has begun to work. */
  isReady: boolean;
}

/** What one thread makes of one body. */
export interface Lane {
  readonly hand: Hand;
  readonly names: DigestName[];
}

export class ThreadedDigests implements RunningDigests, SlotHolder {
  readonly id: number;
  readonly lanes: readonly Lane[];
  held = 0;
  readonly #slots: Slots;
  readonly #onLeave: () => void;
  readonly #digests = new Map<DigestName, Buffer>();
  readonly #whole = Promise.withResolvers<Digests>();
  #lanesLeft: number;
  #state: 'running' | 'done' | 'failed' = 'running';
  #slot = -1;
  #filled = 0;

  constructor(id: number, lanes: readonly Lane[], slots: Slots, onLeave: () => void) {
    this.id = id;
    this.lanes = lanes;
    this.#slots = slots;
    this.#onLeave = onLeave;
    this.#lanesLeft = lanes.length;
    // It may fail before anybody asks.
    this.#whole.promise.catch(() => {});
  }

  update(bytes: Buffer): Promise<void> | undefined {
    if (this.#state !== 'running') throw new S3Error('InternalError');
    const taken = this.#copy(bytes, 0);
    if (taken < bytes.length) return this.#copyRest(bytes, taken);
    if (this.#slots.areShort) this.send();
    return undefined;
  }

  finish(): Promise<Digests> {
    if (this.#state === 'running') {
      this.send();
      for (const { hand } of this.lanes) order(hand, { kind: 'end', body: this.id });
    }
    return this.#whole.promise;
  }

  drop(): void {
    if (this.#state !== 'running') return;
    this.#leave('done');
    this.#whole.reject(new S3Error('InternalError'));
  }

  /** A thread of it has died. */
  fail(): void {
    if (this.#state !== 'running') return;
    this.#leave('failed');
    this.#whole.reject(new S3Error('InternalError'));
  }

  /** Of one thread. */
  made(digests: readonly (readonly [DigestName, Uint8Array])[]): void {
    for (const [name, digest] of digests) this.#digests.set(name, Buffer.from(digest));
    this.#lanesLeft--;
    if (this.#lanesLeft > 0) return;
    this.#leave('done');
    this.#whole.resolve(this.#digests);
  }

  send(): void {
    const [slot, bytes] = [this.#slot, this.#filled];
    if (bytes === 0) return;
    this.#slot = -1;
    this.#filled = 0;
    this.#slots.sent(slot, this, this.lanes.length);
    for (const { hand } of this.lanes) {
      hand.slots.add(slot);
      order(hand, { kind: 'bytes', body: this.id, slot, bytes });
    }
  }

  give(slot: number): void {
    this.#slot = slot;
  }

  /** How many bytes of it are on their way when it returns. */
  #copy(bytes: Buffer, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.#slot === -1) {
        const slot = this.#slots.take(this);
        if (slot === undefined) return at;
        this.#slot = slot;
      }
      const length = Math.min(SLOT_BYTES - this.#filled, bytes.length - at);
      this.#slots.copy(this.#slot, this.#filled, bytes, at, at + length);
      this.#filled += length;
      at += length;
      if (this.#filled === SLOT_BYTES) this.send();
    }
    return at;
  }

  async #copyRest(bytes: Buffer, from: number): Promise<void> {
    for (let at = from; at < bytes.length; at = this.#copy(bytes, at)) {
      await this.#slots.wait(this);
      if (this.#state !== 'running') throw new S3Error('InternalError');
    }
    if (this.#slots.areShort) this.send();
  }

  #leave(state: 'done' | 'failed'): void {
    const isAbandoned = this.#lanesLeft > 0;
    this.#state = state;
    this.#slots.cancel(this);
    if (this.#slot !== -1) this.#slots.giveBack(this.#slot);
    this.#slot = -1;
    this.#filled = 0;
    if (isAbandoned) {
      for (const { hand } of this.lanes) order(hand, { kind: 'drop', body: this.id });
    }
    this.#onLeave();
  }
}

export function order({ thread }: Hand, what: DigestOrder): void {
  thread.post(what);
}
