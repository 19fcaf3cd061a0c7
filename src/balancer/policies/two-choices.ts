/**
 * Two candidates drawn at random, the one with less work for its weight is taken.
 *
 * The longest queue grows like log log n and not like log n / log log n, and a count that is a little old
 * (several balancers before one pool) does not send everyone to the same server.
 * Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (2001).
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { PairDraw } from './pair-draw.ts';
import { type Choice, QuietPolicy } from './policy.ts';

export class TwoChoices extends QuietPolicy {
  private readonly pair: PairDraw;

  constructor(level: Level, random: Random) {
    super(level);
    this.pair = new PairDraw(random);
    this.changed();
  }

  override changed(): void {
    this.pair.gather(this.level.candidates);
  }

  override choose(choice: Choice): Server | undefined {
    if (!this.pair.next(choice)) return undefined;
    const { first, second } = this.pair;
    if (first === undefined || second === undefined) return first;
    // (a + 1) / weight compared without dividing.
    return (second.active + 1) * first.weight < (first.active + 1) * second.weight ? second : first;
  }
}
