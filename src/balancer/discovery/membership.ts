/**
 * The members of one pool: those of its settings, those that its sources find, and what an operator said of
 * single ones since.
 *
 *     settings ──────────────────┐
 *     file, dns, srv, registered ┴▶ merge ─▶ said by operators ─▶ onMembers (the whole list)
 *
 * Invariants: `onMembers` gets a list whenever it differs from the last one, and never an equal one; what
 * sources say within `GATHER_MS` is one change; a source whose settings change goes on with what it found
 * until the new one has found something.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { Clock, Disk, Names, Timer } from '../../core/runtime/index.ts';
import type { PoolSettings } from '../config/config.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { parseDnsTarget } from './discovery-rules.ts';
import { dnsLook, type NameLookOptions } from './dns-source.ts';
import { fileLook } from './file-source.ts';
import { GATHER_MS, MEMBERS_MAX } from './limits.ts';
import { memberOf } from './member.ts';
import { mergeMembers } from './merge.ts';
import { type Look, PolledSource } from './polled-source.ts';
import type { Registrations } from './registrations.ts';
import {
  type Source,
  type SourceKind,
  type SourceStatus,
  sameMembers,
  sourceKinds,
} from './source.ts';
import { srvLook } from './srv-source.ts';

export type MembershipSettings = Pick<PoolSettings, 'name' | 'servers' | 'discovery'>;

export interface MembershipContext {
  readonly clock: Clock;
  readonly names: Names;
  readonly disk: Disk;
  readonly log: Logger;
  /** Shared by all pools. */
  readonly registrations: Registrations;
}

/** What an operator says of a member that no file of ours lists. */
export interface Said {
  readonly weight: number;
}

export interface MembershipStatus {
  readonly members: number;
  /** Members left out because there were too many. */
  readonly tooMany: number;
  readonly sources: readonly SourceStatus[];
}

/** A source, and the settings that it was made of. */
interface Running {
  readonly source: Source;
  readonly madeOf: string;
}

/** One question to a name server. */
const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

export class Membership {
  private settings: MembershipSettings;
  private readonly context: MembershipContext;
  private readonly onMembers: (members: readonly Member[]) => void;
  private readonly running = new Map<SourceKind, Running>();
  private readonly found = new Map<SourceKind, readonly Member[]>();
  private readonly said = new Map<string, Said>();
  private members: readonly Member[] = [];
  private tooMany = 0;
  private timer: Timer | undefined = undefined;
  private started = false;

  constructor(
    settings: MembershipSettings,
    context: MembershipContext,
    onMembers: (members: readonly Member[]) => void,
  ) {
    this.settings = settings;
    this.context = context;
    this.onMembers = onMembers;
  }

  /** Tells the servers of the settings inside this call, all others as they are found. */
  start(): void {
    this.started = true;
    this.apply(this.settings);
  }

