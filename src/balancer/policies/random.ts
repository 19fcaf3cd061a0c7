/**
 * A candidate drawn at random, in proportion to weight. Needs no memory of the past, so several balancers
 * do not fall into step; its queues are longer than those of `two-choices`.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { acceptable, type Choice, nextAcceptable, QuietPolicy } from './policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

/** Draws before the next acceptable candidate after the last one drawn is taken. */
const DRAWS_MAX = 8;

export class RandomPolicy extends QuietPolicy {
  private readonly draw: WeightedDraw;

  constructor(level: Level, random: Random) {
    super(level);
    this.draw = new WeightedDraw(random);
    this.changed();
  }

  override changed(): void {
    this.draw.gather(this.level.candidates);
  }

  override choose(choice: Choice): Server | undefined {
    const { candidates } = this.level;
    if (candidates.length === 0) return undefined;
    let slot = 0;
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      slot = this.draw.slot();
      const server = candidates[slot]!;
      if (acceptable(server, choice)) return server;
    }
    return nextAcceptable(candidates, slot, choice);
  }
}
