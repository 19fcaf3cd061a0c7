/**
 * Codes and decodes stored bodies in threads beside the loop, within bounds: what has no place in the queue is
 * refused, and served as it is.
 *
 *     compress ──▶ queue ──▶ a free thread: the body is copied to it, a piece a turn ──▶ result
 *
 * Threads of our own, and not zlib's asynchronous functions, by measurement (2 cores, Node 26, the loop serving
 * meanwhile). To begin a job costs the loop 60-80 us with a thread that is there, 150-310 us with zlib's own, which
 * make a codec on the loop each time and come back to it for each piece; bodies of 32 KiB took the loop 0.2 ms
 * instead of 0.5-0.9 ms each. And zlib's use the four threads that files are read with: with four
 * bodies under brotli 11 a read of 64 KiB from a file took up to 1,079 ms, with threads of our own at most 37 ms.
 *
 * Invariants: a thread has one job at a time; threads are started when there is work and end when there was none for
 * a while; one that dies fails its job and no other.
 */
import type { Clock, Thread, Threads, Timer } from '../../core/runtime/index.ts';
import type { Coded } from './codec.ts';
import type { CodingOrder } from './compression-thread.ts';
import type { CompressorSettings, MadeCoding } from './settings.ts';

/** What is copied in one turn of the loop. */
const COPY_BYTES_MAX = 256 * 1024;
const IDLE_MS = 30_000;
/** What coding has to save to be worth its while. */
const GAIN_SHARE = 0.1;

export type Compressed =
  | { readonly kind: 'done'; readonly bytes: Uint8Array }
  /** Not a tenth shorter: not worth trying again. */
  | { readonly kind: 'no-gain' }
  /** Decoding it would give more than was allowed. */
  | { readonly kind: 'too-long' }
  /** It is not what its coding says. */
  | { readonly kind: 'broken' }
  /** The thread ended over it, or there was none to be had. */
  | { readonly kind: 'failed' };

interface Job {
  readonly body: readonly Uint8Array[];
  readonly order: CodingOrder;
  readonly done: (result: Compressed) => void;
}

interface Hand {
  thread: Thread;
  job: Job | null;
}

export interface CompressorWorld {
  readonly threads: Threads;
  readonly clock: Clock;
}

