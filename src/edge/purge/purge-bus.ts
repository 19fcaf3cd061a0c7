/**
 * Purges over the network of PoPs, as the edge holds them: the coordinator, if this PoP is it, this PoP's own part, and
 * the link between the two.
 *
 * From its making on the cache serves nothing stored without asking, until the coordinator has been heard; whoever is
 * to serve users waits for nothing else.
 */
import { join } from 'node:path';
import type { Operation } from '../../core/base/index.ts';
import type { Logger, MetricSpec } from '../../core/observe/index.ts';
import type { Clock, Disk, Network, Random } from '../../core/runtime/index.ts';
import {
  BusDialler,
  BusServer,
  type BusTls,
  busTlsOf,
  type EndingCounts,
  LocalLink,
  Subscriptions,
} from '../bus/index.ts';
import { CoordinatorDriver } from './coordinator-driver.ts';
import { MemberDriver, type PurgedCache } from './member-driver.ts';
import { purgeBusMetrics } from './metrics.ts';
import { purgeBusOperations } from './operations.ts';
import { PositionFile } from './position-file.ts';
import { coordinatorOf, type PurgeBusSettings } from './purge-fields.ts';
import { type PurgesShown, shownOf } from './shown.ts';

/** A PoP of the network, as far as purges need to know it. */
export interface PurgePop {
  readonly name: string;
  readonly shield: boolean;
  /** Where others reach its bus; undefined: they do not. */
  readonly bus: { readonly host: string; readonly port: number } | undefined;
}

export interface PurgeBusOptions {
  readonly settings: PurgeBusSettings;
  /** The PoP that this process is; `bind` is where its bus listens, if it is the coordinator. */
  readonly pop: string;
  readonly bind: { readonly host: string; readonly port: number };
  readonly pops: readonly PurgePop[];
  /** From which it dials; undefined: the system's choice. */
  readonly localAddress?: string | undefined;
  /** Of all PoPs; may be empty when there is one alone. */
  readonly secret: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly disk: Disk;
  /** For it alone; it exists. */
  readonly dataFolder: string;
  readonly log: Logger;
  readonly cache: PurgedCache & CarryingCache;
}

/** A cache that has its purges carried. */
export interface CarryingCache {
  carryPurgesBy(carrier: Pick<MemberDriver, 'carry'> | null): void;
  operations(): readonly Operation[];
}

/** Who asks for a purge hears of it within that time, milliseconds. */
const ANSWER_MS = 30_000;

export class PurgeBus {
  readonly endings: EndingCounts = new Map();
  /** Of the links that come in, and of the one with the coordinator: other parts may speak over them, too. */
  readonly accepted: Subscriptions = new Subscriptions();
  readonly dialled: Subscriptions = new Subscriptions();
  readonly coordinatorName: string;
  private readonly options: PurgeBusOptions;
  private pops: readonly PurgePop[];
  private coordinator: CoordinatorDriver | null = null;
  private member: MemberDriver | null = null;
  private server: BusServer | null = null;
  private boundPort: number | undefined;
  private endLink: (() => void) | null = null;

  constructor(options: PurgeBusOptions) {
    this.options = options;
    this.pops = options.pops;
    this.coordinatorName = coordinatorOf(options.settings, options.pops);
    options.cache.trustUntil(0);
  }

  /**
   * To be called behind the start of the cache and before anybody is served. PoPs that can not be reached yet are
   * waited for behind it. When it rejects it has released all it took.
   * @throws LogError, ListenError, DialError, the disk's error
   */
  async start(): Promise<void> {
    try {
      await this.begin();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  private async begin(): Promise<void> {
    const { settings, pop, clock, random, disk, dataFolder, log, cache } = this.options;
    const isCoordinator = pop === this.coordinatorName;
    const tls = busTlsOf(settings.tls, this.options);
    if (isCoordinator) {
      this.coordinator = await CoordinatorDriver.open({
        ...{ clock, random, disk, log, folder: dataFolder, leaseMs: settings.leaseMs },
        ...{ pops: this.pops, subscriptions: this.accepted },
      });
      if (this.pops.length > 1) await this.listen(tls);
    }
    const positionFile = new PositionFile({
      ...{ disk, clock, path: join(dataFolder, 'position') },
      onFailed: (error) => log.warn('the place in the order of purges', { error }),
    });
    this.member = new MemberDriver({
      ...{ clock, random, log, cache, positionFile, leaseMs: settings.leaseMs },
      ...{ answerMs: ANSWER_MS, subscriptions: this.dialled },
    });
    cache.carryPurgesBy(this.member);
    this.endLink = isCoordinator ? this.linkWithSelf() : this.dial(tls);
  }

  async stop(): Promise<void> {
    const { member, server, coordinator } = this;
    this.endLink?.();
    this.endLink = null;
    await server?.stop();
    await member?.stop();
    await coordinator?.stop();
  }

  /** PoPs come and go; which one orders purges stays until the next start. */
  setPops(pops: readonly PurgePop[]): void {
    this.pops = pops;
    this.coordinator?.tell({ kind: 'pops', pops });
  }

  /** The port of the bus; undefined: it listens nowhere. */
  get port(): number | undefined {
    return this.boundPort;
  }

  shown(): PurgesShown {
    const { options, coordinatorName, coordinator, member } = this;
    return shownOf({
      ...{ pop: options.pop, coordinatorName, coordinator, member },
      nowMs: options.clock.monotonicMs(),
    });
  }

  metrics(): readonly MetricSpec[] {
    return purgeBusMetrics({
      shown: () => this.shown(),
      counts: () => this.member?.counts,
      receipts: () => this.coordinator ?? undefined,
      endings: this.endings,
    });
  }

  operations(): readonly Operation[] {
    return purgeBusOperations({
      shown: () => this.shown(),
      ofCache: () => this.options.cache.operations(),
    });
  }

  private async listen(tls: BusTls | undefined): Promise<void> {
    const { pop, secret, network, clock, random, log, settings, bind } = this.options;
    this.server = new BusServer({
      ...{ pop, secret, network, clock, random, log, endings: this.endings },
      ...{ subscriptions: this.accepted, beatMs: settings.leaseMs / 3, tls: tls?.server },
      knows: (name) => this.pops.some((each) => each.name === name),
    });
    this.boundPort = await this.server.listen(bind);
  }

  private linkWithSelf(): () => void {
    const { pop, clock } = this.options;
    const link = new LocalLink(pop, this.accepted, this.dialled, clock);
    link.start();
    return () => link.stop();
  }

  private dial(tls: BusTls | undefined): () => void {
    const { pop, secret, network, clock, random, log, settings, localAddress } = this.options;
    const to = this.coordinatorName;
    const address = this.pops.find(({ name }) => name === to)?.bus;
    if (address === undefined) {
      log.error('the coordinator of purges can not be reached: it has no address', { pop: to });
      return () => {};
    }
    const dialler = new BusDialler({
      ...{ pop, to, address, secret, network, clock, random, log, endings: this.endings },
      ...{ subscriptions: this.dialled, beatMs: settings.leaseMs / 3, tls: tls?.client },
      localAddress,
    });
    dialler.start();
    return () => dialler.stop();
  }
}
