/**
 * The balancer as a system of the process: listeners, routes and pools, all of them live.
 *
 *     prepare   everything that may fail: files read, routes compiled, new listeners bound
 *     commit    pools, routes, listeners swapped, in this order; nothing that is open is touched
 *
 * Invariants: a request sees one table of routes; a pool or listener that stays is the same object and keeps its
 * connections; what a change removes comes to its end by itself.
 */
import type { Listening, Operation, SystemState, SystemStatus } from '../core/base/index.ts';
import type { Prepared } from '../core/config/index.ts';
import type { HttpServerEvents } from '../core/downstream/index.ts';
import type { Exchange, Handler, Stages } from '../core/http/index.ts';
import type { Logger, MetricSpec, Metrics } from '../core/observe/index.ts';
import { ProxyFields } from '../core/proxy/index.ts';
import {
  type Clock,
  type Disk,
  ListenError,
  type Network,
  type Random,
  type TlsClient,
  type Transport,
} from '../core/runtime/index.ts';
import {
  createNodeNames,
  createNodeNetwork,
  createNodeTransport,
} from '../core/runtime/node/index.ts';
import { AccessLog } from './access-log/access-log.ts';
import type { BalancerStatus } from './admin/balancer-status.ts';
import { balancerOperations } from './admin/operations.ts';
import { showBalancer } from './admin/show-balancer.ts';
import type { BalancerSettings, ListenerSettings, PoolSettings } from './config/config.ts';
import { Registrations } from './discovery/registrations.ts';
import { GOODBYE_MS } from './draining/drain-report.ts';
import { ListenerDrains } from './draining/listener-drains.ts';
import type { SessionReport, SessionTable } from './l4/backends.ts';
import { handlerOf } from './listeners/dispatch.ts';
import type { Door } from './listeners/door.ts';
import { HttpDoor } from './listeners/http-door.ts';
import { StreamDoor } from './listeners/stream-door.ts';
import { isTlsDoor, renewTls } from './listeners/tls-door.ts';
import { TrafficTable } from './listeners/traffic.ts';
import { UdpDoor } from './listeners/udp-door.ts';
import { balancerMetrics } from './metrics.ts';
import { type ServingContext, ServingPool } from './pools/serving-pool.ts';
import { ProbeSlots } from './probes/probe-slots.ts';
import { compileRoutes } from './routes/compile.ts';
import type { Route } from './routes/route.ts';
import type { RouteTable } from './routes/route-table.ts';
import { forbidsNewWork } from './servers/server-causes.ts';
import { tlsOfListener, tlsOfPool } from './tls-files.ts';

export interface BalancerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What other systems put between route and pool. */
  readonly stages: Stages;
}

/** Sessions of a listener that a change has removed may go on for so long, milliseconds. */
const REMOVED_DRAIN_MS = 60_000;

export class Balancer {
  readonly name = 'balancer';
  private settings: BalancerSettings;
  private readonly context: BalancerContext;
  private state: SystemState = 'idle';
  private transport: Transport | undefined;
  private network: Network | undefined;
  private readonly pools = new Map<string, ServingPool>();
  private readonly doors = new Map<string, Door>();
  /** Doors that a change has removed, until their last client has left. */
  private readonly ending = new Set<Door>();
  private routes: RouteTable;
  private handlers = new Map<Route, Handler>();
  private readonly proxyFields: { current: ProxyFields };
  private readonly slots = new ProbeSlots();
  private readonly names = createNodeNames();
  /** Servers that register themselves, of all pools. */
  readonly registrations: Registrations;
  /** What is counted of requests, by listener and by route. */
  readonly traffic = { listeners: new TrafficTable(), routes: new TrafficTable() };
  readonly listenerDrains: ListenerDrains;
  readonly accessLog: AccessLog;
  private readonly ownMetrics: readonly MetricSpec[];
  private readonly offered: readonly Operation[];

