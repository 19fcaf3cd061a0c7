/**
 * The edge as a system of the process: the stages that routes of its sites go through, the name server, purges and
 * certificates. Its listeners, pools and routes are the balancer's (`balancerWithEdge`).
 *
 *     start   stages ─▶ certificates, placeholders at least ─▶ purges ─▶ names
 *
 * Invariants: stages are offered before the balancer accepts anybody, so that no request passes without them; the cache
 * serves nothing stored before the coordinator of purges was heard.
 */
import type { Listening, Operation, SystemState, SystemStatus } from '../core/base/index.ts';
import type { Prepared } from '../core/config/index.ts';
import type { Stages } from '../core/http/index.ts';
import { type Logger, loopLoad, type MetricSpec, type Metrics } from '../core/observe/index.ts';
import type { Clock, Disk, Network, Random } from '../core/runtime/index.ts';
import { createNodeNetwork, createNodeTransport } from '../core/runtime/node/index.ts';
import { Access } from './access/index.ts';
import { SessionSecrets } from './acme/index.ts';
import { EdgeCertificates } from './certificates.ts';
import { type EdgeSettings, hopTokenOf, taskKeyOf } from './config/config.ts';
import { DnsServer, dnsMetrics } from './dns/index.ts';
import { ForUsers, Gate } from './gate.ts';
import { Geo, type GeoFiles, loadGeoFiles } from './geo/index.ts';
import { Guard } from './guard/index.ts';
import { GuardedDoors } from './guarded-doors.ts';
import { edgeMetrics } from './metrics.ts';
import { dnsSettingsOf } from './names.ts';
import { edgeOperations } from './operations.ts';
import { type PopSettings, popOf } from './pop-fields.ts';
import { PopLinks } from './pop-links.ts';
import { PopStates } from './pop-states.ts';
import {
  type CarryingCache,
  coordinatorOf,
  type PurgeBus,
  type PurgedCache,
} from './purge/index.ts';
import { linksOf, purgeBusOf, purgePopsOf } from './purges.ts';

export interface EdgeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly dataFolder: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly stages: Stages;
  /** The running cache and balancer; undefined: they do not run. */
  cache(): (PurgedCache & CarryingCache) | undefined;
  balancer(): EdgeBalancer | undefined;
}

/** What the edge needs of the balancer. */
export interface EdgeBalancer {
  takesWork(pool: string, server: string): boolean | undefined;
  /** Certificates and what tickets are made with are read anew. */
  reopenFiles(): void;
}

export class Edge {
  readonly name = 'edge';
  readonly access: Access;
  readonly guard: Guard;
  readonly geo: Geo = new Geo();
  readonly gate: Gate;
  private settings: EdgeSettings;
  private readonly own: PopSettings;
  private readonly context: EdgeContext;
  private readonly load = loopLoad();
  private ownMetrics: readonly MetricSpec[] = [];
  private state: SystemState = 'idle';
  private certificates: EdgeCertificates | undefined;
  private purges: PurgeBus | undefined;
  private names: DnsServer | undefined;
  private states: PopStates | undefined;
  private sessions: SessionSecrets | undefined;

  constructor(settings: EdgeSettings, context: EdgeContext) {
    this.settings = settings;
    this.context = context;
    this.own = ownPop(settings);
    const { name: pop, tierPort } = this.own;
    const { geo } = this;
    this.access = new Access(settings.access, geo);
    const taskKey = taskKeyOf(settings);
    this.guard = new Guard(settings.guard, {
      ...{ ...context, geo, load: loopLoad() },
      ...(taskKey !== undefined && { taskKey }),
    });
    this.gate = new Gate({
      ...{ pop, tierPort, hopToken: hopTokenOf(settings), guard: this.guard },
      answersChallenge: (exchange) => this.certificates?.challenges.answer(exchange) ?? false,
    });
  }

  async start(): Promise<void> {
    try {
      this.geo.apply(await this.filesOf(this.settings));
      const network = createNodeNetwork(await createNodeTransport());
      const purges = this.purgesOf(network);
      const links = new PopLinks({ pop: this.own.name, ...linksOf(purges) });
      this.states = this.statesOf(links);
      this.names = this.namesOf(network, this.states);
      this.certificates = new EdgeCertificates(this.settings, {
        ...this.context,
        ...{ pop: this.own.name, sharing: links, records: this.names },
        isCoordinator: () =>
          coordinatorOf(this.settings.purge, this.settings.pops) === this.own.name,
        onRenewed: () => this.context.balancer()?.reopenFiles(),
      });
      links.onUp(() => this.certificates?.announce());
      await this.certificates.start();
      this.shareSessions();
      this.offer();
      await purges?.start();
      this.purges = purges;
      await this.names.start();
      this.states.start();
      this.guard.start();
    } catch (error) {
      await this.stop();
      this.state = 'failed';
      throw error;
    }
    this.addMetrics();
    this.state = 'ready';
  }

  async drain(): Promise<void> {
    this.state = 'draining';
  }

