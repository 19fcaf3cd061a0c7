/**
 * Makes the digests of large bodies in threads beside the loop, which they would keep for longer than all else that
 * a PUT takes; of small ones here, where a message costs more than the digest.
 *
 *     update ──copy──▶ slot ──message──▶ the threads that have digests of this body ──free──▶ the next who waits
 *
 * Each digest of a body is bound to the thread that has the least to do, so those of one body may be made side by
 * side. Threads are started when all others have work and enough has come, and end when there was none for a while.
 *
 * Invariants: the memory is that of the slots, whoever sends; a thread that dies fails the bodies in it and no others;
 * without threads digests are made here.
 */
import type { Logger } from '../../../core/observe/index.ts';
import type { Clock, Threads, Timer } from '../../../core/runtime/index.ts';
import type { DigestAnswer } from './digest-thread.ts';
import {
  type DigestMaker,
  type DigestName,
  OwnDigests,
  type RunningDigests,
} from './running-digests.ts';
import { Slots } from './slots.ts';
import { type Hand, type Lane, order, ThreadedDigests } from './threaded-digests.ts';

/** Bodies of so many bytes are worth the messages: 0.1 ms of the loop instead of 0.75. */
export const THREADED_BYTES_MIN = 512 * 1024;
/**
 * So many are worth a thread, whose start takes 60 ms and as much processor time as the MD5 of 40 MiB. Bodies that are
 * smaller do not wait for it: until it is there they are taken here.
 */
export const START_BYTES_MIN = 32 * 1024 * 1024;
const SLOTS_PER_THREAD = 4;
const IDLE_MS = 30_000;
/** How long none is started behind one that ended before it was ready. */
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

export class DigestThreads implements DigestMaker {
  readonly #world: DigestThreadsWorld;
  readonly #threadsMax: number;
  readonly #hands = new Set<Hand>();
  readonly #bodies = new Map<number, ThreadedDigests>();
  readonly #slots: Slots;
  #nextBody = 0;
  /** Of bodies that threads would take, since one was started. */
  #cameBytes = 0;
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
    if (bodyBytes < THREADED_BYTES_MIN) return new OwnDigests(names);
    this.#cameBytes += bodyBytes;
    const before = this.#hands.size;
    const lanes = this.#lanesFor(names, bodyBytes >= START_BYTES_MIN);
    if (this.#hands.size > before) this.#cameBytes = 0;
    if (lanes.length === 0) {
      this.#dismissLater();
      return new OwnDigests(names);
    }
    this.#clearTimer();
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

  /** None: there is no thread to be had, or none that is ready for who does not wait. The dearest digest chooses first. */
  #lanesFor(names: readonly DigestName[], waits: boolean): Lane[] {
    const lanes = new Map<Hand, Lane>();
    for (const name of names.toSorted((a, b) => COSTS[b] - COSTS[a])) {
      const hand = this.#leastLoaded(waits);
      if (hand === undefined) return [];
      hand.load += COSTS[name];
      const lane = lanes.get(hand) ?? { hand, names: [] };
      lane.names.push(name);
      lanes.set(hand, lane);
    }
    return [...lanes.values()];
  }

  #leastLoaded(waits: boolean): Hand | undefined {
    let least: Hand | undefined;
    for (const hand of this.#hands) {
      const mayTake = hand.isReady || waits;
      if (mayTake && hand.load < (least?.load ?? Number.POSITIVE_INFINITY)) least = hand;
    }
    if (least?.load === 0 || this.#hands.size >= this.#threadsMax) return least;
    if (this.#cameBytes < START_BYTES_MIN) return least;
    const started = this.#start();
    return waits ? (started ?? least) : least;
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
        ...{ load: 0, isReady: false },
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
    switch (answer.kind) {
      case 'ready':
        hand.isReady = true;
        return;
      case 'free':
        hand.slots.delete(answer.slot);
        this.#slots.giveBack(answer.slot);
        return;
      case 'made':
        this.#bodies.get(answer.body)?.made(answer.digests);
    }
  }

  #ended(hand: Hand, error: Error | null): void {
    this.#hands.delete(hand);
    for (const slot of hand.slots) this.#slots.giveBack(slot);
    hand.slots.clear();
    if (error === null) return;
    if (hand.isReady) {
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
    this.#dismissLater();
  }

  /** Once nobody has work for them. */
  #dismissLater(): void {
    if (this.#bodies.size > 0 || this.#hands.size === 0 || this.#stopped) return;
    this.#clearTimer();
    this.#timer = this.#world.clock.setTimer(IDLE_MS, () => void this.#dismiss());
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  async #dismiss(): Promise<void> {
    this.#clearTimer();
    const hands = [...this.#hands];
    this.#hands.clear();
    await Promise.all(hands.map(({ thread }) => thread.stop()));
  }
}