  /** @throws RouteError: the settings were not checked. */
  constructor(settings: BalancerSettings, context: BalancerContext) {
    this.settings = settings;
    this.context = context;
    this.registrations = new Registrations(context.clock);
    this.accessLog = new AccessLog(context);
    this.ownMetrics = balancerMetrics(this);
    this.offered = balancerOperations(this);
    this.listenerDrains = new ListenerDrains({
      clock: context.clock,
      log: context.log,
      exchangesOf: (listener) => this.exchangesOf(listener),
    });
    this.routes = compileRoutes(settings.routes);
    this.keepTraffic();
    this.proxyFields = { current: new ProxyFields(settings, context.random) };
  }

  async start(): Promise<void> {
    this.state = 'starting';
    try {
      this.context.metrics.add(this.ownMetrics);
      this.accessLog.check(this.settings.accessLog);
      this.accessLog.setPath(this.settings.accessLog);
      const transport = await createNodeTransport();
      this.transport = transport;
      this.network = createNodeNetwork(transport);
      for (const pool of this.settings.pools) this.addPool(pool, this.tlsOf(pool));
      for (const listener of this.settings.listeners) {
        this.doors.set(listener.name, await this.openDoor(listener));
      }
    } catch (error) {
      await this.stop();
      this.state = 'failed';
      throw error;
    }
    this.state = 'ready';
  }

  async drain(deadlineMs: number): Promise<void> {
    this.state = 'draining';
    const ended = this.allDoors().map((door) =>
      this.listenerDrains.begin(door, deadlineMs, GOODBYE_MS / 2),
    );
    const cut = (await Promise.all(ended)).reduce((sum, count) => sum + count, 0);
    if (cut > 0) this.context.log.warn('connections were cut at the end of the drain', { cut });
  }

  async stop(): Promise<void> {
    this.listenerDrains.stop();
    await Promise.all(this.allDoors().map((door) => door.stop()));
    for (const pool of this.pools.values()) pool.close();
    this.pools.clear();
    await this.accessLog.close();
    this.context.metrics.remove(this.ownMetrics);
    this.state = 'stopped';
  }

  status(): SystemStatus {
    const listening: Listening[] = [...this.doors.values()].map((door) => door.listening);
    let open = 0;
    for (const door of this.allDoors()) open += door.open;
    let requests = 0;
    for (const [, traffic] of this.traffic.listeners.entries()) requests += traffic.requests;
    return {
      state: this.state,
      listening,
      facts: {
        connections: open,
        requests,
        pools: this.pools.size,
        routes: this.routes.routes.length,
      },
    };
  }

  async prepare(next: BalancerSettings): Promise<Prepared> {
    const routes = compileRoutes(next.routes);
    this.accessLog.check(next.accessLog);
    const tls = new Map(next.pools.map((pool) => [pool.name, this.tlsFor(pool)]));
    const opened = new Map<string, Door>();
    const undo: (() => void)[] = [];
    const abort = (): void => {
      for (const back of undo) back();
      for (const door of opened.values()) void door.stop();
    };
    try {
      for (const listener of next.listeners) {
        const door = this.doors.get(listener.name);
        if (door === undefined) opened.set(listener.name, await this.openDoor(listener));
        else if (isTlsDoor(door) && !this.listenerDrains.has(door)) {
          const back = renewTls(
            door,
            this.context.disk,
            listener,
            this.context.stages.sessionSecret,
          );
          if (back !== undefined) undo.push(back);
        }
      }
    } catch (error) {
      abort();
      throw error;
    }
    return { commit: () => this.commit(next, { routes, tls, opened }), abort };
  }

  operations(): readonly Operation[] {
    return this.offered;
  }

  reopenFiles(): void {
    this.accessLog.reopen();
    for (const door of this.doors.values()) this.readTlsAnew(door);
  }

  // For status, metrics and operators.