  /** Nothing is told any more. */
  stop(): void {
    this.started = false;
    for (const { source } of this.running.values()) source.stop();
    this.running.clear();
    if (this.timer !== undefined) this.context.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  /** Takes other settings of the same pool; a change of its servers is told inside this call. */
  apply(settings: MembershipSettings): void {
    this.settings = settings;
    if (!this.started) return;
    for (const kind of sourceKinds) this.renew(kind);
    this.tell();
  }

  /**
   * What an operator says of a member now goes before what its source says, until it is taken back
   * (undefined) or the process ends. Told inside this call.
   *
   * @returns false when there is no such member.
   */
  say(name: string, said: Said | undefined): boolean {
    if (said === undefined) {
      if (!this.said.delete(name)) return this.members.some((member) => member.spec.name === name);
    } else {
      if (!this.members.some((member) => member.spec.name === name)) return false;
      this.said.delete(name);
      this.said.set(name, said);
      // Of servers that have left it is kept, they may flap; the oldest goes when it becomes too much.
      if (this.said.size > MEMBERS_MAX) this.said.delete(this.said.keys().next().value as string);
    }
    this.tell();
    return true;
  }

  /** Where a member is from; undefined when there is none of that name. */
  sourceOf(name: string): 'settings' | SourceKind | undefined {
    if (!this.members.some((member) => member.spec.name === name)) return undefined;
    if (this.settings.servers.some((server) => server.name === name)) return 'settings';
    return sourceKinds.find((kind) =>
      this.found.get(kind)?.some((member) => member.spec.name === name),
    );
  }

  /** The weight that a member has now; undefined when there is none of that name. */
  weightOf(name: string): number | undefined {
    return this.members.find((member) => member.spec.name === name)?.spec.weight;
  }

  /** Whether its weight is an operator's. */
  isWeighed(name: string): boolean {
    return this.said.get(name)?.weight !== undefined;
  }

  status(): MembershipStatus {
    const { members, tooMany } = this;
    const sources = [...this.running.values()].map(({ source }) => source.status());
    return { members: members.length, tooMany, sources };
  }

  /** Makes the source of this kind what the settings want it to be. */
  private renew(kind: SourceKind): void {
    const madeOf = this.madeOf(kind);
    const running = this.running.get(kind);
    if (running?.madeOf === madeOf) return;
    running?.source.stop();
    if (madeOf === undefined) {
      this.running.delete(kind);
      this.found.delete(kind);
      return;
    }
    const source = this.make(kind);
    this.running.set(kind, { source, madeOf });
    source.start((members) => {
      this.found.set(kind, members);
      this.timer ??= this.context.clock.setTimer(GATHER_MS, () => {
        this.timer = undefined;
        this.tell();
      });
    });
  }

  /** The settings that a source is made of, as a key; undefined: it is not wanted. */
  private madeOf(kind: SourceKind): string | undefined {
    const { file, dns, srv, registration, everyMs, nameServers } = this.settings.discovery;
    switch (kind) {
      case 'file':
        return file && JSON.stringify([file, everyMs]);
      case 'dns':
        return dns && JSON.stringify([dns, everyMs, nameServers]);
      case 'srv':
        return srv && JSON.stringify([srv, everyMs, nameServers]);
      case 'registration':
        return registration ? 'yes' : undefined;
    }
  }

  private make(kind: SourceKind): Source {
    const { name, discovery } = this.settings;
    const { registrations, disk } = this.context;
    const { file = '', dns = '', srv = '', everyMs } = discovery;
    switch (kind) {
      case 'registration':
        return registrations.source(name, (server) =>
          this.settings.servers.some((each) => each.name === server),
        );
      case 'file':
        return this.polled(kind, file, fileLook(disk, file, everyMs));
      case 'dns': {
        // The settings were validated, so there are a host and a port.
        const { host, port } = parseDnsTarget(dns) ?? { host: dns, port: 0 };
        return this.named(kind, dns, (options) => dnsLook(host, port, options));
      }
      case 'srv':
        return this.named(kind, srv, (options) => srvLook(srv, options));
    }
  }

  private named(
    kind: SourceKind,
    what: string,
    lookOf: (options: NameLookOptions) => () => Promise<Look>,
  ): Source {
    const { everyMs, nameServers } = this.settings.discovery;
    const system = nameServers.length === 0;
    const resolver = this.context.names.resolver({
      ...(!system && { servers: nameServers }),
      timeoutMs: DNS_TIMEOUT_MS,
      tries: DNS_TRIES,
      untoldTtlMs: everyMs,
    });
    const look = lookOf({ resolver, system, everyMs });
    return this.polled(kind, what, look, () => resolver.close());
  }

  private polled(
    kind: SourceKind,
    what: string,
    look: () => Promise<Look>,
    close?: () => void,
  ): Source {
    const { clock, log } = this.context;
    const { name, discovery } = this.settings;
    return new PolledSource({
      ...{ kind, look, clock, log, everyMs: discovery.everyMs },
      ...(close !== undefined && { close }),
      facts: { pool: name, from: what },
    });
  }

  private tell(): void {
    const listed = this.settings.servers.flatMap((server) => memberOf(server) ?? []);
    const lists = [listed, ...sourceKinds.map((kind) => this.found.get(kind) ?? [])];
    const { members, tooMany } = mergeMembers(lists, MEMBERS_MAX);
    this.noteTooMany(tooMany);
    const said = members.map((member) => saidOf(member, this.said.get(member.spec.name)));
    if (sameMembers(said, this.members)) return;
    this.members = said;
    this.onMembers(said);
  }

  private noteTooMany(tooMany: number): void {
    if (tooMany > 0 && this.tooMany === 0) {
      this.context.log.warn('a pool has too many servers, the last ones are left out', {
        pool: this.settings.name,
        max: MEMBERS_MAX,
        tooMany,
      });
    }
    this.tooMany = tooMany;
  }
}

function saidOf(member: Member, said: Said | undefined): Member {
  if (said === undefined) return member;
  return { ...member, spec: { ...member.spec, weight: said.weight } };
}
