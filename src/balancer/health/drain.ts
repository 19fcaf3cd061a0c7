/**
 * How a server or a listener leaves service without breaking what is under way there.
 *
 *                  drain                last ended
 *     serving ──────────────▶ draining ────────────▶ drained
 *        ▲                    │      │                  ▲
 *        │◀──────resume───────┘      │ deadline         │ last ended
 *        │                           ▼                  │
 *        │                        cutting ──────────────┘
 *        └──────resume (from drained too)
 *
 * Draining: no new sessions; idle connections are closed, HTTP/2 gets GOAWAY. Cutting: what is left is ended
 * (WebSocket 1001) and named in the report. Nobody resumes what is being cut.
 */
import { invariant } from '../../core/base/index.ts';
import { type Deadline, isOver } from '../../core/resilience/index.ts';

export type DrainState = 'serving' | 'draining' | 'cutting' | 'drained';
export type DrainEvent = 'drain' | 'resume' | 'last-ended' | 'deadline';

export const drainTransitions = {
  serving: { drain: 'draining' },
  draining: { resume: 'serving', 'last-ended': 'drained', deadline: 'cutting' },
  cutting: { 'last-ended': 'drained' },
  drained: { resume: 'serving' },
} as const satisfies Record<DrainState, Partial<Record<DrainEvent, DrainState>>>;

/** What is there at the moment, and what was at the start. */
export interface DrainReport {
  readonly state: DrainState;
  readonly atStart: number;
  readonly left: number;
  /** How many had to be cut; 0 for a clean drain. */
  readonly cut: number;
  readonly elapsedMs: number;
}

export class Drain {
  state: DrainState = 'serving';
  private beganMs = 0;
  private endedMs = 0;
  private deadline: Deadline | undefined = undefined;
  private atStart = 0;
  private cut = 0;

  /** Whether this event can happen now; what cannot is refused to the operator. */
  may(event: DrainEvent): boolean {
    return this.next(event) !== undefined;
  }

  /** Begins; `left` is what is under way. `mayCome`: see `look`. With no time it is `cutting` at once. */
  begin(left: number, deadline: Deadline, nowMs: number, mayCome = false): void {
    this.go('drain');
    this.beganMs = nowMs;
    this.deadline = deadline;
    this.atStart = left;
    this.cut = 0;
    this.look(left, nowMs, mayCome);
  }

  /** Another deadline for the same drain, while it is `draining`. As `look`. */
  setDeadline(deadline: Deadline, left: number, nowMs: number, mayCome = false): boolean {
    invariant(this.state === 'draining', 'a drain has a deadline until that has come');
    this.deadline = deadline;
    return this.look(left, nowMs, mayCome);
  }

  resume(): void {
    this.go('resume');
  }

  /**
   * What is left now. True once, at the moment in which what is left must be cut. `mayCome`: more of those that
   * are bound here may come until the deadline, so the drain is not over before it.
   */
  look(left: number, nowMs: number, mayCome = false): boolean {
    const waits = mayCome && this.deadline !== undefined && !isOver(this.deadline, nowMs);
    if (left === 0 && !waits && this.may('last-ended')) {
      this.endedMs = nowMs;
      this.go('last-ended');
    } else if (
      this.state === 'draining' &&
      this.deadline !== undefined &&
      isOver(this.deadline, nowMs)
    ) {
      this.cut = left;
      this.go('deadline');
      return true;
    }
    return false;
  }

  report(left: number, nowMs: number): DrainReport {
    const until = this.state === 'drained' ? this.endedMs : nowMs;
    const elapsedMs = this.state === 'serving' ? 0 : until - this.beganMs;
    return { state: this.state, atStart: this.atStart, left, cut: this.cut, elapsedMs };
  }

  private next(event: DrainEvent): DrainState | undefined {
    const row: Partial<Record<DrainEvent, DrainState>> = drainTransitions[this.state];
    return row[event];
  }

  private go(event: DrainEvent): void {
    const next = this.next(event);
    invariant(next !== undefined, 'this event does not happen in this state of a drain');
    this.state = next;
  }
}
