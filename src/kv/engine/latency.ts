/**
 * Notes what took long (LATENCY): for each kind of event the slowest of each second, at most
 * `latencySamplesMax` seconds back. Off while `latency-monitor-threshold` is 0.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency-monitor/
 */
import { latencySamplesMax } from '../limits.ts';
import type { Engine } from './engine.ts';

/** Kinds of events, under the names that Redis uses for them. */
export const latencyEvents = {
  command: 'a command that is not marked fast',
  'fast-command': 'a command that should take constant or logarithmic time',
  'expire-cycle': 'a round of removing keys whose time has come',
  'eviction-cycle': 'making room by the memory policy',
  'aof-write': 'a write of the log',
} as const;

export type LatencyEvent = keyof typeof latencyEvents;

/** The slowest event of one second. */
export interface LatencySample {
  /** Unix seconds. */
  readonly time: number;
  ms: number;
}

export interface LatencySeries {
  readonly samples: LatencySample[];
  /** The slowest since the last reset, also when it is no sample any more. */
  maxMs: number;
}

export class LatencyMonitor {
  private readonly engine: Engine;
  private readonly series = new Map<LatencyEvent, LatencySeries>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Notes that something took so many milliseconds, if that is long enough. */
  note(event: LatencyEvent, elapsedMs: number): void {
    const { clock, settings } = this.engine;
    const threshold = settings.latencyMonitorThreshold;
    if (threshold === 0 || elapsedMs < threshold) return;
    const ms = Math.floor(elapsedMs);
    const time = Math.floor(clock.wallMs() / 1000);
    let series = this.series.get(event);
    if (series === undefined) {
      series = { samples: [], maxMs: 0 };
      this.series.set(event, series);
    }
    series.maxMs = Math.max(series.maxMs, ms);
    const last = series.samples.at(-1);
    if (last?.time === time) last.ms = Math.max(last.ms, ms);
    else {
      series.samples.push({ time, ms });
      if (series.samples.length > latencySamplesMax) series.samples.shift();
    }
  }

  /** Events that were noted since the last reset. */
  all(): IterableIterator<[LatencyEvent, LatencySeries]> {
    return this.series.entries();
  }

  /** Undefined for an event that was not noted or does not exist. */
  of(event: string): LatencySeries | undefined {
    return this.series.get(event as LatencyEvent);
  }

  /** Forgets all events, or those named; returns how many there were. */
  reset(names?: readonly string[]): number {
    let count = 0;
    for (const event of names ?? [...this.series.keys()]) {
      if (this.series.delete(event as LatencyEvent)) count++;
    }
    return count;
  }
}
