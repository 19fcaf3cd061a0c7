/**
 * The name server of the network: authoritative for the zones of the settings, by UDP and TCP.
 *
 * Names of sites are answered with the PoP that suits the client; when PoPs fail, are drained or have too much the
 * answers follow at once, and resolvers within the TTL.
 */
import { Networks, parseNetwork } from '../../core/base/index.ts';
import {
  type Connection,
  type ConnectionHandler,
  connectionEndings,
  type Listener,
  listen,
} from '../../core/downstream/index.ts';
import type { Logger } from '../../core/observe/index.ts';
import {
  type Clock,
  type DatagramSocket,
  ListenError,
  type Network,
  type Random,
  type Timer,
} from '../../core/runtime/index.ts';
import {
  type DnsName,
  foldName,
  nameOf,
  parentOf,
  ROOT,
  recordTypes,
} from '../../core/wire/index.ts';
import type { Geo } from '../geo/index.ts';
import type { Pop, PopHealth } from '../pop.ts';
import { Answerer, type AnswererRules } from './answerer.ts';
import { Answers } from './answers.ts';
import { Cookies, cookieKey } from './cookies.ts';
import { DnsCounts } from './counts.ts';
import { Director } from './director.ts';
import type { DnsSettings } from './dns-fields.ts';
import { type Explanation, explain } from './explain.ts';
import { limits } from './limits.ts';
import { Zones } from './lookup.ts';
import { RateLimit } from './rate-limit.ts';
import { TcpQueries } from './tcp.ts';
import { makeZone, zoneName } from './zone.ts';

export interface DnsWorld {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly geo: Geo;
  /** PoPs as the settings have them; read again by `apply`. */
  pops(): readonly Pop[];
  readonly health: PopHealth;
  /** Shared by all PoPs, so that they take each other's cookies; undefined: cookies of this process alone. */
  readonly secret: string | undefined;
}

/** A name that cannot have texts. */
export class DnsNameError extends Error {
  override readonly name = 'DnsNameError';
}

/** Between two looks at the load of PoPs. */
const spillEveryMs = 1_000;
/** Between two lines of the log about answers that were limited. */
const limitedEveryMs = 60_000;
/** Ports tried that are free for UDP and then not for TCP. */
const portTries = 16;

export class DnsServer {
  readonly counts = new DnsCounts();
  readonly endings = connectionEndings('plinth_edge_dns_connections_ended_total');
  private readonly world: DnsWorld;
  private settings: DnsSettings;
  private readonly director: Director;
  private readonly answers: Answers;
  private readonly answerer: Answerer;
  private readonly out = Buffer.alloc(limits.messageBytesMax);
  private sockets: DatagramSocket[] = [];
  private listeners: Listener[] = [];
  private readonly perClient = new Map<string, number>();
  private readonly texts = new Map<DnsName, readonly string[]>();
  private timer: Timer | null = null;
  private spilledMs = 0;
  private limitedToldMs = Number.NEGATIVE_INFINITY;
  private limitedTold = 0;

  /** @param settings without conflicts. */
  constructor(settings: DnsSettings, world: DnsWorld) {
    this.settings = settings;
    this.world = world;
    const { clock, random } = world;
    this.director = new Director(world, steeringRule(settings));
    this.answers = new Answers(this.director, this.counts);
    const key = cookieKey(world.secret ?? random.bytes(16));
    this.answerer = new Answerer(
      {
        clock,
        answers: this.answers,
        director: this.director,
        cookies: new Cookies([key]),
        rates: new RateLimit([random.u32(), random.u32(), random.u32()]),
        counts: this.counts,
        hashSeed: random.u32(),
      },
      answererRules(settings),
    );
    this.apply(settings);
    world.health.onChange(() => this.director.refresh());
  }

  /** 0: it does not listen. */
  get port(): number {
    return this.sockets[0]?.port ?? 0;
  }

  get tcpConnections(): number {
    return this.listeners.reduce((sum, listener) => sum + listener.connections, 0);
  }

