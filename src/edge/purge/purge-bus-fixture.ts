/** A network of PoPs in one process for tests of purges: real sockets, clocks and folders, caches that take notes. */
import { join } from 'node:path';
import type { PurgeAsked, PurgeCarrier, Purging } from '../../cache/index.ts';
import type { Operation } from '../../core/base/index.ts';
import { silentLogger } from '../../core/observe/index.ts';
import type { ListenAddress, Network } from '../../core/runtime/index.ts';
import { createNodeDisk } from '../../core/runtime/node/index.ts';
import { clock, HOST, network, random, until } from '../bus/bus-fixture.ts';
import { PurgeBus, type PurgePop } from './purge-bus.ts';
import type { PurgeBusSettings } from './purge-fields.ts';

export const LEASE_MS = 600;

/** A cache that notes what it is told. */
export class NotedCache {
  /** What was purged, `kind value` each, in order. */
  readonly purged: string[] = [];
  trustUntilMs = Number.POSITIVE_INFINITY;
  outlivesProcess = true;
  /** Purges can not be written to its disk. */
  isBroken = false;
  carrier: PurgeCarrier | null = null;

  get isInDoubt(): boolean {
    return clock.wallMs() >= this.trustUntilMs;
  }

  async applyPurges(asked: readonly PurgeAsked[]): Promise<void> {
    for (const { kind, value, soft } of asked) {
      this.purged.push(`${soft ? 'soft ' : ''}${kind} ${value}`);
    }
    if (this.isBroken) throw new Error('the disk is full');
  }

  trustUntil(wallMs: number): void {
    this.trustUntilMs = wallMs;
  }

  carryPurgesBy(carrier: PurgeCarrier | null): void {
    this.carrier = carrier;
  }

  operations(): readonly Operation[] {
    const run = () => ({ ok: true, body: {} }) as const;
    return [{ method: 'POST', path: '/purge', about: '', needsToken: true, run }];
  }
}

export interface TestPop {
  readonly name: string;
  readonly folder: string;
  cache: NotedCache;
  bus: PurgeBus;
}

export class PurgeBed {
  readonly pops = new Map<string, TestPop>();
  private readonly folder: string;
  private readonly names: readonly string[];
  private readonly settings: PurgeBusSettings;
  /** Of the bus of the first one; 0: it takes a free one. */
  port = 0;
  /** PoPs that reach nobody. */
  private readonly cut = new Set<string>();

  /** @param names the first one is a shield and orders purges. */
  constructor(folder: string, names: readonly string[], settings: Partial<PurgeBusSettings> = {}) {
    this.folder = folder;
    this.names = names;
    const tls = { certFile: undefined, keyFile: undefined, caFile: undefined };
    this.settings = { coordinator: undefined, leaseMs: LEASE_MS, tls, ...settings };
  }

  get first(): TestPop {
    return this.of(this.names[0] as string);
  }

  of(name: string): TestPop {
    const pop = this.pops.get(name);
    if (pop === undefined) throw new Error(`${name} has not been started`);
    return pop;
  }

  /** Starts all of them, and waits until none is in doubt. */
  async start(): Promise<void> {
    for (const name of this.names) await this.startPop(name);
    await this.untilTrusted();
  }

  async startPop(
    name: string,
    more: { secret?: string; cache?: NotedCache } = {},
  ): Promise<TestPop> {
    const folder = join(this.folder, name);
    const disk = createNodeDisk();
    disk.mkdirSync(folder);
    const cache = more.cache ?? new NotedCache();
    const isFirst = name === this.names[0];
    const bus = new PurgeBus({
      ...{ clock, random, cache, disk, log: silentLogger(), pop: name },
      ...{ settings: this.settings, dataFolder: folder, network: this.networkOf(name) },
      bind: { host: HOST, port: isFirst ? this.port : 0 },
      pops: this.names.map((each) => this.popOf(each)),
      secret: more.secret ?? 'the secret of the test',
    });
    const pop = { name, folder, cache, bus };
    this.pops.set(name, pop);
    await bus.start();
    if (isFirst) this.port = bus.port ?? 0;
    return pop;
  }

  /** Its links break, and it reaches nobody until `heal`. */
  cutOff(name: string): void {
    this.cut.add(name);
    for (const end of this.ends.get(name) ?? []) end();
  }

  heal(name: string): void {
    this.cut.delete(name);
  }

  purge(name: string, asked: readonly PurgeAsked[], purging: Partial<Purging> = {}) {
    const { carrier } = this.of(name).cache;
    if (carrier === null) throw new Error(`${name} carries nothing`);
    return carrier.carry(asked, { who: 'test', by: 'test', ...purging });
  }

  async untilTrusted(names: readonly string[] = this.names): Promise<void> {
    await until(() => names.every((name) => !this.of(name).cache.isInDoubt), 'trust');
  }

  async stop(): Promise<void> {
    for (const { bus } of this.pops.values()) await bus.stop();
  }

  private popOf(name: string): PurgePop {
    const shield = name === this.names[0];
    return { name, shield, bus: { host: HOST, port: this.port } };
  }

  private readonly ends = new Map<string, (() => void)[]>();

  /** The network as a PoP sees it, which may be none. */
  private networkOf(name: string): Network {
    return {
      ...network,
      dial: (options, events) => {
        const isCut = this.cut.has(name);
        const nowhere: ListenAddress = { host: HOST, port: 1 };
        return network.dial(isCut ? { ...options, address: nowhere } : options, {
          ...events,
          onConnected: (stream) => {
            this.ends.set(name, [() => stream.destroy()]);
            events.onConnected(stream);
          },
          onFailed: (code, detail) => events.onFailed(code, detail),
        });
      },
    };
  }
}
