/**
 * What every balancing policy is: given a level's candidates, which server gets this?
 *
 * A policy belongs to one level. It never returns a server that is not a candidate, that has no room, or
 * that carries the choice's mark (`acceptable`); it returns undefined when no candidate is left. It
 * makes no object while choosing. Time and the request come with the choice, chance by `Random`.
 */
import { NO_KEY } from '../keys/hash.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';

/** One decision to make. Reused by its caller: nothing keeps it. */
export class Choice {
  /** 32-bit hash of what the route keys on, or NO_KEY. */
  key: number = NO_KEY;
  /** Monotonic milliseconds. */
  nowMs = 0;
  /** Servers tried already for this request. */
  avoid: readonly Server[] = [];
  /** Servers whose `mark` is this number are passed over; set by `Chooser`. */
  mark = 0;
}

export interface Policy {
  choose(choice: Choice): Server | undefined;
  /** The candidates of the level, or their weights, are others. */
  changed(): void;
  /** `active` or `admits` of a server of the level is another: work began or ended there. */
  loadChanged(server: Server): void;
  /** An attempt there came to its end after `latencyMs`; not called when it says nothing of the server. */
  answered(server: Server, latencyMs: number, failed: boolean, nowMs: number): void;
}

/** For policies that need not be told of work. */
export abstract class QuietPolicy implements Policy {
  protected readonly level: Level;

  constructor(level: Level) {
    this.level = level;
  }

  abstract choose(choice: Choice): Server | undefined;
  changed(): void {}
  loadChanged(_server: Server): void {}
  answered(_server: Server, _latencyMs: number, _failed: boolean, _nowMs: number): void {}
}

/** Whether this choice may fall on a candidate. */
export function acceptable(server: Server, choice: Choice): boolean {
  return server.admits && server.mark !== choice.mark;
}

/** The first acceptable candidate from `from` on, around the end: what is left when luck did not help. */
export function nextAcceptable(
  candidates: readonly Server[],
  from: number,
  choice: Choice,
): Server | undefined {
  const count = candidates.length;
  for (let i = 0, at = from; i < count; i++, at++) {
    if (at >= count) at -= count;
    const server = candidates[at]!;
    if (acceptable(server, choice)) return server;
  }
  return undefined;
}
