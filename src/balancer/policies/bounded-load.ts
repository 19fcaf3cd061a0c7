/**
 * The bound that keeps a popular key from drowning the server it belongs to.
 *
 * With `factor` c, a candidate may take one more piece of work while
 *
 *     active + 1 <= ceil(c x (work of all candidates + 1) x weight / weight of all candidates)
 *
 * The right sides add up to more than there is work, so some candidate always has room. Source: Mirrokni,
 * Thorup, Zadimoghaddam, "Consistent Hashing with Bounded Loads" (2016). Factor 0 is no bound.
 *
 * When servers are avoided or at their own limits, the ones with room may all be among these; then the
 * bound gives way (`lastResort`): an uneven load is better than a refused request.
 */
import { invariant } from '../../core/base/index.ts';
import { mix32 } from '../keys/hash.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { acceptable, type Choice } from './policy.ts';

export class BoundedLoad {
  private readonly level: Level;
  private readonly factor: number;

  constructor(level: Level, factor: number) {
    invariant(factor === 0 || factor >= 1, 'the factor of a bounded load is 0 or at least 1');
    this.level = level;
    this.factor = factor;
  }

  hasRoom(server: Server): boolean {
    return this.factor === 0 || server.active + 1 <= this.most(server);
  }

  /** Whether this choice may fall on this member. */
  takes(server: Server, choice: Choice): boolean {
    return server.slot !== -1 && acceptable(server, choice) && this.hasRoom(server);
  }

  /** What a candidate may have under way after the next choice. */
  most(server: Server): number {
    const { active, weight } = this.level;
    return Math.ceil((this.factor * (active + 1) * server.weight) / weight);
  }

  /**
   * Looks at all candidates: of those with room the one that the key likes most, the same for each request
   * of the key (rendezvous hashing, Thaler and Ravishankar 1998); without any, the least loaded.
   */
  lastResort(key: number, choice: Choice): Server | undefined {
    let best: Server | undefined;
    let bestScore = -1;
    let least: Server | undefined;
    for (const server of this.level.candidates) {
      if (!acceptable(server, choice)) continue;
      if (this.hasRoom(server)) {
        const score = mix32(key ^ server.secondId);
        if (score > bestScore) {
          best = server;
          bestScore = score;
        }
      }
      if (
        least === undefined ||
        (server.active + 1) * least.weight < (least.active + 1) * server.weight
      ) {
        least = server;
      }
    }
    return best ?? least;
  }
}
