/** One pool with all that belongs to it: its checks and where its servers come from. */
import type { TlsClient } from '../../core/runtime/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { Membership, type MembershipContext } from '../discovery/membership.ts';
import { createProber } from '../probes/create-prober.ts';
import { PoolChecks } from '../probes/pool-checks.ts';
import type { ProbeSlots } from '../probes/probe-slots.ts';
import { type PoolContext, PoolRuntime } from './pool-runtime.ts';
import { StreamBackends } from './stream-backends.ts';

export interface ServingContext extends PoolContext, MembershipContext {
  readonly slots: ProbeSlots;
}

export class ServingPool {
  readonly name: string;
  readonly runtime: PoolRuntime;
  readonly checks: PoolChecks;
  readonly membership: Membership;
  readonly streams: StreamBackends;

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
    this.runtime.retire();
  }

  close(): void {
    this.membership.stop();
    this.checks.stop();
    this.runtime.close();
  }
}

function planOf({ health, upstream }: PoolSettings, tls: TlsClient | undefined) {
  return { health, tls, proxyProtocol: upstream.proxyProtocol };
}
