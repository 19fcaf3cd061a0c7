/** One pool with all that belongs to it: its checks and the sources of its servers. */
import type { TlsClient } from '../../core/runtime/index.ts';
import type { PoolSettings } from '../config/config.ts';
import { MEMBERS_MAX } from '../discovery/limits.ts';
import { memberOf } from '../discovery/member.ts';
import { mergeMembers } from '../discovery/merge.ts';
import type { Source } from '../discovery/source.ts';
import { createProber } from '../probes/create-prober.ts';
import { PoolChecks } from '../probes/pool-checks.ts';
import type { ProbeSlots } from '../probes/probe-slots.ts';
import { type Member, type PoolContext, PoolRuntime } from './pool-runtime.ts';
import { StreamBackends } from './stream-backends.ts';

export interface ServingContext extends PoolContext {
  readonly slots: ProbeSlots;
  /** The sources that a pool's settings ask for beside its own list, in the order in which they win. */
  sourcesOf(settings: PoolSettings): readonly Source[];
}

export class ServingPool {
  readonly name: string;
  readonly runtime: PoolRuntime;
  readonly checks: PoolChecks;
  readonly streams: StreamBackends;
  private readonly context: ServingContext;
  private sources: readonly Source[] = [];
  private found: (readonly Member[])[] = [];
  private started = false;

  constructor(settings: PoolSettings, tls: TlsClient | undefined, context: ServingContext) {
    const { clock, random, log, slots, network } = context;
    this.name = settings.name;
    this.context = context;
    this.runtime = new PoolRuntime(settings, tls, context);
    this.checks = new PoolChecks({
      name: settings.name,
      pool: this.runtime.pool,
      slowStarts: this.runtime.slowStarts,
      plan: planOf(settings, tls),
      prober: (plan) => createProber(plan, { network, clock }),
      ...{ slots, clock, random, log },
    });
    this.streams = new StreamBackends(this.runtime);
  }

  get settings(): PoolSettings {
    return this.runtime.settings;
  }

  /** Where the servers come from that are not listed. */
  get sourceStatus() {
    return this.sources.map((source) => source.status());
  }

  start(): void {
    this.started = true;
    this.runtime.start();
    this.checks.start();
    this.openSources();
    this.membersChanged();
  }

  /** Takes other settings; servers that stay keep what they have. */
  apply(settings: PoolSettings, tls: TlsClient | undefined): void {
    const before = this.settings;
    this.runtime.apply(settings, tls);
    this.checks.apply(planOf(settings, tls), this.runtime.slowStarts);
    if (before.discovery !== settings.discovery) {
      this.closeSources();
      this.openSources();
    }
    if (this.started) this.membersChanged();
  }

  /** No new work; what is under way comes to its end. */
  retire(): void {
    this.started = false;
    this.checks.stop();
    this.closeSources();
    this.runtime.retire();
  }

  close(): void {
    this.started = false;
    this.checks.stop();
    this.closeSources();
    this.runtime.close();
  }

  private openSources(): void {
    this.sources = this.context.sourcesOf(this.settings);
    this.found = this.sources.map(() => []);
    for (const [index, source] of this.sources.entries()) {
      source.start((members) => {
        this.found[index] = members;
        this.membersChanged();
      });
    }
  }

  private closeSources(): void {
    for (const source of this.sources) source.stop();
    this.sources = [];
    this.found = [];
  }

  private membersChanged(): void {
    const listed = this.settings.servers.map(memberOf).filter((member) => member !== undefined);
    const { members } = mergeMembers([listed, ...this.found], MEMBERS_MAX);
    this.runtime.setMembers(members);
    this.checks.membersChanged();
  }
}

function planOf({ health, upstream }: PoolSettings, tls: TlsClient | undefined) {
  return { health, tls, proxyProtocol: upstream.proxyProtocol };
}
