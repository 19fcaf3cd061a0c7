/**
 * Messages one way between two simulated threads: cloned when posted, handed over in that order after a
 * random while each, or when somebody listens at last.
 */
import type { SimClock } from './clock.ts';
import type { SimRandom } from './random.ts';

export class Lane {
  readonly #clock: SimClock;
  readonly #random: SimRandom;
  readonly #steps: (() => void)[] = [];
  #onMessage: ((message: unknown) => void) | null = null;
  /** Steps whose time has come while nobody listened. */
  #due = 0;

  constructor(clock: SimClock, random: SimRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** @throws for what cannot be cloned. */
  post(message: unknown, transfer: readonly ArrayBuffer[] = []): void {
    const clone: unknown = structuredClone(message, { transfer: [...transfer] });
    this.#later(() => this.#onMessage?.(clone));
  }

  /** Calls `run` behind all messages posted so far. */
  close(run: () => void): void {
    this.#later(run);
  }

  /** Who gets the messages from now on, and those that waited; in later turns. */
  open(onMessage: (message: unknown) => void): void {
    this.#onMessage = onMessage;
    for (; this.#due > 0; this.#due--) this.#clock.nextTurn(() => this.#next());
  }

  /** Timers may come in any order: whichever comes takes the step that is first. */
  #later(step: () => void): void {
    this.#steps.push(step);
    const delayMs = this.#random.chance(0.1)
      ? this.#random.below(200) / 10
      : this.#random.float() / 10;
    this.#clock.setTimer(delayMs, () => {
      if (this.#onMessage === null) this.#due++;
      else this.#next();
    });
  }

  #next(): void {
    this.#steps.shift()?.();
  }
}