  get servingPools(): Iterable<ServingPool> {
    return this.pools.values();
  }

  get openDoors(): Iterable<Door> {
    return this.doors.values();
  }

  get routeTable(): RouteTable {
    return this.routes;
  }

  nowMs(): number {
    return this.context.clock.monotonicMs();
  }

  shown(): BalancerStatus {
    return showBalancer(this);
  }

  poolNamed(name: string): ServingPool | undefined {
    return this.pools.get(name);
  }

  /** Whether a server takes new work; undefined: there is no such server. */
  takesWork(pool: string, server: string): boolean | undefined {
    const found = this.pools.get(pool)?.runtime.pool.find(server);
    return found === undefined ? undefined : (found.causes & forbidsNewWork) === 0;
  }

  doorNamed(name: string): Door | undefined {
    return this.doors.get(name);
  }

  /** Listens again at the same address; who is still there of before comes to its end. */
  async resumeDoor(door: Door): Promise<'resumed' | 'not-draining'> {
    if (!this.listenerDrains.has(door)) return 'not-draining';
    const { settings, listening } = door;
    const fresh = await this.openDoor({ ...settings, port: listening.port });
    if (this.doors.get(settings.name) !== door) {
      await fresh.stop();
      return 'not-draining';
    }
    fresh.apply(settings);
    this.doors.set(settings.name, fresh);
    this.letGo(door);
    return 'resumed';
  }

  private commit(
    next: BalancerSettings,
    parts: {
      readonly routes: RouteTable;
      readonly tls: ReadonlyMap<string, TlsClient | undefined>;
      readonly opened: ReadonlyMap<string, Door>;
    },
  ): void {
    const before = this.settings;
    this.settings = next;
    this.accessLog.setPath(next.accessLog);
    this.proxyFields.current = new ProxyFields(next, this.context.random);
    for (const pool of next.pools) {
      const known = this.pools.get(pool.name);
      if (known === undefined) this.addPool(pool, parts.tls.get(pool.name));
      else if (known.settings !== pool) known.apply(pool, parts.tls.get(pool.name));
    }
    if (before.routes !== next.routes) {
      this.routes = parts.routes;
      this.handlers = new Map();
    }
    for (const [name, door] of parts.opened) this.doors.set(name, door);
    const listeners = new Map(next.listeners.map((listener) => [listener.name, listener]));
    for (const [name, door] of [...this.doors]) {
      const listener = listeners.get(name);
      if (listener === undefined) this.removeDoor(name, door);
      else if (door.settings !== listener) door.apply(listener);
    }
    this.keepTraffic();
    const names = new Set(next.pools.map(({ name }) => name));
    for (const [name, pool] of [...this.pools]) {
      if (names.has(name)) continue;
      this.pools.delete(name);
      pool.retire();
    }
  }

  private keepTraffic(): void {
    const { listeners, routes } = this.settings;
    this.traffic.listeners.keep(new Set(listeners.map(({ name }) => name)));
    this.traffic.routes.keep(new Set(routes.map(({ name }) => name)));
  }

  private addPool(settings: PoolSettings, tls: TlsClient | undefined): void {
    const pool = new ServingPool(settings, tls, this.servingContext());
    this.pools.set(settings.name, pool);
    pool.start();
  }

  private servingContext(): ServingContext {
    const { clock, random, log, disk } = this.context;
    return {
      ...{ clock, random, log },
      network: this.network as Network,
      proxyFields: this.proxyFields,
      slots: this.slots,
      names: this.names,
      disk,
      registrations: this.registrations,
      sessionTables: () => this.sessionTables(),
    };
  }

  /** The same object while the settings are the same: its sessions of TLS are kept. */
  private tlsFor(pool: PoolSettings): TlsClient | undefined {
    const known = this.pools.get(pool.name);
    if (known !== undefined && known.settings.upstream === pool.upstream) return known.runtime.tls;
    return this.tlsOf(pool);
  }

