/**
 * Calls at the end of the loop's turn, when every socket that was ready has been read: a connection that carries
 * several messages writes once for all that came for it. One callback of the loop a turn, whoever asks.
 */
import { emptyList } from '../base/index.ts';
import type { Clock } from '../runtime/index.ts';

export interface TurnEndListener {
  onTurnEnd(): void;
}

export class TurnEnd {
  private readonly clock: Clock;
  private waiting: TurnEndListener[] = [];
  private spare: TurnEndListener[] = [];
  private readonly run = (): void => this.finish();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Called once behind this turn; who adds itself twice is called twice. */
  add(listener: TurnEndListener): void {
    if (this.waiting.length === 0) this.clock.nextTurn(this.run);
    this.waiting.push(listener);
  }

  private finish(): void {
    const { waiting } = this;
    this.waiting = this.spare;
    for (let i = 0; i < waiting.length; i++) waiting[i]!.onTurnEnd();
    emptyList(waiting);
    this.spare = waiting;
  }
}

const ends = new WeakMap<Clock, TurnEnd>();

/** The one of this clock. */
export function turnEndOf(clock: Clock): TurnEnd {
  let end = ends.get(clock);
  if (end === undefined) {
    end = new TurnEnd(clock);
    ends.set(clock, end);
  }
  return end;
}
