/**
 * The machine's clocks.
 */
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from '../clock.ts';

interface NodeTimer extends Timer {
  readonly handle: NodeJS.Timeout;
}

export function createNodeClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    nowMicros: () => Math.floor(performance.now() * 1000),
    wallMs: () => Date.now(),
    setTimer(delayMs, run) {
      const handle = setTimeout(run, delayMs);
      const timer: NodeTimer = { handle, unref: () => void handle.unref() };
      return timer;
    },
    clearTimer: (timer) => clearTimeout((timer as NodeTimer).handle),
    nextTurn: (run) => void setImmediate(run),
  };
}
