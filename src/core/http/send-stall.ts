/**
 * Whether somebody who is sent to takes what waits for him, told by looks from time to time: a connection costs
 * no timer of its own.
 */
export class SendStall {
  /** What waited at the last look. */
  private waitedBytes = 0;
  /** When some of it was last seen taken, monotonic milliseconds. */
  private takenMs = 0;

  /** Something waited at the last look. */
  get waits(): boolean {
    return this.waitedBytes > 0;
  }

  /** All of it was taken since. */
  drained(): void {
    this.waitedBytes = 0;
  }

  /** @returns whether nothing of what waits has been taken for `limitMs` (0: as long as you like). */
  look(bufferedBytes: number, nowMs: number, limitMs: number): boolean {
    const before = this.waitedBytes;
    this.waitedBytes = bufferedBytes;
    if (bufferedBytes === 0) return false;
    if (before === 0 || bufferedBytes < before) this.takenMs = nowMs;
    return limitMs > 0 && nowMs - this.takenMs >= limitMs;
  }
}
