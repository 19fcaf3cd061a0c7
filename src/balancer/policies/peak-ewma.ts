/**
 * Two candidates drawn at random, the one with the lower expected wait is taken:
 *
 *     cost = latency x (active + 1) / weight
 *
 * Latency is an average that jumps to each peak and sinks with time (Finagle's Peak EWMA). A server that has
 * given no answer yet counts as average, so it gets neither everything nor nothing. A failure counts as
 * `FAILURE_TIMES` the average at least: a server that fails fast must not look fast.
 *
 * Exploration floor. Comparing alone could leave a server out for long after one bad moment. Rule: every
 * `EXPLORE_EVERY`-th choice looks at the next candidate in turn and takes it if it was not chosen for
 * `EXPLORE_AFTER_MS`. Hence an acceptable candidate that was left out for that time is chosen within the next
 * n x EXPLORE_EVERY choices, and a slow one costs at most one choice in `EXPLORE_AFTER_MS` by this rule.
 */

import { Ewma } from '../../core/resilience/index.ts';
import type { Random } from '../../core/runtime/index.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { PairDraw } from './pair-draw.ts';
import { acceptable, type Choice, type Policy } from './policy.ts';

export const EXPLORE_EVERY = 16;
export const EXPLORE_AFTER_MS = 1000;

/** A failure counts as this many times the average latency, at least. */
const FAILURE_TIMES = 10;
/** Time constant of the level's average, in milliseconds. */
const AVERAGE_TIME_CONSTANT_MS = 10_000;
/** Below this, in milliseconds, only the work under way makes a difference. */
const LATENCY_MIN_MS = 0.01;

export class PeakEwmaPolicy implements Policy {
  private readonly level: Level;
  private readonly pair: PairDraw;
  /** Latency of what succeeded on this level. */
  private readonly average = new Ewma(AVERAGE_TIME_CONSTANT_MS);
  private turn = 0;
  private explored = 0;

  constructor(level: Level, random: Random) {
    this.level = level;
    this.pair = new PairDraw(random);
    this.changed();
  }

  changed(): void {
    this.pair.gather(this.level.candidates);
  }

  choose(choice: Choice): Server | undefined {
    const chosen = this.explore(choice) ?? this.compare(choice);
    if (chosen !== undefined) chosen.chosenAtMs = choice.nowMs;
    return chosen;
  }

  loadChanged(): void {}

  answered(server: Server, latencyMs: number, failed: boolean, nowMs: number): void {
    if (failed) {
      server.latency.add(Math.max(latencyMs, FAILURE_TIMES * this.averageMs()), nowMs);
    } else {
      server.latency.add(latencyMs, nowMs);
      this.average.add(latencyMs, nowMs);
    }
  }

  private explore(choice: Choice): Server | undefined {
    if (++this.turn < EXPLORE_EVERY) return undefined;
    this.turn = 0;
    const { candidates } = this.level;
    if (++this.explored >= candidates.length) this.explored = 0;
    const server = candidates[this.explored];
    if (server === undefined || !acceptable(server, choice)) return undefined;
    return choice.nowMs - server.chosenAtMs >= EXPLORE_AFTER_MS ? server : undefined;
  }

  private compare(choice: Choice): Server | undefined {
    if (!this.pair.next(choice)) return undefined;
    const { first, second } = this.pair;
    if (first === undefined || second === undefined) return first;
    return this.cost(second, choice.nowMs) < this.cost(first, choice.nowMs) ? second : first;
  }

  private cost(server: Server, nowMs: number): number {
    const faded = server.latency.fadedValue(nowMs);
    const latencyMs = Number.isNaN(faded) ? this.averageMs() : Math.max(faded, LATENCY_MIN_MS);
    return (latencyMs * (server.active + 1)) / server.weight;
  }

  private averageMs(): number {
    const { value } = this.average;
    return Number.isNaN(value) ? 1 : value;
  }
}