  private tlsOf(pool: PoolSettings): TlsClient | undefined {
    return tlsOfPool(this.context.disk, this.network as Network, pool);
  }

  /** Certificates that were renewed in place, without a change of settings. Connections keep what they have. */
  private readTlsAnew(door: Door): void {
    if (!isTlsDoor(door) || this.listenerDrains.has(door)) return;
    const { disk, log, stages } = this.context;
    const { settings } = door;
    try {
      renewTls(door, disk, settings, stages.sessionSecret);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      const { name: listener } = settings;
      log.error('certificates can not be read anew; those of before are kept', { listener, error });
    }
  }

  private removeDoor(name: string, door: Door): void {
    this.doors.delete(name);
    this.letGo(door);
  }

  private letGo(door: Door): void {
    this.ending.add(door);
    void this.listenerDrains.begin(door, REMOVED_DRAIN_MS).then(() => {
      this.ending.delete(door);
      this.listenerDrains.forget(door);
    });
  }

  private openDoor(settings: ListenerSettings): Promise<Door> {
    const { clock, random, disk, stages } = this.context;
    const transport = this.transport as Transport;
    const tls = tlsOfListener(disk, settings, stages.sessionSecret);
    if (settings.protocol === 'http') {
      return HttpDoor.open({
        ...{ transport, clock, random, settings, tls },
        events: this.eventsOf(settings.name),
        route: (listener, exchange) => this.route(listener, exchange),
      });
    }
    const network = this.network as Network;
    const backends = (pool: string) => this.pools.get(pool)?.streams;
    const onSession = (listener: string, session: SessionReport): void => {
      if (this.accessLog.isOn) this.accessLog.writeSession(listener, session);
    };
    const layer4 = { network, clock, settings, backends, onSession };
    if (settings.protocol === 'udp') return UdpDoor.open(layer4);
    return StreamDoor.open({ ...layer4, transport, tls });
  }

  private route(listener: string, exchange: Exchange): Handler | undefined {
    const route = this.routes.match(listener, exchange.request);
    if (route === undefined) return undefined;
    exchange.route = route.name;
    exchange.requestMs = route.requestMs;
    let handler = this.handlers.get(route);
    if (handler === undefined) {
      handler = handlerOf(route, (name) => this.pools.get(name)?.runtime, this.context.stages);
      this.handlers.set(route, handler);
    }
    return handler;
  }

  private eventsOf(listener: string): HttpServerEvents {
    const { listeners, routes } = this.traffic;
    const { accessLog } = this;
    const { stages } = this.context;
    return {
      admits: (address) => stages.watch === null || stages.watch.admits(listener, address),
      onRequestEnd: (exchange, ending) => {
        exchange.journey.listener = listener;
        if (accessLog.isOn) accessLog.write(exchange, ending);
        listeners.of(listener).ended(exchange, ending);
        if (exchange.route !== '') routes.of(exchange.route).ended(exchange, ending);
        stages.watch?.ended(listener, exchange, ending);
        exchange.journey.reset();
      },
      onRefused: (problem) => listeners.of(listener).refusedBy(problem),
    };
  }

  private allDoors(): Door[] {
    return [...this.doors.values(), ...this.ending];
  }

  private *exchangesOf(listener: string): Iterable<Exchange> {
    for (const { runtime } of this.pools.values()) {
      for (const { underWay } of [...runtime.backends.values(), ...runtime.leaving]) {
        for (const each of underWay) if (each.journey.listener === listener) yield each;
      }
    }
  }

  private *sessionTables(): Iterable<readonly [string, SessionTable]> {
    for (const { settings, sessions } of this.allDoors()) {
      if (sessions !== undefined) yield [settings.name, sessions];
    }
  }
}

/** Makes the balancer; `start` brings it up. */
export function createBalancer(settings: BalancerSettings, context: BalancerContext): Balancer {
  return new Balancer(settings, context);
}
