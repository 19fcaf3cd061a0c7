/**
 * A script that takes long and goes on in slices, between which other clients are answered: with BUSY,
 * but for the few commands that may end it.
 *
 *   going on --slice is over--> waits for the next turn --> going on
 *      | has written: no more pauses, nobody may see half of it
 *      `--end, error, KILL--> over
 *
 * Invariant: as long as it pauses it has changed nothing, and nothing changes under it: time stands
 * still for it, keys do not expire, and no other command that could change one is let through.
 */
import type { Engine } from '../engine/engine.ts';
import { LuaAbort, type LuaReturn, type LuaRun, PAUSE } from '../lua/index.ts';
import type { ScriptRun } from './script-run.ts';

/** How long others wait while the script runs. */
const SLICE_MS = 10;
/** Code that can not pause (comparisons of a sort, metamethods) is ended after this many thresholds. */
const UNPAUSED_THRESHOLDS_MAX = 10;
/** But never before that. */
const UNPAUSED_MS_MIN = 1000;

export interface SuspendedOptions {
  readonly engine: Engine;
  readonly run: ScriptRun;
  readonly steps: LuaRun;
  /** Called once, when the client waits. */
  readonly begin: () => void;
  /** Takes the result; it may throw LuaError and LuaAbort as a script does. */
  readonly end: (result: () => LuaReturn) => void;
}

export class SuspendedScript {
  private readonly options: SuspendedOptions;
  /** The time that the script sees, Unix ms. */
  private readonly nowMs: number;
  private sliceStartMs = 0;
  private begun = false;
  private stopped = false;

  constructor(options: SuspendedOptions) {
    this.options = options;
    this.nowMs = options.engine.keyspace.nowMs;
    options.engine.clock.nextTurn(this.slice);
  }

  /** Whether it is time for a pause; the hook asks. @throws LuaAbort */
  pauses(): boolean {
    const { engine, run } = this.options;
    if (run.wrote) return false;
    if (run.killedBy !== undefined) {
      throw new LuaAbort(`Script killed by user with ${run.killedBy}.`);
    }
    const elapsedMs = engine.clock.monotonicMs() - this.sliceStartMs;
    const thresholdMs = engine.settings.busyReplyThreshold;
    if (elapsedMs > Math.max(UNPAUSED_MS_MIN, thresholdMs * UNPAUSED_THRESHOLDS_MAX)) {
      throw new LuaAbort('Script ended because it left no room for other clients.');
    }
    return elapsedMs >= SLICE_MS;
  }

  /** Never goes on; for the end of the process. */
  stop(): void {
    this.stopped = true;
  }

  private readonly slice = (): void => {
    if (this.stopped) return;
    const { engine, steps, end } = this.options;
    if (!this.begun) this.options.begin();
    this.begun = true;
    engine.keyspace.setNow(this.nowMs);
    this.sliceStartMs = engine.clock.monotonicMs();
    let result: LuaReturn;
    try {
      result = steps.step();
    } catch (error) {
      end(() => {
        throw error;
      });
      return;
    }
    if (result === PAUSE) engine.clock.nextTurn(this.slice);
    else end(() => result);
  };
}