export class Compressor {
  readonly #world: CompressorWorld;
  readonly #settings: CompressorSettings;
  readonly #queue: Job[] = [];
  readonly #hands = new Set<Hand>();
  #queuedBytes = 0;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(world: CompressorWorld, settings: CompressorSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  /** Bodies that wait for a thread. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Bodies that are worked on. */
  get working(): number {
    let working = 0;
    for (const { job } of this.#hands) if (job !== null) working++;
    return working;
  }

  /**
   * Never rejects. `busy`: there is no place in the queue, and nothing was begun.
   * @param body stays as it is until the promise is settled; not empty.
   */
  compress(
    body: readonly Uint8Array[],
    coding: MadeCoding,
    level: number,
  ): Promise<Compressed> | 'busy' {
    const bodyBytes = bytesOf(body);
    const bytesMax = Math.floor(bodyBytes * (1 - GAIN_SHARE));
    return this.#take(body, { coding, level, bodyBytes, bytesMax });
  }

  /** As `compress`. @param bytesMax of what comes out. */
  decompress(
    body: readonly Uint8Array[],
    coding: MadeCoding,
    bytesMax: number,
  ): Promise<Compressed> | 'busy' {
    return this.#take(body, { coding, level: -1, bodyBytes: bytesOf(body), bytesMax });
  }

  /** Ends the threads; jobs that were not done fail. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const job of this.#queue.splice(0)) job.done({ kind: 'failed' });
    this.#queuedBytes = 0;
    await this.#dismiss();
  }

  #take(body: readonly Uint8Array[], order: CodingOrder): Promise<Compressed> | 'busy' {
    const { queueMax, waitingMaxBytes } = this.#settings;
    if (this.#stopped) return 'busy';
    // With a free thread nothing waits, and a body of any length is taken.
    const waits = !this.#hasFreeHand();
    const bytes = this.#queuedBytes + order.bodyBytes;
    if (waits && (this.#queue.length >= queueMax || bytes > waitingMaxBytes)) return 'busy';
    return new Promise((done) => {
      this.#queue.push({ body, order, done });
      this.#queuedBytes += order.bodyBytes;
      this.#workOn();
    });
  }

  #hasFreeHand(): boolean {
    return this.#queue.length === 0 && this.working < this.#settings.threads;
  }

  #workOn(): void {
    while (this.#queue.length > 0) {
      let hand = [...this.#hands].find(({ job }) => job === null);
      if (hand === undefined && this.#hands.size >= this.#settings.threads) return;
      const job = this.#queue.shift() as Job;
      this.#queuedBytes -= job.order.bodyBytes;
      hand ??= this.#start();
      if (hand === undefined) {
        job.done({ kind: 'failed' });
        continue;
      }
      this.#begin(hand, job);
    }
  }

  /** Undefined: the system gives no thread. */
  #start(): Hand | undefined {
    try {
      const thread = this.#world.threads.start(
        new URL('./compression-thread.ts', import.meta.url),
        {
          onMessage: (message) => this.#answered(hand, message as Coded),
          onEnd: () => this.#ended(hand),
        },
      );
      const hand: Hand = { thread, job: null };
      this.#hands.add(hand);
      return hand;
    } catch {
      return undefined;
    }
  }

  #begin(hand: Hand, job: Job): void {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    hand.job = job;
    hand.thread.keepAlive(true);
    hand.thread.post(job.order);
    this.#copy(hand, job, 0, 0);
  }

  /** Copies from `at` in piece `nth` on, no more than a turn may take. */
  #copy(hand: Hand, job: Job, nth: number, at: number): void {
    // The thread has died, or was stopped, between two turns.
    if (hand.job !== job) return;
    let [left, from] = [COPY_BYTES_MAX, at];
    for (let i = nth; i < job.body.length; i++) {
      const piece = job.body[i] as Uint8Array;
      const bytes = Math.min(left, piece.length - from);
      if (bytes > 0) {
        const copy = new Uint8Array(bytes);
        copy.set(piece.subarray(from, from + bytes));
        hand.thread.post(copy, [copy.buffer]);
        left -= bytes;
      }
      if (from + bytes < piece.length) {
        const next = from + bytes;
        this.#world.clock.nextTurn(() => this.#copy(hand, job, i, next));
        return;
      }
      from = 0;
    }
  }

  #answered(hand: Hand, coded: Coded): void {
    const { job } = hand;
    if (job === null) return;
    hand.job = null;
    hand.thread.keepAlive(false);
    const encoded = job.order.level >= 0;
    job.done(coded.kind === 'too-long' && encoded ? { kind: 'no-gain' } : coded);
    this.#workOn();
    if (this.working === 0 && !this.#stopped) this.#restSoon();
  }

  #ended(hand: Hand): void {
    this.#hands.delete(hand);
    const { job } = hand;
    hand.job = null;
    job?.done({ kind: 'failed' });
    if (!this.#stopped) this.#workOn();
  }

  #restSoon(): void {
    const { clock } = this.#world;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#timer = clock.setTimer(IDLE_MS, () => {
      this.#timer = undefined;
      void this.#dismiss();
    });
    this.#timer.unref();
  }

  /** Threads that end by themselves are told of in `onEnd` as all others. */
  async #dismiss(): Promise<void> {
    if (this.#timer !== undefined) this.#world.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const hands = [...this.#hands];
    this.#hands.clear();
    await Promise.all(hands.map(({ thread }) => thread.stop()));
  }
}

function bytesOf(body: readonly Uint8Array[]): number {
  return body.reduce((sum, piece) => sum + piece.length, 0);
}
