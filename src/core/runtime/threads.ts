/**
 * Running a module of ours in a thread of its own, for long work beside the loop.
 *
 * Promises:
 *  - messages arrive in the order of their posting, each way, as structured clones: a Buffer arrives as a
 *    Uint8Array, an object of a class as a plain one, a SharedArrayBuffer as the same memory;
 *  - a thread ends by `stop` or by an error that nothing in it caught, never otherwise; `onEnd` comes once,
 *    behind all messages, and nothing after it;
 *  - a thread does not keep the process from ending, unless `keepAlive` says so.
 *
 * A thread has no logger and prints nothing: what it has to say it posts. Its module keeps no state at the
 * top level, which in the simulation all threads share, and never blocks in `Atomics.wait`, which would stop
 * them all.
 */
import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import type { Random } from './random.ts';

export interface ThreadEvents {
  onMessage(message: unknown): void;
  /** Null after `stop`; else what ended the thread, with its `code` and message. */
  onEnd(error: Error | null): void;
}

/** A thread as its owner holds it. */
export interface Thread {
  /**
   * Messages posted before the module has begun to listen wait for it; those to a thread that has ended are
   * dropped. What is in `transfer` moves and is empty here from now on.
   * @throws for what cannot be cloned, as a function.
   */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** While on, the process does not end by itself: for the time of a job. Off at first. */
  keepAlive(on: boolean): void;
  /** Ends the thread wherever it is; done when it is gone and `onEnd` was called. Twice is fine. */
  stop(): Promise<void>;
}

/** What a module in a thread gets of the world. */
export interface ThreadWorld {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Who gets the messages of the owner from now on, and those that waited. */
  onMessage(handler: (message: unknown) => void): void;
  /** As `Thread.post`, to the owner. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
}

/** What a module that is to run in a thread exports; it awaits nothing at its top level. */
export interface ThreadModule {
  /** Called once. To throw or reject ends the thread with that error, to return does not end it. */
  run(world: ThreadWorld): void | Promise<void>;
}

export interface Threads {
  /**
   * Starts a thread that imports `module`, a `ThreadModule`, and calls its `run`. A module that cannot be
   * imported ends the thread. Events come in later turns.
   * @throws when the system gives no thread.
   */
  start(module: URL, events: ThreadEvents): Thread;
}
