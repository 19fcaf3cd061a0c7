/** Runs a sweeper while there is something to sweep, a slice at a time with time for others between. */
import type { Clock, Timer } from '../../core/runtime/index.ts';
import type { PurgeSweeper, Swept } from './purge-sweeper.ts';

/** Between two slices, milliseconds. */
const PAUSE_MS = 1;

export class Sweeping<E extends Swept> {
  private readonly sweeper: PurgeSweeper<E>;
  private readonly clock: Clock;
  private timer: Timer | null = null;

  constructor(sweeper: PurgeSweeper<E>, clock: Clock) {
    this.sweeper = sweeper;
    this.clock = clock;
  }

  get isRunning(): boolean {
    return this.timer !== null;
  }

  /** There may be something to sweep. */
  wake(): void {
    if (this.timer !== null || this.sweeper.isIdle) return;
    this.timer = this.clock.setTimer(PAUSE_MS, () => {
      this.timer = null;
      if (this.sweeper.step()) this.wake();
    });
    this.timer.unref();
  }

  stop(): void {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
  }
}
