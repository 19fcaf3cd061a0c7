/**
 * What a route asks: which server of this pool gets this request? The one place before the policies that
 * knows of priorities, of servers tried already and of slow start.
 *
 * 1. A level is drawn by the shares of `level-shares.ts`: by the key if the request has one, so that a key
 *    stays on its level, else by chance.
 * 2. The level's policy chooses among its candidates, those in `avoid` left out.
 * 3. A starting server takes only `share` of the choices that fall on it, relative to the most advanced
 *    one; the others fall on the next one that the policy chooses. Which they are is decided by key and
 *    server, so that a key that has come to a starting server stays there while the share grows; without a
 *    key by chance. After PASSES_MAX servers in a row the last one is taken: when most of the pool is
 *    starting, the few others must not get everything.
 * 4. A level whose candidates were all tried hands a retry to the other levels. One whose candidates are
 *    merely full does not: requests wait for them.
 *
 * No object is made. Hot: bench/balancer-policies.ts.
 */
import type { Random } from '../../core/runtime/index.ts';
import { mix32, NO_KEY } from '../keys/hash.ts';
import type { Level } from '../servers/level.ts';
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import type { Choice, Policy } from './policy.ts';
import { createPolicy, type PolicyName, type PolicyOptions } from './policy-table.ts';

const PASSES_MAX = 4;
const WORD = 0x1_0000_0000;

export interface ChooserOptions extends PolicyOptions {
  readonly policy: PolicyName;
}

/** Why nothing was chosen: nobody may be used, all are full, or all that have room were tried already. */
export type NoChoice = 'none-healthy' | 'all-full' | 'all-tried';

export class Chooser {
  private readonly pool: Pool;
  private readonly random: Random;
  private policies: readonly Policy[] = [];
  private mark = 0;

  constructor(pool: Pool, random: Random, options: ChooserOptions) {
    this.pool = pool;
    this.random = random;
    pool.observe({
      onLevels: (levels) => {
        this.policies = levels.map((level) => createPolicy(options.policy, level, random, options));
      },
      onCandidates: (level) => {
        this.policies[pool.levels.indexOf(level)]?.changed();
      },
    });
  }

  choose(choice: Choice): Server | undefined {
    choice.mark = ++this.mark;
    const { avoid } = choice;
    for (let i = 0; i < avoid.length; i++) avoid[i]!.mark = choice.mark;
    const index = this.draw(choice);
    const chosen = this.chooseFrom(index, choice);
    if (chosen !== undefined || avoid.length === 0) return chosen;
    for (let other = 0; other < this.policies.length; other++) {
      const found = other === index ? undefined : this.policies[other]!.choose(choice);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Why `choose` has just returned nothing for this choice. */
  whyNone(choice: Choice): NoChoice {
    let why: NoChoice = 'none-healthy';
    for (const { candidates } of this.pool.levels) {
      for (const server of candidates) {
        if (choice.avoid.includes(server)) return 'all-tried';
        why = 'all-full';
      }
    }
    return why;
  }

  /** The policy of a server's level; undefined when it has left the pool. */
  policyOf(server: Server): Policy | undefined {
    return server.member === -1 ? undefined : this.policies[server.level];
  }

  /** Index of the level that gets this request. */
  private draw(choice: Choice): number {
    const { levels } = this.pool;
    if (levels.length < 2 || levels[0]!.share === 1) return 0;
    const bits = choice.key === NO_KEY ? this.random.u32() : mix32(~choice.key);
    let left = bits / WORD;
    let last = 0;
    for (let index = 0; index < levels.length; index++) {
      const { share } = levels[index]!;
      if (share === 0) continue;
      if (left < share) return index;
      left -= share;
      last = index;
    }
    return last;
  }

  private chooseFrom(index: number, choice: Choice): Server | undefined {
    const policy = this.policies[index];
    const chosen = policy?.choose(choice);
    if (policy === undefined || chosen === undefined) return undefined;
    const level = this.pool.levels[index]!;
    return level.anyStarting ? this.passStarting(policy, level, chosen, choice) : chosen;
  }

  private passStarting(policy: Policy, level: Level, first: Server, choice: Choice): Server {
    let server = first;
    for (let passes = 0; passes < PASSES_MAX && !this.takesTurn(server, level, choice); passes++) {
      server.mark = choice.mark;
      const next = policy.choose(choice);
      if (next === undefined) break;
      server = next;
    }
    return server;
  }

  private takesTurn(server: Server, level: Level, choice: Choice): boolean {
    if (server.share >= level.startingMax) return true;
    const bits = choice.key === NO_KEY ? this.random.u32() : mix32(choice.key ^ server.id);
    return (bits / WORD) * level.startingMax < server.share;
  }
}
