/**
 * A pool as layer 4 sees it: which server gets this session, and what became of it. The same choices, breakers
 * and limits as of requests; what they have in common is counted in the same place.
 */

import type { Backends, SessionFacts, Target } from '../l4/backends.ts';
import type { AttemptResult } from '../policies/attempts.ts';
import type { Server } from '../servers/server.ts';
import type { PoolRuntime } from './pool-runtime.ts';

export class StreamBackends implements Backends {
  private readonly runtime: PoolRuntime;
  private readonly targets = new WeakMap<Server, StreamTarget>();

  constructor(runtime: PoolRuntime) {
    this.runtime = runtime;
  }

  get connectMs(): number {
    return this.runtime.settings.upstream.connectMs;
  }

  get source(): string | undefined {
    return this.runtime.settings.upstream.source;
  }

  get proxyProtocol(): 'no' | 'v1' | 'v2' {
    return this.runtime.settings.upstream.proxyProtocol;
  }

  choose(
    { clientAddress }: SessionFacts,
    tried: readonly Target[],
    nowMs: number,
  ): Target | undefined {
    const servers = tried.map((target) => (target as StreamTarget).server);
    const server = this.runtime.chooseServer(clientAddress, servers, nowMs);
    return server === undefined ? undefined : this.targetOf(server);
  }

  /** The server as its sessions know it. */
  targetOf(server: Server): Target {
    let target = this.targets.get(server);
    if (target === undefined) {
      target = new StreamTarget(this.runtime, server);
      this.targets.set(server, target);
    }
    return target;
  }

  mayRetry(attempts: number, nowMs: number): boolean {
    return this.runtime.mayRetrySession(attempts, nowMs);
  }
}

class StreamTarget implements Target {
  readonly server: Server;
  private readonly runtime: PoolRuntime;

  constructor(runtime: PoolRuntime, server: Server) {
    this.runtime = runtime;
    this.server = server;
  }

  get name(): string {
    return this.server.name;
  }

  get pool(): string {
    return this.runtime.name;
  }

  get address(): Target['address'] {
    return this.runtime.backendOf(this.server).origin.address;
  }

  get tls(): Target['tls'] {
    return this.runtime.tls;
  }

  began(nowMs: number): number {
    return this.runtime.sessionBegan(this.server, nowMs);
  }

  connected(connectMs: number): void {
    this.runtime.times.connect.record(connectMs);
  }

  ended(ticket: number, result: AttemptResult, latencyMs: number, nowMs: number): void {
    this.runtime.sessionEnded(this.server, { ticket, result, latencyMs, nowMs });
  }
}
