/**
 * Each candidate in turn, beginning anywhere, so that many balancers or many changes do not favour the
 * first of the list.
 *
 * Fairness: in any n x k choices that follow each other while n candidates stay the same and are all
 * acceptable, each gets exactly k.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { type Choice, nextAcceptable, QuietPolicy } from './policy.ts';

export class RoundRobin extends QuietPolicy {
  private next: number;

  constructor(level: Level, random: Random) {
    super(level);
    this.next = Math.floor(random.float() * level.candidates.length);
  }

  override choose(choice: Choice): Server | undefined {
    const { candidates } = this.level;
    const from = this.next < candidates.length ? this.next : 0;
    const chosen = nextAcceptable(candidates, from, choice);
    if (chosen !== undefined) this.next = chosen.slot + 1;
    return chosen;
  }
}
