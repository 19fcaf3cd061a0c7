/**
 * CLIENT PAUSE: commands of clients wait, all or only those that write. In both cases no key changes by
 * itself either: nothing is evicted, and what expires is missing for those who read but not removed.
 */
export class Pause {
  /** Unix ms until which commands wait; 0 for no pause. */
  private untilMs = 0;
  /** Commands that only read go on. */
  writesOnly = true;

  /** A longer and a stricter pause wins over the one that runs. */
  start(untilMs: number, writesOnly: boolean, nowMs: number): void {
    const running = this.untilMs > nowMs;
    this.writesOnly = writesOnly && (!running || this.writesOnly);
    this.untilMs = Math.max(untilMs, running ? this.untilMs : 0);
  }

  stop(): void {
    this.untilMs = 0;
  }

  get deadlineMs(): number {
    return this.untilMs;
  }

  isOn(nowMs: number): boolean {
    return this.untilMs > nowMs;
  }
}
