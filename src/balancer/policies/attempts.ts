/**
 * Work that begins and ends at servers: counts it, tells the policy, feeds the breaker, and moves the causes
 * `tripped` and `probing` with the breaker's state.
 *
 * Every `began` is followed by exactly one `ended` of the same server with the number that `began` gave,
 * also when the server has left the pool meanwhile.
 * Invariants: `active` is never negative; `Server.admits` is right after every call.
 */
import { invariant } from '../../core/base/index.ts';
import type { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import type { Chooser } from './chooser.ts';

/**
 * What an attempt says of its server. `unknown`: nothing, because its client left or it was a hedge that
 * lost; `failure`: the connection failed, time was over, or a gateway error (502, 503, 504) was answered.
 */
export type AttemptResult = 'success' | 'failure' | 'unknown';

export class Attempts {
  private readonly pool: Pool;
  private readonly chooser: Chooser;

  constructor(pool: Pool, chooser: Chooser) {
    this.pool = pool;
    this.chooser = chooser;
  }

  /** Work was given to a server. Returns the number to hand to `ended`. */
  began(server: Server, nowMs: number): number {
    server.active++;
    if (server.slot !== -1) this.pool.levels[server.level]!.active++;
    const generation = server.breaker === undefined ? 0 : server.breaker.admit(nowMs);
    look(server, nowMs);
    this.chooser.policyOf(server)?.loadChanged(server);
    return generation;
  }

  /** It ended; `latencyMs` to the first byte of the answer or to its failure, unused when unknown. */
  ended(
    server: Server,
    generation: number,
    result: AttemptResult,
    latencyMs: number,
    nowMs: number,
  ): void {
    server.active--;
    invariant(server.active >= 0, 'work that ends at a server has begun there');
    if (server.slot !== -1) this.pool.levels[server.level]!.active--;
    const { breaker } = server;
    if (breaker !== undefined) {
      if (result === 'unknown') breaker.release(generation);
      else breaker.record(generation, result === 'success', nowMs);
      this.follow(server, nowMs);
    }
    look(server, nowMs);
    const policy = this.chooser.policyOf(server);
    if (policy === undefined) return;
    policy.loadChanged(server);
    if (result !== 'unknown') policy.answered(server, latencyMs, result === 'failure', nowMs);
  }

  /** Lets breakers whose waiting time is over admit probes. To be called every 100 ms or so. */
  tick(nowMs: number): void {
    for (const server of this.pool.servers) {
      // One whose breaker was taken away may still be held by it.
      if (server.breaker === undefined && !this.isHeld(server)) continue;
      this.follow(server, nowMs);
      const admitted = server.admits;
      look(server, nowMs);
      if (admitted !== server.admits) this.chooser.policyOf(server)?.loadChanged(server);
    }
  }

  private isHeld(server: Server): boolean {
    return this.pool.has(server, 'tripped') || this.pool.has(server, 'probing');
  }

  /** Sets the causes as the breaker is. */
  private follow(server: Server, nowMs: number): void {
    const state = server.breaker?.state(nowMs);
    this.pool.set(server, 'tripped', state === 'open');
    this.pool.set(server, 'probing', state === 'half-open');
  }
}

function look(server: Server, nowMs: number): void {
  const { breaker } = server;
  // An open breaker is a cause, which panic overrules; a half-open one is a limit, which nothing does.
  const probes =
    breaker === undefined || breaker.state(nowMs) !== 'half-open' || breaker.admits(nowMs);
  server.admits = probes && server.active < server.activeMax;
}
