/**
 * Requests that wait until a server of their pool has room, in the order in which they came.
 *
 * Invariant: whoever has tried in vain keeps its place, and nobody behind it is asked.
 */
import type { Forward } from '../../core/proxy/index.ts';
import { type UpstreamFailure, upstreamFailures } from '../../core/upstream/index.ts';

interface Waiting {
  readonly forward: Forward;
  readonly sinceMs: number;
}

export class WaitingLine {
  private readonly waiting: Waiting[] = [];
  private serving = false;

  get length(): number {
    return this.waiting.length;
  }

  join(forward: Forward, nowMs: number): void {
    this.waiting.push({ forward, sinceMs: nowMs });
  }

  leave(forward: Forward): void {
    const index = this.waiting.findIndex((each) => each.forward === forward);
    if (index !== -1) this.waiting.splice(index, 1);
  }

  /** Lets those that wait try again, the oldest first, as long as there is room. */
  serve(): void {
    const { waiting } = this;
    if (this.serving || waiting.length === 0) return;
    this.serving = true;
    for (let tries = waiting.length; tries > 0 && waiting.length > 0; tries--) {
      const next = waiting.shift() as Waiting;
      const { length } = waiting;
      next.forward.proceed();
      // Nobody has room: it has joined again, and gets its old place.
      if (waiting.length > length && waiting.at(-1)?.forward === next.forward) {
        waiting.pop();
        waiting.unshift(next);
        break;
      }
    }
    this.serving = false;
  }

  /** Those that came before are told that it took too long. */
  expire(beforeMs: number): void {
    while (this.waiting.length > 0 && this.waiting[0]!.sinceMs <= beforeMs) {
      this.waiting.shift()?.forward.giveUp(upstreamFailures.queueTimeout);
    }
  }

  dismiss(failure: UpstreamFailure): void {
    for (const { forward } of this.waiting.splice(0)) forward.giveUp(failure);
  }
}
