/**
 * Draws two different acceptable candidates, in proportion to weight: the common part of the policies that
 * compare two. `first` and `second` are valid until the next draw; `second` is undefined when there is only one.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Server } from '../servers/server.ts';
import { acceptable, type Choice, nextAcceptable } from './policy.ts';
import { WeightedDraw } from './weighted-draw.ts';

const DRAWS_MAX = 8;

export class PairDraw {
  first: Server | undefined = undefined;
  second: Server | undefined = undefined;
  private candidates: readonly Server[] = [];
  private readonly draw: WeightedDraw;

  constructor(random: Random) {
    this.draw = new WeightedDraw(random);
  }

  gather(candidates: readonly Server[]): void {
    this.candidates = candidates;
    this.draw.gather(candidates);
  }

  /** Draws anew; false when no candidate is acceptable. */
  next(choice: Choice): boolean {
    const { candidates } = this;
    this.first = undefined;
    this.second = undefined;
    if (candidates.length === 0) return false;
    let slot = 0;
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      slot = this.draw.slot();
      const server = candidates[slot]!;
      if (!acceptable(server, choice) || server === this.first) continue;
      if (this.first === undefined) this.first = server;
      else {
        this.second = server;
        return true;
      }
    }
    this.first ??= nextAcceptable(candidates, slot, choice);
    if (this.first === undefined) return false;
    const other = nextAcceptable(candidates, this.first.slot + 1, choice);
    if (other !== this.first) this.second = other;
    return true;
  }
}
