/** Pools and streams of choices for tests and benchmarks; nothing of the program imports it. */
import type { Random } from '../../core/runtime/index.ts';
import { Attempts } from '../policies/attempts.ts';
import { Chooser } from '../policies/chooser.ts';
import { Choice } from '../policies/policy.ts';
import type { PolicyName } from '../policies/policy-table.ts';
import type { LevelOptions } from '../servers/level-shares.ts';
import { Pool } from '../servers/pool.ts';
import type { Server, ServerSpec } from '../servers/server.ts';

export function spec(name: string, more: Partial<ServerSpec> = {}): ServerSpec {
  return {
    name,
    host: '192.0.2.1',
    port: 80,
    weight: 1,
    priority: 0,
    activeMax: Number.POSITIVE_INFINITY,
    ...more,
  };
}

/** `count` servers s0, s1, ... with these weights, over and over. */
export function specs(count: number, weights: readonly number[] = [1]): ServerSpec[] {
  return Array.from({ length: count }, (_, i) =>
    spec(`s${i}`, { weight: weights[i % weights.length] as number }),
  );
}

export class TestPool {
  readonly pool: Pool;
  readonly chooser: Chooser;
  readonly attempts: Attempts;
  readonly choice = new Choice();

  constructor(
    servers: readonly ServerSpec[],
    policy: PolicyName,
    random: Random,
    more: { boundFactor?: number; levels?: LevelOptions } = {},
  ) {
    this.pool = new Pool(servers, more.levels);
    this.chooser = new Chooser(this.pool, random, { policy, boundFactor: more.boundFactor ?? 0 });
    this.attempts = new Attempts(this.pool, this.chooser);
  }

  choose(key: number = -1, nowMs = 0): Server | undefined {
    this.choice.key = key;
    this.choice.nowMs = nowMs;
    return this.chooser.choose(this.choice);
  }

  server(name: string): Server {
    const found = this.pool.find(name);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  }
}
