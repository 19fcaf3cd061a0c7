/** One pool with all that belongs to it: its checks and where its servers come from. */
import type { TlsClient } from '../../core/runtime/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { Membership, type MembershipContext } from '../discovery/membership.ts';
import { type DrainedPool, ServerDrains } from '../draining/server-drains.ts';
import { addressText, type Present } from '../draining/under-way.ts';
import type { SessionTable } from '../l4/backends.ts';
import { createProber } from '../probes/create-prober.ts';
import { PoolChecks } from '../probes/pool-checks.ts';
import type { ProbeSlots } from '../probes/probe-slots.ts';
import type { Server } from '../servers/server.ts';
import { type PoolContext, PoolRuntime } from './pool-runtime.ts';
import { StreamBackends } from './stream-backends.ts';

export interface ServingContext extends PoolContext, MembershipContext {
  readonly slots: ProbeSlots;
  /** Sessions of layer 4, by listener. */
  sessionTables(): Iterable<readonly [listener: string, table: SessionTable]>;
}

export class ServingPool {
  readonly name: string;
  readonly runtime: PoolRuntime;
  readonly checks: PoolChecks;
  readonly membership: Membership;
  readonly streams: StreamBackends;
  readonly drains: ServerDrains;

  constructor(settings: PoolSettings, tls: TlsClient | undefined, context: ServingContext) {
    const { clock, random, log, slots, network } = context;
    this.name = settings.name;
    this.runtime = new PoolRuntime(settings, tls, context);
    this.checks = new PoolChecks({
      name: settings.name,
      pool: this.runtime.pool,
      slowStarts: this.runtime.slowStarts,
      plan: planOf(settings, tls),
      prober: (plan) => createProber(plan, { network, clock }),
      ...{ slots, clock, random, log },
    });
    this.membership = new Membership(settings, context, (members) => {
      this.runtime.setMembers(members);
      this.checks.membersChanged();
    });
    this.streams = new StreamBackends(this.runtime);
    this.drains = new ServerDrains(drainedPool(this, context), clock, log);
    this.runtime.isDraining = (server) => this.drains.has(server);
  }

  get settings(): PoolSettings {
    return this.runtime.settings;
  }

  start(): void {
    this.runtime.start();
    this.checks.start();
    this.membership.start();
  }

  /** Takes other settings; servers that stay keep what they have. */
  apply(settings: PoolSettings, tls: TlsClient | undefined): void {
    this.runtime.apply(settings, tls);
    this.checks.apply(planOf(settings, tls), this.runtime.slowStarts);
    this.membership.apply(settings);
  }

  /** No new work; what is under way comes to its end. */
  retire(): void {
    this.membership.stop();
    this.checks.stop();
    this.drains.stop();
    this.runtime.retire();
  }

  close(): void {
    this.membership.stop();
    this.checks.stop();
    this.drains.stop();
    this.runtime.close();
  }
}

function planOf({ health, upstream }: PoolSettings, tls: TlsClient | undefined) {
  const { proxyProtocol, source } = upstream;
  return { health, tls, proxyProtocol, source };
}

function drainedPool(serving: ServingPool, context: ServingContext): DrainedPool {
  const { name, runtime, streams } = serving;
  return {
    name,
    pool: runtime.pool,
    get hasSessions() {
      return runtime.settings.persistence.by !== 'none';
    },
    exchangesAt: (server) => runtime.backends.get(server)?.underWay ?? [],
    streamsAt: (server) => streamsAt(serving, server, context),
    cutStreamsAt(server) {
      const target = streams.targetOf(server);
      for (const [, table] of context.sessionTables()) table.cutAt(target);
    },
    closeKept: (server) => renew(runtime, server),
    reopen(server, nowMs) {
      renew(runtime, server);
      runtime.slowStarts.begin(server, nowMs);
    },
  };
}

function renew(runtime: PoolRuntime, server: Server): void {
  const backend = runtime.backends.get(server);
  if (backend !== undefined) runtime.renew(backend);
}

function streamsAt(
  { name, streams }: ServingPool,
  server: Server,
  { clock, sessionTables }: ServingContext,
): Present[] {
  const target = streams.targetOf(server);
  const nowMs = clock.monotonicMs();
  const present: Present[] = [];
  for (const [listener, table] of sessionTables()) {
    for (const { facts, target: at, begunMs } of table.joined()) {
      if (at !== target) continue;
      present.push({
        client: addressText(facts.clientAddress, facts.clientPort),
        kind: table.kind,
        ...{ listener, pool: name, server: server.name, what: facts.serverName },
        ageMs: Math.round(nowMs - begunMs),
      });
    }
  }
  return present;
}
