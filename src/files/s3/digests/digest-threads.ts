/**
 * Makes the digests of large bodies in threads beside the loop, which they would keep for longer than all else that
 * a PUT takes; of small ones here, where a message costs more than the digest.
 *
 *     update ──copy──▶ slot ──message──▶ the threads that have digests of this body ──free──▶ the next who waits
 *
 * Each digest of a body is bound to the thread that has the least to do, so those of one body may be made side by
 * side. Threads are started when all others have work, and end when there was none for a while.
 *
 * Invariants: the memory is that of the slots, whoever sends; a body holds no more than its share of them, which is
 * at least one; while somebody waits for want of slots none stays half filled by a body whose client sends nothing.
 * A thread that dies fails the bodies in it and no others. Without threads digests are made here.
 */
import type { Logger } from '../../../core/observe/index.ts';
import type { Clock, Thread, Threads, Timer } from '../../../core/runtime/index.ts';
import { S3Error } from '../errors.ts';
import { type DigestAnswer, type DigestOrder, SLOT_BYTES } from './digest-thread.ts';
import {
  type DigestMaker,
  type DigestName,
  type Digests,
  OwnDigests,
  type RunningDigests,
} from './running-digests.ts';

/** Bodies of so many bytes are worth the messages. */
export const THREADED_BYTES_MIN = 512 * 1024;
const SLOTS_PER_THREAD = 8;
const IDLE_MS = 30_000;
/** How long none is started behind one that ended before it had done anything. */
const RETRY_MS = 60_000;

/** Processor time of each for the same bytes, as measured (tenths of seconds a GiB). */
const COSTS: Readonly<Record<DigestName, number>> = {
  MD5: 14,
  CRC64NVME: 9,
  CRC32C: 8,
  SHA256: 6,
  SHA1: 6,
  CRC32: 3,
};

export interface DigestThreadsWorld {
  readonly threads: Threads;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Hand {
  readonly thread: Thread;
  readonly bodies: Set<ThreadedDigests>;
  /** Slots that it has not given back. */
  readonly slots: Set<number>;
  /** Sum of the costs of what it makes. */
  load: number;
  hasAnswered: boolean;
}

/** What one thread makes of one body. */
interface Lane {
  readonly hand: Hand;
  readonly names: DigestName[];
}

export class DigestThreads implements DigestMaker {
  readonly #world: DigestThreadsWorld;
  readonly #threadsMax: number;
  readonly #hands = new Set<Hand>();
  readonly #bodies = new Map<number, ThreadedDigests>();
  readonly #slots: Slots;
  #nextBody = 0;
  #notBeforeMs = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(world: DigestThreadsWorld, threadsMax: number) {
    this.#world = world;
    this.#threadsMax = threadsMax;
    this.#slots = new Slots(threadsMax * SLOTS_PER_THREAD, () => this.#bodies.size);
  }

