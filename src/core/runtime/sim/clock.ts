/**
 * Time that moves only when told to. Everything simulated that takes time waits here.
 *
 * Events due at the same moment run in the order they were asked for. Between two events all promise
 * reactions run, so the code under test sees a loop like the real one.
 */
import { setImmediate as nextImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../clock.ts';

export interface SimClock extends Clock {
  /** Runs what falls due within `durationMs`, then stands there. */
  advance(durationMs: number): Promise<void>;
  /** Runs until `done()` holds. @throws Error when nothing is left to run or `limitMs` have passed. */
  runUntil(done: () => boolean, limitMs?: number): Promise<void>;
  /** Runs until `promise` settles and gives its outcome. */
  settle<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Makes people's clock jump; the monotonic one is not touched. */
  jumpWall(byMs: number): void;
  /** Forgets all pending events: the process they belonged to is dead. */
  forgetAll(): void;
}

interface SimTimer extends Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
  cleared: boolean;
}

/** A wall clock reading that is recognisably simulated. */
const wallStartMs = Date.UTC(2001, 0, 1);

export function createSimClock(): SimClock {
  let nowMs = 0;
  let wallOffsetMs = wallStartMs;
  let order = 0;
  let queue: SimTimer[] = [];

  const setTimer = (delayMs: number, run: () => void): Timer => {
    const dueMs = nowMs + Math.max(0, delayMs);
    const timer: SimTimer = { dueMs, order: order++, run, cleared: false, unref() {} };
    let at = queue.length;
    while (at > 0 && queue[at - 1]!.dueMs > dueMs) at--;
    queue.splice(at, 0, timer);
    return timer;
  };

  /** Runs the next event if it is due by `limitMs`. */
  const step = async (limitMs: number): Promise<boolean> => {
    const next = queue[0];
    if (next === undefined || next.dueMs > limitMs) return false;
    queue.shift();
    nowMs = Math.max(nowMs, next.dueMs);
    if (!next.cleared) {
      next.run();
      await nextImmediate();
    }
    return true;
  };

  const runUntil = async (done: () => boolean, limitMs = 60_000): Promise<void> => {
    const endMs = nowMs + limitMs;
    await nextImmediate();
    while (!done()) {
      if (!(await step(endMs))) throw new Error(`nothing came of it until ${nowMs} ms`);
    }
  };

  return {
    monotonicMs: () => nowMs,
    nowMicros: () => Math.floor(nowMs * 1000),
    wallMs: () => Math.floor(wallOffsetMs + nowMs),
    setTimer,
    clearTimer(timer) {
      (timer as SimTimer).cleared = true;
    },
    nextTurn: (run) => void setTimer(0, run),
    async advance(durationMs) {
      const endMs = nowMs + durationMs;
      await nextImmediate();
      while (await step(endMs));
      nowMs = endMs;
    },
    runUntil,
    async settle(promise, limitMs) {
      let settled = false;
      const mark = (): void => {
        settled = true;
      };
      promise.then(mark, mark);
      await runUntil(() => settled, limitMs);
      return promise;
    },
    jumpWall(byMs) {
      wallOffsetMs += byMs;
    },
    forgetAll() {
      queue = [];
    },
  };
}
