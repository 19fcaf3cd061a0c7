/**
 * Threads of the simulation: the module runs in the thread of its owner, on a simulated disk and clock.
 *
 * Each message and the start take a random time; their order stays. Once a thread has ended, or its process
 * has died (`SimDisk.killProcess`, `reboot`, a power loss), nothing of it acts any more: no event reaches
 * its owner, no timer fires, no operation on its disk ends, and one that it begins throws.
 *
 * Unlike in a real thread, a promise of the module that rejects and that nobody awaits is not seen here:
 * it ends the real process. What `run`, a handler, a timer or a disk callback throws ends the thread.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Thread, ThreadEvents, ThreadModule, Threads, ThreadWorld } from '../threads.ts';
import type { SimClock } from './clock.ts';
import type { SimDisk } from './disk.ts';
import { guardClock, guardDisk, type ThreadLife } from './guard.ts';
import { Lane } from './lane.ts';
import type { SimRandom } from './random.ts';

export interface SimThreadsOptions {
  readonly disk: SimDisk;
  readonly clock: SimClock;
  readonly random: SimRandom;
}

/** An import that is done at once: a simulation cannot wait for the real disk. */
const require = createRequire(import.meta.url);

export function createSimThreads(options: SimThreadsOptions): Threads {
  return { start: (module, events) => new SimThread(module, events, options) };
}

class SimThread implements Thread, ThreadLife {
  readonly #disk: SimDisk;
  readonly #processLife: number;
  readonly #events: ThreadEvents;
  readonly #inbox: Lane;
  readonly #outbox: Lane;
  readonly #gone = Promise.withResolvers<void>();
  #ended = false;
  #over = false;
  #handler: ((message: unknown) => void) | null = null;

  constructor(module: URL, events: ThreadEvents, { disk, clock, random }: SimThreadsOptions) {
    this.#disk = disk;
    this.#processLife = disk.life;
    this.#events = events;
    const chance = random.fork();
    this.#inbox = new Lane(clock, chance);
    this.#outbox = new Lane(clock, chance);
    const world: ThreadWorld = {
      disk: guardDisk(disk, this),
      clock: guardClock(clock, this),
      random: random.fork(),
      onMessage: (handler) => {
        this.#handler = handler;
        this.#inbox.open((message) => this.act(() => this.#handler?.(message)));
      },
      post: (message, transfer) => {
        if (this.alive) this.#outbox.post(message, transfer);
      },
    };
    this.#outbox.open((message) => {
      if (!this.#over && this.#processAlive) this.#events.onMessage(message);
    });
    clock.setTimer(chance.float(), () => this.act(() => this.#run(module, world)));
  }

  get alive(): boolean {
    return !this.#ended && this.#processAlive;
  }

  get #processAlive(): boolean {
    return !this.#disk.dead && this.#disk.life === this.#processLife;
  }

  post(message: unknown, transfer?: readonly ArrayBuffer[]): void {
    this.#inbox.post(message, transfer);
  }

  keepAlive(_on: boolean): void {}

  stop(): Promise<void> {
    if (!this.#ended) {
      this.#over = true;
      this.#end(null);
    }
    return this.#gone.promise;
  }

  act(run: () => void): void {
    if (!this.alive) return;
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  #run(module: URL, world: ThreadWorld): void {
    const { run } = require(fileURLToPath(module)) as ThreadModule;
    Promise.resolve(run(world)).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (!this.alive) return;
    this.#end(error instanceof Error ? error : new Error(`the thread threw ${String(error)}`));
  }

  /** The owner hears of it behind all messages. */
  #end(error: Error | null): void {
    this.#ended = true;
    this.#outbox.close(() => {
      if (!this.#processAlive) return;
      this.#events.onEnd(error);
      this.#gone.resolve();
    });
  }
}