  /** Slots that are held, bodies whose digests threads make, and threads. */
  get held(): { readonly slots: number; readonly bodies: number; readonly threads: number } {
    return { slots: this.#slots.held, bodies: this.#bodies.size, threads: this.#hands.size };
  }

  begin(names: readonly DigestName[], bodyBytes: number): RunningDigests {
    const lanes = bodyBytes < THREADED_BYTES_MIN ? [] : this.#lanesFor(names);
    if (lanes.length === 0) return new OwnDigests(names);
    this.#rest();
    const id = this.#nextBody++;
    const body = new ThreadedDigests(id, lanes, this.#slots, () => this.#leave(body));
    this.#bodies.set(id, body);
    for (const { hand, names: own } of lanes) {
      if (hand.bodies.size === 0) hand.thread.keepAlive(true);
      hand.bodies.add(body);
      order(hand, { kind: 'begin', body: id, names: own });
    }
    return body;
  }

  /** Ends the threads; bodies that are in them fail, and those that come are taken here. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const body of [...this.#bodies.values()]) body.fail();
    await this.#dismiss();
  }

  /** None: there is no thread to be had. The dearest digest chooses first. */
  #lanesFor(names: readonly DigestName[]): Lane[] {
    const lanes = new Map<Hand, Lane>();
    for (const name of names.toSorted((a, b) => COSTS[b] - COSTS[a])) {
      const hand = this.#leastLoaded();
      if (hand === undefined) return [];
      hand.load += COSTS[name];
      const lane = lanes.get(hand) ?? { hand, names: [] };
      lane.names.push(name);
      lanes.set(hand, lane);
    }
    return [...lanes.values()];
  }

  #leastLoaded(): Hand | undefined {
    let least: Hand | undefined;
    for (const hand of this.#hands)
      if (hand.load < (least?.load ?? Number.POSITIVE_INFINITY)) least = hand;
    if (least?.load === 0 || this.#hands.size >= this.#threadsMax) return least;
    return this.#start() ?? least;
  }

  #start(): Hand | undefined {
    const { threads, clock } = this.#world;
    if (this.#stopped || clock.monotonicMs() < this.#notBeforeMs) return undefined;
    try {
      const thread = threads.start(new URL('./digest-thread.ts', import.meta.url), {
        onMessage: (message) => this.#answered(hand, message as DigestAnswer),
        onEnd: (error) => this.#ended(hand, error),
      });
      const hand: Hand = {
        ...{ thread, bodies: new Set(), slots: new Set() },
        ...{ load: 0, hasAnswered: false },
      };
      this.#hands.add(hand);
      order(hand, { kind: 'slots', memory: this.#slots.memory });
      return hand;
    } catch (error) {
      this.#giveUpForNow(error);
      return undefined;
    }
  }

  #giveUpForNow(error: unknown): void {
    const { clock, log } = this.#world;
    this.#notBeforeMs = clock.monotonicMs() + RETRY_MS;
    log.warn('s3.digest-thread-failed', { error: String(error) });
  }

  #answered(hand: Hand, answer: DigestAnswer): void {
    hand.hasAnswered = true;
    if (answer.kind === 'free') {
      hand.slots.delete(answer.slot);
      this.#slots.giveBack(answer.slot);
    } else {
      this.#bodies.get(answer.body)?.made(answer.digests);
    }
  }

  #ended(hand: Hand, error: Error | null): void {
    this.#hands.delete(hand);
    for (const slot of hand.slots) this.#slots.giveBack(slot);
    hand.slots.clear();
    if (error === null) return;
    if (hand.hasAnswered) {
      this.#world.log.warn('s3.digest-thread-ended', { error: String(error) });
    } else {
      this.#giveUpForNow(error);
    }
    for (const body of [...hand.bodies]) body.fail();
  }

  /** A body is done with, one way or another. */
  #leave(body: ThreadedDigests): void {
    this.#bodies.delete(body.id);
    for (const { hand, names } of body.lanes) {
      for (const name of names) hand.load -= COSTS[name];
      hand.bodies.delete(body);
      if (hand.bodies.size === 0) hand.thread.keepAlive(false);
    }
    // There is more for each of the others.
    this.#slots.serve();
    if (this.#bodies.size === 0 && !this.#stopped) {
      this.#timer = this.#world.clock.setTimer(IDLE_MS, () => void this.#dismiss());
      this.#timer.unref();
    }
  }

  #rest(): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  async #dismiss(): Promise<void> {
    this.#rest();
    const hands = [...this.#hands];
    this.#hands.clear();
    await Promise.all(hands.map(({ thread }) => thread.stop()));
  }
}

/** The memory on the way to the threads. */
class Slots {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Uint8Array;
  readonly #bodyCount: () => number;
  readonly #free: number[];
  /** By slot: who filled it, and how many threads have not given it back. */
  readonly #holders: { body: ThreadedDigests | undefined; threads: number }[];
  readonly #open = new Set<ThreadedDigests>();
  /** In the order of their coming. */
  readonly #waiting = new Map<ThreadedDigests, PromiseWithResolvers<void>>();

  constructor(count: number, bodyCount: () => number) {
    this.memory = new SharedArrayBuffer(count * SLOT_BYTES);
    this.#bytes = new Uint8Array(this.memory);
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
  take(body: ThreadedDigests): number | undefined {
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
  wait(body: ThreadedDigests): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(body, waiting);
    if (this.areShort) for (const each of [...this.#open]) each.send();
    return waiting.promise;
  }

  cancel(body: ThreadedDigests): void {
    this.#waiting.get(body)?.reject(new S3Error('InternalError'));
    this.#waiting.delete(body);
  }

  copy(slot: number, at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, slot * SLOT_BYTES + at);
  }

  /** The slot is with so many threads. */
  sent(slot: number, body: ThreadedDigests, threads: number): void {
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

class ThreadedDigests implements RunningDigests {
  readonly id: number;
  readonly lanes: readonly Lane[];
  /** Slots. */
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

  update(bytes: Uint8Array): Promise<void> | undefined {
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

  /** What is in the slot goes to the threads, full or not. */
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

  /** For which it has waited. */
  give(slot: number): void {
    this.#slot = slot;
  }

  /** How many bytes of it are on their way when it returns. */
  #copy(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length) {
      if (this.#slot === -1) {
        const slot = this.#slots.take(this);
        if (slot === undefined) return at;
        this.#slot = slot;
      }
      const length = Math.min(SLOT_BYTES - this.#filled, bytes.length - at);
      const isAll = length === bytes.length;
      this.#slots.copy(this.#slot, this.#filled, isAll ? bytes : bytes.subarray(at, at + length));
      this.#filled += length;
      at += length;
      if (this.#filled === SLOT_BYTES) this.send();
    }
    return at;
  }

  async #copyRest(bytes: Uint8Array, from: number): Promise<void> {
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

function order({ thread }: Hand, what: DigestOrder): void {
  thread.post(what);
}