  /** @throws ListenError; nothing listens then. */
  async start(): Promise<void> {
    const { port, listen: hosts } = this.settings;
    if (port === undefined) return;
    try {
      for (const host of hosts) {
        const address = host === 'localhost' ? '127.0.0.1' : host;
        await this.open(address, this.port === 0 ? port : this.port);
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.spilledMs = this.world.clock.monotonicMs();
    this.armTimer();
    this.world.log.info('names are answered', {
      port: this.port,
      zones: this.settings.zones.length,
    });
  }

  async stop(): Promise<void> {
    if (this.timer !== null) this.world.clock.clearTimer(this.timer);
    this.timer = null;
    const { sockets, listeners } = this;
    this.sockets = [];
    this.listeners = [];
    await Promise.all([
      ...sockets.map((socket) => socket.close()),
      ...listeners.map((listener) => listener.stop()),
    ]);
  }

  /** Answers by these from now on; addresses and port stay. @param settings without conflicts. */
  apply(settings: DnsSettings): void {
    this.settings = settings;
    this.answerer.rules = answererRules(settings);
    for (const listener of this.listeners) listener.setConnectionsMax(settings.tcpConnectionsMax);
    const texts = this.textsByZone(settings);
    const zones = new Zones(
      settings.zones.map((zone) => makeZone(zone, texts.get(zoneName(zone)!))),
    );
    const rules = zones.list.flatMap((zone) => zone.rules);
    this.director.apply(steeringRule(settings), rules);
    this.answers.apply(zones);
  }

  /**
   * Answers a name with these texts and no others; none: with those of the settings.
   * @throws DnsNameError when no zone has it, it is an alias or delegated, or there are too many.
   */
  setText(name: string, values: readonly string[]): void {
    const wire = nameOf(name);
    const folded = wire === null ? null : foldName(wire);
    const zone = folded === null ? undefined : this.answers.zones.zoneOf(folded);
    if (folded === null || zone === undefined) {
      throw new DnsNameError(`${name} is in no zone of this name server`);
    }
    if (zone.nodes.get(folded)?.sets.has(recordTypes.CNAME)) {
      throw new DnsNameError(`${name} is an alias of another name`);
    }
    if (!this.answers.zones.lookUp(folded, recordTypes.TXT).authoritative) {
      throw new DnsNameError(`${name} is delegated to other name servers`);
    }
    const isNew = !this.texts.has(folded);
    const isFull = isNew && this.texts.size >= limits.textNamesMax;
    if (values.length > limits.textsPerNameMax || (isFull && values.length > 0)) {
      throw new DnsNameError(`${name} cannot have these texts: there are too many`);
    }
    if (values.length === 0) this.texts.delete(folded);
    else this.texts.set(folded, [...values]);
    this.apply(this.settings);
  }

  /** @returns what is wrong with the question, or why it is answered as it is. */
  explain(name: string, type: string, client: string): Explanation | string {
    return explain(this.answers.zones, this.director, { name, type, client });
  }

  /**
   * When the last answer naming a PoP has expired, by the monotonic clock: from then on resolvers that keep to TTLs
   * send it nobody. 0: no answer of this server has named it.
   */
  lastAnswerEndsMs(pop: string): number {
    return this.director.lastAnswerEndsMs(pop);
  }

  /** Texts set at run time by the zone that has their name: of nested ones the inner. */
  private textsByZone({ zones }: DnsSettings): Map<DnsName, Map<DnsName, readonly string[]>> {
    const found = new Map<DnsName, Map<DnsName, readonly string[]>>(
      zones.map((zone) => [zoneName(zone)!, new Map()]),
    );
    for (const [name, values] of this.texts) {
      let at = name;
      while (!found.has(at) && at !== ROOT) at = parentOf(at);
      found.get(at)?.set(name, values);
    }
    return found;
  }

  private async open(host: string, port: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const socket = await this.bindUdp(host, port);
      try {
        this.listeners.push(await this.listenTcp(host, socket.port));
        this.sockets.push(socket);
        return;
      } catch (error) {
        await socket.close();
        const isTaken = error instanceof ListenError && error.code === 'address-in-use';
        if (port !== 0 || !isTaken || tries === portTries) throw error;
      }
    }
  }

  private async bindUdp(host: string, port: number): Promise<DatagramSocket> {
    const { answerer, out, counts } = this;
    const socket: DatagramSocket = await this.world.network.bindUdp({
      address: { host, port },
      waitingCountMax: limits.waitingCountMax,
      waitingBytesMax: limits.waitingBytesMax,
      receiveBufferBytes: limits.receiveBufferBytes,
      onMessage(bytes, address, fromPort) {
        const length = answerer.answer(bytes, bytes.length, address, false, out);
        if (length === 0) return;
        // Memory that is not used again, as the seam wants it.
        const answer = Buffer.allocUnsafe(length);
        out.copy(answer, 0, 0, length);
        if (!socket.send(answer, address, fromPort)) counts.sendFailed++;
      },
      onError: () => {
        counts.sendFailed++;
      },
    });
    return socket;
  }

  private listenTcp(host: string, port: number): Promise<Listener> {
    const { network: transport, clock } = this.world;
    const { tcpConnectionsMax: connectionsMax, tcpIdleMs: idleTimeoutMs } = this.settings;
    return listen({
      ...{ transport, clock, connectionsMax, idleTimeoutMs },
      address: { host, port },
      endings: this.endings,
      flushTotalMs: 30_000,
      onConnection: (connection) => this.connected(connection),
    });
  }

  private connected(connection: Connection): ConnectionHandler {
    const { perClient } = this;
    const { remoteAddress } = connection;
    const count = (perClient.get(remoteAddress) ?? 0) + 1;
    perClient.set(remoteAddress, count);
    const queries = new TcpQueries(connection, this.answerer, this.world.clock, () => {
      const left = (perClient.get(remoteAddress) ?? 1) - 1;
      if (left === 0) perClient.delete(remoteAddress);
      else perClient.set(remoteAddress, left);
    });
    if (count > this.settings.tcpPerClientMax) {
      this.counts.tcpRefused++;
      connection.destroy('connections-limit');
    }
    return queries;
  }

  private armTimer(): void {
    this.timer = this.world.clock.setTimer(spillEveryMs, () => {
      const nowMs = this.world.clock.monotonicMs();
      const ttls = this.answers.zones.list.flatMap((zone) =>
        zone.rules.map((rule) => rule.ttlSeconds * 1000),
      );
      this.director.spill(nowMs - this.spilledMs, Math.max(spillEveryMs, ...ttls));
      this.spilledMs = nowMs;
      this.tellLimited(nowMs);
      this.armTimer();
    });
    this.timer.unref();
  }

  /** That somebody is flooded, or floods, is for people to know. */
  private tellLimited(nowMs: number): void {
    const { limitedDropped: dropped, limitedCut: cut } = this.counts;
    const isNew = dropped + cut > this.limitedTold;
    if (!isNew || nowMs - this.limitedToldMs < limitedEveryMs) return;
    this.limitedToldMs = nowMs;
    this.limitedTold = dropped + cut;
    this.world.log.warn('equal answers to one network were above the limit', { dropped, cut });
  }
}

function steeringRule({ nearKm, spillAbove }: DnsSettings): { nearKm: number; wantedLoad: number } {
  return { nearKm, wantedLoad: spillAbove / 100 };
}

function answererRules(settings: DnsSettings): AnswererRules {
  const { udpBytesMax, clientSubnet, slip } = settings;
  const networks = settings.unlimited.flatMap((text) => {
    const parsed = parseNetwork(text);
    return parsed.kind === 'network' ? [parsed.network] : [];
  });
  return {
    udpBytesMax,
    clientSubnet,
    nsid: Buffer.from(settings.nsid, 'utf8'),
    answerRate: { perSecond: settings.responsesPerSecond, slip },
    errorRate: { perSecond: settings.errorsPerSecond, slip },
    unlimited: new Networks(networks),
  };
}
