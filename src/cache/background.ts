/** Runs work while there is some, a piece at a time with time for others between. */
import type { Clock, Timer } from '../core/runtime/index.ts';

/** Between two pieces, milliseconds. */
const PAUSE_MS = 1;

export class Background {
  private readonly step: () => boolean;
  private readonly clock: Clock;
  private timer: Timer | null = null;

  /** @param step does a piece; true: there is more to do. */
  constructor(step: () => boolean, clock: Clock) {
    this.step = step;
    this.clock = clock;
  }

  get isRunning(): boolean {
    return this.timer !== null;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.timer !== null) return;
    this.timer = this.clock.setTimer(PAUSE_MS, () => {
      this.timer = null;
      if (this.step()) this.wake();
    });
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
  }
}