  async stop(): Promise<void> {
    const { metrics, stages } = this.context;
    stages.withdraw('guard');
    stages.withdraw('access');
    stages.watch = null;
    this.sessions?.stop();
    this.states?.stop();
    this.guard.stop();
    this.certificates?.stop();
    await this.names?.stop();
    await this.purges?.stop();
    metrics.remove(this.ownMetrics);
    this.state = 'stopped';
  }

  status(): SystemStatus {
    const { name, city, shield, bind } = this.own;
    const listening: Listening[] = [];
    const host = this.settings.dns.listen[0] ?? bind;
    if (this.names !== undefined && this.names.port > 0) {
      listening.push({ protocol: 'DNS', host, port: this.names.port });
    }
    const busPort = this.purges?.port;
    if (busPort !== undefined) listening.push({ protocol: 'PoPs', host: bind, port: busPort });
    return {
      ...{ state: this.state, listening },
      facts: {
        pop: name,
        ...(city !== '' && { city }),
        ...{ shield, pops: this.settings.pops.length, sites: this.settings.sites.length },
      },
    };
  }

  async prepare(next: EdgeSettings): Promise<Prepared> {
    const files = await this.filesOf(next);
    // The balancer, which is asked next, finds certificates of new sites, placeholders at least.
    await this.certificates?.change(next);
    return {
      commit: () => {
        this.settings = next;
        this.geo.apply(files);
        this.access.setRules(next.access);
        this.guard.apply(next.guard);
        this.names?.apply(dnsSettingsOf(next, this.own));
        this.purges?.setPops(purgePopsOf(next.pops));
      },
      abort: () => {
        void this.certificates?.change(this.settings).catch((error: unknown) => {
          this.context.log.error('certificates of before can not be written', { error });
        });
      },
    };
  }

  operations(): readonly Operation[] {
    return edgeOperations({
      pop: () => this.own,
      pops: () => this.settings.pops,
      states: () => this.states,
      names: () => this.names,
      purges: () => this.purges,
      certificates: () => this.certificates,
      guard: this.guard,
      nowMs: () => this.context.clock.monotonicMs(),
    });
  }

  /** Files of places and systems, and what the settings say of networks. @throws EdgeError */
  private async filesOf({ geo }: EdgeSettings): Promise<GeoFiles> {
    const loaded = await loadGeoFiles(this.context.disk, geo);
    if (loaded.kind === 'problem') throw new EdgeError('location-file', loaded.problem);
    return loaded.files;
  }

  private purgesOf(network: Network): PurgeBus | undefined {
    const cache = this.context.cache();
    if (cache === undefined) return undefined;
    return purgeBusOf(this.settings, this.own, { ...this.context, network, cache });
  }

  private statesOf(links: PopLinks): PopStates {
    const { clock, balancer } = this.context;
    return new PopStates({
      ...{ clock, pop: this.own.name, sharing: links },
      names: () => this.settings.pops.map(({ name }) => name),
      takesWork: (pool, server) => balancer()?.takesWork(pool, server),
      ownLoad: () => this.load(),
    });
  }

  private namesOf(network: Network, health: PopStates): DnsServer {
    const { clock, random, log } = this.context;
    return new DnsServer(dnsSettingsOf(this.settings, this.own), {
      ...{ network, clock, random, log, health, geo: this.geo },
      pops: () => this.settings.pops.map(popOf),
      secret: this.settings.secret?.reveal(),
    });
  }

  /** All PoPs resume each other's sessions. */
  private shareSessions(): void {
    const { clock, stages, balancer } = this.context;
    const secret = this.settings.secret?.reveal();
    if (secret === undefined) return;
    this.sessions = new SessionSecrets({
      ...{ clock, secret },
      onChange: (sessionSecret) => {
        stages.sessionSecret = sessionSecret;
        balancer()?.reopenFiles();
      },
    });
    stages.sessionSecret = this.sessions.current;
  }

  private offer(): void {
    const { stages } = this.context;
    stages.offer('guard', this.gate);
    stages.offer('access', new ForUsers(this.access, this.own.tierPort));
    stages.watch = new GuardedDoors(this.guard);
  }

  private addMetrics(): void {
    const { gate, access, guard, names, certificates, purges } = this;
    const parts = [
      ...(names === undefined ? [] : dnsMetrics(names)),
      ...(certificates?.metrics() ?? []),
      ...(purges?.metrics() ?? []),
    ];
    this.ownMetrics = edgeMetrics({ pop: this.own.name, gate, access, guard, parts });
    this.context.metrics.add(this.ownMetrics);
  }
}

/** The edge can not start; the message is one sentence. */
export class EdgeError extends Error {
  override readonly name = 'EdgeError';
  readonly code: 'pop-not-named' | 'location-file';

  constructor(code: EdgeError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** The PoP that this process is. The file that all share does not say it, so it is asked for here alone. */
function ownPop({ pop, pops }: EdgeSettings): PopSettings {
  const own = pops.find(({ name }) => name === pop);
  if (own !== undefined) return own;
  const says = 'edge.pop is needed, or PLINTH_EDGE_POP: which of edge.pops this process is';
  throw new EdgeError('pop-not-named', says);
}

/** Makes the edge; `start` brings it up. */
export function createEdge(settings: EdgeSettings, context: EdgeContext): Edge {
  return new Edge(settings, context);
}
