/**
 * Slows writers down gently when flushes and compactions lag behind: acknowledgements are let go at a
 * rate that falls with the pressure, and not at all when there is no room.
 *
 * A queue of a leaky bucket: each acknowledgement has a size in bytes and a time from which it may go.
 */
import type { Clock, Timer } from '../../runtime/index.ts';
import type { LsmStats } from './stats.ts';

/** Bytes a second at the slightest pressure; squared it falls to almost nothing at pressure 1. */
const RATE_BYTES_PER_S = 64 * 1024 * 1024;
const RATE_MIN_BYTES_PER_S = 256 * 1024;
/** Looks again after this when nothing may go. */
const CHECK_MS = 10;

interface Held {
  readonly bytes: number;
  readonly sinceMs: number;
  go(): void;
}

export class Stall {
  private readonly clock: Clock;
  private readonly stats: LsmStats;
  private readonly held: Held[] = [];
  private pressure = 0;
  /** When the next one may go. */
  private nextMs = 0;
  private timer: Timer | undefined;

  constructor(clock: Clock, stats: LsmStats) {
    this.clock = clock;
    this.stats = stats;
  }

  /** Acknowledgements that wait. */
  get count(): number {
    return this.held.length;
  }

  /** 0: none, 1: nothing goes. */
  setPressure(pressure: number): void {
    this.pressure = pressure;
    if (this.held.length > 0) this.letGo();
  }

  /** Calls `go` when the writer may go on; at once without pressure. */
  pass(bytes: number, go: () => void): void {
    if (this.pressure <= 0 && this.held.length === 0) {
      go();
      return;
    }
    const nowMs = this.clock.monotonicMs();
    this.stats.stalls++;
    this.held.push({ bytes, sinceMs: nowMs, go });
    if (this.timer === undefined) this.letGo();
  }

  /** Lets everybody go, whatever the pressure: the engine closes. */
  end(): void {
    this.clearTimer();
    for (const held of this.held.splice(0)) held.go();
  }

  private letGo(): void {
    this.clearTimer();
    const nowMs = this.clock.monotonicMs();
    let count = 0;
    while (count < this.held.length && this.pressure < 1) {
      if (this.pressure > 0) {
        if (this.nextMs > nowMs) break;
        const room = (1 - this.pressure) ** 2;
        const rate = Math.max(RATE_MIN_BYTES_PER_S, RATE_BYTES_PER_S * room);
        this.nextMs =
          Math.max(this.nextMs, nowMs - CHECK_MS) + (this.held[count]!.bytes / rate) * 1000;
      }
      count++;
    }
    const gone = this.held.splice(0, count);
    if (this.held.length > 0) {
      const waitMs = this.pressure >= 1 ? CHECK_MS : Math.max(1, this.nextMs - nowMs);
      this.timer = this.clock.setTimer(waitMs, () => {
        this.timer = undefined;
        this.letGo();
      });
    }
    for (const held of gone) {
      this.stats.stallMs += nowMs - held.sinceMs;
      held.go();
    }
  }

  private clearTimer(): void {
    if (this.timer !== undefined) this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }
}
